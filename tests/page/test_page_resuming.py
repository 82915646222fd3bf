"""The page when its socket is lost in the middle of a reply, and when it is loaded again."""

from playwright.async_api import Page, expect

from tests.page.scenes import (
    AUDIBLE,
    PLACE,
    REPLY,
    assistant_replies,
    assistant_speaks,
    line,
    playback,
    tone,
    user_speaks,
    when,
)
from tests.page.scripted_server import Conversation, ScriptedServer

CUT = {
    "type": "response.done",
    "event_id": "event_cut",
    "seq": 12,
    "response": {"id": "resp_1", "status": "incomplete", "status_details": {"reason": "connection_lost"}},
}


async def test_a_reply_goes_on_over_another_socket(
    page: Page, server: ScriptedServer, conversation: Conversation
) -> None:
    await conversation.offer("token_1")
    await user_speaks(conversation, "item_user1", "What is gold?")
    await conversation.say({"type": "session.updated", "seq": 11})
    await assistant_replies(conversation, tone(4))
    await conversation.say({"type": "response.output_audio_transcript.delta", **PLACE, "delta": " It shines."})
    await expect(line(page, 1)).to_contain_text("It shines.")
    await when(page, AUDIBLE)
    news = page.locator(".connection-line")
    server.takes_calls = False
    conversation.drop()
    await expect(news).to_have_text("The connection was lost; reconnecting…")
    assert await page.evaluate(f"() => {AUDIBLE}"), "what has come is played on"
    server.takes_calls = True
    again = await server.socket()
    assert {name: again.query[name] for name in ("resume", "after", "item", "received_ms")} == {
        "resume": "token_1",
        "after": "11",
        "item": PLACE["item_id"],
        "received_ms": "4000",
    }
    await again.go_on(CUT)
    await expect(news).to_have_text("Back.")
    await again.say({"type": "response.created", "response": {"id": "resp_2", "metadata": {"continues": "resp_1"}}})
    await again.say({"type": "voice.continued", "response_id": "resp_2", "continues": "resp_1"})
    rest = {**PLACE, "response_id": "resp_2", "item_id": "item_reply2"}
    await assistant_speaks(again, rest, "That is all.", tone(0.5))
    await again.say({"type": "response.output_audio.done", **rest})
    ended = await again.heard("voice.playback", item_id=PLACE["item_id"], playing=False)
    assert ended["heard_ms"] == 4000
    await again.heard("voice.playback", item_id="item_reply2", playing=False)
    await again.until(lambda c: len(c.audio) > 9_600)
    assert playback(conversation)[0]["item_id"] == PLACE["item_id"]
    await expect(line(page, 1)).to_contain_text(REPLY)
    await expect(line(page, 1)).to_contain_text("That is all.")
    await expect(page.get_by_role("alert")).to_be_empty()
    await expect(news).to_be_empty(timeout=10_000)


async def test_a_page_that_is_loaded_again_goes_on_with_its_conversation(
    page: Page, server: ScriptedServer, conversation: Conversation
) -> None:
    await conversation.offer("token_1")
    await user_speaks(conversation, "item_user1", "What is gold?")
    await expect(line(page, 0)).to_contain_text("What is gold?")
    await page.reload()
    again = await server.socket()
    assert (again.query["resume"], again.query["after"]) == ("token_1", "0")
    assert conversation.socket.close_code not in (1000, 1005), "to the server that would be the end"
    item = {"id": "item_user1", "type": "message", "role": "user", "content": []}
    await again.go_on(
        {"type": "conversation.item.added", "event_id": "event_1", "item": item},
        {
            "type": "conversation.item.input_audio_transcription.completed",
            "event_id": "event_2",
            "item_id": "item_user1",
            "transcript": "What is gold?",
        },
    )
    await expect(line(page, 0)).to_contain_text("What is gold?")
    await expect(page.locator(".connection-line")).to_have_text("Back.")
    await again.until(lambda c: len(c.audio) > 9_600)
    await assistant_replies(again, tone(0.5))
    await when(page, AUDIBLE)


async def test_a_conversation_that_is_gone_is_followed_by_another_and_nobody_has_to_click(
    page: Page, server: ScriptedServer, conversation: Conversation
) -> None:
    await conversation.offer("token_1")
    await user_speaks(conversation, "item_user1", "What is gold?")
    await expect(line(page, 0)).to_contain_text("What is gold?")
    server.forgets = True
    conversation.drop()
    again = await server.conversation()
    assert "resume" not in again.query
    gone = "The conversation could not be continued; a new one has begun."
    await expect(page.locator(".connection-line")).to_have_text(gone)
    told = await again.heard("conversation.item.create")
    assert told["item"]["content"] == [{"type": "input_text", "text": "What is gold?"}]
    await again.until(lambda c: len(c.audio) > 9_600)
