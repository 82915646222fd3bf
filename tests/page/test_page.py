"""The page in a real browser, against a server that says what each test tells it to say."""

import re

import numpy as np
import pytest
from playwright.async_api import Browser, Page, expect

from tests.page.scenes import (
    AUDIBLE,
    PLACE,
    REPLY,
    SILENT,
    SPANS,
    assistant_replies,
    line,
    playback,
    reply_ends,
    tone,
    user_speaks,
    when,
)
from tests.page.scripted_server import Conversation, ScriptedServer


async def test_the_microphone_reaches_the_server_in_frames_of_20_ms(conversation: Conversation) -> None:
    await conversation.until(lambda c: len(c.audio) > 2 * 24_000 * 2)
    samples = np.frombuffer(bytes(conversation.audio), "<i2") / 32_768
    assert conversation.frame_lengths == {960}
    assert float(np.sqrt(np.mean(samples**2))) > 0.005
    assert conversation.query["extensions"] == "1"
    assert conversation.protocols == []


async def test_the_session_is_asked_for_transcripts_and_keeps_the_servers_turn_detection(
    conversation: Conversation,
) -> None:
    update = await conversation.heard("session.update")
    assert update["session"] == {
        "type": "realtime",
        "output_modalities": ["audio"],
        "audio": {"input": {"transcription": {}}},
    }


async def test_a_spoken_turn_is_heard_shown_and_measured(page: Page, conversation: Conversation) -> None:
    await user_speaks(conversation, "item_user1", "What is gold?")
    await expect(page.get_by_role("status")).to_have_text("Thinking")
    await assistant_replies(conversation, tone(0.6))
    await when(page, AUDIBLE)
    await expect(page.get_by_role("status")).to_have_text(re.compile("^Speaking"))
    await reply_ends(conversation, "completed")
    await conversation.say(
        {"type": "voice.turn", "item_id": "item_user1", "response_id": "resp_1", "total_ms": 640, "spans": SPANS}
    )
    ended = await conversation.heard("voice.playback", playing=False)
    assert ended["heard_ms"] == 600
    await expect(page.get_by_role("status")).to_have_text("Listening")
    await expect(line(page, 0)).to_contain_text("What is gold?")
    await expect(line(page, 1)).to_contain_text(REPLY)
    await line(page, 1).get_by_text("0.64 s").click()
    await expect(line(page, 1).get_by_role("row", name=re.compile("Pause noticed 120 ms"))).to_be_visible()
    await expect(line(page, 1).get_by_text("Where the time went")).to_be_visible()
    heard = [message["heard_ms"] for message in playback(conversation)]
    assert heard == sorted(heard)
    assert len(heard) >= 5


async def test_speech_silences_the_reply_within_a_moment(page: Page, conversation: Conversation) -> None:
    await assistant_replies(conversation, tone(5))
    await when(page, AUDIBLE)
    await conversation.say({"type": "input_audio_buffer.speech_started", "item_id": "item_user2", "audio_start_ms": 0})
    await when(page, "window.voiceServer.state().conversation.userSpeaking")
    await when(page, SILENT)
    stopped = await conversation.heard("voice.playback", playing=False)
    assert 0 <= stopped["heard_ms"] < 4_000
    await conversation.play(str(PLACE["item_id"]), tone(1))
    await reply_ends(conversation, "cancelled")
    interrupted = {"heard_ms": stopped["heard_ms"], "heard_text": "Gold is an element"}
    await conversation.say(
        {"type": "voice.interrupted", "response_id": "resp_1", "item_id": PLACE["item_id"], **interrupted}
    )
    await expect(line(page, 0).locator("s")).to_have_text("with seventy-nine protons.")
    await expect(page.get_by_role("status")).to_have_text("Hearing you")
    assert await page.evaluate(f"() => {SILENT}"), "late audio of the interrupted reply was played"
    assert playback(conversation)[-1] == stopped


