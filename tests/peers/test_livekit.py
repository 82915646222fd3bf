"""LiveKit's RealtimeModel, as it is on PyPI, talks with our server."""

from pathlib import Path

import pytest

from benchmarks.peers.environment import open_environment
from tests.peers.conversation.story import STORY
from tests.peers.conversations import hold
from tests.peers.served import Served

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def python() -> Path:
    return open_environment("livekit")


@pytest.mark.parametrize("turns", ["server", "livekit"])
async def test_an_agent_session_without_a_room(python: Path, server: Served, recordings: Path, turns: str) -> None:
    await hold(python, "livekit/agent_session.py", server, recordings, turns)
    server.check_cut(STORY, before="what is the molar mass of glucose")


async def test_a_realtime_session_by_itself(python: Path, server: Served, recordings: Path) -> None:
    await hold(python, "livekit/realtime_session.py", server, recordings)
    kept = server.check_cut(STORY, before="what is the molar mass of glucose")
    # The application said that 1.5 s of it were played, though the server had sent twice as much.
    assert len(kept) < 45


async def test_a_session_in_writing_that_reconnects(python: Path, server: Served, recordings: Path) -> None:
    await hold(python, "livekit/written_session.py", server, recordings)
    first, last = server.shown[0], server.shown[-1]
    roles = [message.role for message in last]
    # What was said over the first connection, and in the same order.
    assert roles == [
        "system",
        "user",
        "assistant",
        "user",
        "assistant",
        "user",
        "assistant",
        "tool",
        "assistant",
        "user",
    ]
    assert last[: len(first)] == first
    assert last[6].tool_calls[0].call_id == last[7].call_id
