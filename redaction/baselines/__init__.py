"""What a detector that learns must beat."""
