"""A rule-based baseline that a trained detector must beat."""
