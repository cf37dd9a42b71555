"""The flows themselves, and how their configurations are checked."""
