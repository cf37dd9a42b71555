"""The detector as a service: the BentoML service, how it is packed, started, watched over and replaced."""
