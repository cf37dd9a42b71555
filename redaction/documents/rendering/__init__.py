"""PDF pages rendered in worker processes with memory and time limits."""
