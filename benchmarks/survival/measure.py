"""`python -m benchmarks survival`: tasks are killed, replaced and lose their storage while people talk to them.

Two processes of this server with one PostgreSQL stand behind one address. Everybody who talks goes on by themselves
with what the Python client does. What the client was sent is compared with what is kept, and with what was to be said.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import Lag, describe, run
from benchmarks.survival.stage import Hit, Person, Stage, stage
from benchmarks.survival.tasks import Task

BEFORE_SECONDS = (0.5, 3.0)
"""Between two kills, after both tasks are there again."""
IN_REPLY = 0.75
"""The share of the kills that are aimed at a reply: at somebody's, at a random moment of it."""
REPLY_SECONDS = (0.0, 4.0)
LOOK_SECONDS = 0.05
AFTER_SECONDS = 12.0
"""In which a conversation that was hit has to be there again."""
DRAIN_SECONDS = 30
AWAY_SECONDS = 3.0
"""How long Redis stays away."""
SHOWN = 5
"""Faults that are printed in full."""


async def kills(made: Stage, count: int, chance: random.Random, seconds: float) -> list[Hit]:
    """`kill -9` of the task that most people talk to, again and again."""
    hits: list[Hit] = []
    until = time.monotonic() + seconds
    while len(hits) < count and not made.is_over and time.monotonic() < until:
        await asyncio.sleep(chance.uniform(*BEFORE_SECONDS))
        number = max((0, 1), key=lambda each: len(made.held_by(each)))
        if chance.random() < IN_REPLY:
            await _reply(made, number)
            await asyncio.sleep(chance.uniform(*REPLY_SECONDS))
        killed = [(person, person.survivor.phase) for person in made.held_by(number)]
        at = time.monotonic()
        await made.deployment.tasks[number].kill()
        restart = asyncio.create_task(made.deployment.tasks[number].start())
        deadline = at + AFTER_SECONDS
        while time.monotonic() < deadline:
            if all(_is_back(person, person.hit(at, phase)) for person, phase in killed):
                break
            await asyncio.sleep(0.1)
        hits += [person.hit(at, phase) for person, phase in killed]
        await restart
        print(f"    {len(hits)} hit; a task was there again after {time.monotonic() - at:.1f} s", file=sys.stderr)
    return hits


async def _reply(made: Stage, number: int) -> None:
    """Until the assistant speaks to somebody."""
    while people := made.held_by(number):
        if any(person.survivor.phase == "assistant speaks" for person in people):
            return
        await asyncio.sleep(LOOK_SECONDS)


def _is_back(person: Person, hit: Hit) -> bool:
    if hit.resumed is None:
        return person.talk.done()
    return hit.audible is not None or person.survivor.phase in ("quiet", "user speaks")


async def rolling(made: Stage, count: int, chance: random.Random, _seconds: float) -> list[Hit]:
    """One task after the other is asked to stop, and replaced; so many times."""
    for _ in range(count):
        for task in made.deployment.tasks:
            await asyncio.sleep(chance.uniform(*BEFORE_SECONDS))
            began = time.monotonic()
            code = await task.stop()
            print(f"    a task was gone after {time.monotonic() - began:.1f} s with exit code {code}", flush=True)
            await task.start()
    return []


async def redis_restarts(made: Stage, count: int, chance: random.Random, _seconds: float) -> list[Hit]:
    """Redis is killed, and comes back empty after a while."""
    redis = made.deployment.redis
    assert redis is not None
    for _ in range(count):
        await asyncio.sleep(chance.uniform(*BEFORE_SECONDS))
        await redis.kill()
        await asyncio.sleep(AWAY_SECONDS)
        await redis.start()
    await asyncio.sleep(BEFORE_SECONDS[1])
    return []


async def postgres_restarts(made: Stage, count: int, chance: random.Random, _seconds: float) -> list[Hit]:
    """PostgreSQL is killed, and is started again as soon as that is noticed."""
    for _ in range(count):
        await asyncio.sleep(chance.uniform(*BEFORE_SECONDS))
        await made.deployment.kill_postgres()
        await asyncio.sleep(AWAY_SECONDS)
    await asyncio.sleep(BEFORE_SECONDS[1])
    return []


Disturbance = Callable[[Stage, int, random.Random, float], Awaitable[list[Hit]]]
SCENARIOS: dict[str, tuple[Disturbance, bool, int]] = {
    "kill -9": (kills, False, 0),
    "kill -9, with Redis": (kills, True, 0),
    "rolling deployment": (rolling, False, DRAIN_SECONDS),
    "Redis restarted": (redis_restarts, True, 0),
    "PostgreSQL restarted": (postgres_restarts, False, 0),
}


