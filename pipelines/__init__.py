"""The two flows, as `zenml pipeline run` takes them."""

import logging

# httpx tells of every request at the level at which steps tell of their progress; thousands of lines would bury it
logging.getLogger("httpx").setLevel(logging.WARNING)
