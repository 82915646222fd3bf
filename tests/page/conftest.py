"""A real browser for the page: its microphone is a file, its loudspeaker is measured."""

import os
import shutil
import subprocess
import wave
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import Browser, Page, async_playwright

from tests.page.scripted_server import Conversation, ScriptedServer, running

PAGE = Path(__file__).parents[2] / "voice_server" / "page"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--disable-gpu",
    # A name that browsers do not count as this machine, and so not as a secure context.
    "--host-resolver-rules=MAP voice.test 127.0.0.1",
)
EXPECTED_ERRORS = (
    "status of 401",
    "status of 503",
    "status of 409",
    "status of 426",
    "ERR_CONNECTION_REFUSED",
    "WebSocket connection to",
)
"""What browsers themselves write to the console when a request is refused, which some tests are about."""


def missing(what: str) -> None:
    """Where everything must be there, a test that cannot run has failed."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium; it is installed if that is possible."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        # Another process of the same run may be installing it.
        patiently = ("-o", "DPkg::Lock::Timeout=300")
        subprocess.run(["apt-get", *patiently, "install", "-yq", "chromium"], check=False, stdout=subprocess.DEVNULL)
        found = shutil.which("chromium")
    if found is None:
        missing(f"No browser was found; one of {', '.join(BROWSERS)} must be on the PATH.")
    assert found is not None
    return found


@pytest.fixture(scope="session")
def page_files() -> Path:
    if not (PAGE / "index.html").exists():
        missing("The page is not built: run `npm ci` and `npm run build` in clients/browser.")
    return PAGE


@pytest.fixture(scope="session")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A microphone: 0.6 s of silence, 3 s of something like syllables, and half a minute of silence.

    The end must be silent: Chromium repeats the last values of the file for ever.
    """
    rate = 44_100
    seconds = np.arange(3 * rate) / rate
    pitch = 140 + 30 * np.sin(2 * np.pi * 0.7 * seconds)
    voice = sum(np.sin(2 * np.pi * n * np.cumsum(pitch) / rate) / n for n in range(1, 20))
    syllables = np.clip(np.sin(2 * np.pi * 3 * seconds), 0, 1)
    samples = np.concatenate([np.zeros(rate * 3 // 5), 0.2 * voice * syllables, np.zeros(30 * rate)])
    path = tmp_path_factory.mktemp("microphone") / "spoken.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples * 32_767).astype("<i2").tobytes())
    return path


@pytest.fixture
async def browser(chromium: str, spoken: Path) -> AsyncIterator[Browser]:
    async with AsyncExitStack() as stack:
        playwright = await stack.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(
            executable_path=chromium,
            args=[*FLAGS, f"--use-file-for-fake-audio-capture={spoken}%noloop"],
        )
        stack.push_async_callback(browser.close)
        yield browser


@pytest.fixture
async def server(page_files: Path) -> AsyncIterator[ScriptedServer]:
    async with running(page_files) as server:
        yield server


@pytest.fixture
async def page(browser: Browser, server: ScriptedServer) -> AsyncIterator[Page]:
    """The page, opened; at the end nothing unexpected may be on its console."""
    page = await browser.new_page()
    complaints: list[str] = []
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(server.url)
    yield page
    assert [text for text in complaints if not any(known in text for known in EXPECTED_ERRORS)] == []


@pytest.fixture
async def conversation(page: Page, server: ScriptedServer) -> Conversation:
    """One that the user began by pressing the button."""
    await page.get_by_role("button", name="Start talking").click()
    conversation = await server.conversation()
    await conversation.heard("session.update")
    return conversation
