"""One machine: scheduled pipeline runs, and ZenML's dashboard."""
