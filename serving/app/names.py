"""Names that the packed service and the code that packs, starts or calls it must agree on."""

SERVICE_NAME = "redaction_detector"
"""Name of the service, of its Bento and of the model in BentoML's model store."""

MODEL_ALIAS = "detector"
"""Name by which a Bento finds its model, whatever the model's version."""

CHECK_HEADER = "x-redaction-check"
"""Header of requests that check the service; monitoring does not count them as traffic."""

MONITORING_FOLDER_VARIABLE = "REDACTION_MONITORING_FOLDER"
"""Environment variable with the folder of the request log; BentoML's own configuration applies if it is not set."""
