"""Cut-ins against delay: `python -m benchmarks.endpointing [--json FILE]`.

Plays people who think while they speak (benchmarks.hesitant) through the detector, the segmenter and the endpointing,
faster than real time, with a recogniser that knows every word as soon as it is said. Counted: utterances, and pauses,
in which the turn is ended although the speaker goes on, and how long after the true end of speech it is ended.
Against that: fixed silences, words alone, the voice alone, and a recogniser that errs. Of each batch of sentences it is
said who has looked at it; of `sealed` nothing is shown but the sums.
"""

import argparse
import asyncio
import json
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.hesitant.held_out import HELD_OUT
from benchmarks.hesitant.recordings import recordings
from benchmarks.hesitant.sealed import SEALED
from benchmarks.hesitant.sentence import Sentence
from benchmarks.hesitant.tuned import TUNED
from benchmarks.hesitant.utterance import HesitantUtterance, make
from benchmarks.hesitant.varied import VARIED
from pipeline.audio import FRAME_SAMPLES, FRAME_SECONDS, INPUT_RATE, AudioFrame, Framer, Samples
from pipeline.endpointing import LONGEST_SILENCE_SECONDS, Endpointing, Pause
from pipeline.intonation import Intonation, measure
from pipeline.segmenter import Segmenter
from pipeline.settings import SessionSettings, TurnDetection
from pipeline.vad import ConfirmedVoiceActivity

ADAPTIVE = TurnDetection(kind="semantic_vad")
FIXED_SECONDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.2, 1.5)
SCALES = (0.3, 0.5, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0)
PAUSE_SECONDS = 0.12
"""Silence at which the words and the voice are asked."""
WORD_ERRORS = 0.1


@dataclass(frozen=True, slots=True)
class Batch:
    """Sentences, and what they are good for."""

    sentences: tuple[Sentence, ...]
    """None: recordings."""
    note: str
    shown: bool = True
    """Whether those that were cut in on are shown: who reads them cannot measure with them any more."""


