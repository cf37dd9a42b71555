"""Is the traffic still what the detector was made for? Records of requests, compared with a reference window."""
