"""One conversation as the pipeline tells it, with everything in it that can happen."""

import numpy as np

from pipeline.errors import ProviderUnavailable, RequestError
from pipeline.events import (
    AudioDropped,
    GuessDropped,
    IdleTimeout,
    ItemAdded,
    ItemCut,
    ItemDone,
    ItemRemoved,
    ItemShown,
    Output,
    ReplyArguments,
    ReplyAudio,
    ReplyDucked,
    ReplyFinished,
    ReplyInterrupted,
    ReplyItemFinished,
    ReplyItemStarted,
    ReplyRestored,
    ReplyStarted,
    ReplyText,
    ReplyWritten,
    RequestFailed,
    SettingsApplied,
    Span,
    SpeechStarted,
    SpeechStopped,
    ToolCalled,
    ToolReturned,
    TranscriptCompleted,
    TranscriptDelta,
    TranscriptFailed,
    TurnMeasured,
    UtteranceCommitted,
    Waste,
)
from pipeline.items import FunctionCall, FunctionCallOutput, Image, Message, Speech, Text
from pipeline.providers.interfaces import Usage
from pipeline.settings import ReplyOptions, SessionSettings
from voice_server.wire.connection import Connection
from voice_server.wire.session_config import SessionConfig, start_session

SETTINGS = SessionSettings(instructions="You are Galion. Answer in one sentence.", voice="galion")
EXPIRES_AT = 1_900_000_000
TRANSCRIBED = '{"type":"session.update","session":{"type":"realtime","audio":{"input":{"transcription":{}}}}}'

_TONE = (8000 * np.sin(np.arange(480) / 8)).astype(np.int16)
_OPTIONS = ReplyOptions(instructions=SETTINGS.instructions, modality="audio", voice="galion")
_WRITTEN = ReplyOptions(modality="text", voice="galion", in_conversation=False, metadata={"purpose": "title"})
_HEARD = Message("item_user1", "user", (Speech(None, _TONE),))
_ANSWER = Message("item_answer1", "assistant", (Speech("Water boils at 100 degrees."),))
_CALL = FunctionCall("item_call", "call_1", "get_weather", '{"city":"Ulm"}')
_EMPTY_CALL = FunctionCall("item_call", "call_1", "get_weather", "", "in_progress")
_RESULT = FunctionCallOutput("item_result", "call_1", "18 degrees")
_PICTURE = Message("item_typed", "user", (Text("What is this?"), Image("data:image/png;base64,iVBORw0KGgo=", "low")))
_BROKEN_OFF = Message("item_answer2", "assistant", (Speech("It is"),), "incomplete")
_TITLE = Message("item_title", "assistant", (Text("Boiling water"),))

_CONTINUED = Message("item_answer3", "assistant", (Speech("18 degrees in Ulm."),))
_WASTE = Waste(guesses=1, tokens=12, characters=41, audio_seconds=0.8)
_SPANS = (
    Span("pause", 0, 0.12),
    Span("transcript", 0.12, 0.3),
    Span("first_token", 0.3, 0.35),
    Span("first_clause", 0.35, 0.4),
    Span("first_audio", 0.4, 0.44),
    Span("sent", 0.44, 0.46),
    Span("heard", 0.46, 0.5),
)

