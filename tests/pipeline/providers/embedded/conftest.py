"""One recogniser and one voice for all tests: loading them is the slow part, and sharing them is what a server does."""

from collections.abc import AsyncIterator

import pytest_asyncio

from pipeline.providers.embedded.speech_to_text import EmbeddedSpeechToText
from pipeline.providers.embedded.text_to_speech import EmbeddedTextToSpeech

TENS = ["ten", "twenty", "thirty", "forty", "fifty"]
NUMBERS = ["two", "three", "five", "eleven", "twelve", "fifteen", "hundred", *TENS]

SENTENCES = [
    *(f"what is the square root of {number} hundred and {other} four" for number in NUMBERS for other in NUMBERS),
    *(
        f"convert {number} {unit} to {other}"
        for number in NUMBERS
        for unit in ("miles", "feet")
        for other in ("meters",)
    ),
    *(f"convert {number} pounds to kilometers" for number in NUMBERS),
    *(f"what is the molar mass of {substance}" for substance in ("water", "glucose", "salt", "methane")),
    *(f"what is the boiling point of {substance}" for substance in ("water", "iron", "ethanol")),
    *(f"what is the derivative of {power}" for power in ("x squared", "x cubed", "two x squared")),
    *(f"what is the integral of {number} {power}" for number in NUMBERS for power in ("x cubed", "x squared plus one")),
    *(f"what is the speed of {what}" for what in ("light", "sound")),
    *(f"how much is {number} percent of {other} hundred and forty" for number in NUMBERS for other in NUMBERS),
    *(f"solve {number} x plus {other} equals twelve" for number in NUMBERS for other in NUMBERS),
    *(f"what is the kinetic energy of a {number} kilogram car" for number in NUMBERS),
    *(f"a ball at {number} meters per second" for number in NUMBERS),
    *(f"how many degrees fahrenheit is thirty {number} celsius" for number in NUMBERS),
    "tell me about the element iron",
    "tell me about carbon",
]
"""What Galion may be asked, but few of the recorded questions word for word."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def recogniser() -> AsyncIterator[EmbeddedSpeechToText]:
    async with EmbeddedSpeechToText({"galion": SENTENCES}, workers=2) as recogniser:
        yield recogniser


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def voice() -> AsyncIterator[EmbeddedTextToSpeech]:
    async with EmbeddedTextToSpeech() as voice:
        yield voice
