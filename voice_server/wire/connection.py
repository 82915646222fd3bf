"""One client's side of the wire: its messages in, the server's messages out, no socket.

connection = Connection(config, with_extensions=False)
connection.greeting()                    # the first frame to send
connection.receive(frame)                # -> what to give to the session
connection.send(output)                  # -> the frames to send
"""

from collections import deque
from collections.abc import Iterable
from typing import cast

from pipeline.errors import PipelineError
from pipeline.events import Input, Output, RequestFailed, SettingsApplied, SettingsChanged
from voice_server.wire.decoding import Decoder
from voice_server.wire.encoding import Encoder, unlogged
from voice_server.wire.json_text import Json, write
from voice_server.wire.session_config import SessionConfig

Frame = str | bytes
"""A text frame, or a binary one."""


class Connection:
    """Reads and writes the frames of one client."""

    def __init__(self, config: SessionConfig, *, with_extensions: bool) -> None:
        self.config = config
        """As the client was last shown it."""
        self._announced: deque[SessionConfig] = deque()
        self._decoder = Decoder(config, with_extensions=with_extensions)
        self._encoder = Encoder(config, with_extensions=with_extensions)

    def greeting(self) -> str:
        """The frame that the server begins with."""
        return write(self._encoder.created())

    @property
    def events(self) -> int:
        """That were told, of those that have a number."""
        return self._encoder.event_count

    def told(self, events: int) -> None:
        """So many had been told before this one was there."""
        self._encoder.event_count = events

    def go_on(self, connection: int) -> None:
        """What follows goes over this one of the session's connections, counted from 1."""
        self._encoder.go_on(connection)

    def reconfigure(self, config: SessionConfig) -> None:
        """The next SettingsApplied will show this; nobody asks for it now, it is history."""
        self._encoder.announce(config)
        self._announced.append(config)
        self._decoder.adopt(config)

    def receive(self, frame: Frame, *, may_wait: bool = False) -> Iterable[Input | RequestFailed]:
        """What a frame means. A RequestFailed is to be put among the outputs, where it keeps its place.

        `may_wait`: audio in it need not be heard before what follows.
        All events have to be taken before the next frame is given; minutes of audio are decoded while they are.
        """
        if isinstance(frame, bytes):
            return self._decoder.decode_binary(frame, may_wait=may_wait)
        events = self._decoder.decode_text(frame)
        if isinstance(events, list) and any(isinstance(event, SettingsChanged) for event in events):
            self._encoder.announce(self._decoder.config)
            self._announced.append(self._decoder.config)
        return events

    def send(self, output: Output, sequence: int | None = None) -> list[Frame]:
        """The frames that tell of an output.

        `sequence`: its number in the conversation's log. The last message carries it: whoever has that has everything
        up to it.
        """
        messages = self._messages(output)
        if sequence is not None:
            last = max((index for index, each in enumerate(messages) if not isinstance(each, bytes)), default=None)
            if last is not None:
                messages[last] = {**cast("Json", messages[last]), "seq": sequence}
        return [message if isinstance(message, bytes) else write(message) for message in messages]

    def follow(self, output: Output) -> None:
        """As `send`, of what the client was told over another connection: there is nothing to send."""
        self._messages(output)

    def _messages(self, output: Output) -> list[Json | bytes]:
        if isinstance(output, SettingsApplied):
            self.config = self._announced.popleft()
        return self._encoder.encode(output)

    @staticmethod
    def tell(message: Json) -> str:
        """The frame of a message about the connection, which is no part of the conversation."""
        return write(unlogged(message))

    def trouble(self, error: PipelineError) -> str:
        """The frame that says what is wrong with the session, which goes on."""
        return write(self._encoder.error(error))

    def farewell(self, error: PipelineError) -> str:
        """The frame that says why the session ends."""
        return write(self._encoder.error(error))
