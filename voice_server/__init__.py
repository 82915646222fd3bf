"""The server around a voice conversation: sockets, HTTP, settings and the command line."""

from importlib.metadata import version

__version__ = version("voice-server")
