"""A conversation as its log left it, for whoever goes on with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipeline.conversation import Conversation
from pipeline.settings import ReplyOptions, SessionSettings
from voice_server.conversations.configuration import config_of
from voice_server.conversations.facts import LogFact
from voice_server.conversations.items import Items
from voice_server.conversations.reply_in_progress import ReplyInProgress
from voice_server.wire.session_config import SessionConfig


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A reply of the conversation that was being given when the log ended."""

    reply_id: str
    item_id: str | None
    """The item that was spoken or written, if it had begun."""
    options: ReplyOptions
    continues: str | None
    """See ReplyStarted."""
    written: str
    """All that it has to say, as far as the model had written it: sent or not."""
    is_written: bool
    """Whether the model had written all of it."""
    heard_seconds: float
    """As the client last reported, or else as if it had played what it got in real time until the last fact."""
    progress: ReplyInProgress

    def text(self, received_seconds: float | None) -> str:
        """The words of it that count as heard. `received_seconds`: what the client says that it has got of it."""
        return self.progress.text(self._seconds(received_seconds))

    def start(self, received_seconds: float | None) -> int:
        """The character of `written` that comes behind them."""
        return self.progress.said_characters(self._seconds(received_seconds))

    def _seconds(self, received_seconds: float | None) -> float:
        return self.heard_seconds if received_seconds is None else received_seconds


@dataclass(frozen=True, slots=True)
class Restored:
    """What there is to go on with."""

    items: Conversation
    """Without audio. The message of an interrupted reply is in progress, and empty."""
    settings: SessionSettings
    config: SessionConfig | None
    """As the client knows the session; None for conversations that are held over HTTP."""
    interrupted: Interrupted | None
    waits_for_answer: str | None
    """The user's item that no reply has been begun for."""
    untranscribed: Mapping[str, str]
    """By item: the words so far of utterances whose transcript was not complete."""
    fold: Items
    """To be taken on by the next writer."""


def restored(facts: Iterable[LogFact], before: Items | None = None) -> Restored:
    """A conversation. `before`: what stood before the facts; None: they are all.

    Raises ValueError if nothing says how it began.
    """
    items = before or Items()
    for fact in facts:
        items.take(fact)
    if items.settings is None:
        raise ValueError("The log of this conversation does not say how it began.")
    return Restored(
        items=items.conversation,
        settings=items.settings,
        config=None if items.config is None else config_of(items.config),
        interrupted=_interrupted(items),
        waits_for_answer=items.waits_for_answer,
        untranscribed=dict(items.deltas),
        fold=items,
    )


def _interrupted(items: Items) -> Interrupted | None:
    given = [reply for reply in items.replies.values() if reply.options.in_conversation]
    if not given:
        return None
    reply = given[-1]
    return Interrupted(
        reply_id=reply.id,
        item_id=reply.message_id,
        options=reply.options,
        continues=reply.continues,
        written=reply.written,
        is_written=reply.is_written,
        heard_seconds=reply.heard_seconds(items.at),
        progress=reply,
    )
