"""A transcript as words, however a recogniser writes it: with or without capitals, punctuation, accents."""

import re
import unicodedata
from typing import NamedTuple

TOKEN = re.compile(r"\d+(?:[.,:/]\d+)*|@|\+|[^\W\d_]+(?:'[^\W\d_]*)*|'[^\W\d_]+|[%€$£°=]")
SPLIT_ADDRESS = re.compile(r"(?<=\w)\s+\.\s+(?=(?:com|it|org|net|eu|uk)\b)")
"""An address as tokenisers write it: "gmail . com"."""
SPLIT_CONTRACTION = re.compile(r"\s+('(?:m|s|d|ll|re|ve|t)\b)|\s+(n't)\b")
"""As tokenisers write it: "I 'd", "do n't"."""
ADDRESS = re.compile(r"(?<=\w)\.(?=[a-z])")
"""The dot of "gmail.com", which no space follows."""
ELIDED = re.compile(
    r"\b((?:[dlcmtsnv]|un|all|dell|dall|nell|sull|quest|quell|bell|sant|dov|com|cos|anch|qualcun|nient)')(?=\w)"
)
"""Italian: "l'acqua" is two words. English has no such word before an apostrophe."""
APOSTROPHE_ACCENTS = re.compile(r"\b(e|perche|poiche|cioe|si|piu|puo|gia|cosi|citta|sara|li|la|giovedi|venerdi)'(?!\w)")
UNACCENTED = {
    "perche": "perché",
    "poiche": "poiché",
    "finche": "finché",
    "cioe": "cioè",
    "piu": "più",
    "puo": "può",
    "gia": "già",
    "pero": "però",
    "cosi": "così",
    "sara": "sarà",
    "lunedi": "lunedì",
    "martedi": "martedì",
    "mercoledi": "mercoledì",
    "giovedi": "giovedì",
    "venerdi": "venerdì",
}
ACCENTED_BY_APOSTROPHE = {"e": "è", "si": "sì", "li": "lì", "la": "là"}
"""Words that mean something else without it."""
MARKS = ".?!,;:…-–—"
MOST_CHARACTERS = 600
"""Of the end of the turn: what was said before does not tell how it ends."""


class Transcript(NamedTuple):
    """The words of a turn."""

    tokens: tuple[str, ...]
    """Lower case, the last sentence's and those before."""
    sentence: tuple[str, ...]
    """Those of the last sentence, as far as punctuation tells."""
    mark: str
    """The punctuation at the very end, one character; empty: none."""


def read(text: str) -> Transcript:
    """Read the end of a transcript."""
    text = unicodedata.normalize("NFC", text[-MOST_CHARACTERS:]).strip().replace("’", "'").replace("...", "…")
    mark = _mark(text)
    text = SPLIT_ADDRESS.sub(".", text)
    text = SPLIT_CONTRACTION.sub(r"\1\2", text.lower())
    sentences = [_words(part) for part in re.split(r"[.?!]+\s+", text)]
    sentences = [sentence for sentence in sentences if sentence] or [()]
    return Transcript(sum(sentences, ()), sentences[-1], mark)


def _mark(text: str) -> str:
    last = text[-1:]
    if last in ("–", "—"):
        return "-"
    return last if last and last in MARKS else ""


def _words(text: str) -> tuple[str, ...]:
    text = re.sub(r"\be-mail", "email", text)
    text = APOSTROPHE_ACCENTS.sub(
        lambda match: {"e": "è", "si": "sì", "li": "lì", "la": "là"}.get(match[1], match[1]), text
    )
    text = ADDRESS.sub(" dot ", text)
    text = ELIDED.sub(r"\1 ", text)
    return tuple(UNACCENTED.get(token, token) for token in TOKEN.findall(text))
