"""The chemical elements: masses and numbers from `periodictable`, melting and boiling points
from a table of our own.
"""

import functools
import re
from collections.abc import Mapping
from typing import Any, Final

import periodictable
import sympy

from voice_server.assistants.galion import spoken
from voice_server.assistants.galion.science.answers import Answer, Quantity
from voice_server.assistants.galion.science.errors import Uncomputable

# Degrees Celsius at one atmosphere: melting, boiling. None: not known well, or it sublimes.
_POINTS: Final[Mapping[str, tuple[float | None, float | None]]] = {
    "hydrogen": (-259.1, -252.9), "helium": (None, -268.9), "lithium": (180.5, 1342), "beryllium": (1287, 2469),
    "boron": (2076, 3927), "nitrogen": (-210.0, -195.8), "oxygen": (-218.8, -183.0), "fluorine": (-219.7, -188.1),
    "neon": (-248.6, -246.1), "sodium": (97.8, 883), "magnesium": (650, 1090), "aluminum": (660.3, 2470),
    "silicon": (1414, 3265), "phosphorus": (44.2, 280.5), "sulfur": (115.2, 444.6), "chlorine": (-101.5, -34.0),
    "argon": (-189.3, -185.8), "potassium": (63.5, 759), "calcium": (842, 1484), "titanium": (1668, 3287),
    "vanadium": (1910, 3407), "chromium": (1907, 2671), "manganese": (1246, 2061), "iron": (1538, 2861),
    "cobalt": (1495, 2927), "nickel": (1455, 2730), "copper": (1084.6, 2562), "zinc": (419.5, 907),
    "gallium": (29.8, 2400), "germanium": (938.2, 2833), "bromine": (-7.2, 58.8), "krypton": (-157.4, -153.4),
    "rubidium": (39.3, 688), "strontium": (777, 1377), "silver": (961.8, 2162), "cadmium": (321.1, 767),
    "indium": (156.6, 2072), "tin": (231.9, 2602), "antimony": (630.6, 1587), "iodine": (113.7, 184.3),
    "xenon": (-111.8, -108.1), "cesium": (28.4, 671), "barium": (727, 1845), "tungsten": (3422, 5555),
    "osmium": (3033, 5012), "iridium": (2446, 4130), "platinum": (1768.3, 3825), "gold": (1064.2, 2856),
    "mercury": (-38.8, 356.7), "lead": (327.5, 1749), "bismuth": (271.5, 1564), "radon": (-71, -61.7),
    "uranium": (1132, 4131), "molybdenum": (2623, 4639), "palladium": (1554.9, 2963), "rhodium": (1964, 3695),
    "tantalum": (3017, 5458), "zirconium": (1855, 4377),
}  # fmt: skip
# Grams per litre at 0 degrees Celsius and one atmosphere; periodictable gives the liquids' densities.
_GASES: Final[Mapping[str, float]] = {
    "hydrogen": 0.0899, "helium": 0.1785, "nitrogen": 1.2506, "oxygen": 1.429, "fluorine": 1.696, "neon": 0.9002,
    "chlorine": 3.214, "argon": 1.784, "krypton": 3.749, "xenon": 5.894, "radon": 9.73,
}  # fmt: skip
_SPELLINGS: Final = {"aluminium": "aluminum", "sulphur": "sulfur", "caesium": "cesium"}
_PROPERTIES: Final = {
    "number": r"(?:atomic number|proton number|number of protons|number of electrons)",
    "mass": r"(?:atomic mass|atomic weight|relative atomic mass|standard atomic weight|mass|weight)",
    "symbol": r"(?:chemical symbol|symbol|abbreviation)",
    "density": r"(?:density)",
    "melting": r"(?:melting point|melting temperature|freezing point)",
    "boiling": r"(?:boiling point|boiling temperature)",
    "group": r"(?:group|period|row)",
}
_PROPERTY = re.compile(
    r"^(?:the )?(?:" + "|".join(f"(?P<{key}>{words})" for key, words in _PROPERTIES.items()) + r")"
    r" (?:of|for|does) (?:an? |one )?(?P<element>.+?)(?: atoms?| have)?$"
)
_BY_NUMBER = re.compile(
    r"(?:which |the )?(?:element )?(?:(?:is |has |with |is element )?(?:the )?(?:atomic )?number"
    r"|element(?: number)?) (\d+)(?: .*)?$"
)
_BY_SYMBOL = re.compile(
    r"(?:which |the )?element (?:is |has |with |uses "
    r"|is called )*(?:the )?(?:chemical )?(?:symbol )?([a-z]{1,2}|[a-z] [a-z])$"
)
_COUNT = re.compile(
    r"^how many (protons|electrons)(?: are(?: there)?| does)?(?: in"
    r"| of)? (?:an? )?(?:atom of )?([a-z]+)(?: atom)?(?: have)?$"
)
_TEMPERATURE = re.compile(
    r"^(?:at )?(?:what|which) temperature does ([a-z]+) (boil|melt|freeze)$|^when does ([a-z]+) (boil|melt|freeze)$"
)


@functools.cache
def _by_name() -> dict[str, Any]:
    known = {element.name: element for element in periodictable.elements if element.number}
    return known | {british: known[american] for british, american in _SPELLINGS.items()}


@functools.cache
def _by_symbol() -> dict[str, Any]:
    return {element.symbol: element for element in periodictable.elements if element.number}


def element(name: str) -> Any | None:
    """The element of this name, symbol or number, or None."""
    plain = name.strip()
    if plain.isdigit() and 1 <= int(plain) <= 118:
        return periodictable.elements[int(plain)]
    found = _by_name().get(plain.lower())
    return found or _by_symbol().get(plain) or (_by_symbol().get(plain.capitalize()) if len(plain) <= 2 else None)


