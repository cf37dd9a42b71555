"""What people say of pages: brought in from their tools, kept in the catalogue, handed out again and read for training."""