@pytest.mark.parametrize("way", ["button", "escape"])
async def test_the_user_can_stop_the_reply(page: Page, conversation: Conversation, way: str) -> None:
    await assistant_replies(conversation, tone(5))
    await when(page, AUDIBLE)
    if way == "button":
        await page.get_by_role("button", name="Stop speaking").click()
    else:
        await page.keyboard.press("Escape")
    await when(page, SILENT)
    assert (await conversation.heard("response.cancel"))["response_id"] == "resp_1"
    assert (await conversation.heard("voice.playback", playing=False))["heard_ms"] < 4_000


async def test_a_written_turn_needs_no_microphone(page: Page, server: ScriptedServer) -> None:
    box = page.get_by_role("textbox", name="Write instead of talking")
    await box.fill("What is gold?")
    await box.press("Enter")
    conversation = await server.conversation()
    created = await conversation.heard("conversation.item.create")
    await conversation.heard("response.create")
    assert created["item"]["content"] == [{"type": "input_text", "text": "What is gold?"}]
    await conversation.say({"type": "conversation.item.added", "item": created["item"], "previous_item_id": None})
    await assistant_replies(conversation, tone(0.5))
    await when(page, AUDIBLE)
    await expect(line(page, 0)).to_contain_text("What is gold?")
    await expect(line(page, 1)).to_contain_text(REPLY)
    assert not conversation.audio


async def test_a_written_turn_cancels_the_reply_that_is_spoken(page: Page, conversation: Conversation) -> None:
    await assistant_replies(conversation, tone(5))
    await when(page, AUDIBLE)
    await page.get_by_role("textbox", name="Write instead of talking").fill("Something else")
    await page.get_by_role("button", name="Send").click()
    await conversation.heard("response.create")
    await when(page, SILENT)
    asked = [message["type"] for message in conversation.messages if message["type"] != "voice.playback"]
    assert asked == ["session.update", "response.cancel", "conversation.item.create", "response.create"]


async def test_muting_sends_silence(page: Page, conversation: Conversation) -> None:
    await page.get_by_role("button", name="Mute the microphone").click()
    await expect(page.get_by_role("status")).to_have_text("Muted")
    await conversation.until(lambda c: len(c.audio) > 9_600 and not any(c.audio[-9_600:]))


async def test_a_key_is_asked_for_and_remembered(page: Page, server: ScriptedServer) -> None:
    server.key = "sk-secret_1"
    await page.get_by_role("button", name="Start talking").click()
    await expect(page.get_by_role("alert")).to_contain_text("This server asks for a key")
    await page.get_by_label("Key").fill("sk-wrong")
    await page.get_by_role("button", name="Connect").click()
    await expect(page.get_by_role("alert")).to_contain_text("did not accept this key")
    await page.get_by_label("Key").fill("sk-secret_1")
    await page.get_by_role("button", name="Connect").click()
    conversation = await server.conversation()
    assert conversation.protocols == ["realtime", "openai-insecure-api-key.sk-secret_1"]
    await conversation.until(lambda c: len(c.audio) > 9_600)
    await expect(page.get_by_role("alert")).to_be_empty()
    await page.reload()
    await page.get_by_role("button", name="Start talking").click()
    await server.conversation()


async def test_a_server_that_comes_back_goes_on_with_the_conversation(
    page: Page, server: ScriptedServer, conversation: Conversation
) -> None:
    await user_speaks(conversation, "item_user1", "What is gold?")
    await expect(line(page, 0)).to_contain_text("What is gold?")
    await server.stop()
    await expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached")
    await server.start()
    again = await server.conversation()
    assert again.query["greeting"] == "0", "a conversation that goes on is not greeted again"
    told = await again.heard("conversation.item.create")
    assert told["item"]["content"] == [{"type": "input_text", "text": "What is gold?"}]
    await again.until(lambda c: len(c.audio) > 9_600)
    await expect(page.get_by_role("alert")).to_be_empty()
    await expect(page.get_by_role("status")).to_have_text("Listening")


