"""The service on this machine: its supervisor, and how to start and stop it."""
