"""ElevenLabs, over its documented sockets."""
