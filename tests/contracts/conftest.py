"""The contract tests run once for each implementation."""

from collections.abc import AsyncIterator

import pytest

from tests.contracts.stages import (
    ANY_LANGUAGE_MODEL,
    ANY_SPEECH_TO_TEXT,
    ANY_TEXT_TO_SPEECH,
    LANGUAGE_MODEL,
    SPEECH_TO_TEXT,
    TEXT_TO_SPEECH,
    Alone,
    Stage,
)


@pytest.fixture(params=SPEECH_TO_TEXT)
async def speech_to_text(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    async with SPEECH_TO_TEXT[request.param]() as stage:
        yield stage


@pytest.fixture(params=["openai-realtime", "elevenlabs"])
async def live_speech_to_text(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    """Those that hear while the user speaks."""
    async with SPEECH_TO_TEXT[request.param]() as stage:
        yield stage


@pytest.fixture(params=LANGUAGE_MODEL)
async def language_model(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    async with LANGUAGE_MODEL[request.param]() as stage:
        yield stage


@pytest.fixture(params=TEXT_TO_SPEECH)
async def text_to_speech(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    async with TEXT_TO_SPEECH[request.param]() as stage:
        yield stage


@pytest.fixture(params=ANY_SPEECH_TO_TEXT)
async def any_speech_to_text(request: pytest.FixtureRequest) -> AsyncIterator[Alone]:
    async with ANY_SPEECH_TO_TEXT[request.param]() as stage:
        yield stage


@pytest.fixture(params=ANY_LANGUAGE_MODEL)
async def any_language_model(request: pytest.FixtureRequest) -> AsyncIterator[Alone]:
    async with ANY_LANGUAGE_MODEL[request.param]() as stage:
        yield stage


@pytest.fixture(params=ANY_TEXT_TO_SPEECH)
async def any_text_to_speech(request: pytest.FixtureRequest) -> AsyncIterator[Alone]:
    async with ANY_TEXT_TO_SPEECH[request.param]() as stage:
        yield stage
