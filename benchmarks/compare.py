"""Side by side: `python -m benchmarks compare [--targets this,sequential] [--scenarios plain] [--sessions 1,50] …`.

Each target is started anew for each run, pinned to one core where the machine has several; the emulated vendors and the
callers share the others. Prints a table as it goes, and writes everything that happened (`benchmarks.results`).
"""

import argparse
import asyncio
import contextlib
import os
import re
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from benchmarks import machine, measures
from benchmarks.emulators.clips import write_clip
from benchmarks.emulators.profile import PROFILES
from benchmarks.recordings import disturbances, hesitant_speakers, library, save
from benchmarks.report import page
from benchmarks.report.evidence import Document, Evidence
from benchmarks.scenarios import SCENARIOS, Cast, Plan
from benchmarks.table import print_header, print_row
from benchmarks.targets import ROOT, Endpoint, Target, Vendors, all_targets, pinned

FOR_PUSHED_BUTTONS = ("plain", "noise")
SETTLE_SECONDS = 1.0
"""After the start of a target, before its memory at rest is measured."""
WATCH_SECONDS = 0.5
MAX_SECONDS = 1800.0
"""For one run; something hangs that takes longer."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How to measure."""

    profile: str
    tails: bool
    faults: tuple[str, ...]
    seed: int
    turns: int | None
    processes: int | None


@dataclass(frozen=True, slots=True)
class Job:
    """One run to do."""

    target: Target
    scenario: str
    sessions: int


@dataclass(slots=True)
class Emulators:
    """The vendors' process."""

    vendors: Vendors
    pid: int

    async def change(self, told: Mapping[str, Any]) -> None:
        """Forget the log, and hear and answer something else."""
        url = self.vendors.openai_url.removesuffix("/v1") + "/emulator/scene"
        async with aiohttp.ClientSession() as http, http.post(url, data=orjson.dumps(told)) as response:
            response.raise_for_status()

    async def requests(self) -> list[dict[str, Any]]:
        """What they were asked since then."""
        url = self.vendors.openai_url.removesuffix("/v1") + "/emulator/log"
        async with aiohttp.ClientSession() as http, http.get(url) as response:
            return list(orjson.loads(await response.read())["requests"])


@contextlib.asynccontextmanager
async def emulators(setting: Setting, cores: Sequence[int]) -> AsyncGenerator[Emulators, None]:
    """Start them."""
    command = [sys.executable, "-m", "benchmarks.emulators", "--profile", setting.profile, "--seed", str(setting.seed)]
    command += ["--tails"] if setting.tails else []
    command += [part for fault in setting.faults for part in ("--fault", fault)]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        if cores:
            os.sched_setaffinity(process.pid, cores)
        lines = [(await process.stdout.readline()).decode().strip() for _ in range(2)]
        urls = dict(line.split("=", 1) for line in lines)
        yield Emulators(Vendors(urls["OPENAI_BASE_URL"], urls["ELEVENLABS_BASE_URL"]), process.pid)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def crowd(
    endpoint: Endpoint, plan: Plan, made: Path | None, cores: Sequence[int], processes: int
) -> list[dict[str, Any]]:
    """Hold all conversations of a plan, spread over processes."""
    shares = [share for number in range(processes) if (share := plan.people[number::processes])]

    async def hold(number: int) -> dict[str, Any]:
        people = [asdict(person) for person in shares[number]]
        task = {"endpoint": asdict(endpoint), "room": asdict(plan.room), "people": people, "made": str(made or "")}
        command = [sys.executable, "-m", "benchmarks.crowd"]
        core = cores[number % len(cores)] if cores else None
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*pinned(command, core), cwd=ROOT, stdin=pipe, stdout=pipe)
        try:
            out, _ = await process.communicate(orjson.dumps(task))
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        if process.returncode != 0:
            raise RuntimeError("A process of callers failed; its error is above.")
        return dict(orjson.loads(out))

    return list(await asyncio.gather(*(hold(number) for number in range(len(shares)))))


