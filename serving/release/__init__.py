"""From a detector to a Bento in production, and back."""
