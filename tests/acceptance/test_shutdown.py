"""A server that stops takes leave of its clients."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from voice_server import call
from voice_server.server import open_server
from voice_server.settings import ServerSettings

SETTINGS = ServerSettings(port=0, stt=("embedded",), llm=("embedded",), tts=("embedded",))


async def test_a_server_that_stops_hears_that_its_clients_agree(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(call, "CLOSE_SECONDS", 600.0)  # longer than any test may take
    async with asyncio.timeout(60):
        async with open_server(replace(SETTINGS, data_dir=tmp_path)) as url:
            talk = await connect(url.replace("http", "ws") + "/v1/realtime")
            await talk.recv()
        with pytest.raises(ConnectionClosed) as closed:
            await talk.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001
