"""Results of comparisons that never happened, for tests: raw events, from which everything else follows."""

from collections.abc import Sequence
from typing import Any

from benchmarks import measures
from benchmarks.emulators import toned_answers

WORDS = 17
CYCLE_SECONDS = 12.0
SPEECH_SECONDS = 2.0


def turn(
    session: int, number: int, delay: float, *, clip: str = "question", gaps: int = 0, **more: Any
) -> dict[str, Any]:
    """A question that is answered after so many seconds; `more` replaces what was noted of it."""
    began = 100.0 + CYCLE_SECONDS * number + 0.01 * session
    ended = began + SPEECH_SECONDS
    length = toned_answers.seconds(number, WORDS)
    raw: dict[str, Any] = {
        "session": session,
        "session_id": f"sess_{session}",
        "turn": number,
        "clip": clip,
        "kind": "question",
        "speech_began": began,
        "speech_ended": ended,
        "arrivals": [[ended + delay, length, 0.0, number]],
        "events": [],
        "gaps": [[ended + delay + 1.0, 0.2]] * gaps,
        "played": {str(number): length},
        "failure": "",
        "spans": [],
        "committed_ms": None,
        "wasted": None,
    }
    return raw | more


def requests(turns: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What vendors would have noted who took 0.1, 0.2 and 0.15 s of each turn."""
    noted = []
    for one in turns:
        ended, said = one["speech_ended"], toned_answers.text(one["turn"], WORDS)
        empty = {
            "vendor": "openai", "session_id": one["session_id"], "transcripts": [], "tokens": 0, "text": [],
            "said": "", "clause": None, "first": None, "ended": ended + 0.5, "began": ended, "fault": None,
        }  # fmt: skip
        noted += [
            empty | {"request": "transcription", "asked": ended + 0.1, "ended": ended + 0.2},
            empty | {"request": "completion", "asked": ended + 0.21, "clause": ended + 0.41, "said": said, "tokens": 9},
            empty | {"request": "speech", "asked": ended + 0.42, "first": ended + 0.57, "text": [said]},
        ]
    return noted


def run(
    name: str,
    turns: Sequence[dict[str, Any]],
    *,
    scenario: str = "plain",
    profile: str = "seed",
    core_each: float = 0.01,
    base_core: float = 0.02,
    rss_each: float = 1e6,
    **more: Any,
) -> dict[str, Any]:
    """A run of as many sessions as the turns have, each of which costs so much of a core."""
    sessions = len({one["session"] for one in turns})
    noted = requests(turns)
    derived = measures.derive(turns, noted, WORDS)
    moments = [at for one in turns for at in (one["speech_began"], *(a[0] + a[1] for a in one["arrivals"]))]
    seconds = max(moments) - min(moments)
    server = {
        "seconds": seconds,
        "cpu_seconds": seconds * (base_core + core_each * sessions),
        "foreign_cpu_seconds": 0.0,
        "rss_bytes": 4e8 + rss_each * sessions,
        "idle_rss_bytes": 4e8,
    }
    client = {
        "processes": 1, "cpu_seconds": 1.0, "seconds": seconds, "lag_p50_ms": 0.3, "lag_p99_ms": 2.0, "lag_max_ms": 9.0,
        "late_frames": 1, "frames": 500, "was_bottleneck": False,
    }  # fmt: skip
    done = {
        "name": name, "version": "1", "profile": profile, "tails": False, "faults": [], "scenario": scenario,
        "sessions": sessions, "answer_words": WORDS, "turns": derived, "server": server, "client": client,
        "emulator": server, "requests": noted, "failed_sessions": [],
    }  # fmt: skip
    return done | more


def plain(name: str, sessions: int, delay: float, turns: int = 3, **more: Any) -> dict[str, Any]:
    """Questions and answers, each a little slower than the one before."""
    asked = [turn(session, number, delay + 0.01 * number) for session in range(sessions) for number in range(turns)]
    return run(name, asked, **more)


def comparison(*runs: dict[str, Any]) -> dict[str, Any]:
    """What `compare --out` writes."""
    return {
        "schema": 1,
        "started": "2026-01-31T12:00:00+00:00",
        "command": "python -m benchmarks compare",
        "machine": {
            "processor": "a <processor>", "cores": 2, "memory_bytes": 8 << 30, "system": "Linux 6", "python": "3.11.1",
        },
        "targets": list(runs),
    }  # fmt: skip


def endpointing() -> dict[str, Any]:
    """What `endpointing --json` writes."""
    policies = {
        "default": (0.02, 300),
        "fixed 500 ms": (0.9, 495),
        "fixed 1500 ms": (0.02, 1495),
        "default x 2.0": (0, 500),
    }
    rows = [
        {
            "policy": policy, "utterances": "all", "count": 50, "cut_in_share": share, "cut_plain": 0, "pauses": 60,
            "cut_pauses": 1, "delay_p50_ms": delay, "delay_p90_ms": delay + 200, "never_ended": 0,
        }
        for policy, (share, delay) in policies.items()
    ]  # fmt: skip
    outcome = {
        "name": "en-001", "language": "en", "kind": "hanging", "ends": [4.0], "pauses": 1, "cut_pauses": 1,
        "delay_seconds": 0.3, "cut_after": ["i would like to"],
    }  # fmt: skip
    return {"held out": {"rows": rows, "default": [outcome]}}
