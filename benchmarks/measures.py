"""From what happened to figures: pure functions of the raw events, so that each figure can be computed again.

Turns and requests are as `benchmarks.results` describes them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.emulators.toned_answers import number_of, seconds

Fields = Mapping[str, Any]
SAME_MOMENT_SECONDS = 0.01
"""Two processes may note the same thing so far apart."""
LEAST_GAP_SECONDS = 0.01
"""A shorter silence in an answer is not heard."""
LEAST_LOST_SECONDS = 0.1


def derive(turns: Sequence[Fields], requests: Sequence[Fields], answer_words: int) -> list[dict[str, Any]]:
    """Add to the raw turns of one run what follows from them; `requests` are all that the vendors were asked."""
    derived = []
    of_session: dict[int, list[Fields]] = {}
    for turn in turns:
        of_session.setdefault(turn["session"], []).append(turn)
    for session in sorted(of_session):
        own = sorted(of_session[session], key=lambda turn: turn["turn"])
        asked = session_requests(own, requests, alone=len(of_session) == 1)
        for index, turn in enumerate(own):
            derived.append(_derived(own[:index], turn, own[index + 1 : index + 2], asked, answer_words))
    return derived


def session_requests(turns: Sequence[Fields], requests: Sequence[Fields], *, alone: bool) -> list[Fields]:
    """The requests of one session: by its id, or all of them if it was alone."""
    session_id = turns[0]["session_id"]
    own = [request for request in requests if session_id and request["session_id"] == session_id]
    return own if own or not alone else list(requests)


def _derived(
    before: Sequence[Fields], turn: Fields, after: Sequence[Fields], requests: Sequence[Fields], words: int
) -> dict[str, Any]:
    old = {number for *_, number in (before[-1]["arrivals"] if before else ()) if number is not None}
    first, number = first_audio(turn, old)
    total = dict(turn) | {"first_audio": first, "answer": number}
    total["cut_in"] = cuts_in(turn) if turn["kind"] == "question" else False
    total["gaps"] = [gap for gap in turn["gaps"] if gap[1] >= LEAST_GAP_SECONDS]
    total["failure"] = failure(turn, first)
    total["played_seconds"] = _played(number, turn, after)
    total["expected_seconds"] = seconds(number, words) if number is not None else None
    total["floor"] = floor(turn, first, number, requests)
    if turn["kind"] == "interruption":
        total |= interruption(turn, old)
    if turn["kind"] == "sound" and before:
        total |= disturbance(before[-1], turn, words)
    return total


def first_audio(turn: Fields, old: Iterable[int] = ()) -> tuple[float | None, int | None]:
    """When the answer began to be heard, and its number. What was already being heard at the end of speech is none."""
    ended = turn["speech_ended"]
    if ended is None:
        return None, None
    # An answer that was cut off by this very speech, or spoken into it, is not the answer to it.
    known = set(old) | {number for at, _, _, number in turn["arrivals"] if at <= ended and number is not None}
    for at, _, audible, number in turn["arrivals"]:
        if at > ended and audible is not None and number not in known:
            return at + audible, number
    return None, None


def cuts_in(turn: Fields) -> bool:
    """Whether an answer was heard before the user had finished."""
    ended, began = turn["speech_ended"], turn["speech_began"]
    return ended is not None and any(
        began < at <= ended and audible is not None for at, _, audible, _ in turn["arrivals"]
    )


def interrupts_itself(turn: Fields) -> bool:
    """Whether the answer was stopped though nobody spoke: what anybody says next belongs to the next turn."""
    first = turn["first_audio"]
    return first is not None and any(at > first and name in ("speech_started", "clear") for at, name in turn["events"])


def failure(turn: Fields, first: float | None) -> str:
    """Why there was no answer; "" if there was."""
    if turn["failure"]:
        return str(turn["failure"])
    return "" if first is not None or turn["kind"] == "sound" else "no new answer"


def _played(number: int | None, turn: Fields, after: Sequence[Fields]) -> float | None:
    if number is None:
        return None
    # Of an answer that was spoken over, the rest was played during the next turn.
    return max((float(_of(one["played"], number)) for one in (turn, *after)), default=0.0)


def _of(played: Fields, number: int) -> float:
    return float(played.get(str(number), played.get(number, 0.0)))  # type: ignore[call-overload]


def floor(turn: Fields, first: float | None, number: int | None, requests: Sequence[Fields]) -> dict[str, float] | None:
    """What the vendors took of the requests that led to this answer, in seconds; None if they cannot be told."""
    if first is None or number is None:
        return None
    voices = [
        r for r in _window(requests, "speech", turn, first) if r["first"] and number_of(" ".join(r["text"])) == number
    ]
    if not voices:
        return None
    voice = min(voices, key=lambda request: request["asked"])
    models = [
        request
        for request in _window(requests, "completion", turn, first)
        if request["clause"] and request["clause"] <= voice["asked"] + SAME_MOMENT_SECONDS
        and number_of(request["said"]) == number
    ]  # fmt: skip
    if not models:
        # A target that waits for more than a clause still had a clause before.
        return None
    model = max(models, key=lambda request: request["asked"])
    heard = [
        (asked, given)
        for request in _window(requests, "transcription", turn, first)
        for asked, given in (request["transcripts"] or [(request["asked"], request["ended"])])
        if asked and given and given <= model["asked"] + SAME_MOMENT_SECONDS
    ]
    if not heard:
        return None
    asked, given = max(heard, key=lambda times: times[1])
    return {
        "pause": asked - turn["speech_ended"],
        "transcript": given - asked,
        "first_clause": model["clause"] - model["asked"],
        "first_audio": voice["first"] - voice["asked"],
    }


def _window(requests: Sequence[Fields], name: str, turn: Fields, first: float) -> list[Fields]:
    began = turn["speech_began"]
    return [r for r in requests if r["request"] == name and r["asked"] and began < r["asked"] < first]


def overhead(turn: Fields) -> float | None:
    """Seconds that the server itself took: above its vendors, and above its own wait for the end of the turn."""
    if turn["first_audio"] is None or turn["floor"] is None or turn["cut_in"]:
        return None
    least = sum(turn["floor"].values())
    if turn.get("committed_ms") is not None:
        least = max(least, turn["committed_ms"] / 1000)
    return float(turn["first_audio"] - turn["speech_ended"] - least)


def voice_to_voice(turn: Fields) -> float | None:
    """Seconds from the last audible sample sent to the first audible one received."""
    if turn["first_audio"] is None or turn["cut_in"] or turn["failure"]:
        return None
    return float(turn["first_audio"] - turn["speech_ended"])


def interruption(turn: Fields, old: set[int]) -> dict[str, Any]:
    """What became of the answer that was spoken over."""
    began = turn["speech_began"]
    audio = [at for at, _, audible, number in turn["arrivals"] if number in old and audible is not None and at > began]
    stops = [at for at, name in turn["events"] if name in ("speech_started", "clear") and at > began]
    ducks = [at for at, name in turn["events"] if name == "duck" and at > began]
    return {
        "last_audio": max(audio, default=None),
        "ducked": min(ducks, default=None),
        "stopped": min(stops, default=None),
    }


def disturbance(asked: Fields, turn: Fields, words: int) -> dict[str, Any]:
    """What a sound did to the answer that was being given."""
    began = turn["speech_began"]
    numbers = [number for *_, number in asked["arrivals"] if number is not None]
    number = numbers[-1] if numbers else None
    quiet = [at for at, name in turn["events"] if name in ("duck", "speech_started", "clear") and at >= began]
    stopped = min(quiet, default=None)
    again = [at for at, name in turn["events"] if name == "restore"]
    again += [at for at, _, audible, heard in turn["arrivals"] if audible is not None and heard == number]
    restored = min((at for at in again if stopped is not None and at > stopped), default=None)
    others = {heard for *_, heard in turn["arrivals"] if heard is not None and heard != number}
    expected = seconds(number, words) if number is not None else None
    lost = max(0.0, expected - _of(turn["played"], number)) if expected is not None and number is not None else None
    return {
        "stopped": stopped,
        "restored": restored,
        "lost_seconds": lost if lost is None or lost >= LEAST_LOST_SECONDS else 0.0,
        "answered": bool(others),
        "expected_seconds": expected,
    }


def percentiles(values: Iterable[float | None]) -> dict[str, float] | None:
    """p50, p95 and p99 in milliseconds, and how many there were."""
    known = [value * 1000 for value in values if value is not None]
    if not known:
        return None
    p50, p95, p99 = np.percentile(known, (50, 95, 99))
    return {"p50": float(p50), "p95": float(p95), "p99": float(p99), "max": max(known), "count": len(known)}


def unheard_tokens(run: Fields) -> tuple[int, int]:
    """Tokens of answers that nobody heard anything of, and all tokens that were written."""
    heard: dict[str, set[int]] = {}
    for turn in run["turns"]:
        heard.setdefault(turn["session_id"], set()).update(n for *_, n in turn["arrivals"] if n is not None)
    everyone = set().union(*heard.values()) if heard else set()
    written = [request for request in run["requests"] if request["request"] == "completion"]
    lost = [r for r in written if number_of(r["said"]) not in heard.get(r["session_id"], everyone)]
    return sum(r["tokens"] for r in lost), sum(r["tokens"] for r in written)


def summary(run: Fields) -> dict[str, Any]:
    """The figures of one run."""
    turns = run["turns"]
    spoken = [turn for turn in turns if turn["kind"] != "sound"]
    questions = [turn for turn in spoken if turn["kind"] == "question"]
    unheard, written = unheard_tokens(run)
    found: dict[str, Any] = {
        "turns": len(spoken),
        "failed": sum(bool(turn["failure"]) for turn in turns) + len(run["failed_sessions"]),
        "cut_ins": sum(turn["cut_in"] for turn in questions),
        "gaps": sum(len(turn["gaps"]) for turn in turns),
        "self_interruptions": sum(map(interrupts_itself, spoken)),
        "played_seconds": sum(turn["played_seconds"] or 0.0 for turn in spoken),
        "voice_to_voice": percentiles(map(voice_to_voice, spoken)),
        "overhead": percentiles(map(overhead, spoken)),
        "unheard_tokens": unheard / written if written else 0.0,
        "client_was_bottleneck": run["client"]["was_bottleneck"],
    }
    if cuts := [turn for turn in turns if turn["kind"] == "interruption"]:
        for name in ("last_audio", "ducked", "stopped"):
            found[f"interruption_to_{name}"] = percentiles(_since(turn, name) for turn in cuts)
    if sounds := [turn for turn in turns if turn["kind"] == "sound"]:
        found |= _disturbances(sounds)
    if run["server"] is not None:
        server = run["server"]
        found["cpu_percent_per_session"] = 100 * server["cpu_seconds"] / server["seconds"] / run["sessions"]
        found["rss_bytes_per_session"] = (server["rss_bytes"] - server["idle_rss_bytes"]) / run["sessions"]
    return found


def _since(turn: Fields, name: str) -> float | None:
    if turn["speech_began"] is None:
        return None
    if turn[name] is None:
        return 0.0 if name == "last_audio" else None
    return float(turn[name] - turn["speech_began"])


def _disturbances(sounds: Sequence[Fields]) -> dict[str, Any]:
    known = [turn for turn in sounds if turn.get("expected_seconds") is not None]
    lost = sum(turn["lost_seconds"] for turn in known)
    stopped = [turn for turn in known if turn["stopped"] is not None]
    restored = [turn["restored"] - turn["stopped"] for turn in stopped if turn["restored"] is not None]
    return {
        "sounds": len(known),
        "false_stops": sum(turn["lost_seconds"] > 0 or turn["answered"] for turn in known),
        "disturbed": len(stopped),
        "restored": percentiles(restored),
        "lost_share": lost / sum(turn["expected_seconds"] for turn in known) if known else 0.0,
    }
