"""One step a file: unpack what was handed over, call `redaction`, say what came out."""
