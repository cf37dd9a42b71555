"""A sample reading room: documents made on the spot whose redactions are known to the pixel, and a web server to read it from."""

from redaction.samples.reading_room import ReadingRoom, make_reading_room
from redaction.samples.server import Request, RoomServer, serve_reading_room

__all__ = ["ReadingRoom", "Request", "RoomServer", "make_reading_room", "serve_reading_room"]
