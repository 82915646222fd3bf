"""Quantities with units, read from words, and conversions between units."""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pint
import sympy

from voice_server.assistants.galion import spoken
from voice_server.assistants.galion.science.answers import Answer, Quantity
from voice_server.assistants.galion.science.errors import NotUnderstood, ScienceError, Uncomputable
from voice_server.assistants.galion.science.expressions import number
from voice_server.assistants.galion.science.unit_names import BY_NAME, BY_PINT, LONGEST_NAME

_POWERS = {"squared": 2, "cubed": 3, "^2": 2, "^3": 3}
_BEFORE = {"square": 2, "cubic": 3}
_SHORTHAND = {
    "mph": "miles per hour",
    "kph": "kilometres per hour",
    "kmh": "kilometres per hour",
    "cc": "cubic centimetres",
    "clicks": "kilometres",
}
_CONVERSIONS = tuple(
    re.compile(pattern)
    for pattern in (
        r"^(?:convert|change|turn|express) (?P<amount>.+) (?:to|into|in|as) (?P<target>.+)$",
        (
            r"^how (?:many|much) (?P<target>.+?) (?:are there in|is there in|are in|is in|in|are|is|make up|make|"
            r"equals?|fit in) (?P<amount>.+)$"
        ),
        r"^how (?:long|far|heavy|big|fast|hot|cold|tall|warm) is (?P<amount>.+?) in (?P<target>.+)$",
        r"^(?P<amount>.+) (?:in|to|into|as|equals how many|is how many|is how much) (?P<target>.+)$",
    )
)


_COMPOUND = re.compile(r"^[\d.]+ [a-z]+ (?:and )?[\d.]+ [a-z]+$")


@dataclass(frozen=True, slots=True)
class Unit:
    """A product of named units with powers: metre per second squared is (meter, 1), (second, -2)."""

    factors: tuple[tuple[str, int], ...]

    @property
    def is_temperature(self) -> bool:
        """Whether it is a scale with an offset."""
        return self.factors in ((("degree_Celsius", 1),), (("degree_Fahrenheit", 1),), (("kelvin", 1),))

    def spoken(self, amount: float) -> str:
        """In full words, singular only for exactly one."""
        above = [(name, power) for name, power in self.factors if power > 0]
        below = [(name, -power) for name, power in self.factors if power < 0]
        words = [
            _named(name, power, plural=abs(amount) != 1 and at == len(above) - 1)
            for at, (name, power) in enumerate(above)
        ]
        words += [f"per {_divisor(name, power)}" for name, power in below]
        return " ".join(words)


def _named(name: str, power: int, *, plural: bool) -> str:
    unit = BY_PINT[name]
    word = unit.plural if plural else unit.singular
    return {1: word, 2: f"square {word}", 3: f"cubic {word}"}.get(power, f"{word} to the {power}")


def _divisor(name: str, power: int) -> str:
    word = BY_PINT[name].singular
    if name == "second":
        return {1: word, 2: f"{word} squared", 3: f"{word} cubed"}.get(power, f"{word} to the {power}")
    return _named(name, power, plural=False)


@functools.cache
def registry() -> Any:
    """The units that `pint` knows; built once, in about a third of a second."""
    return pint.UnitRegistry(cache_folder=None)


def in_pint(unit: Unit) -> Any:
    """The same as a `pint` unit."""
    result = registry().Unit("")
    for name, power in unit.factors:
        result = result * registry().Unit(name) ** power
    return result


def words_of(text: str) -> list[str]:
    """Text as the words that `unit_at` reads: "9.8 m/s^2" is 9.8, m, per, s, ^2."""
    text = re.sub(r"(?<=[a-zμ])(?:\s*(?:\*\*|\^)\s*)?([23])\b", r" ^\1 ", text)
    text = re.sub(r"(?<=[a-z ])/(?=\s*[a-z])", " per ", text)
    text = re.sub(r"(?<=\d)(?=(?:[a-zμ°]))", " ", re.sub(r"(\d)e([+-]?\d)", r"\1E\2", text))
    text = text.replace("°", " degrees ").replace("*", " * ")
    return [word for part in text.split() for word in _SHORTHAND.get(part, part).split()]


def unit_at(words: Sequence[str], start: int = 0) -> tuple[Unit, int] | None:
    """Read the longest unit that begins at `start`: the unit and where it ends, or None."""
    factors: list[tuple[str, int]] = []
    position, sign = start, 1
    while position < len(words):
        at = position
        if words[at] == "per" and factors:
            sign, at = -1, at + 1
        elif words[at] in ("*", "-") and factors:
            at += 1
        power = 1
        if at < len(words) and words[at] in _BEFORE:
            power, at = _BEFORE[words[at]], at + 1
        name, at = _name_at(words, at)
        if name is None:
            break
        if at < len(words) and words[at] in _POWERS:
            power, at = _POWERS[words[at]], at + 1
        factors.append((name, sign * power))
        position = at
    return (Unit(tuple(factors)), position) if factors else None


def _name_at(words: Sequence[str], start: int) -> tuple[str | None, int]:
    for length in range(LONGEST_NAME, 0, -1):
        found = BY_NAME.get(" ".join(words[start : start + length]))
        if found and start + length <= len(words):
            return found.pint, start + length
    return None, start


def unit(text: str) -> Unit:
    """Read a unit and nothing else; raises NotUnderstood."""
    words = words_of(re.sub(r"^(?:a|an|the|one|1)\s+", "", text.strip()))
    found = unit_at(words)
    if found is None or found[1] != len(words):
        raise NotUnderstood(f"I do not know the unit “{text}”.")
    return found[0]


