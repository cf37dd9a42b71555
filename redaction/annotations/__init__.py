"""What people say of pages: brought in from their tools, kept in the catalog, handed out again and read for training."""
