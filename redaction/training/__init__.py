"""How a detector is made: the network, the rescoring, the operating point, the card."""
