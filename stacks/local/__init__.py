"""Running pipelines by the clock on one machine, and looking at them."""
