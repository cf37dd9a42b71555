"""How our artifacts are stored, and what the dashboard shows of them."""