async def measure(name: str, conversations: int, count: int, seed: int, seconds: float) -> dict[str, Any]:
    """One scenario."""
    disturb, with_redis, drain_seconds = SCENARIOS[name]
    lag = Lag()
    async with stage(conversations, seed, with_redis=with_redis, drain_seconds=drain_seconds) as made, lag.watched():
        await asyncio.sleep(BEFORE_SECONDS[0])
        hits = await disturb(made, count, random.Random(seed), seconds)
        await made.leave()
        found = await made.account()
        survivors = [person.survivor for person in made.people]
        failures = [survivor.failure for survivor in survivors if survivor.failure]
        unanswered = sum(bool(asked.failure) for survivor in survivors for asked in survivor.asked)
        evidence = [
            {
                "asked": [[asked.began, asked.text, asked.failure] for asked in person.survivor.asked],
                "events": [[each.at, each.connection, each.fields] for each in person.address.passed if each.fields],
            }
            for person in made.people
        ]
        logs = [line for task in made.deployment.tasks for line in _errors(task)]
    return {
        "name": name,
        "conversations": conversations,
        "times": count,
        "seed": seed,
        "hits": [asdict(hit) for hit in hits],
        "audible_seconds": _figures([hit.audible for hit in hits]),
        "resumed_seconds": _figures([hit.resumed for hit in hits]),
        "dropped": failures,
        "unanswered": unanswered,
        "reconnections": sum(survivor.losses for survivor in survivors),
        "account": asdict(found),
        "evidence": evidence if found.faults or failures or unanswered else [],
        "client_lag_p99_ms": lag.percentile_ms(99),
        "server_errors": logs,
    }


def _errors(task: Task) -> list[str]:
    levels = ('"level":"error"', '"level":"critical"')
    return [
        line
        for line in task.log.splitlines()
        if any(level in line for level in levels) or (not line.startswith("{") and "Traceback" in line)
    ]


COLUMNS = "{:22}{:>6}{:>6}{:>6}  {:>22}{:>22}{:>6}{:>7}{:>8}{:>9}{:>7}"
HEADER = COLUMNS.format(
    "scenario", "conv.", "hits", "turns", "audible p50/p95/max s", "resumed p50/p95/max s", "lost", "twice", "skipped",
    "dropped", "unans.",
)  # fmt: skip


def show(result: dict[str, Any]) -> None:
    """One row, and what was wrong."""
    found: dict[str, Any] = result["account"]
    twice = f"{found['sentences_twice']}+{found['heard_twice']}w"
    skipped = f"{found['sentences_skipped']}+{found['heard_skipped']}w"
    print(
        COLUMNS.format(
            result["name"], result["conversations"], len(result["hits"]), found["turns"],
            _spread(result["audible_seconds"]), _spread(result["resumed_seconds"]),
            found["lost"], twice, skipped, len(result["dropped"]), result["unanswered"],
        ),
        flush=True,
    )  # fmt: skip
    away = sum(hit["resumed"] is None for hit in result["hits"])
    if away:
        print(f"    {away} were not there again after {AFTER_SECONDS:g} s")
    if found["heard_again"]:
        print(f"    {found['heard_again']} turns were heard again, because their words were lost with the task")
    if found["misheard"]:
        print(f"    {found['misheard']} times other words were understood than were said")
    for line in (*result["dropped"][:SHOWN], *found["faults"][:SHOWN], *result["server_errors"][:SHOWN]):
        print(f"    {line[:400]}", flush=True)


def _figures(values: Sequence[float | None]) -> dict[str, float] | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    p50, p95 = np.percentile(known, (50, 95))
    return {"count": len(known), "p50": float(p50), "p95": float(p95), "max": max(known)}


def _spread(figures: dict[str, float] | None) -> str:
    if figures is None:
        return "–"
    return f"{figures['p50']:.2f}/{figures['p95']:.2f}/{figures['max']:.2f} ({figures['count']})"


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print, and write JSON if asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks survival", description=__doc__)
    parser.add_argument("--scenario", action="append", choices=SCENARIOS, help="all, if none is named")
    parser.add_argument("--conversations", type=int, default=4, help="at once")
    parser.add_argument("--times", type=int, default=0, help="conversations hit by kills (100), or restarts (2)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1800.0, help="after which there are no more kills")
    parser.add_argument("--out", type=Path, help="JSON with every figure")
    options = parser.parse_args(arguments)
    results = []
    print(HEADER)
    print("twice, skipped: sentences as they are kept + words as they sound\n")
    for name in options.scenario or SCENARIOS:
        count = options.times or (100 if SCENARIOS[name][0] is kills else 2)
        results.append(run(measure(name, options.conversations, count, options.seed, options.seconds)))
        show(results[-1])
    if options.out:
        told = {"schema": 1, "machine": describe(), "results": results}
        options.out.write_text(json.dumps(told, indent=1))
