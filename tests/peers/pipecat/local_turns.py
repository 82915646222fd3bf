"""Pipecat with turn detection of its own: it commits, clears, cancels and asks for every response itself.

Run as `local_turns.py URL KEY RECORDINGS`; exits with 0 if all was well.
"""

import sys
from pathlib import Path

from checks import Checks
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregatorParams
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from talk import Conversation, Server, barge_in, spoken_turn, tool_turn, written_turn


async def converse(checks: Checks, server: Server) -> None:
    params = LLMUserAggregatorParams(
        vad_analyzer=SileroVADAnalyzer(),
        user_turn_strategies=UserTurnStrategies(stop=[SpeechTimeoutUserTurnStopStrategy()]),
    )
    talk = Conversation(checks, server, False, params)
    async with talk.held():
        await written_turn(talk)
        await spoken_turn(talk)
        await tool_turn(talk)
        await barge_in(talk)


if __name__ == "__main__":
    results = Checks()
    sys.exit(results.run(converse(results, Server(sys.argv[1], sys.argv[2], Path(sys.argv[3])))))
