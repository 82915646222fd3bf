"""What the wire has beyond OpenAI's, for clients that ask with the query `extensions=1`. See docs/protocol.md."""

from pipeline.events import PlaybackReported, ReplyDucked, ReplyInterrupted, ReplyRestored, ReplyStarted, TurnMeasured
from voice_server.wire.fields import Fields
from voice_server.wire.json_text import Json

AUDIO_FRAME_VERSION = 1


def audio_frame(item_id: str, audio: bytes) -> bytes:
    """A binary frame: version, length of the item id, the item id, a zero byte if that is odd, the audio.

    The zero byte lets a browser view the 16-bit samples where they lie.
    """
    name = item_id.encode("ascii")
    head = bytes((AUDIO_FRAME_VERSION, len(name))) + name
    return head + b"\0" * (len(head) % 2) + audio


def read_playback(fields: Fields) -> PlaybackReported:
    """`voice.playback`: how much of a spoken item the loudspeaker has played. Raises RequestError."""
    heard_seconds = fields.number("heard_ms", 0) / 1000
    return PlaybackReported(fields.string("item_id"), heard_seconds, fields.boolean("playing"))


def turn_message(turn: TurnMeasured) -> Json:
    """`voice.turn`: where the time between the user's last word and the first sound went."""
    spans = [
        {"name": span.name, "start_ms": _milliseconds(span.start_seconds), "end_ms": _milliseconds(span.end_seconds)}
        for span in turn.spans
    ]
    return {
        "type": "voice.turn",
        "item_id": turn.item_id,
        "response_id": turn.reply_id,
        "total_ms": spans[-1]["end_ms"] if spans else 0,
        "spans": spans,
        "committed_ms": _milliseconds(turn.committed_seconds),
        "wasted": {
            "guesses": turn.waste.guesses,
            "tokens": turn.waste.tokens,
            "characters": turn.waste.characters,
            "audio_ms": _milliseconds(turn.waste.audio_seconds),
        },
    }


def ducking_message(output: ReplyDucked | ReplyRestored) -> Json:
    """`voice.duck`: play this quietly until it is known whether the user speaks; `voice.restore`: it was nothing."""
    kind = "voice.duck" if isinstance(output, ReplyDucked) else "voice.restore"
    return {"type": kind, "response_id": output.reply_id, "item_id": output.item_id}


def continued_message(started: ReplyStarted) -> Json:
    """`voice.continued`: this reply is the unheard rest of one that was stopped by something that was nothing."""
    return {"type": "voice.continued", "response_id": started.reply_id, "continues": started.continues}


def interrupted_message(interrupted: ReplyInterrupted) -> Json:
    """`voice.interrupted`: what the user can have heard of a reply that speech stopped."""
    return {
        "type": "voice.interrupted",
        "response_id": interrupted.reply_id,
        "item_id": interrupted.item_id,
        "heard_ms": _milliseconds(interrupted.heard_seconds),
        "heard_text": interrupted.heard_text,
    }


def resume_message(token: str, seconds: float) -> Json:
    """`voice.resume`: with this token the client can go on, so long after its socket was lost."""
    return {"type": "voice.resume", "token": token, "expires_in_ms": _milliseconds(seconds)}


def resumed_message(
    session_id: str, conversation_id: str, *, connection: int, after: int, replayed: int, resend_from_seconds: float
) -> Json:
    """`voice.resumed`: the conversation goes on; the missed events follow.

    `resend_from_seconds`: of the audio that was sent over the lost connection, from where on it is to be sent again.
    """
    return {
        "type": "voice.resumed",
        "session_id": session_id,
        "conversation_id": conversation_id,
        "connection": connection,
        "after": after,
        "replayed": replayed,
        "resend_from_ms": _milliseconds(resend_from_seconds),
    }


def draining_message(seconds: float) -> Json:
    """`voice.draining`: this server stops in so many seconds; resume elsewhere now."""
    return {"type": "voice.draining", "seconds": round(seconds)}


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
