"""What somebody states of themselves, and does not deny, suppose, ask, quote or say of somebody else.

Recognisers may write without capitals, commas and full stops, so that little can be told by them; where it is not clear
that something was stated, nothing was.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from voice_server.memory.findings import MAX_LINE
from voice_server.memory.topics import Topic

MAX_LISTED = 8
"""Values of one enumeration."""
MAX_REPEATED = 4
"""How often one sentence may say the same kind of thing."""
_QUOTED = re.compile(r"“[^”]*”|\"[^\"]*\"|«[^»]*»|‘[^’]{3,}’(?!\w)|(?<!\w)'[^']*\s[^']*'(?!\w)")
_SENTENCE = re.compile(r"[^.!?\n]+[.!?\n]*")
_APOSTROPHES = str.maketrans({"’": "'", "ʼ": "'", "`": "'"})
_CLAUSE = re.compile(r"[,;:()—–]|\s-\s")


@dataclass(frozen=True, slots=True)
class Guards:
    """Words of a language that come before what is not a statement of one's own."""

    supposing: re.Pattern[str]
    """Makes the whole sentence a game."""
    conditional: re.Pattern[str]
    """Makes this clause no fact."""
    reporting: re.Pattern[str]
    """From here on, somebody else speaks."""
    negation: re.Pattern[str]
    question: re.Pattern[str]
    """At the beginning of a clause."""
    request: re.Pattern[str]
    """To take note of what follows, which makes a question of it no less a fact."""
    unsure: re.Pattern[str]
    contrast: re.Pattern[str]
    """Begins a new clause."""
    conjunction: re.Pattern[str]
    """Begins a new statement, which is not denied with the one before."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to say something of oneself."""

    topic: Topic
    pattern: re.Pattern[str]
    """Over a sentence in its own case."""
    read: Callable[["Statement"], list[str]]
    """The values; empty: it is something else."""
    confidence: float


@dataclass(frozen=True, slots=True)
class Statement:
    """A rule that fits."""

    match: re.Match[str]
    rest: str
    """Of the sentence, behind the match."""
    is_cased: bool
    """Whether capitals mean anything in this utterance."""


def words(text: str) -> frozenset[str]:
    """Those that are separated by white space."""
    return frozenset(text.split())


def sentences(text: str) -> Iterator[str]:
    """With their marks, without what is quoted."""
    bare = _QUOTED.sub(" ", unicodedata.normalize("NFKC", text[:MAX_LINE]).translate(_APOSTROPHES))
    for found in _SENTENCE.finditer(bare):
        if sentence := " ".join(found[0].split()):
            yield sentence


def stated(text: str, rules: Sequence[Rule], guards: Guards) -> Iterator[tuple[Topic, str, float]]:
    """Topic, value and confidence of everything that is stated in an utterance."""
    is_cased = any(word[:1].isupper() for word in text.split()[1:] if word.lower() not in ("i", "i'm", "i'd", "i've"))
    for sentence in sentences(text):
        if guards.supposing.search(sentence):
            continue
        for rule in rules:
            for match in islice(rule.pattern.finditer(sentence), MAX_REPEATED):
                certainty = _certainty(sentence, match, guards)
                if certainty:
                    statement = Statement(match, sentence[match.end() :], is_cased)
                    for value in rule.read(statement):
                        yield rule.topic, value, rule.confidence * certainty


def _certainty(sentence: str, match: re.Match[str], guards: Guards) -> float:
    """0: it is not stated."""
    before = sentence[: match.start()]
    clause = _last(guards.contrast, _last(_CLAUSE, before))
    own = _last(guards.conjunction, clause)
    if guards.conditional.search(clause) or guards.reporting.search(before) or guards.negation.search(own):
        return 0.0
    asks = sentence.endswith("?") and not _CLAUSE.search(sentence, match.end())
    if (asks or guards.question.match(clause.lstrip())) and not guards.request.search(before):
        return 0.0
    return 0.7 if guards.unsure.search(own) else 1.0


def _last(divider: re.Pattern[str], text: str) -> str:
    """What comes after the last divider."""
    ends = [found.end() for found in divider.finditer(text)]
    return text[ends[-1] :] if ends else text


def enumerated(text: str, divider: re.Pattern[str], leading: re.Pattern[str], stops: frozenset[str]) -> list[str]:
    """The short nouns of an enumeration such as "nuts, milk and all kinds of fish please"."""
    found: list[str] = []
    for piece in divider.split(re.split(r"[.!?;:()]", text, maxsplit=1)[0])[:MAX_LISTED]:
        given = leading.sub("", piece.strip()).split()
        kept: list[str] = []
        for word in given:
            if word.lower() in stops or len(kept) == 3:
                break
            kept.append(word)
        if kept:
            found.append(" ".join(kept).strip(" ,'\"").lower())
        if len(kept) < len(given) or not kept:
            break
    return [value for value in found if any(map(str.isalpha, value))]


def phrase(text: str, stops: frozenset[str], longest: int = 8) -> list[str]:
    """The words up to the next clause: one value, or none."""
    kept: list[str] = []
    for word in re.split(r"[,.!?;:()]", text, maxsplit=1)[0].split()[:longest]:
        if word.lower() in stops:
            break
        kept.append(word)
    return [" ".join(kept)] if kept else []


def person(text: str, stops: frozenset[str], *, is_cased: bool) -> list[str]:
    """A name of one to three words, written as names are."""
    kept: list[str] = []
    for word in re.split(r"[,.!?;:()]", text, maxsplit=1)[0].split()[:3]:
        bare = word.strip("'\"-")
        if not bare or not bare.replace("'", "").replace("-", "").isalpha() or bare.lower() in stops or len(bare) > 40:
            break
        if is_cased and not bare[0].isupper():
            break
        if not is_cased and kept:
            break  # Nothing tells where the name ends.
        kept.append(bare if is_cased else bare.capitalize())
    return [" ".join(kept)] if kept else []
