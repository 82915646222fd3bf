"""What came of a conversation: what the client was told beside what is kept, and what was heard beside the answer."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.survival.address import Passed
from benchmarks.survival.recited import answer, heard_tones, pitches, sentences_of

MOMENT = "One moment, please."
"""Said before an answer that is late, and no part of it."""
LATE_WORDS = 1
"""At a cut the client may have got half a word: it is heard again as a whole, or not at all."""


@dataclass(slots=True)
class Account:
    """Counts, and sentences about everything that should not be."""

    turns: int = 0
    cuts: int = 0
    lost: int = 0
    """Turns, transcripts and answers that the client was told of and that are not kept as they were told."""
    sentences_twice: int = 0
    sentences_skipped: int = 0
    words_twice: int = 0
    """In what is kept as said; `heard` in the audio."""
    words_skipped: int = 0
    heard_twice: int = 0
    heard_skipped: int = 0
    heard_again: int = 0
    """Turns that were committed, and then taken back to be heard again, because their words were lost."""
    misheard: int = 0
    """Turns of which other words were understood than were said."""
    faults: list[str] = field(default_factory=list)

    def add(self, other: "Account") -> None:
        """Sum up."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


def account(passed: Sequence[Passed], kept: Sequence[Mapping[str, Any]], asked: Sequence[str]) -> Account:
    """`passed`: everything that the client was sent; `kept`: the items of its history; `asked`: what was said to it."""
    found = Account()
    _compare_kept(found, passed, kept)
    audio = _audio(passed)
    for text, replies in _turns(kept):
        found.turns += 1
        found.cuts += sum(reply["status"] == "incomplete" for reply in replies)
        said = " ".join(reply["text"] for reply in replies if reply["text"])
        _compare_text(found, text, " ".join(said.replace(MOMENT, "").split()))
        moments = said.count(MOMENT) * len(MOMENT.split())
        _compare_audio(found, text, [audio[reply["id"]] for reply in replies if reply["id"] in audio], moments)
    understood = " ".join(each["text"] for each in kept if each["role"] == "user").split()
    wanted = " ".join(asked).split()
    if understood != wanted:
        found.misheard += sum(kind != "equal" for kind, *_ in _changes(wanted, understood))
        found.faults.append(f"understood otherwise: {_told(wanted, understood)}")
    return found


def _compare_kept(found: Account, passed: Sequence[Passed], kept: Sequence[Mapping[str, Any]]) -> None:
    texts = {each["id"]: each["text"] for each in kept}
    told = _told_events(passed)
    # A turn whose words were lost is taken back and heard again: what was said is compared with what is kept below.
    taken_back = {fields["item_id"] for fields in told if fields["type"] == "conversation.item.deleted"}
    found.heard_again += len(taken_back)
    for fields in told:
        match fields["type"]:
            case "input_audio_buffer.committed":
                expected: dict[str, str | None] = {fields["item_id"]: None}
            case "conversation.item.input_audio_transcription.completed":
                expected = {fields["item_id"]: fields["transcript"]}
            case "response.done":
                # Of a cut one it tells everything that was sent; kept is what was heard.
                is_whole = fields["response"]["status"] == "completed"
                expected = {item["id"]: _text(item) if is_whole else None for item in fields["response"]["output"]}
            case _:
                continue
        for item_id, text in expected.items():
            if item_id in taken_back:
                continue
            if item_id not in texts or (text is not None and texts[item_id].split() != text.split()):
                found.lost += 1
                found.faults.append(f"{fields['type']} {item_id}: told {text!r}, kept {texts.get(item_id)!r}")


def _told_events(passed: Sequence[Passed]) -> list[Mapping[str, Any]]:
    """Without those that came again; the same id with other content would be told as well."""
    events: dict[str, Mapping[str, Any]] = {}
    for each in passed:
        if each.fields is not None:
            events[each.fields["event_id"]] = each.fields
    return list(events.values())


def _text(item: Mapping[str, Any]) -> str:
    return " ".join(str(part.get("transcript") or part.get("text") or "") for part in item.get("content", ()))


def _audio(passed: Sequence[Passed]) -> dict[str, list[bytes]]:
    audio: dict[str, list[bytes]] = {}
    for each in passed:
        if each.fields is None:
            audio.setdefault(each.item_id, []).append(each.audio)
    return audio


def _turns(kept: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    turns: list[tuple[str, list[Mapping[str, Any]]]] = []
    for each in kept:
        if each["role"] == "user":
            turns.append((each["text"], []))
        elif each["role"] == "assistant" and turns:
            turns[-1][1].append(each)
    return turns


def _compare_text(found: Account, question: str, said: str) -> None:
    expected = answer(question)
    if said.split() == expected.split():
        return
    for sentence in sentences_of(question):
        count = said.count(sentence.strip())
        found.sentences_twice += max(0, count - 1)
    skipped, twice = _difference(expected.split(), said.split())
    found.words_skipped += skipped
    found.words_twice += twice
    found.sentences_skipped += sum(not set(sentence.split()) & set(said.split()) for sentence in sentences_of(question))
    found.faults.append(f"kept as said: {_told(expected.split(), said.split())}")


def _compare_audio(found: Account, question: str, items: Sequence[Sequence[bytes]], moments: int) -> None:
    """Word by word, as it sounds. Half a word at a cut counts as nothing. `moments`: words that are no part of it."""
    heard: list[int] = []
    whole = pitches(answer(question))
    for pieces in items:
        tones = heard_tones(np.frombuffer(b"".join(pieces), "<i2"))
        heard += [pitch for pitch, _ in tones]
    skipped, twice = _difference(whole, heard)
    twice = max(0, twice - moments)
    allowed = LATE_WORDS * max(0, len(items) - 1)
    found.heard_skipped += max(0, skipped - allowed)
    found.heard_twice += max(0, twice - allowed)
    if skipped > allowed or twice > allowed:
        found.faults.append(f"heard: {skipped} words skipped, {twice} twice, in {len(items)} pieces")


def _changes(expected: Sequence[Any], found: Sequence[Any]) -> Sequence[tuple[str, int, int, int, int]]:
    return difflib.SequenceMatcher(None, expected, found, autojunk=False).get_opcodes()


def _difference(expected: Sequence[Any], found: Sequence[Any]) -> tuple[int, int]:
    """How much is missing, and how much is too much."""
    changes = [change for change in _changes(expected, found) if change[0] != "equal"]
    return sum(end - start for _, start, end, *_ in changes), sum(end - start for *_, start, end in changes)


def _told(expected: Sequence[str], found: Sequence[str]) -> str:
    parts = []
    for kind, a, b, c, d in _changes(expected, found):
        if kind != "equal":
            before = " ".join(expected[max(0, a - 2) : a])
            parts.append(f"after “{before}”: missing {' '.join(expected[a:b])!r}, too much {' '.join(found[c:d])!r}")
    return "; ".join(parts)
