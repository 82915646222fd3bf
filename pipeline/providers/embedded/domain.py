"""What is likely to be said to one assistant: a language model and a dictionary made of example sentences.

A small language model is what makes PocketSphinx exact: it need only tell the words of the examples apart.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from pocketsphinx import get_model_path
from pocketsphinx.lm import ArpaBoLM

SENTENCE_START, SENTENCE_END = "<s>", "</s>"
SPOKEN_WORD = re.compile(r"[a-z']+")
SIBILANTS = {"S", "Z", "SH", "ZH", "CH", "JH"}
VOICELESS = {"P", "T", "K", "F", "TH"}

Pronunciations = Mapping[str, Sequence[str]]
"""Of each word, all that are known: ARPABET phones with spaces between."""


@dataclass(frozen=True, slots=True)
class Domain:
    """Example sentences of which every word can be pronounced."""

    sentences: tuple[str, ...]
    pronunciations: Pronunciations
    unknown: tuple[str, ...]
    """Words whose sentences were left out, because nobody knows how they sound."""

    def write(self, folder: Path) -> tuple[Path, Path]:
        """Write the language model (ARPA trigrams) and the dictionary; give their paths."""
        model, dictionary = folder / "domain.arpa", folder / "domain.dict"
        trigrams = ArpaBoLM(text="\n".join(self.sentences), add_start=True)
        trigrams.compute()
        with model.open("w") as file:
            trigrams.write(file)
        dictionary.write_text("".join(f"{line}\n" for line in _dictionary_lines(self.pronunciations)))
        return model, dictionary

    def pairs(self) -> frozenset[tuple[str, str]]:
        """Every two words that follow each other somewhere, the sentence's start and end included."""
        return frozenset(pair for sentence in self.sentences for pair in word_pairs(sentence))


def make_domain(sentences: Iterable[str], extra: Mapping[str, str]) -> Domain:
    """The domain of these sentences, in whatever spelling they are; `extra` are pronunciations of rare words."""
    normalised = [" ".join(SPOKEN_WORD.findall(sentence.lower())) for sentence in sentences]
    words = {word for sentence in normalised for word in sentence.split()}
    pronunciations = pronounce(words, extra)
    unknown = words - pronunciations.keys()
    known = [sentence for sentence in normalised if sentence and unknown.isdisjoint(sentence.split())]
    used = {word for sentence in known for word in sentence.split()}
    return Domain(tuple(known), {word: pronunciations[word] for word in sorted(used)}, tuple(sorted(unknown)))


def word_pairs(text: str) -> list[tuple[str, str]]:
    """The neighbours in a sentence, its start and end included."""
    words = [SENTENCE_START, *text.split(), SENTENCE_END]
    return list(pairwise(words))


def pronounce(words: Collection[str], extra: Mapping[str, str]) -> dict[str, Sequence[str]]:
    """How these words sound, as far as that can be known."""
    parts = {part for word in words for split in _splits(word) for part in split}
    known = {**_read_dictionary({*words, *parts}), **{word: [phones] for word, phones in extra.items()}}
    pronunciations = ((word, known.get(word) or _compose(word, known)) for word in words)
    return {word: phones for word, phones in pronunciations if phones}


def _read_dictionary(words: Collection[str]) -> dict[str, list[str]]:
    """The words of PocketSphinx's own dictionary; it lists a second pronunciation as `word(2)`."""
    found: dict[str, list[str]] = {}
    with Path(get_model_path("en-us/cmudict-en-us.dict")).open() as lines:
        for line in lines:
            entry, _, phones = line.strip().partition(" ")
            word = entry.partition("(")[0]
            if word in words:
                found.setdefault(word, []).append(phones)
    return found


def _splits(word: str) -> Iterator[tuple[str, str]]:
    """Ways to put a word together: with a genitive or plural s, or from two words."""
    if word.endswith("'s"):
        yield word[:-2], "s"
    elif word.endswith("s"):
        yield word[:-1], "s"
    for middle in range(2, len(word) - 2):
        yield word[:middle], word[middle:]


def _compose(word: str, known: Pronunciations) -> list[str]:
    for first, second in _splits(word):
        if first in known and second == "s":
            return [f"{phones} {_ending(phones.split()[-1])}" for phones in known[first]]
        if first in known and second in known:
            return [f"{known[first][0]} {known[second][0]}"]
    return []


def _ending(last_phone: str) -> str:
    """How an s sounds after this phone."""
    if last_phone in SIBILANTS:
        return "IH Z"
    return "S" if last_phone in VOICELESS else "Z"


def _dictionary_lines(pronunciations: Pronunciations) -> Iterator[str]:
    for word, variants in pronunciations.items():
        for number, phones in enumerate(variants, start=1):
            yield f"{word} {phones}" if number == 1 else f"{word}({number}) {phones}"
