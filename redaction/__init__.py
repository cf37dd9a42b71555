"""The subject of this project, free of orchestrator and server: documents, pages, annotations, the detector and its life."""

__version__ = "0.1.0"
