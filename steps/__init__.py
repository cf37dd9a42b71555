"""One step a file: unpack what was handed over, call `redaction`, say what came out.

Materializers are found by the type of an output. Naming one in ``output_materializers`` for one of several outputs would put that
output first, whatever the signature says (ZenML 0.98), and a dynamic pipeline unpacks outputs by position.
"""

import materializers  # noqa: F401  (registers them)
