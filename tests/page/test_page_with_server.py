"""The page and the real server, with its embedded providers: nothing is scripted, and no key is needed."""

import asyncio
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.page.conftest import FLAGS
from tests.page.real_server import real_server

pytest.importorskip("pocketsphinx", reason="The embedded providers are an extra: pip install voice-server[embedded].")

RECORDINGS = Path(__file__).parents[3] / "shared" / "audio"
TURN_MS = 60_000
"""Recognition may be slow on a busy machine; these tests are about what happens, not how fast."""
INTERRUPTED = "window.voiceServer.state().conversation.lines.some((line) => line.heardText !== null)"


@pytest.fixture
async def server_url(page_files: Path, tmp_path: Path) -> AsyncIterator[str]:
    """A server of its own."""
    async with real_server(tmp_path) as server:
        yield server.url


@pytest.fixture
def insistent_speaker(tmp_path: Path) -> Path:
    """A microphone: somebody says the same every eight seconds; replies begin in the silence and are cut off."""
    recording = RECORDINGS / "goforward.wav"
    if not recording.exists():
        pytest.skip(f"The recording {recording.name} is not here.")
    with wave.open(str(recording)) as file:
        rate, speech = file.getframerate(), file.readframes(file.getnframes())
    path = tmp_path / "insistent.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(speech + np.zeros(5 * rate, "<i2").tobytes())
    return path


async def when(page: Page, condition: str) -> None:
    """Waits in the page, frame by frame, until `condition` holds."""
    look = f"const look = () => ({condition}) ? resolve() : requestAnimationFrame(look);"
    async with asyncio.timeout(TURN_MS / 1000):
        await page.evaluate(f"() => new Promise((resolve) => {{ {look} look(); }})")


async def test_a_written_question_is_answered_aloud(browser: Browser, server_url: str) -> None:
    page = await browser.new_page()
    await page.goto(server_url)
    await page.get_by_role("textbox", name="Write instead of talking").fill("What is the square root of 144?")
    await page.get_by_role("button", name="Send").click()
    await when(page, "window.voiceServer.playedRms() > 0.01")
    answer = page.get_by_role("list", name="Conversation").get_by_role("listitem").nth(1)
    await expect(answer).to_contain_text("12", timeout=TURN_MS)
    await expect(page.get_by_role("status")).to_have_text("Press to talk", timeout=TURN_MS)
    await expect(page.get_by_role("alert")).to_be_empty()


async def test_speech_is_recognised_answered_and_interrupts_the_answer(
    chromium: str, server_url: str, insistent_speaker: Path
) -> None:
    async with async_playwright() as playwright:
        microphone = f"--use-file-for-fake-audio-capture={insistent_speaker}"
        browser = await playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, microphone])
        page = await browser.new_page()
        await page.goto(server_url)
        await page.get_by_role("button", name="Start talking").click()
        lines = page.get_by_role("list", name="Conversation")
        await expect(lines).to_contain_text("forward", timeout=TURN_MS)
        await when(page, "window.voiceServer.playedRms() > 0.01")
        await expect(page.locator(".waterfall").first).to_be_visible(timeout=TURN_MS)
        await when(page, INTERRUPTED)
        await expect(page.get_by_role("alert")).to_be_empty()
        await browser.close()
