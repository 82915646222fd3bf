"""Hold conversations with a server for a while: how long people wait for an answer, and how often there is none.

Each costs what its providers cost. Callers are those of the benchmarks, in real time.
"""

import argparse
import asyncio
import json
import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from benchmarks.conversation import ANSWER_SECONDS, Room, Step
from benchmarks.crowd import CONNECT_SECONDS, Crowd, Person
from benchmarks.measures import failure, first_audio, percentiles
from benchmarks.recordings import QUESTIONS, Recording, question
from benchmarks.targets import Endpoint
from deploy.scripts.command import Context, Open, main, open_context, parser
from deploy.scripts.failures import DONE, FAILED, Wrong
from deploy.scripts.spoken_turn import KEY_VARIABLE

MOST_CONVERSATIONS = 200
MOST_SECONDS = 1800.0
LEAST_TURN_SECONDS = 2.0
"""No turn is shorter: so many are prepared."""
STARTS_SECONDS = 10.0
"""Over which the beginnings are spread."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Found:
    """What came of it."""

    turns: int
    """That were answered or should have been; those that the end cut off are none."""
    failures: Sequence[str]
    """One for each turn without an answer, and each conversation that broke off."""
    waits: dict[str, float] | None
    """p50, p95, p99 and max in milliseconds, from the end of the question to the first sound of the answer."""

    def told(self) -> list[str]:
        """In lines."""
        lines = [f"{self.turns} turns, {len(self.failures)} failures"]
        if self.waits:
            lines.append(f"wait for the answer: p50 {self.waits['p50']:.0f} ms, p95 {self.waits['p95']:.0f} ms")
        counts = {reason: self.failures.count(reason) for reason in self.failures}
        return lines + [f"  {count} x {reason}" for reason, count in sorted(counts.items())[:20]]


def questions() -> dict[str, Recording]:
    """What is asked."""
    texts: dict[str, str] = json.loads((QUESTIONS / "transcripts.json").read_text())
    return {name: question(QUESTIONS / name, text) for name, text in sorted(texts.items())}


async def _stay(_session: aiohttp.ClientSession, _context: object, told: aiohttp.TraceRequestRedirectParams) -> None:
    """A load test goes where it was sent, and nowhere else."""
    place = told.response.headers.get("Location", "")
    if URL(place).host not in (None, told.url.host):
        raise aiohttp.ClientConnectionError(f"refused to follow a redirect to {URL(place).host}")


def people(conversations: int, seconds: float, names: Sequence[str]) -> list[Person]:
    """Everybody, who asks until the end."""
    turns = int(seconds / LEAST_TURN_SECONDS) + 1
    spread = min(STARTS_SECONDS, seconds / 2)
    found = []
    for number in range(conversations):
        chance = random.Random(number)  # noqa: S311 -- who asks what is no secret
        steps = tuple(Step(chance.choice(names), think=chance.uniform(0.5, 1.5)) for _ in range(turns))
        found.append(Person(number, spread * number / conversations, steps))
    return found


async def hold(endpoint: Endpoint, conversations: int, seconds: float) -> Found:
    """All conversations at once, until the time is over."""
    recordings = questions()
    crowd = Crowd(endpoint, Room(), recordings)
    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(_stay)
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector, trace_configs=[trace]) as http:
        held = [
            asyncio.create_task(crowd.hold(http, person))
            for person in people(conversations, seconds, sorted(recordings))
        ]
        _, open_still = await asyncio.wait(held, timeout=seconds)
        ended = time.monotonic()
        for task in open_still:
            task.cancel()
        await asyncio.gather(*held, return_exceptions=True)
    return measured(crowd.turns, crowd.failures, ended)


def measured(turns: Sequence[dict[str, Any]], broken: Sequence[str], ended: float) -> Found:
    """From what happened; a question to which the answer could still have come is left out."""
    waits: list[float] = []
    failures = [reason.partition(": ")[2] or reason for reason in broken]
    count = 0
    for turn in turns:
        spoken = turn["speech_ended"]
        if spoken is None:
            continue
        first, _ = first_audio(turn)
        if first is None and spoken + ANSWER_SECONDS > ended:
            continue
        count += 1
        if reason := failure(turn, first):
            failures.append(reason)
        elif first is not None:
            waits.append(first - spoken)
    return Found(count, failures, percentiles(waits))


def endpoint(url: str, allowed: Sequence[str], api_key: str | None) -> Endpoint:
    """Of a server that may be loaded. Raises Wrong."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or parts.hostname is None:
        raise Wrong(f"--url {url} is no address. Write one such as {allowed[0]}.")
    own = [urlsplit(address).hostname for address in allowed]
    if parts.hostname not in own and parts.hostname not in LOOPBACK:
        raise Wrong(
            f"--url: {parts.hostname} is not of this environment, and others are not loaded. Its own: {own[0]}."
        )
    base = url.replace("http", "ws", 1).rstrip("/")
    return Endpoint(f"{base}/v1/realtime?model=galion&greeting=0&extensions=1", "extended", key=api_key or "none")


def between(least: float, most: float, kind: Callable[[str], Any]) -> Callable[[str], Any]:
    """For argparse."""

    def read(text: str) -> Any:
        value = kind(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text} is not from {least:g} to {most:g}")
        return value

    return read


def run(context: Context, options: argparse.Namespace) -> int:
    """Gives the exit code. Raises Failed."""
    url = options.url or context.environment.addresses["api"]
    target = endpoint(url, [context.environment.addresses["api"]], os.environ.get(KEY_VARIABLE))
    context.say(f"{options.conversations} conversations with {url} for {options.seconds:g} seconds.")
    found = asyncio.run(hold(target, options.conversations, options.seconds))
    for line in found.told():
        context.say(line)
    return FAILED if found.failures or not found.turns else DONE


def command(arguments: Sequence[str] | None = None, opened: Open = open_context) -> int:
    """Gives the exit code."""
    made = parser("load", __doc__)
    made.add_argument("--url", help="default: the environment's api; else a host of loopback")
    told = f"at once, at most {MOST_CONVERSATIONS}"
    made.add_argument("--conversations", type=between(1, MOST_CONVERSATIONS, int), default=10, metavar="N", help=told)
    told = f"at most {MOST_SECONDS:g}"
    made.add_argument("--seconds", type=between(1, MOST_SECONDS, float), default=60.0, metavar="T", help=told)
    return main(made, run, arguments, opened)


if __name__ == "__main__":
    sys.exit(command())
