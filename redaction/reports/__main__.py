"""``python -m redaction.reports`` prints the JSON Schema of the document report."""

import json
import sys

from redaction.reports.document import DocumentReport

sys.stdout.write(json.dumps(DocumentReport.model_json_schema(), indent=1) + "\n")
