"""Compounds: formulas written, spoken or by name, their molar masses, and amounts of substance."""

import functools
import re
from collections.abc import Mapping
from typing import Any

import periodictable
import sympy

from voice_server.assistants.galion import spoken
from voice_server.assistants.galion.science import elements
from voice_server.assistants.galion.science.answers import Answer, Quantity
from voice_server.assistants.galion.science.compound_names import FORMULAS
from voice_server.assistants.galion.science.errors import NotUnderstood, Uncomputable
from voice_server.assistants.galion.science.units import Measure, measures

MAX_FORMULA = 60
MAX_COUNT = 9999
MAX_DEPTH = 5

# Degrees Celsius at one atmosphere: melting, boiling.
_POINTS: Mapping[str, tuple[float | None, float | None]] = {
    "H2O": (0, 100), "C2H6O": (-114.1, 78.4), "CH4O": (-97.6, 64.7), "C3H6O": (-94.7, 56.1), "C6H6": (5.5, 80.1),
    "NH3": (-77.7, -33.3), "CH4": (-182.5, -161.5), "C3H8": (-187.7, -42.1), "C2H4O2": (16.6, 118),
    "C7H8": (-95, 110.6),
    "CHCl3": (-63.5, 61.2), "C3H8O3": (17.8, 290), "NaCl": (801, 1465), "C2H6O2": (-12.9, 197.3), "HNO3": (-42, 83),
}  # fmt: skip
_POINT_OF = re.compile(r"^(?:the )?(boiling|melting|freezing) (?:point|temperature) (?:of|for) (.+)$")
_POINT_VERB = re.compile(r"^(?:at )?(?:(?:what|which) temperature|temperature|when) does (.+?) (boil|melt|freeze)$")
# Grams per cubic centimetre near room temperature; of ice at 0 degrees.
_DENSITIES: Mapping[str, float] = {
    "water": 0.998, "ice": 0.917, "ethanol": 0.789, "alcohol": 0.789, "methanol": 0.792, "acetone": 0.784,
    "benzene": 0.877, "glycerol": 1.261, "chloroform": 1.489, "table salt": 2.165, "sodium chloride": 2.165,
    "quartz": 2.65, "diamond": 3.51, "sulfuric acid": 1.83, "heavy water": 1.11,
}  # fmt: skip
_DENSITY_OF = re.compile(r"^(?:the )?density of (.+)$")
_HAVING = re.compile(
    r"^if (?:i|you|we) have (.+?) (?:what is|how many) (moles|grams) (?:is|are|do i have"
    r"|would) ?(?:that|there|this)?(?: be)?$"
)
_DIATOMIC = ("hydrogen", "nitrogen", "oxygen", "fluorine", "chlorine", "bromine", "iodine")
_MASS_OF = re.compile(
    r"^(?:the )?(?:molar mass|molecular mass|molecular weight|formula weight|formula mass|molar weight"
    r"|mole mass|mass|weight)"
    r" (?:of|for) (?:a |an |1 |one )?(?:mole of |molecule of )?(.+)$"
)
_MASS_VERB = re.compile(r"^how (?:much|heavy) (?:does |is )(?:a |1 )?mole of (.+?)(?: weigh)?$")
_FORMULA_OF = re.compile(r"^(?:the )?(?:chemical |molecular )?formula (?:of|for) (.+)$")
_MADE_OF = re.compile(r"^(?:what (?:elements )?(?:is|are in) |which elements are in )?(.+?) made of$")
_MOLES_IN = re.compile(r"^how many moles (?:are |is )?(?:there )?(?:are )?(?:in|of|is|are) (.+?) of (.+)$")
_MASS_OF_MOLES = re.compile(
    r"^(?:the mass of|mass of|how many grams (?:are )?(?:there )?(?:are )?(?:in|of|is|are)"
    r"|how heavy (?:is|are)|what do|"
    r"how much (?:do|does|is|are)) (.+? moles?) of (.+?)(?: weigh)?$"
)
_ATOMS_IN = re.compile(r"^how many (atoms|molecules|particles) (?:are )?(?:there )?(?:are )?in (.+?) of (.+)$")
_MOLARITY = re.compile(r"^(?:the )?(?:molarity|concentration)\b.*? of (.+)$")
_GROUP = re.compile(r"([A-Z][a-z]?)(\d*)|(\()|(\))(\d*)")


def formula(words: str) -> str | None:
    """The formula of what is named, written ("C6H12O6") or spelled ("h 2 o"), or None."""
    plain = re.sub(r"^(?:the |a |an |pure )+", "", words.strip().rstrip("?.! "))
    name = plain.lower().replace("-", " ")
    if name in FORMULAS:
        return FORMULAS[name]
    if elements.is_element(name):
        asked = _element(name)
        symbol: str = asked.symbol
        return f"{symbol}2" if asked.name in _DIATOMIC else symbol
    if _is_formula(plain) and plain != plain.lower():
        return plain
    return _spelled(name)


