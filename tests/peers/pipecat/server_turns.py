"""Pipecat with the server's turn detection: written, spoken, tool, barge-in, and a message of the application.

Run as `server_turns.py URL KEY RECORDINGS`; exits with 0 if all was well.
"""

import sys
from pathlib import Path
from typing import Any

from checks import Checks
from pipecat.frames.frames import LLMMessagesAppendFrame
from pipecat.services.openai.realtime import events
from talk import Conversation, Server, barge_in, spoken_turn, tool_turn, written_turn


async def appended_turn(talk: Conversation) -> None:
    talk.begin()
    message: Any = {"role": "user", "content": "Please say that once more."}
    # To the service itself: at the head of the pipeline the user's aggregator would keep the message from it.
    await talk.llm.queue_frame(LLMMessagesAppendFrame([message], run_llm=True))
    answer = await talk.answer("the answer to a message that the application appended")
    talk.checks.check("appended turn, answer", bool(answer), answer)


async def converse(checks: Checks, server: Server) -> None:
    talk = Conversation(checks, server, events.SemanticTurnDetection())
    async with talk.held():
        await written_turn(talk)
        await spoken_turn(talk)
        await tool_turn(talk)
        await barge_in(talk)
        await appended_turn(talk)


if __name__ == "__main__":
    results = Checks()
    sys.exit(results.run(converse(results, Server(sys.argv[1], sys.argv[2], Path(sys.argv[3])))))