BATCHES = {
    "tuned": Batch(TUNED, "the rules were made on these"),
    "held out": Batch(HELD_OUT, "written after the first rules; failures read since, and rules mended"),
    "varied": Batch(
        VARIED, "written before the present rules, run once untouched; failures read then, and rules mended"
    ),
    "sealed": Batch(SEALED, "the other half of varied; no failure was ever read", shown=False),
    "recordings": Batch((), "of people; known while the rules were made"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """An utterance as the detector hears it."""

    utterance: HesitantUtterance
    is_speech: tuple[bool, ...]
    """Frame by frame."""
    intonations: dict[int, Intonation | None]
    """Measured so far, by frame."""

    def intonation(self, frame: int) -> Intonation | None:
        """How the voice ended before this frame."""
        if frame not in self.intonations:
            end = (frame + 1) * FRAME_SAMPLES
            self.intonations[frame] = measure(self.utterance.samples[max(0, end - 3 * INPUT_RATE) : end])
        return self.intonations[frame]


@dataclass(frozen=True, slots=True)
class Policy:
    """How turns are ended."""

    name: str
    detection: TurnDetection = ADAPTIVE
    scale: float = 1.0
    """By which every silence is multiplied."""
    words: Callable[[str, str], str] | None = lambda words, _: words
    """What the recogniser makes of the words of the utterance of a name; None: it is too late with them."""
    hears_voice: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one utterance. Times in seconds from its first sample."""

    name: str
    language: str
    kind: str
    ends: tuple[float, ...]
    """When turns were ended."""
    pauses: int
    cut_pauses: int
    """Pauses in which a turn was ended."""
    delay_seconds: float | None
    """From the true end of speech to the end of the turn; None: it never ended."""
    cut_after: tuple[str, ...]
    """The words before each turn that was ended too soon."""


def hear(utterance: HesitantUtterance) -> Heard:
    """Play it to the detector."""
    detector = ConfirmedVoiceActivity()
    is_speech = tuple(detector.is_speech(frame, ADAPTIVE.threshold) for frame in Framer().push(utterance.samples))
    detector.close()
    return Heard(utterance, is_speech, {})


def play(heard: Heard, policy: Policy) -> Outcome:
    """Play what was heard to the endpointing."""
    utterance, endpointing, segmenter = heard.utterance, Endpointing(), Segmenter()
    start_of_speech = SessionSettings().speech_start_seconds
    speaking, silence, begun, noticed, pause = False, 0.0, 0.0, 0, Pause()
    ends, cut_after = list[float](), list[str]()
    for number, is_speech in enumerate(heard.is_speech):
        voice = segmenter.push(AudioFrame(_NO_SAMPLES, is_speech))
        if not speaking:
            speaking = voice.silence_seconds == 0 and voice.speech_seconds >= start_of_speech
            continue
        if voice.silence_seconds == 0:
            if silence >= PAUSE_SECONDS:
                endpointing.resumed(silence)
            pause = Pause()
        elif voice.silence_seconds + 1e-9 >= PAUSE_SECONDS:
            noticed = number if silence < PAUSE_SECONDS - 1e-9 else noticed
            pause = _pause(heard, number, noticed, policy, begun)
        silence = voice.silence_seconds
        enough = min(policy.scale * endpointing.silence_seconds(pause, policy.detection), LONGEST_SILENCE_SECONDS)
        if silence + 1e-9 >= max(enough, PAUSE_SECONDS):
            speaking, silence = False, 0.0
            ends.append(voice.position_seconds)
            if ends[-1] < utterance.end_seconds:
                cut_after.append(utterance.words_until(ends[-1]))
            begun = voice.position_seconds
            segmenter.forget()
    return _outcome(utterance, ends, cut_after)


_NO_SAMPLES: Samples = np.zeros(0, np.int16)


def _pause(heard: Heard, frame: int, noticed: int, policy: Policy, begun: float) -> Pause:
    """What is known at a frame of a pause that was noticed at another."""
    utterance = heard.utterance
    words = None
    if policy.words is not None:
        before = len(utterance.words_until(begun))
        words = policy.words(utterance.words_until((frame + 1) * FRAME_SECONDS)[before:].strip(), utterance.name)
    intonation = heard.intonation(noticed) if policy.hears_voice else None
    return Pause(words, utterance.asked, utterance.language, intonation)


def _outcome(utterance: HesitantUtterance, ends: Sequence[float], cut_after: Sequence[str]) -> Outcome:
    cut = [any(start <= end < stop for end in ends) for start, stop in utterance.pauses]
    last = [end for end in ends if end >= utterance.end_seconds]
    return Outcome(
        utterance.name,
        utterance.language,
        utterance.kind,
        tuple(ends),
        len(cut),
        sum(cut),
        last[0] - utterance.end_seconds if last else None,
        tuple(cut_after),
    )


def with_errors(words: str, name: str) -> str:
    """As a recogniser hears it that drops a twentieth of the words and swaps another twentieth for a neighbour."""
    chance = random.Random(f"{name} {len(words)}")
    heard = words.split()
    for index in range(len(heard) - 1, -1, -1):
        draw = chance.random()
        if draw < WORD_ERRORS / 2:
            del heard[index]
        elif draw < WORD_ERRORS and index:
            heard[index - 1], heard[index] = heard[index], heard[index - 1]
    return " ".join(heard)


def with_full_stop(words: str, _: str) -> str:
    """As a recogniser writes it that believes every piece of audio to be a sentence."""
    return f"{words[:1].upper()}{words[1:]}." if words else ""


@dataclass(frozen=True, slots=True)
class Row:
    """A policy on some utterances."""

    policy: str
    utterances: str
    count: int
    cut_in_share: float
    """Of the utterances with pauses: those in which a turn was ended before the speech was."""
    cut_plain: int
    """Utterances without pauses in which a turn was ended before the speech was."""
    pauses: int
    cut_pauses: int
    delay_p50_ms: float
    delay_p90_ms: float
    never_ended: int


def row(policy: str, name: str, outcomes: Sequence[Outcome]) -> Row:
    """Sum up."""
    delays = [outcome.delay_seconds * 1000 for outcome in outcomes if outcome.delay_seconds is not None]
    p50, p90 = np.percentile(delays, (50, 90)) if delays else (float("nan"), float("nan"))
    hesitant = [outcome for outcome in outcomes if outcome.pauses]
    return Row(
        policy,
        name,
        len(outcomes),
        sum(bool(outcome.cut_after) for outcome in hesitant) / max(len(hesitant), 1),
        sum(bool(outcome.cut_after) for outcome in outcomes if not outcome.pauses),
        sum(outcome.pauses for outcome in outcomes),
        sum(outcome.cut_pauses for outcome in outcomes),
        round(float(p50)),
        round(float(p90)),
        len(outcomes) - len(delays),
    )


def policies() -> list[Policy]:
    """All that are compared; the first is what the server does by default."""
    default = Policy("default")
    return [
        default,
        replace(default, name="words alone", hears_voice=False),
        replace(default, name="voice alone", words=None),
        replace(default, name="10 % word errors", words=with_errors),
        replace(default, name="full stop after everything", words=with_full_stop),
        *(replace(default, name=f"default x {scale}", scale=scale) for scale in SCALES),
        *(
            Policy(f"fixed {seconds * 1000:.0f} ms", TurnDetection(silence_seconds=seconds))
            for seconds in FIXED_SECONDS
        ),
    ]


def groups(outcomes: Sequence[Outcome]) -> Iterable[tuple[str, list[Outcome]]]:
    """All of them, then by language and by kind."""
    yield "all", list(outcomes)
    for language in sorted({outcome.language for outcome in outcomes}):
        yield language, [outcome for outcome in outcomes if outcome.language == language]
    for kind in dict.fromkeys(outcome.kind for outcome in outcomes):
        yield kind, [outcome for outcome in outcomes if outcome.kind == kind]


def report(name: str, batch: Batch, utterances: Sequence[HesitantUtterance]) -> dict[str, object]:
    """Measure one batch, print its table, and give everything as it goes into the JSON."""
    heard = [hear(utterance) for utterance in utterances]
    rows, raw = list[Row](), list[Outcome]()
    print(f"\n{name}: {len(heard)} utterances, {sum(len(one.utterance.pauses) for one in heard)} pauses; {batch.note}")
    print(f"{'':30}{'':16}{'cut-ins':>9}{'pauses cut':>12}{'delay p50':>11}{'p90':>9}")
    for policy in policies():
        outcomes = [play(one, policy) for one in heard]
        raw = raw or outcomes
        for group, some in groups(outcomes) if policy.name == "default" and batch.shown else [("all", outcomes)]:
            rows.append(row(policy.name, group, some))
            _print(rows[-1])
    raw = raw if batch.shown else []
    for outcome in raw:
        for words in outcome.cut_after:
            print(f"  cut in after: {outcome.name} ({outcome.kind}) {words!r}")
    return {
        "note": batch.note,
        "rows": [asdict(one) for one in rows],
        "default": [asdict(outcome) for outcome in raw],
    }


def _print(one: Row) -> None:
    cut = f"{one.cut_pauses:5} of {one.pauses:<3}"
    plain = f"  {one.cut_plain} without pauses cut" if one.cut_plain else ""
    never = f"  {one.never_ended} never ended" if one.never_ended else ""
    print(
        f"{one.policy:30}{one.utterances:16}{one.cut_in_share:8.1%} {cut:>12}{one.delay_p50_ms:8.0f} ms"
        f"{one.delay_p90_ms:6.0f} ms{plain}{never}"
    )


async def _utterances(batch: Batch) -> list[HesitantUtterance]:
    return await make(batch.sentences) if batch.sentences else recordings()


def main(json_file: Path | None) -> None:
    """Measure everything."""
    reports = {}
    for name, batch in BATCHES.items():
        utterances = asyncio.run(_utterances(batch))
        if utterances:
            reports[name] = report(name, batch, utterances)
    if json_file:
        json_file.write_text(json.dumps(reports, indent=1))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure and every outcome here")
    main(parser.parse_args().json)
