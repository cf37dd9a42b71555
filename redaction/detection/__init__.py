"""The detector: what it is (profile, artifact), how it reads a page (preprocessing, inference), how it is trained (vfnet)."""
