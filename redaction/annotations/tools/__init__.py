"""Readers and writers for the file formats of the annotation tools."""
