"""Detection: everything that ships with a detector and is served: artifact, preprocessing, network, refinement, rescoring."""
