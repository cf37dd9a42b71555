"""Faults on purpose: processes killed at any moment, hostile documents, hostile servers, damaged images."""
