"""Documents: where they are found, how they are fetched, and how they become pages."""
