"""Validation of annotated pages with Great Expectations suites before training."""
