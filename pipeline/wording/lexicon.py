"""What a language's grammar says about how turns end."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

HANGS = 0.05
"""It cannot end here."""
LACKS = 0.2
"""It hardly ends here."""
OPEN = 0.5
"""It may end here or not."""
LIKELY = 0.75
"""It can well end here."""
SURE = 0.95
"""There is nothing to wait for."""

Tokens = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One language. Phrases are in lower case, their words separated by one space."""

    language: str
    """ISO 639-1."""
    endings: Mapping[str, float]
    """How complete a turn is that ends with this phrase, 0 to 1; the longest one counts."""
    alone: Mapping[str, float]
    """How complete a turn is that consists of nothing else."""
    openers: frozenset[str]
    """Words before the turn proper: they say nothing about its end."""
    question_words: frozenset[str]
    question_openers: frozenset[str]
    """Verbs that begin a question or a request where they begin a clause."""
    negations: frozenset[str]
    """In an answer they may say that what was asked for does not exist."""
    number_words: Mapping[str, str]
    """Digits and small numbers as they are spoken, and their figures."""
    repeaters: Mapping[str, int]
    """Before a digit: how often it is meant."""
    at_words: frozenset[str]
    """The sign in the middle of an e-mail address; not where the word is used otherwise."""
    dot_words: frozenset[str]
    pairs: tuple[tuple[str, frozenset[str], float], ...]
    """A word, those of which one must follow sooner or later, and how complete a turn is in which none did."""
    fronted: frozenset[str]
    """Words that begin a clause which, standing first, is followed by the main one."""
    main_clause: frozenset[str]
    """Words that show that the main clause has come."""
    settling: frozenset[str]
    """Adverbs of time and place, and courtesies: what might have been added is there."""
    subjects: frozenset[str]
    """Pronouns of which every clause has one; none where the verb is enough."""
    prepositions: frozenset[str]
    """Those with which a time, a place, a purpose is added."""
    affirmations: frozenset[str]
    """They say yes to something."""
    distancing: tuple[Tokens, ...]
    """Asides in the middle of a phrase; where nothing is missing before them they are a sentence."""
    indirect: frozenset[str]
    """Words behind which a question is told, not asked: the voice falls at its end."""
    equalities: frozenset[str]
    operators: frozenset[str]
    """Words of sums and products."""
    relational: frozenset[str]
    """Nouns that are of something: "the capital", asked for, is no question yet."""
    closed: frozenset[str]
    """Frequent words by which the language is known."""
    unfinished: Callable[[Tokens], float | None]
    """What takes more than a list: how complete by the grammar of the last words; None: no objection."""
    asks: Callable[[Tokens], bool]
    """Whether a sentence that does not begin like a question is one."""


def phrases(*classes: tuple[float, str]) -> dict[str, float]:
    """A table from classes of phrases; `/` separates words of a phrase, white space phrases."""
    return {phrase.replace("/", " "): score for score, text in classes for phrase in text.split()}


def words(text: str) -> frozenset[str]:
    """A set from words separated by white space; `/` stands for a space in a phrase."""
    return frozenset(word.replace("/", " ") for word in text.split())


def counted(text: str, first: int = 0, step: int = 1) -> dict[str, str]:
    """Figures of spoken numbers that follow one another."""
    return {word: str(first + step * index) for index, word in enumerate(text.split())}


def longest_ending(tokens: Tokens, endings: Mapping[str, float], longest: int = 5) -> float | None:
    """The score of the longest phrase with which the tokens end; None if there is none."""
    for count in range(min(longest, len(tokens)), 0, -1):
        score = endings.get(" ".join(tokens[-count:]))
        if score is not None:
            return score
    return None


def has_any(tokens: Iterable[str], these: frozenset[str]) -> bool:
    """Whether one of the tokens is one of these."""
    return not these.isdisjoint(tokens)