def is_element(name: str) -> bool:
    """Whether this is an element's name (not a symbol)."""
    return name.lower() in _by_name()


def names() -> list[str]:
    """All elements' names, American and British."""
    return list(_by_name())


def answer(text: str) -> Answer | None:
    """Answer a question about an element, or None if it is none."""
    if found := _PROPERTY.match(text):
        asked = _by_name().get(found["element"]) or element(found["element"])
        key = next(key for key in _PROPERTIES if found[key])
        return None if asked is None else about(asked, "period" if found["group"] in ("period", "row") else key)
    if found := _COUNT.match(text):
        asked = element(found[2])
        return None if asked is None else _count(asked, found[1])
    if found := _TEMPERATURE.match(text):
        asked = element(found[1] or found[3])
        return None if asked is None else about(asked, "boiling" if "boil" in text else "melting")
    if found := _BY_NUMBER.match(text):
        return by_number(int(found[1]))
    if (found := _BY_SYMBOL.match(text)) and (asked := element(found[1].replace(" ", ""))):
        return Answer(f"{_symbol(asked)} is {asked.name}.", None, "element with symbol {}", asked.name)
    named = text.removeprefix("tell me about ").removeprefix("the ").removeprefix("element ").removeprefix("called ")
    asked = _by_name().get(named)
    return summary(asked) if asked is not None else None


def about(asked: Any, key: str) -> Answer:
    """One property of an element."""
    name = asked.name
    again = {"number": "atomic number of {}", "mass": "atomic mass of {}", "melting": "melting point of {}"}
    template = again.get(key, f"{key} point of {{}}" if key == "boiling" else f"{key} of {{}}")
    value, sentence, unit = _property(asked, key)
    result = Quantity(sympy.Rational(repr(value)), unit) if value is not None else None
    return Answer(sentence, result, template, name)


def _property(asked: Any, key: str) -> tuple[float | None, str, str]:
    name = asked.name.capitalize()
    match key:
        case "number":
            return asked.number, f"{name} has atomic number {asked.number}.", ""
        case "mass":
            words = spoken.decimal(asked.mass, 5)
            return asked.mass, f"{name} has an atomic mass of about {words} grams per mole.", "grams per mole"
        case "symbol":
            return None, f"The symbol of {asked.name} is {_symbol(asked)}.", ""
        case "density":
            return _density(asked)
        case "group" | "period":
            return _place(asked, key)
    return _point(asked, key)


def _density(asked: Any) -> tuple[float, str, str]:
    name = asked.name.capitalize()
    if asked.name in _GASES:
        value = _GASES[asked.name]
        said = f"{name} is a gas of about {spoken.decimal(value, 4)} grams per litre at 0 degrees Celsius."
        return value, said, "grams per litre"
    if asked.density is None:
        raise Uncomputable(f"I do not know the density of {asked.name}.")
    value = asked.density
    said = f"{name} has a density of about {spoken.decimal(value, 4)} grams per cubic centimetre."
    return value, said, "grams per cubic centimetre"


def _point(asked: Any, key: str) -> tuple[float, str, str]:
    melting, boiling = _POINTS.get(asked.name, (None, None))
    value = boiling if key == "boiling" else melting
    verb = "boils" if key == "boiling" else "melts"
    if value is None:
        raise Uncomputable(f"I do not know at what temperature {asked.name} {verb}.")
    return (
        value,
        f"{asked.name.capitalize()} {verb} at about {spoken.decimal(value, 5)} degrees Celsius.",
        "degrees celsius",
    )


def _place(asked: Any, key: str) -> tuple[float | None, str, str]:
    ends = (2, 10, 18, 36, 54, 86, 118)
    period = next(at for at, end in enumerate(ends, 1) if asked.number <= end)
    if key == "period":
        return period, f"{asked.name.capitalize()} is in period {period}.", ""
    group = _group(asked.number, ends[period - 1], period)
    if group is None:
        row = "a lanthanide" if period == 6 else "an actinide"
        return None, f"{asked.name.capitalize()} is {row} and in no numbered group.", ""
    return group, f"{asked.name.capitalize()} is in group {group}.", ""


def _group(number: int, end: int, period: int) -> int | None:
    if number in (1, 2):
        return 1 if number == 1 else 18
    start = (0, 3, 11, 19, 37, 55, 87)[period - 1] if period > 1 else 1
    from_left, from_right = number - start + 1, 18 - (end - number)
    if from_left <= 2:
        return from_left
    if period >= 6 and number <= (71 if period == 6 else 103):
        return None
    return from_right


def _count(asked: Any, what: str) -> Answer:
    said = f"A neutral atom of {asked.name} has {asked.number} {what}."
    return Answer(said, Quantity(sympy.Integer(asked.number)), f"how many {what} in {{}}", asked.name)


def by_number(number: int) -> Answer:
    """The element with this atomic number."""
    if not 1 <= number <= 118:
        raise Uncomputable("The elements have the numbers 1 to 118.")
    found = periodictable.elements[number]
    return Answer(f"Element {number} is {found.name}, symbol {_symbol(found)}.", None, "element number {}", found.name)


def summary(asked: Any) -> Answer:
    """The most important facts in one sentence."""
    words = spoken.decimal(asked.mass, 5)
    said = (
        f"{asked.name.capitalize()} is element {asked.number}, symbol {_symbol(asked)}, "
        f"with an atomic mass of about {words} grams per mole."
    )
    return Answer(said, Quantity(sympy.Rational(repr(asked.mass)), "grams per mole"), "{}", asked.name)


def _symbol(asked: Any) -> str:
    """Letter by letter: a voice would read "He" as a word."""
    return " ".join(asked.symbol.upper() if len(asked.symbol) > 1 else asked.symbol)