CONVERSATION: tuple[Output, ...] = (
    SettingsApplied(SETTINGS),
    # A spoken turn.
    SpeechStarted("item_user1", 0.42),
    GuessDropped("resp_0", _WASTE),
    SpeechStopped("item_user1", 2.06),
    UtteranceCommitted("item_user1", None),
    ItemAdded(_HEARD, None),
    ItemDone(_HEARD, None),
    ReplyStarted("resp_1", _OPTIONS),
    TranscriptDelta("item_user1", "When does"),
    TranscriptCompleted("item_user1", "When does water boil?", 1.64),
    ReplyItemStarted("resp_1", Message("item_answer1", "assistant", (), "in_progress"), "item_user1"),
    ReplyAudio("resp_1", "item_answer1", _TONE, "Water boils "),
    ReplyAudio("resp_1", "item_answer1", _TONE, "at 100 degrees."),
    ReplyItemFinished("resp_1", _ANSWER),
    ReplyFinished("resp_1", "completed", usage=Usage(31, 16, 9)),
    TurnMeasured("item_user1", "resp_1", _SPANS, 0.45, _WASTE),
    ItemShown(Message("item_user1", "user", (Speech("When does water boil?", _TONE[:160]),))),
    # The client's own items, and a call of its function.
    ItemAdded(_PICTURE, "item_answer1"),
    ItemDone(_PICTURE, "item_answer1"),
    ReplyStarted("resp_2", _OPTIONS, "event_client_7"),
    ReplyWritten("resp_2", "Let me see."),
    ToolCalled("resp_2", "look_up", "{}"),
    ToolReturned("resp_2", "look_up", "nothing"),
    ReplyItemStarted("resp_2", _EMPTY_CALL, "item_typed"),
    ReplyArguments("resp_2", "item_call", '{"city":'),
    ReplyArguments("resp_2", "item_call", '"Ulm"}'),
    ReplyItemFinished("resp_2", _CALL),
    ReplyFinished("resp_2", "completed", usage=Usage(40, 0, 12)),
    ItemAdded(_RESULT, "item_call"),
    ItemDone(_RESULT, "item_call"),
    # A reply that is interrupted by nothing, and goes on.
    ReplyStarted("resp_3", _OPTIONS),
    ReplyItemStarted("resp_3", Message("item_answer2", "assistant", (), "in_progress"), "item_result"),
    ReplyAudio("resp_3", "item_answer2", _TONE, "It is 18 degrees in Ulm."),
    ReplyDucked("resp_3", "item_answer2"),
    ReplyRestored("resp_3", "item_answer2"),
    ReplyDucked("resp_3", "item_answer2"),
    SpeechStarted("item_user2", 7.5),
    ReplyItemFinished("resp_3", _BROKEN_OFF),
    ReplyFinished("resp_3", "cancelled", "turn_detected"),
    ReplyInterrupted("resp_3", "item_answer2", 0.312, "It is"),
    ItemCut("item_answer2", 0.312, "It is"),
    AudioDropped(),
    ReplyStarted("resp_6", _OPTIONS, continues="resp_3"),
    ReplyItemStarted("resp_6", Message("item_answer3", "assistant", (), "in_progress"), "item_answer2"),
    ReplyAudio("resp_6", "item_answer3", _TONE, "18 degrees in Ulm."),
    ReplyItemFinished("resp_6", _CONTINUED),
    ReplyFinished("resp_6", "completed", usage=Usage(0, 0, 0)),
    # An answer beside the conversation.
    ReplyStarted("resp_4", _WRITTEN),
    ReplyItemStarted("resp_4", Message("item_title", "assistant", (), "in_progress"), None),
    ReplyText("resp_4", "item_title", "Boiling "),
    ReplyText("resp_4", "item_title", "water"),
    ReplyItemFinished("resp_4", _TITLE),
    ReplyFinished("resp_4", "completed", usage=Usage(12, 0, 2)),
    # Silence, and what may go wrong.
    IdleTimeout("item_user3", 9.5, 15.5),
    UtteranceCommitted("item_user3", "item_answer3"),
    ItemAdded(Message("item_user3", "user", (Speech(None),)), "item_answer3"),
    ItemDone(Message("item_user3", "user", (Speech(None),)), "item_answer3"),
    TranscriptFailed("item_user3", ProviderUnavailable("The recogniser could not be reached.")),
    ReplyStarted("resp_5", _OPTIONS),
    ReplyFinished("resp_5", "failed", error=ProviderUnavailable("The model could not be reached.")),
    RequestFailed(RequestError("response_cancel_not_active", "Cancellation failed: no active response."), "event_c_9"),
    ItemRemoved("item_user3"),
)


def new_config() -> SessionConfig:
    return start_session("sess_golden", "galion", SETTINGS, EXPIRES_AT)


def new_connection(*, with_extensions: bool = False) -> Connection:
    """A connection whose client has switched transcription on."""
    connection = Connection(new_config(), with_extensions=with_extensions)
    connection.receive(TRANSCRIBED)
    return connection
