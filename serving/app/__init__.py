"""What a Bento holds: the service and what it imports."""
