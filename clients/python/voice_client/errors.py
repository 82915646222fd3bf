"""What can go wrong between the client and the server."""


class ConnectionFailed(Exception):
    """The server could not be reached, refused the connection, or ended it. The message is one line for people."""


class AudioDeviceMissing(Exception):
    """There is no microphone or loudspeaker to use. The message is one line for people."""
