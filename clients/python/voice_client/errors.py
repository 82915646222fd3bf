"""What can go wrong between the client and the server."""


class ConnectionFailed(Exception):
    """The server could not be reached, refused the connection, or ended it. The message is one line for people."""

    def __init__(self, message: str, status: int | None = None) -> None:
        """`status`: of HTTP, if the server refused."""
        super().__init__(message)
        self.status = status


class AudioDeviceMissing(Exception):
    """There is no microphone or loudspeaker to use. The message is one line for people."""
