"""Pages: geometry, images, PDF rendering and features."""
