"""What the service answers to a request that it does not carry out."""

from __future__ import annotations

from starlette.responses import JSONResponse


class RequestError(Exception):
    """The request is refused: a 4xx status and one sentence for the client.

    Args:
        status: HTTP status of the response.
        message: what is wrong and what to do.
        close_connection: close the connection after the response, so that the rest of the body is not read.
        retry_after_s: when it may succeed.
    """

    def __init__(self, status: int, message: str, close_connection: bool = False, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = {"connection": "close"} if close_connection else {}
        if retry_after_s is not None:
            self.headers["retry-after"] = str(retry_after_s)

    def response(self) -> JSONResponse:
        """The response: JSON with the message under ``error``."""
        return JSONResponse({"error": str(self)}, self.status, self.headers)


def too_busy() -> RequestError:
    """The service holds as many requests as it can."""
    message = "The service has as many pages waiting as it can hold; send this one again in a few seconds."
    return RequestError(429, message, retry_after_s=1)