@dataclass(frozen=True, slots=True)
class Measure:
    """An amount with its unit."""

    amount: float
    unit: Unit

    def to(self, target: str) -> float:
        """The amount in a unit that `pint` knows by this name; raises Uncomputable if it cannot be."""
        try:
            return float(registry().Quantity(self.amount, in_pint(self.unit)).to(target).magnitude)
        except (pint.PintError, OverflowError) as error:
            raise Uncomputable(f"{self.unit.spoken(2).capitalize()} do not fit there.") from error

    def fits(self, target: str) -> bool:
        """Whether it measures the same kind of thing."""
        return bool(in_pint(self.unit).dimensionality == registry().Unit(target).dimensionality)

    def spoken(self) -> str:
        """Such as "5 miles"."""
        return f"{spoken.decimal(self.amount, 9)} {self.unit.spoken(self.amount)}"


def measure(text: str, that: Quantity | None = None) -> Measure:
    """Read one quantity such as "5 miles" or "2 times 10 to the 8 metres per second"; raises NotUnderstood."""
    text = text.strip()
    if that is not None and text in ("that", "it", "this", "the result", "the answer") and that.unit:
        return Measure(_float(that.value), unit(that.unit))
    words = words_of(re.sub(r"^(?:a|an|the)\s+(?=[a-z])", "1 ", text))
    for start in range(len(words)):
        found = unit_at(words, start)
        if found is None or found[1] != len(words):
            continue
        if start == 0:
            return Measure(1.0, found[0])
        try:
            return Measure(_float(number(" ".join(words[:start]).replace("E", "e"))), found[0])
        except NotUnderstood:
            continue
    if _COMPOUND.match(text):
        parts = measures(text)
        if len(parts) == 2 and in_pint(parts[0].unit).dimensionality == in_pint(parts[1].unit).dimensionality:
            second = registry().Quantity(parts[1].amount, in_pint(parts[1].unit)).to(in_pint(parts[0].unit))
            return Measure(parts[0].amount + float(second.magnitude), parts[0].unit)
    raise NotUnderstood(f"I do not know the quantity “{text}”.")


def measures(text: str) -> list[Measure]:
    """All quantities with units that a sentence mentions, in order."""
    words = words_of(text)
    found: list[Measure] = []
    position = 0
    while position < len(words):
        if words[position] in ("a", "an") and (one := unit_at(words, position + 1)):
            found.append(Measure(1.0, one[0]))
            position = one[1]
            continue
        for end in range(min(len(words), position + 12), position, -1):
            if not re.match(r"[\d.(]|minus|-\d", words[position]):
                break
            after = unit_at(words, end)
            if after is None:
                continue
            try:
                amount = number(" ".join(words[position:end]).replace("E", "e"))
            except ScienceError:
                continue
            found.append(Measure(_float(amount), after[0]))
            position = after[1] - 1
            break
        position += 1
    return found


def _float(value: sympy.Expr) -> float:
    try:
        return float(value)
    except (OverflowError, TypeError) as error:
        raise Uncomputable("That number is too large for me to convert.") from error


def answer(text: str, that: Quantity | None = None) -> Answer | None:
    """Answer a conversion, or None if it is none."""
    for pattern in _CONVERSIONS:
        found = pattern.match(text)
        if not found:
            continue
        try:
            target = unit(found["target"])
            amount = measure(found["amount"], that)
        except NotUnderstood:
            continue
        return convert(amount, target)
    return None


def convert(amount: Measure, target: Unit) -> Answer:
    """The sentence for a conversion: "5 miles is about 8.05 kilometres."."""
    amount = _meant(amount, target)
    source = registry().Quantity(amount.amount, in_pint(amount.unit))
    try:
        result = float(source.to(in_pint(target)).magnitude)
    except pint.DimensionalityError as error:
        here, there = amount.unit.spoken(2), target.spoken(2)
        raise Uncomputable(f"I cannot convert {here} to {there}: they measure different things.") from error
    except OverflowError as error:
        raise Uncomputable("That number is too large for me to convert.") from error
    words, exact = rounded(result)
    about = "" if exact else "about "
    said = f"{amount.spoken()} is {about}{words} {target.spoken(float(words) if _plain(words) else 2)}."
    again = f"convert {{}} to {target.spoken(2)}".lower()
    return Answer(
        said[0].upper() + said[1:],
        Quantity(_rational(result), target.spoken(2).lower()),
        again,
        amount.spoken().lower(),
    )


def _meant(amount: Measure, target: Unit) -> Measure:
    """Bare degrees are a temperature when a temperature is asked for."""
    if amount.unit.factors == (("degree", 1),) and target.is_temperature:
        scale = "degree_Fahrenheit" if target.factors[0][0] != "degree_Fahrenheit" else "degree_Celsius"
        return Measure(amount.amount, Unit(((scale, 1),)))
    if amount.unit.factors == (("ounce", 1),) and in_pint(target).dimensionality == "[length] ** 3":
        return Measure(amount.amount, Unit((("fluid_ounce", 1),)))
    return amount


def rounded(value: float) -> tuple[str, bool]:
    """A measured value in words, with about four digits, and whether that is exact."""
    precise = spoken.decimal(value, 12)
    for significant in (4, 5):
        words = spoken.decimal(value, significant)
        if words == precise:
            return words, True
    if abs(value) >= 1 and _plain(precise) and float(precise.replace(",", "")).is_integer():
        return precise, True
    return spoken.decimal(value, 3 if 1 <= abs(value) < 10 else 4 if abs(value) < 1000 else 6), False


def _plain(words: str) -> bool:
    return bool(re.fullmatch(r"\d+(?:\.\d+)?", words))


def _rational(value: float) -> sympy.Rational:
    return sympy.Rational(repr(value)) if abs(value) < 1e300 else sympy.Integer(int(value))
