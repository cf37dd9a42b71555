"""The ZenML steps, one per file: unpack the inputs, call `redaction`, log metadata, return the outputs.

Materializers are found by the type of an output. Naming one in ``output_materializers`` for one of several outputs would move
that output to the first position, whatever the signature says (ZenML 0.98), and a dynamic pipeline unpacks outputs by position.
"""

import materializers  # noqa: F401  (registers them)
