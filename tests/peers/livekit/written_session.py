"""LiveKit's RealtimeSession in writing only, before and after the reconnection that it makes by itself.

Run as `written_session.py URL KEY RECORDINGS`; exits with 0 if all was well.
"""

import asyncio
import sys

import aiohttp
from checks import Checks
from generation import Heard, element_stock
from livekit.agents import llm
from livekit.plugins.openai.realtime import RealtimeModel, RealtimeSession
from warnings_heard import WarningsHeard

SESSION_SECONDS = 4.0
"""LiveKit's own is 20 minutes."""


async def answer(checks: Checks, session: RealtimeSession, what: str, *new: llm.ChatItem) -> Heard:
    """Put items into the history, and ask for a response."""
    context = session.chat_ctx.copy()
    context.items.extend(new)
    await checks.awaited("the history to be acknowledged", session.update_chat_ctx(context))
    generation = await checks.awaited(what, session.generate_reply())
    return await checks.awaited(f"the end of {what}", Heard().listen(generation))


def said(text: str) -> llm.ChatMessage:
    return llm.ChatMessage(role="user", content=[text])


async def written_turns(checks: Checks, session: RealtimeSession) -> None:
    history = (said("I am at home."), llm.ChatMessage(role="assistant", content=["I see."]))
    heard = await answer(checks, session, "the answer", *history, said("What is the boiling point of water?"))
    written = heard.modalities == ["text"] and not heard.audio
    checks.check("in writing, answer", written and "100" in heard.text, f"{heard.text} {heard.modalities}")
    await checks.awaited("the tools to be sent", session.update_tools([element_stock]))
    heard = await answer(checks, session, "the call", said("How much of the element carbon is left?"))
    [call] = heard.calls
    output = llm.FunctionCallOutput(call_id=call.call_id, name=call.name, output="73 grams", is_error=False)
    heard = await answer(checks, session, "what the tool gave", output)
    checks.check("in writing, tool", "73" in heard.text, heard.text)


def history(session: RealtimeSession) -> list[tuple[str, str]]:
    """The items as LiveKit has them, without those that are the session's settings."""
    shown: list[tuple[str, str]] = []
    for item in session.chat_ctx.items:
        if isinstance(item, llm.ChatMessage):
            shown.append((item.role, item.text_content or ""))
        elif isinstance(item, llm.FunctionCall):
            shown.append((item.type, item.name))
        elif isinstance(item, llm.FunctionCallOutput):
            shown.append((item.type, item.output))
    return shown


async def replayed_after(session: RealtimeSession, reconnected: asyncio.Event, count: int) -> None:
    """Wait until LiveKit has opened its new session, and until that has acknowledged the old one's items."""
    reconnected.clear()
    acknowledged: asyncio.Queue[str] = asyncio.Queue()
    session.on("remote_item_added", lambda event: acknowledged.put_nowait(event.item.id))
    await reconnected.wait()
    for _ in range(count):
        await acknowledged.get()


async def converse(checks: Checks, url: str, key: str) -> None:
    reconnected = asyncio.Event()
    errors: list[str] = []
    with WarningsHeard() as warnings:
        async with aiohttp.ClientSession() as http:
            model = RealtimeModel(
                base_url=f"{url}/v1",
                api_key=key,
                modalities=["text"],
                http_session=http,
                max_session_duration=SESSION_SECONDS,
            )
            session = model.session()
            session.on("session_reconnected", lambda _: reconnected.set())
            session.on("error", lambda event: errors.append(str(event.error)))
            try:
                await checks.awaited("the instructions to be sent", session.update_instructions("You know much."))
                await written_turns(checks, session)
                before = history(session)
                await checks.awaited("the reconnection", replayed_after(session, reconnected, len(before)))
                heard = await answer(checks, session, "the answer after it", said("What is the speed of light?"))
                checks.check("after reconnecting, answer", "299" in heard.text, heard.text)
                after = history(session)
                checks.check("after reconnecting, history", after[:-2] == before and len(before) == 8, after)
            finally:
                await session.aclose()
    checks.check("no errors", not errors, errors)
    checks.check("no warnings", not warnings.lines, warnings.lines)


if __name__ == "__main__":
    results = Checks()
    sys.exit(results.run(converse(results, sys.argv[1], sys.argv[2])))
