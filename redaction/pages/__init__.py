"""Pages: geometry, image decoding, PDF rendering, and image statistics."""
