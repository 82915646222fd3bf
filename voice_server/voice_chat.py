"""`POST /api/v1/voice/chat`: one turn of a conversation as one request, with the recording in and the answer out.

The conversation goes into the history. The recorded answer is kept for an hour, at an address that needs no key,
because it cannot be guessed and an audio element of a page can send none.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

import numpy as np
from aiohttp import web
from pydantic import Field

from pipeline.audio import INPUT_RATE, SILENCE, Samples
from pipeline.errors import PipelineError
from pipeline.events import (
    AudioCommitted,
    AudioReceived,
    ItemAdded,
    ItemCreated,
    ItemDone,
    ReplyAudio,
    ReplyFinished,
    ReplyItemFinished,
    ReplyRequested,
    RequestFailed,
    TranscriptCompleted,
    TranscriptFailed,
)
from pipeline.items import Message, new_id
from pipeline.session import Session
from pipeline.session_log import Closed, Left, Opened
from pipeline.settings import SessionSettings
from voice_server.audio_files import CONTENT_TYPES, encode
from voice_server.auth import Principal, principal_of
from voice_server.http.admission import Admission
from voice_server.http.bodies import Body, check_fields
from voice_server.http.errors import ApiError
from voice_server.http.uploads import Uploads
from voice_server.storage.interfaces import Conversation, ConversationNotFound, Conversations, Recording, Recordings

_PIECE = INPUT_RATE // 10
"""Samples that a session is given at once."""


class VoiceChatForm(Body):
    """The fields of the form beside `audio`."""

    conversation_id: str | None = Field(None, max_length=64, description="To go on with; none begins a new one.")
    assistant: str | None = Field(None, max_length=64, description="Who answers, in a new conversation.")
    language: str | None = Field(None, min_length=2, max_length=2, description="ISO 639-1, of speech and answer.")


class VoiceChatAnswer(Body):
    """What was said on both sides."""

    transcription: str
    text_response: str
    audio_url: str = Field(description="Where the spoken answer is, as MP3, for an hour; no key is needed there.")
    duration_ms: int = Field(description="How long the request took on the server.")
    conversation_id: str


@dataclass(frozen=True, slots=True)
class _Turn:
    transcription: str
    response: str
    audio: Samples
    """int16, shape (n,), 24 kHz."""


class VoiceChat:
    """The endpoint."""

    def __init__(
        self,
        *,
        uploads: Uploads,
        conversations: Conversations,
        recordings: Recordings,
        admission: Admission,
        find_assistant: Callable[[str | None], tuple[str, SessionSettings]],
        new_session: Callable[[str, SessionSettings, str], Session],
    ) -> None:
        """`find_assistant` takes the name that was asked for, and gives a known one with its settings."""
        self._uploads = uploads
        self._conversations = conversations
        self._recordings = recordings
        self._admission = admission
        self._find_assistant = find_assistant
        self._new_session = new_session

    def routes(self) -> list[web.RouteDef]:
        """Where it is reached."""
        return [web.post("/api/v1/voice/chat", self.chat)]

    async def chat(self, request: web.Request) -> web.Response:
        """Answer a recording."""
        began = time.monotonic()
        owner = principal_of(request)
        upload = await self._uploads.read(request, "audio")
        form = check_fields(upload.fields, VoiceChatForm)
        samples = await self._uploads.decode(upload, "audio")
        conversation_id = form.conversation_id or (await self._begin(owner, form)).id
        try:
            async with self._conversations.hold(conversation_id, owner) as conversation:
                with self._admission.conversation():
                    turn = await self._converse(conversation, form, samples)
        except ConversationNotFound:
            message = (
                f"There is no conversation {conversation_id} (any longer); leave conversation_id out to begin one."
            )
            raise ApiError(404, "conversation_not_found", message, param="conversation_id") from None
        audio = await asyncio.to_thread(encode, turn.audio, "mp3")
        audio_url = await self._recordings.add(Recording(audio, CONTENT_TYPES["mp3"]), owner, conversation_id)
        answer = VoiceChatAnswer(
            transcription=turn.transcription,
            text_response=turn.response,
            audio_url=audio_url,
            duration_ms=round((time.monotonic() - began) * 1000),
            conversation_id=conversation_id,
        )
        return web.json_response(answer.model_dump())

    async def _begin(self, owner: Principal, form: VoiceChatForm) -> Conversation:
        name, _ = self._find_assistant(form.assistant)
        if form.assistant is not None and name != form.assistant:
            message = f"There is no assistant {form.assistant}; GET /api/v1/about lists them."
            raise ApiError(400, "assistant_not_found", message, param="assistant")
        return await self._conversations.begin(owner, name)

    async def _converse(self, conversation: Conversation, form: VoiceChatForm, samples: Samples) -> _Turn:
        if form.assistant is not None and form.assistant != conversation.assistant:
            message = f"This conversation is held with {conversation.assistant}; begin another with {form.assistant}."
            raise ApiError(400, "invalid_value", message, param="assistant")
        _, settings = self._find_assistant(conversation.assistant)
        settings = replace(
            settings,
            language=form.language or settings.language,
            turn_detection=None,
            # The client has all the time in the world, but so may a recogniser need it that gets all audio at once.
            max_lead_seconds=float("inf"),
            transcription_deadline_seconds=settings.transcription_deadline_seconds + len(samples) / INPUT_RATE,
        )
        session = self._new_session(new_id("sess"), settings, conversation.assistant)
        async with session:
            turn = await _take_turn(session, conversation, samples)
        if isinstance(turn, Exception):
            raise turn
        return turn


async def _take_turn(
    session: Session, conversation: Conversation, samples: Samples
) -> _Turn | PipelineError | ApiError:
    """The turn, or what went wrong: raised inside the session, it would come out in a group of exceptions."""
    conversation.facts.append(Opened(session.id, conversation.assistant, session.settings, time.time()))
    for item in conversation.items:
        session.receive(ItemCreated(item))
    for start in range(0, len(samples), _PIECE):
        session.receive(AudioReceived(samples[start : start + _PIECE]))
        # Looking for speech in minutes of audio takes seconds: others must have the event loop in between.
        await asyncio.sleep(0)
    session.receive(AudioCommitted())
    session.receive(ReplyRequested())
    return await _collect(session, conversation)


async def _collect(session: Session, conversation: Conversation) -> _Turn | PipelineError | ApiError:
    """Everything up to the end of the reply."""
    began_at = time.monotonic()
    known = {item.id for item in conversation.items}
    transcription = ""
    response: list[str] = []
    audio: list[Samples] = []
    async with aclosing(session.outputs()) as outputs:
        async for output in outputs:
            if not (isinstance(output, (ItemAdded, ItemDone)) and output.item.id in known):
                conversation.facts.append(Left(time.monotonic() - began_at, output))
            match output:
                case TranscriptCompleted(text=text):
                    if not text:
                        message = "No speech was heard in the recording; speak closer to the microphone."
                        return ApiError(422, "no_speech", message, param="audio")
                    transcription = text
                case TranscriptFailed(error=error) | RequestFailed(error=error):
                    return error
                case ReplyAudio(samples=samples):
                    audio.append(samples)
                case ReplyItemFinished(item=Message() as message):
                    response.append(message.text)
                case ReplyFinished():
                    if output.error is not None:
                        return output.error
                    break
    conversation.facts.append(Closed(time.monotonic() - began_at, "answered"))
    return _Turn(transcription, " ".join(response).strip(), np.concatenate(audio) if audio else SILENCE)
