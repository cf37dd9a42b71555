"""A sample reading room: generated documents with exactly known redactions, and a web server to fetch them from."""

from redaction.samples.reading_room import ReadingRoom, make_reading_room
from redaction.samples.server import Request, RoomServer, serve_reading_room

__all__ = ["ReadingRoom", "Request", "RoomServer", "make_reading_room", "serve_reading_room"]
