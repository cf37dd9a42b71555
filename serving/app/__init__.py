"""The service itself: the part of `serving` that is packed into a Bento."""
