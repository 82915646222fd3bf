"""The page in a real browser: who speaks first, who speaks over whom, and where the time went."""

import re

import numpy as np
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.page.conftest import FLAGS
from tests.page.scenes import (
    AUDIBLE,
    PLACE,
    REPLY,
    SILENT,
    SPANS,
    assistant_replies,
    assistant_speaks,
    line,
    playback,
    reply_ends,
    tone,
    user_speaks,
    when,
)
from tests.page.scripted_server import Conversation, ScriptedServer

FULL = "window.voiceServer.playedRms() > 0.15"
"""The tone of the replies has 0.17."""
QUIET = "window.voiceServer.playedRms() < 0.025 && window.voiceServer.playedRms() > 0.018"
"""18 dB less: 0.0217."""
ITEM = {"response_id": PLACE["response_id"], "item_id": PLACE["item_id"]}
NEXT = {"response_id": "resp_2", "item_id": "item_reply2", "output_index": 0, "content_index": 0}
LEVEL = "Number(document.querySelector('.controls').style.getPropertyValue('--level'))"


async def test_a_reply_is_quiet_while_it_is_not_known_whether_the_user_speaks(
    page: Page, conversation: Conversation
) -> None:
    await assistant_replies(conversation, tone(8))
    await when(page, FULL)
    await conversation.say({"type": "voice.duck", **ITEM})
    ducked = await when(page, QUIET)
    count = len(playback(conversation))
    await conversation.until(lambda c: len(playback(c)) > count + 2)
    await conversation.say({"type": "voice.restore", **ITEM})
    restored = await when(page, FULL)
    assert restored - ducked < 1_500, "it was restored by the message, not by itself"
    await conversation.say({"type": "voice.duck", **ITEM})
    await when(page, QUIET)
    await when(page, FULL)
    assert all(report["playing"] for report in playback(conversation))


async def test_speech_stops_a_quiet_reply_and_the_next_is_at_full_volume(
    page: Page, conversation: Conversation
) -> None:
    await assistant_replies(conversation, tone(8))
    await when(page, FULL)
    await conversation.say({"type": "voice.duck", **ITEM})
    await when(page, QUIET)
    await conversation.say({"type": "input_audio_buffer.speech_started", "item_id": "item_user2", "audio_start_ms": 0})
    await when(page, SILENT)
    await conversation.heard("voice.playback", playing=False)
    await reply_ends(conversation, "cancelled")
    await conversation.say({"type": "response.created", "response": {"id": "resp_2", "status": "in_progress"}})
    await assistant_speaks(conversation, NEXT, "Yes?", tone(0.4))
    await when(page, FULL)


async def test_a_reply_that_goes_on_is_shown_as_one(page: Page, conversation: Conversation) -> None:
    await user_speaks(conversation, "item_user1", "What is gold?")
    await assistant_replies(conversation, tone(5))
    await when(page, AUDIBLE)
    await conversation.say({"type": "input_audio_buffer.speech_started", "item_id": "item_user2", "audio_start_ms": 0})
    await conversation.heard("voice.playback", playing=False)
    await reply_ends(conversation, "cancelled")
    heard = {"heard_ms": 900, "heard_text": "Gold is an element"}
    await conversation.say(
        {"type": "voice.interrupted", **ITEM, **heard},
        {"type": "input_audio_buffer.speech_stopped", "item_id": "item_user2", "audio_end_ms": 900},
        {"type": "response.created", "response": {"id": "resp_2", "status": "in_progress"}},
        {"type": "voice.continued", "response_id": "resp_2", "continues": "resp_1"},
    )
    await assistant_speaks(conversation, NEXT, "with seventy-nine protons.", tone(0.5))
    await when(page, FULL)
    await expect(line(page, 1).locator(".line-words")).to_have_text(REPLY)
    await expect(line(page, 2)).to_have_count(0)


async def test_the_waterfall_says_when_it_was_sure_and_what_was_wasted(page: Page, conversation: Conversation) -> None:
    await user_speaks(conversation, "item_user1", "What is gold?")
    await assistant_replies(conversation, tone(0.2))
    await reply_ends(conversation, "completed")
    wasted = {"guesses": 1, "tokens": 12, "characters": 41, "audio_ms": 800}
    turn = {"type": "voice.turn", "item_id": "item_user1", "response_id": "resp_1", "total_ms": 640, "spans": SPANS}
    await conversation.say({**turn, "committed_ms": 450, "wasted": wasted})
    reply = line(page, 1)
    await reply.get_by_text("0.64 s").click()
    names = ("Pause noticed", "Words recognised", "Answer begun", "First words found", "Voice ready", "Sent", "Heard")
    for name, span in zip(names, SPANS, strict=True):
        took = f"{span['end_ms'] - span['start_ms']} ms {span['end_ms']} ms"  # type: ignore[operator]
        await expect(reply.get_by_role("row", name=re.compile(f"^{name}.* {took}$"))).to_be_visible()
    await expect(reply.get_by_text("Sure after 450 ms that you were done")).to_be_visible()
    await expect(reply.get_by_text("12 tokens, 41 characters, 0.80 s of voice")).to_be_visible()
    marks = reply.locator("tbody .waterfall-sure")
    await expect(marks).to_have_count(7)
    lane, mark = await reply.locator(".waterfall-lane").first.bounding_box(), await marks.first.bounding_box()
    assert lane is not None
    assert mark is not None
    assert abs((mark["x"] - lane["x"]) / lane["width"] - 450 / 640) < 0.03


async def test_what_is_said_before_the_session_begins_is_not_lost(page: Page, server: ScriptedServer) -> None:
    await page.get_by_role("button", name="Start talking").click()
    conversation = await server.socket()
    # One syllable, and the next has begun.
    for condition in (f"{LEVEL} > 0.6", f"{LEVEL} < 0.5", f"{LEVEL} > 0.6"):
        await when(page, condition)
    assert not conversation.audio
    await conversation.open()
    await conversation.until(lambda c: len(c.audio) > 2 * 24_000)
    samples = np.frombuffer(bytes(conversation.audio), "<i2").astype(float)
    frames = samples[: len(samples) // 480 * 480].reshape(-1, 480)
    levels = np.sqrt(np.mean(frames**2, axis=1))
    assert levels[:3].max() < 0.2 * levels.max(), "it begins with the silence before the first syllable"
    assert conversation.frame_lengths == {960}


async def test_a_greeting_sounds_where_browsers_ask_for_a_gesture_first(chromium: str, server: ScriptedServer) -> None:
    flags = [flag for flag in FLAGS if "autoplay" not in flag]
    async with async_playwright() as playwright:
        browser: Browser = await playwright.chromium.launch(executable_path=chromium, args=flags)
        page = await browser.new_page()
        await page.goto(server.url)
        await page.get_by_role("button", name="Start talking").click()
        conversation = await server.conversation()
        assert "greeting" not in conversation.query
        await assistant_replies(conversation, tone(0.6))
        await when(page, AUDIBLE)
        await expect(line(page, 0)).to_contain_text(REPLY)
        await expect(page.get_by_role("status")).to_have_text(re.compile("^Speaking"))
        await reply_ends(conversation, "completed")
        assert (await conversation.heard("voice.playback", playing=False))["heard_ms"] == 600
        await expect(page.get_by_role("status")).to_have_text("Listening")
        await browser.close()
