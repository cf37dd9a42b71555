"""The two pipelines, in the form that `zenml pipeline run` takes.

Importing this package hides log lines that would bury those of the steps (see `pipelines.quiet`).
"""

from pipelines.quiet import hide_notices

hide_notices()
