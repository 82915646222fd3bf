"""How large a client's message and its parts may be. OpenAI's figures where it publishes any, otherwise ours."""

MAX_MESSAGE_BYTES = 32 * 1024 * 1024
"""One WebSocket message; beyond it the socket is closed with 1009."""
MAX_APPEND_BYTES = 15 * 1024 * 1024
"""Decoded audio of one `input_audio_buffer.append`, of one binary frame, and of one `input_audio` part."""
AUDIO_PIECE_BYTES = 48_000
"""Decoded audio that the pipeline is given at a time: 1 s of 24 kHz, 6 s of G.711."""
MAX_WAITING_SECONDS = 0.06
"""Audio that is heard at once while nobody speaks: most of what a frame of 20 ms costs, three cost as well."""
MAX_AUDIO_SHOWN_BYTES = 700 * 1024
"""Decoded audio of a retrieved item; several clients refuse frames of 1 MiB, so more than this is left out."""
MAX_IMAGE_SHOWN_CHARACTERS = 700 * 1024
"""A data URI that is repeated in the item's own events, for the same reason."""
MAX_DEPTH = 64
"""Brackets within brackets. The JSON writer refuses 255, and no meaningful message comes near."""
MAX_EVENT_ID_CHARACTERS = 512
MAX_ID_CHARACTERS = 32
"""Item ids and call ids of the client's."""
MAX_NAME_CHARACTERS = 64
"""Names of functions."""
MAX_TEXT_CHARACTERS = 256 * 1024
"""Instructions, and each text of an item: they are sent back in one frame, which must stay under 1 MiB."""
MAX_TOOLS = 128
MAX_TOOLS_BYTES = 512 * 1024
"""All tools of a session together, as JSON: they too are sent back in one frame."""
MAX_CONTENT_PARTS = 64
MAX_INPUT_ITEMS = 512
MAX_METADATA_PAIRS = 16
MAX_METADATA_KEY_CHARACTERS = 64
MAX_METADATA_VALUE_CHARACTERS = 512
MAX_OUTPUT_TOKENS = 4096
MAX_DELTA_SAMPLES = 4800
"""Audio in one delta: 200 ms at 24 kHz."""