def _spelled(name: str) -> str | None:
    """The formula of letters and numbers said one by one: "n a c l", "c o 2", "nacl"."""
    letters = re.sub(r"[\s.]", "", name)
    if not re.fullmatch(r"(?:[a-z]{1,2}\d{0,4}|[()]\d{0,2}){1,24}", letters):
        return None
    if re.search(r"[a-z]{3}", name):
        return _known_formulas().get(letters)
    return _known_formulas().get(letters) or _cut(letters)


@functools.cache
def _known_formulas() -> Mapping[str, str]:
    return {known.lower(): known for known in FORMULAS.values() if len(known) > 1}


def _cut(letters: str) -> str | None:
    """Letters into symbols; single letters first, as "c o 2" means carbon and oxygen more often than cobalt."""
    if not letters:
        return ""
    if found := re.match(r"[()\d]+", letters):
        rest = _cut(letters[found.end() :])
        return None if rest is None else found[0] + rest
    for length in (1, 2):
        symbol = letters[:length].capitalize()
        if len(symbol) == length and symbol.isalpha() and elements.element(symbol) is not None:
            rest = _cut(letters[length:])
            if rest is not None:
                return symbol + rest
    return None


def _is_formula(text: str) -> bool:
    return bool(
        len(text) <= MAX_FORMULA
        and re.fullmatch(r"(?:[A-Z][a-z]?\d{0,4}|\(|\)\d{0,4})+", text)
        and all(elements.element(symbol) is not None or symbol == "D" for symbol in re.findall(r"[A-Z][a-z]?", text))
    )


def atoms(text: str) -> dict[str, int]:
    """How many atoms of each element a formula has; raises NotUnderstood or Uncomputable."""
    if not _is_formula(text):
        raise NotUnderstood(f"I do not know the formula “{text}”.")
    levels: list[dict[str, int]] = [{}]
    for found in _GROUP.finditer(text):
        count = int(found[2] or found[5] or 1)
        if count > MAX_COUNT or len(levels) > MAX_DEPTH:
            raise Uncomputable("That formula is too large for me.")
        if found[3]:
            levels.append({})
        elif found[4]:
            if len(levels) == 1:
                raise NotUnderstood("A parenthesis in the formula is not opened.")
            for symbol, inner in levels.pop().items():
                levels[-1][symbol] = levels[-1].get(symbol, 0) + inner * count
        else:
            levels[-1][found[1]] = levels[-1].get(found[1], 0) + count
    if len(levels) > 1:
        raise NotUnderstood("A parenthesis in the formula is not closed.")
    return levels[0]


def molar_mass(text: str) -> float:
    """Grams per mole of a formula."""
    total = 0.0
    for symbol, count in atoms(text).items():
        mass: float = periodictable.D.mass if symbol == "D" else _element(symbol).mass
        total += mass * count
    return total


def _element(symbol: str) -> Any:
    return elements.element(symbol)


def answer(text: str, raw: str = "") -> Answer | None:
    """Answer a question about a compound, or None if it is none. `raw` keeps the capitals of written formulas."""
    if found := _HAVING.match(text):
        text = f"how many {found[2]} are in {found[1]}"
    if found := _DENSITY_OF.match(text):
        return _density(found[1])
    if found := _MOLES_IN.match(text):
        return _moles(found[1], _written(found[2], raw))
    if found := _MASS_OF_MOLES.match(text):
        return _mass_of_moles(found[1], _written(found[2], raw))
    if found := _ATOMS_IN.match(text):
        return _particles(found[1], found[2], _written(found[3], raw))
    if found := _MOLARITY.match(text):
        return _molarity(found[1], raw)
    if found := _MASS_OF.match(text) or _MASS_VERB.match(text):
        name = _written(found[1], raw)
        return about(name) if formula(name) else None
    if (found := _FORMULA_OF.match(text)) and (written := formula(found[1])):
        said = f"The formula of {found[1]} is {spoken.letters(written)}."
        return Answer(said, None, "formula of {}", found[1])
    if found := _POINT_OF.match(text):
        return _point(found[2], found[1] == "boiling")
    if found := _POINT_VERB.match(text):
        return _point(found[1], found[2] == "boil")
    if (found := _MADE_OF.match(text)) and found[1].lower() in FORMULAS:
        return _composition(found[1])
    name = _written(text.removeprefix("tell me about ").strip(), raw)
    if re.sub(r"[ .]", "", name.lower()) in _known_formulas() and re.search(r"\d|^[a-z] [a-z]|[A-Z].*[A-Z]", name):
        return about(name)
    if name.lower() in FORMULAS:
        return about(name)
    return about(name) if _is_formula(name) and len(name) > 2 and name != name.lower() else None


