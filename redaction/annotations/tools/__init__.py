"""The file formats of the annotation tools."""
