"""What somebody was studying: the field of the questions they asked, in English or Italian."""

import re
from collections.abc import Iterator
from typing import Final

_ASKS: Final = re.compile(
    r"^(?:(?:so|and|ok|okay|please|now|then|hey|galion|allora|e|ora|per favore|can you|could you|puoi)[, ]+)*"
    r"(?:what|how|why|which|who|when|solve|differentiate|derive|integrate|calculate|compute|work out|convert|explain"
    r"|find|simplify|factor|expand|balance|tell me|teach me|help me|prove|define|is|are|does|do|cosa|cos'è|che cos|qual"
    r"|quant[oaie]|come|perché|calcola|spiega\w*|risolvi|deriva|integra|converti|trova|semplifica|dimmi|aiutami)\b",
    re.IGNORECASE,
)
_FIELDS: Final = tuple(
    (field, re.compile(words, re.IGNORECASE))
    for field, words in (
        ("derivatives", r"\b(?:derivatives?|differentiat\w+|derivat[ae]|deriva)\b"),
        ("integrals", r"\b(?:integrals? of|integrate|integration|integral[ei] (?:di|del|della)|integra)\b"),
        ("limits", r"\blimits? (?:of|as)\b|\blimite (?:di|per)\b"),
        ("equations", r"\b(?:equations?|solve for|quadratic|equazion[ei])\b"),
        ("trigonometry", r"\b(?:sine|cosine|tangent|trigonometr\w+|seno|coseno)\b"),
        ("geometry", r"\b(?:triangles?|pythagor\w+|circumference|hypotenuse|triangol[oi]|pitagora|circonferenza)\b"),
        ("statistics", r"\b(?:standard deviation|probability|variance|probabilità|deviazione standard)\b"),
        ("unit conversion", r"\b(?:convert|converti)\b.*\b(?:to|into|in)\b|\bhow many \w+ (?:are )?in an? \w+"),
        ("prime numbers", r"\bprime (?:numbers?|factors?)\b|\bnumeri primi\b"),
        ("periodic table", r"\b(?:atomic (?:number|mass|weight)|periodic table|numero atomico|tavola periodica)\b"),
        ("chemistry", r"\b(?:molar mass|molecules?|chemical|reaction|acids?|molecol[ae]|massa molare|chimic\w+)\b"),
        (
            "mechanics",
            r"\b(?:velocity|acceleration|momentum|newton's|kinetic|free fall|forza|accelerazione|velocità)\b",
        ),
        ("electricity", r"\b(?:voltage|resistance|ohm'?s?|electric\w*|resistenza|tensione|elettric\w+)\b"),
        ("physical constants", r"\b(?:planck|avogadro|boltzmann|speed of light|velocità della luce)\b"),
        (
            "astronomy",
            r"\b(?:planets?|galax\w+|black holes?|solar system|pianet[ai]|sistema solare|buch[io] ner[io])\b",
        ),
        ("biology", r"\b(?:photosynthesis|dna|cells?|mitochondri\w+|fotosintesi|cellul[ae])\b"),
    )
)
_TOOLS: Final = {
    "solve": "equations",
    "transform": "algebra",
    "differentiate": "derivatives",
    "integrate": "integrals",
    "limit": "limits",
    "convert_units": "unit conversion",
    "physical_constant": "physical constants",
    "element": "periodic table",
    "molar_mass": "chemistry",
}
"""Of an assistant that computes."""


def fields_of(text: str) -> Iterator[str]:
    """The fields that a question is about."""
    if _ASKS.match(" ".join(text.split())):
        yield from (field for field, words in _FIELDS if words.search(text))


def field_of_tool(name: str) -> str | None:
    """The field that a computation belongs to."""
    return _TOOLS.get(name)
