"""Names in BentoML's stores that the packed service and the code that packs it must agree on."""

SERVICE_NAME = "redaction_detector"
"""Name of the service, of its Bento and of the model in BentoML's model store."""

MODEL_ALIAS = "detector"
"""Name by which a Bento finds its model, whatever the model's version."""
