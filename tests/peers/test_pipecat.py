"""Pipecat's OpenAIRealtimeLLMService, as it is on PyPI, talks with our server."""

from pathlib import Path

import pytest

from benchmarks.peers.environment import open_environment
from tests.peers.conversation.story import STORY
from tests.peers.conversations import hold
from tests.peers.served import Served

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def python() -> Path:
    return open_environment("pipecat")


async def test_turns_that_the_server_decides(python: Path, server: Served, recordings: Path) -> None:
    await hold(python, "pipecat/server_turns.py", server, recordings)
    server.check_cut(STORY, before="what is the molar mass of glucose")
    assert "Please say that once more." in [message.text for message in server.shown[-1]]


async def test_turns_that_pipecat_decides(python: Path, server: Served, recordings: Path) -> None:
    await hold(python, "pipecat/local_turns.py", server, recordings)
    server.check_cut(STORY, before="what is the molar mass of glucose")
