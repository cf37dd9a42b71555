"""Ingestion of documents: discover them, fetch them, and render their pages."""
