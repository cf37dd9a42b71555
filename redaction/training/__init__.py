"""Training a detector: the network, the rescoring, the operating point, the card."""