def _written(name: str, raw: str) -> str:
    """The same words as they were typed: "NaCl" and not "nacl"."""
    name = re.sub(r"^(?:a |an |the |some )", "", name)
    at = raw.lower().rfind(name)
    return raw[at : at + len(name)] if at >= 0 else name


def _named(name: str) -> tuple[str, str]:
    """The formula, and what to call the substance in a sentence."""
    written = formula(name)
    if written is None:
        raise Uncomputable(f"I do not know the compound {name.lower()}.")
    return written, name.lower() if name.lower() in FORMULAS or elements.is_element(name) else spoken.letters(written)


def about(name: str) -> Answer:
    """The molar mass of what is named; raises Uncomputable if nobody knows it."""
    written, called = _named(name)
    mass = molar_mass(written)
    said = (
        f"{called[0].upper()}{called[1:]} has a molar mass of about {spoken.decimal(round(mass, 2), 7)} grams per mole."
    )
    return Answer(said, Quantity(sympy.Rational(repr(round(mass, 4))), "grams per mole"), "molar mass of {}", name)


def _point(name: str, boiling: bool) -> Answer | None:
    written = FORMULAS.get(name)
    if written is None:
        return None
    value = _POINTS.get(written, (None, None))[1 if boiling else 0]
    verb = "boils" if boiling else "melts"
    if value is None:
        raise Uncomputable(f"I do not know at what temperature {name} {verb}.")
    said = f"{name.capitalize()} {verb} at about {spoken.decimal(value)} degrees Celsius, at normal pressure."
    result = Quantity(sympy.Rational(repr(value)), "degrees celsius")
    return Answer(said, result, f"{'boiling' if boiling else 'melting'} point of {{}}", name)


def _density(name: str) -> Answer | None:
    if name not in _DENSITIES:
        return None
    value = _DENSITIES[name]
    said = f"{name.capitalize()} has a density of about {spoken.decimal(value)} grams per cubic centimetre."
    return Answer(said, Quantity(sympy.Rational(repr(value)), "grams per cubic centimetre"), "density of {}", name)


def _composition(name: str) -> Answer:
    parts = atoms(FORMULAS[name.lower()])
    words = [f"{count} {_element(symbol).name}" for symbol, count in parts.items() if symbol != "D"]
    return Answer(
        f"{name.capitalize()} is made of {spoken.listed(words)}, atom by atom.", None, "what is {} made of", name
    )


def _amount(words: str) -> Measure:
    found = measures(re.sub(r"^(?:a|an|one) ", "1 ", words))
    if not found:
        raise NotUnderstood("I need an amount with a unit.")
    return found[0]


def _in_moles(amount: Measure, written: str) -> float:
    if amount.fits("mole"):
        return amount.to("mole")
    if amount.fits("gram"):
        return amount.to("gram") / molar_mass(written)
    raise Uncomputable("I need that in grams or in moles.")


def _moles(words: str, name: str) -> Answer:
    written, called = _named(name)
    amount = _amount(words)
    moles = _in_moles(amount, written)
    said = f"{amount.spoken()} of {called} is about {spoken.decimal(moles, 4)} {'mole' if moles == 1 else 'moles'}."
    return Answer(said, Quantity(sympy.Rational(repr(moles)), "moles"), f"how many moles are in {words} of {{}}", name)


def _mass_of_moles(words: str, name: str) -> Answer:
    written, called = _named(name)
    amount = _amount(words)
    grams = _in_moles(amount, written) * molar_mass(written)
    said = f"{amount.spoken()} of {called} has a mass of about {spoken.decimal(grams, 5)} grams."
    return Answer(said, Quantity(sympy.Rational(repr(grams)), "grams"), f"mass of {words} of {{}}", name)


def _particles(what: str, words: str, name: str) -> Answer:
    written, called = _named(name)
    amount = _amount(words)
    count = _in_moles(amount, written) * 6.02214076e23
    if what == "atoms":
        count *= sum(atoms(written).values())
    said = f"{amount.spoken()} of {called} has about {spoken.decimal(count, 4)} {what}."
    return Answer(said, Quantity(sympy.Rational(repr(count))), f"how many {what} are in {words} of {{}}", name)


def _molarity(words: str, raw: str) -> Answer | None:
    """Moles or grams of something in a volume."""
    found = re.match(r"(.+?) of (.+?) (?:dissolved )?in (.+)$", words)
    given = measures(words)
    volume = next((measure for measure in given if measure.fits("liter")), None)
    amount = next((measure for measure in given if measure.fits("mole") or measure.fits("gram")), None)
    if volume is None or amount is None:
        return None
    moles = _in_moles(amount, _named(_written(found[2], raw))[0] if found else "")
    if volume.amount <= 0:
        raise Uncomputable("The volume must be more than nothing.")
    result = moles / volume.to("liter")
    said = f"The molarity is about {spoken.decimal(result, 4)} moles per litre."
    return Answer(said, Quantity(sympy.Rational(repr(result)), "moles per litre"))
