"""What happens in a conversation, as the scripted server tells it, and what the page shows of it."""

import asyncio
from typing import Any

import numpy as np
from playwright.async_api import Page

from tests.page.scripted_server import Conversation

AUDIBLE = "window.voiceServer.playedRms() > 0.05"
SILENT = "window.voiceServer.playedRms() < 0.001"
PLACE = {"response_id": "resp_1", "item_id": "item_reply1", "output_index": 0, "content_index": 0}
REPLY = "Gold is an element with seventy-nine protons."
SPANS = [
    {"name": "pause", "start_ms": 0, "end_ms": 120},
    {"name": "transcript", "start_ms": 120, "end_ms": 300},
    {"name": "first_token", "start_ms": 300, "end_ms": 350},
    {"name": "first_clause", "start_ms": 350, "end_ms": 410},
    {"name": "first_audio", "start_ms": 410, "end_ms": 590},
    {"name": "sent", "start_ms": 590, "end_ms": 600},
    {"name": "heard", "start_ms": 600, "end_ms": 640},
]


def tone(seconds: float) -> bytes:
    """440 Hz, int16, 24 kHz."""
    phase = 2 * np.pi * 440 * np.arange(int(24_000 * seconds)) / 24_000
    return bytes((8_000 * np.sin(phase)).astype("<i2").tobytes())


async def when(page: Page, condition: str) -> float:
    """Waits in the page, frame by frame, until `condition` holds; returns the page's clock in ms.

    (Playwright's `wait_for_function` evaluates strings, which the page's policy forbids.)
    """
    look = f"const look = () => ({condition}) ? resolve(performance.now()) : requestAnimationFrame(look);"
    async with asyncio.timeout(15):
        return float(await page.evaluate(f"() => new Promise((resolve) => {{ {look} look(); }})"))


async def user_speaks(conversation: Conversation, item_id: str, words: str) -> None:
    item = {"id": item_id, "type": "message", "role": "user", "content": [{"type": "input_audio", "transcript": None}]}
    transcription = "conversation.item.input_audio_transcription"
    await conversation.say(
        {"type": "input_audio_buffer.speech_started", "item_id": item_id, "audio_start_ms": 0},
        {"type": "input_audio_buffer.speech_stopped", "item_id": item_id, "audio_end_ms": 900},
        {"type": "input_audio_buffer.committed", "item_id": item_id, "previous_item_id": None},
        {"type": "conversation.item.added", "item": item, "previous_item_id": None},
        {"type": f"{transcription}.completed", "item_id": item_id, "content_index": 0, "transcript": words},
    )


async def assistant_replies(conversation: Conversation, audio: bytes) -> None:
    await conversation.say({"type": "response.created", "response": {"id": "resp_1", "status": "in_progress"}})
    await assistant_speaks(conversation, PLACE, REPLY, audio)


async def assistant_speaks(conversation: Conversation, place: dict[str, Any], words: str, audio: bytes) -> None:
    """The item of a response that has begun."""
    item = {"id": place["item_id"], "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    await conversation.say(
        {"type": "response.output_item.added", "response_id": place["response_id"], "output_index": 0, "item": item},
        {"type": "response.output_audio_transcript.delta", **place, "delta": words[:20]},
        {"type": "response.output_audio_transcript.delta", **place, "delta": words[20:]},
    )
    await conversation.play(str(place["item_id"]), audio)


async def reply_ends(conversation: Conversation, status: str) -> None:
    await conversation.say(
        {"type": "response.output_audio.done", **PLACE},
        {"type": "response.output_audio_transcript.done", **PLACE, "transcript": REPLY},
        {"type": "response.done", "response": {"id": "resp_1", "status": status, "status_details": None}},
    )


def playback(conversation: Conversation) -> list[dict[str, Any]]:
    return [message for message in conversation.messages if message["type"] == "voice.playback"]


def line(page: Page, number: int) -> Any:
    return page.get_by_role("list", name="Conversation").get_by_role("listitem").nth(number)
