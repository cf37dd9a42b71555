"""The BentoML service: its code, packaging, supervision, deployment and rollback."""
