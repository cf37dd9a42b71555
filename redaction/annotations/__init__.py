"""Annotations: import from the annotation tools, storage in the catalog, export, and reading as a dataset for training."""
