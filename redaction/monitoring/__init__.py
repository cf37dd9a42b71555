"""Monitoring: records of requests, compared with a reference window to detect drift."""
