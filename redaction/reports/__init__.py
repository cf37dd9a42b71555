"""What is found in a document, in one schema for every interface."""
