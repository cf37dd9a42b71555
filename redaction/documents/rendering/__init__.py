"""Pages of documents rendered in worker processes with memory and time limits."""
