"""What the emulated vendors hear and answer."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

ANY = "*"
"""Stands for every conversation that is not named."""


@dataclass(frozen=True, slots=True)
class ScriptedCall:
    """The model calls a function instead of answering."""

    name: str
    arguments: str
    """JSON."""


Line = str | ScriptedCall


class Script:
    """Transcripts and replies by the id of the conversation, each list from the top again when it is used up."""

    def __init__(
        self,
        transcripts: Mapping[str, Sequence[str]] | None = None,
        replies: Mapping[str, Sequence[Line]] | None = None,
    ) -> None:
        self._transcripts = dict(transcripts or {})
        self._replies = dict(replies or {})
        self._transcripts_left: dict[str, Iterator[str]] = {}
        self._replies_left: dict[str, Iterator[Line]] = {}

    def transcript(self, session_id: str, audio_seconds: float) -> str:
        """What was said. Without a script, a sentence that tells the length of the audio."""
        if session_id not in self._transcripts_left:
            lines = self._transcripts.get(session_id, self._transcripts.get(ANY, ()))
            self._transcripts_left[session_id] = itertools.cycle(lines)
        told = f"I spoke for {round(audio_seconds * 1000)} milliseconds."
        return next(self._transcripts_left[session_id], told)

    def reply(self, session_id: str, heard: str) -> Line:
        """What the model answers. Without a script, what it heard."""
        if session_id not in self._replies_left:
            lines = self._replies.get(session_id, self._replies.get(ANY, ()))
            self._replies_left[session_id] = itertools.cycle(lines)
        return next(self._replies_left[session_id], f"I heard this: {heard}")