async def test_a_full_server_is_waited_for(page: Page, server: ScriptedServer) -> None:
    server.full = True
    await page.get_by_role("button", name="Start talking").click()
    await expect(page.get_by_role("alert")).to_contain_text("The server is full")
    server.full = False
    await page.get_by_role("button", name="Try now").click()
    await server.conversation()
    await expect(page.get_by_role("status")).to_have_text("Listening")


async def test_a_refused_microphone_is_explained(browser: Browser, server: ScriptedServer) -> None:
    context = await browser.new_context(permissions=[])
    page = await context.new_page()
    refuse = "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('no', 'NotAllowedError'); };"
    await page.add_init_script(refuse)
    await page.goto(server.url)
    await page.get_by_role("button", name="Start talking").click()
    await expect(page.get_by_role("alert")).to_contain_text("The microphone is blocked")
    await expect(page.get_by_role("button", name="Start talking")).to_be_visible()


async def test_an_insecure_page_says_so_and_answers_in_writing(browser: Browser, server: ScriptedServer) -> None:
    page = await browser.new_page()
    await page.goto(f"http://voice.test:{server.port}/")
    await page.get_by_role("button", name="Start talking").click()
    await expect(page.get_by_role("alert")).to_contain_text("Browsers give the microphone to secure pages only")
    await page.get_by_role("textbox", name="Write instead of talking").fill("What is gold?")
    await page.get_by_role("button", name="Send").click()
    conversation = await server.conversation()
    assert (await conversation.heard("session.update"))["session"]["output_modalities"] == ["text"]
    await conversation.heard("response.create")
    await conversation.say({"type": "response.output_text.delta", **PLACE, "delta": REPLY})
    await expect(line(page, 1)).to_contain_text(REPLY)


async def test_the_page_says_what_runs_here(page: Page) -> None:
    await expect(page.get_by_role("heading", name="Say something.")).to_be_visible()
    await expect(page.get_by_text("A laboratory companion who computes what you ask.")).to_be_visible()
    await page.get_by_text("embedded providers").click()
    await expect(page.get_by_text("pocketsphinx")).to_be_visible()


async def test_an_example_is_asked_by_pressing_it(page: Page, server: ScriptedServer) -> None:
    await page.get_by_role("button", name="What is lead?").click()
    item = (await (await server.conversation()).heard("conversation.item.create"))["item"]
    assert item["content"] == [{"type": "input_text", "text": "What is lead?"}]
    await expect(line(page, 0)).to_contain_text("What is lead?")


async def test_another_assistant_can_be_chosen(page: Page, server: ScriptedServer) -> None:
    await page.get_by_role("combobox").select_option("lyo")
    await expect(page.get_by_text("Takes reservations.")).to_be_visible()
    await expect(page.get_by_text("Ask one of these")).to_be_hidden()
    await page.get_by_role("button", name="Start talking").click()
    assert (await server.conversation()).query["model"] == "lyo"


async def test_the_page_can_be_used_by_keyboard_alone(page: Page, server: ScriptedServer) -> None:
    await page.get_by_role("button", name="Start talking").focus()
    await page.keyboard.press("Space")
    conversation = await server.conversation()
    await conversation.heard("session.update")
    await expect(page.get_by_role("button", name="End the conversation")).to_be_focused()
    await page.keyboard.press("Enter")
    await conversation.until(lambda c: c.socket.closed)
    await expect(page.get_by_role("status")).to_have_text("Press to talk")


@pytest.mark.parametrize("width", [320, 390, 1280])
async def test_nothing_is_cut_off_sideways(browser: Browser, server: ScriptedServer, width: int) -> None:
    page = await browser.new_page(viewport={"width": width, "height": 640})
    await page.goto(server.url)
    await expect(page.get_by_role("heading", name="Say something.")).to_be_visible()
    assert await page.evaluate("() => document.documentElement.scrollWidth") <= width