class Watch:
    """What a process costs while it is watched."""

    def __init__(self, pid: int, core: int | None = None) -> None:
        """`core`: the one that it is pinned to."""
        self._pid = pid
        self._core = core
        self._busy = machine.busy_seconds(core)
        self._idle = machine.cost(pid)
        self._began = time.monotonic()
        self._most = self._idle.rss_bytes

    async def run(self) -> None:
        """Look at its memory until cancelled."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            self._most = max(self._most, machine.cost(self._pid).rss_bytes)

    def result(self) -> dict[str, float]:
        """Since it was made."""
        now = machine.cost(self._pid)
        own = now.cpu_seconds - self._idle.cpu_seconds
        return {
            "seconds": time.monotonic() - self._began,
            "cpu_seconds": own,
            "foreign_cpu_seconds": max(0.0, machine.busy_seconds(self._core) - self._busy - own),
            "rss_bytes": max(self._most, now.rss_bytes),
            "idle_rss_bytes": self._idle.rss_bytes,
        }


async def measure(job: Job, setting: Setting, vendors: Emulators, made: Path | None) -> dict[str, Any]:
    """Do one run."""
    core, others = machine.cores()
    plan = SCENARIOS[job.scenario](Cast(library(made), job.sessions, setting.turns, setting.seed))
    await vendors.change({"answer_words": plan.answer_words})
    async with job.target.open(vendors.vendors, core) as endpoint, asyncio.timeout(MAX_SECONDS):
        await asyncio.sleep(SETTLE_SECONDS)
        watches = [Watch(endpoint.pid, core)] if endpoint.pid is not None else []
        watches.append(Watch(vendors.pid))
        watching = [asyncio.create_task(watch.run()) for watch in watches]
        try:
            parts = await crowd(endpoint, plan, made, others, setting.processes or max(1, len(others)))
        finally:
            for task in watching:
                task.cancel()
        costs = [watch.result() for watch in watches]
    requests = await vendors.requests()
    turns = [turn for part in parts for turn in part["turns"]]
    return {
        "name": job.target.name, "version": job.target.version,
        "profile": setting.profile, "tails": setting.tails, "faults": setting.faults,
        "scenario": job.scenario, "sessions": job.sessions, "answer_words": plan.answer_words,
        "turns": measures.derive(turns, requests, plan.answer_words),
        "server": costs[0] if endpoint.pid is not None else None,
        "client": client(parts, costs[-1], len(others) or 1), "emulator": costs[-1],
        "requests": requests,
        "failed_sessions": [failure for part in parts for failure in part["failures"]],
    }  # fmt: skip


def client(parts: Sequence[Mapping[str, Any]], emulator: Mapping[str, float], cores_shared: int) -> dict[str, Any]:
    """How the callers themselves did, and whether they, or the vendors beside them, were what was measured."""
    worst = {name: max(part[name] for part in parts) for name in ("seconds", "lag_p50_ms", "lag_p99_ms", "lag_max_ms")}
    total = {name: sum(part[name] for part in parts) for name in ("frames", "late_frames", "cpu_seconds")}
    busiest = max(part["cpu_seconds"] / part["seconds"] for part in parts)
    shared = (total["cpu_seconds"] + emulator["cpu_seconds"]) / worst["seconds"] / cores_shared
    late = worst["lag_p99_ms"] > 1000 * machine.MAX_LAG_P99_SECONDS
    was_bottleneck = late or max(busiest, shared) > machine.MAX_BUSY
    return {"processes": len(parts), **worst, **total, "was_bottleneck": was_bottleneck}


def chosen(options: argparse.Namespace) -> list[Job]:
    """Every run that the options ask for."""
    targets = all_targets(options.url)
    names = options.targets
    unknown = [name for name in names if name not in targets]
    if unknown:
        raise SystemExit(f"No target is called {unknown[0]}; there are {', '.join(targets)}.")
    return [
        Job(targets[name], scenario, sessions)
        for scenario, own in options.scenarios
        for sessions in ([own] if own else options.sessions)
        for name in names
        # A target that is told when the speaker is done cannot be cut into, and does not listen while it speaks.
        if name != "sequential" or scenario in FOR_PUSHED_BUTTONS
    ]


async def compare(options: argparse.Namespace) -> None:
    """Do all runs, print them, write them."""
    result: dict[str, Any] = {
        "schema": 1,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": " ".join(["python -m benchmarks compare", *options.arguments]),
        "machine": machine.describe(),
        "targets": [],
    }
    jobs = chosen(options)
    with tempfile.TemporaryDirectory() as folder:
        made = await make_recordings({scenario for scenario, _ in options.scenarios}, Path(folder))
        for profile in options.profiles:
            faults = tuple(options.fault)
            setting = Setting(profile, options.tails, faults, options.seed, options.turns, options.processes)
            await measure_all(jobs, setting, made, result, options.out)
    if options.report is not None:
        name = options.out.name if options.out is not None else "results.json"
        page.write(Evidence([Document(name, result)]), options.report)


async def make_recordings(scenarios: Collection[str], folder: Path) -> Path | None:
    """Make what the scenarios need besides the recorded questions; None if that is nothing."""
    made = await hesitant_speakers() if "hesitant" in scenarios else []
    made += await disturbances() if "sounds" in scenarios else []
    if not made:
        return None
    save(path := folder / "made.npz", made)
    return path


async def measure_all(
    jobs: Sequence[Job], setting: Setting, made: Path | None, result: dict[str, Any], out: Path | None
) -> None:
    """Do all runs with one setting of the vendors; after each, everything so far is written."""
    print_header(setting.profile, tails=setting.tails)
    _, others = machine.cores()
    async with emulators(setting, others) as vendors:
        await vendors.change({"clips": [write_clip(recording.clip()) for recording in library(made).values()]})
        for job in jobs:
            run = await measure(job, setting, vendors, made)
            result["targets"].append(run)
            print_row(run)
            if out is not None:
                await asyncio.to_thread(out.write_bytes, orjson.dumps(result, option=orjson.OPT_NON_STR_KEYS))


def words(text: str) -> list[str]:
    """Names separated by commas."""
    return [word for word in re.split(r"[\s,]+", text) if word]


def chosen_scenarios(text: str) -> list[tuple[str, int]]:
    """Scenarios with their numbers of sessions, 0 where none is given. Raises argparse.ArgumentTypeError."""
    found = []
    for word in words(text):
        name, _, sessions = word.partition(":")
        if name not in SCENARIOS or not (sessions or "0").isdigit():
            raise argparse.ArgumentTypeError(f"there is no scenario {word}; there are {', '.join(SCENARIOS)}")
        found.append((name, int(sessions or 0)))
    return found


def main(arguments: Sequence[str]) -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks compare", description=__doc__)
    parser.add_argument("--targets", type=words, default=["this", "sequential"], help=f"of {', '.join(all_targets())}")
    parser.add_argument("--url", help="a server that runs already: the target `url`")
    parser.add_argument(
        "--scenarios",
        type=chosen_scenarios,
        default=chosen_scenarios("plain"),
        metavar="NAME[:SESSIONS],…",
        help=f"of {', '.join(SCENARIOS)}; without a number of sessions, with each of --sessions",
    )
    parser.add_argument("--profiles", type=words, default=["seed"], help=f"of {', '.join(PROFILES)}")
    parser.add_argument("--tails", action="store_true", help="delays with long tails")
    parser.add_argument("--fault", action="append", default=[], help="as `python -m benchmarks.emulators` has it")
    parser.add_argument("--sessions", type=lambda text: [int(word) for word in words(text)], default=[1])
    parser.add_argument("--turns", type=int, help="in each session")
    parser.add_argument("--processes", type=int, help="of callers (default: one for each core that is left)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="where everything is written as JSON")
    parser.add_argument("--report", type=Path, metavar="FILE.html", help="where a page of it is written")
    options = parser.parse_args(arguments)
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
    options.arguments = list(arguments)
    machine.run(compare(options))


if __name__ == "__main__":
    main(sys.argv[1:])
