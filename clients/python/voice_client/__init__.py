"""A client for a voice server: speak to it from Python, and hear what it answers.

    async with VoiceClient("http://127.0.0.1:8080") as client:
        await client.send_text("How heavy is carbon?")
        async for event in client.events(): ...

It knows the wire format and nothing of the server's code.
"""

from voice_client.client import VoiceClient
from voice_client.errors import ConnectionFailed

__all__ = ["ConnectionFailed", "VoiceClient"]
