"""Formulas of physics and of dilute acids, where the question gives the quantities with their units."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import sympy

from voice_server.assistants.galion import spoken
from voice_server.assistants.galion.science.answers import Answer, Quantity
from voice_server.assistants.galion.science.errors import ScienceError, Uncomputable
from voice_server.assistants.galion.science.expressions import number
from voice_server.assistants.galion.science.units import Measure, measures

GRAVITY: Final = 9.80665
LIGHT: Final = 299792458.0
PLANCK: Final = 6.62607015e-34
GAS: Final = 8.31446261815324
COULOMB: Final = 8.9875517862e9
GRAVITATION: Final = 6.67430e-11


@dataclass(frozen=True, slots=True)
class Law:
    """One way to compute something."""

    asked: re.Pattern[str]
    """The question must contain this."""
    given: tuple[str, ...]
    """The units, in the order of the function's arguments, in which quantities must be given."""
    compute: Callable[..., float]
    name: str
    """What it is, for the sentence."""
    unit: str


def _law(asked: str, given: Sequence[str], compute: Callable[..., float], name: str, unit: str) -> Law:
    return Law(re.compile(asked), tuple(given), compute, name, unit)


_FALL = r"\b(?:fall|falls|falling|fell|free fall|drop|drops|dropped|dropping)\b"
_FREQUENCY = r"\bfrequency\b.*(?:wavelength|light|photon|wave)|what frequency"
LAWS: Final = (
    _law(r"kinetic energy", ("kilogram", "meter/second"), lambda m, v: m * v * v / 2, "kinetic energy", "joules"),
    _law(
        r"potential energy", ("kilogram", "meter"), lambda m, h: m * GRAVITY * h, "potential energy on earth", "joules"
    ),
    _law(r"momentum", ("kilogram", "meter/second"), lambda m, v: m * v, "momentum", "kilogram metres per second"),
    _law(
        r"\bforce\b.*(?:charge|coulomb)",
        ("coulomb", "coulomb", "meter"),
        lambda q, p, r: COULOMB * q * p / r**2,
        "electric force",
        "newtons",
    ),
    _law(
        r"gravitational force|gravity between",
        ("kilogram", "kilogram", "meter"),
        lambda m, n, r: GRAVITATION * m * n / r**2,
        "gravitational force",
        "newtons",
    ),
    _law(
        r"centripetal force",
        ("kilogram", "meter/second", "meter"),
        lambda m, v, r: m * v * v / r,
        "centripetal force",
        "newtons",
    ),
    _law(r"\bforce\b|push|accelerate", ("kilogram", "meter/second**2"), lambda m, a: m * a, "force", "newtons"),
    _law(
        r"acceleration|accelerate",
        ("newton", "kilogram"),
        lambda f, m: f / m,
        "acceleration",
        "metres per second squared",
    ),
    _law(r"acceleration", ("meter/second", "second"), lambda v, t: v / t, "acceleration", "metres per second squared"),
    _law(r"\bmass\b", ("newton", "meter/second**2"), lambda f, a: f / a, "mass", "kilograms"),
    _law(r"\bwork\b", ("newton", "meter"), lambda f, d: f * d, "work", "joules"),
    _law(r"\bpressure\b", ("newton", "meter**2"), lambda f, a: f / a, "pressure", "pascals"),
    _law(r"resistance|how many ohms", ("volt", "ampere"), lambda u, i: u / i, "resistance", "ohms"),
    _law(r"current|how many amp", ("volt", "ohm"), lambda u, r: u / r, "current", "amperes"),
    _law(r"current|how many amp", ("watt", "volt"), lambda p, u: p / u, "current", "amperes"),
    _law(r"voltage|how many volts|potential difference", ("ampere", "ohm"), lambda i, r: i * r, "voltage", "volts"),
    _law(r"voltage|how many volts", ("watt", "ampere"), lambda p, i: p / i, "voltage", "volts"),
    _law(r"\bpower\b|how many watts", ("volt", "ampere"), lambda u, i: u * i, "power", "watts"),
    _law(r"\bpower\b|how many watts", ("volt", "ohm"), lambda u, r: u * u / r, "power", "watts"),
    _law(r"\bpower\b|how many watts", ("ampere", "ohm"), lambda i, r: i * i * r, "power", "watts"),
    _law(r"\bpower\b|how many watts", ("joule", "second"), lambda e, t: e / t, "power", "watts"),
    _law(
        r"\bpressure\b",
        ("mole", "kelvin", "meter**3"),
        lambda n, t, v: n * GAS * t / v,
        "pressure of an ideal gas",
        "pascals",
    ),
    _law(
        r"\bvolume\b",
        ("mole", "kelvin", "pascal"),
        lambda n, t, p: n * GAS * t / p,
        "volume of an ideal gas",
        "cubic metres",
    ),
    _law(
        r"\bmoles\b",
        ("pascal", "meter**3", "kelvin"),
        lambda p, v, t: p * v / (GAS * t),
        "amount of an ideal gas",
        "moles",
    ),
    _law(
        r"\btemperature\b",
        ("mole", "pascal", "meter**3"),
        lambda n, p, v: p * v / (n * GAS),
        "temperature of an ideal gas",
        "kelvin",
    ),
    _law(
        rf"how long.*{_FALL}|{_FALL}.*how long|time.*{_FALL}",
        ("meter",),
        lambda h: math.sqrt(2 * h / GRAVITY),
        "time of the fall without air",
        "seconds",
    ),
    _law(
        rf"how far.*{_FALL}|distance.*{_FALL}|{_FALL}.*how far",
        ("second",),
        lambda t: GRAVITY * t * t / 2,
        "distance of the fall without air",
        "metres",
    ),
    _law(
        rf"(?:how fast|speed|velocity).*{_FALL}|{_FALL}.*(?:how fast|speed)",
        ("second",),
        lambda t: GRAVITY * t,
        "speed after the fall without air",
        "metres per second",
    ),
    _law(
        rf"(?:how fast|speed|velocity).*{_FALL}|{_FALL}.*(?:how fast|speed)",
        ("meter",),
        lambda h: math.sqrt(2 * GRAVITY * h),
        "speed after the fall without air",
        "metres per second",
    ),
    _law(r"light travel|travel.*light", ("second",), lambda t: LIGHT * t, "distance that light travels", "metres"),
    _law(
        r"light (?:take|need|travel)|travel.*light", ("meter",), lambda d: d / LIGHT, "time that light takes", "seconds"
    ),
    _law(
        r"energy of (?:a |the )?photon|photon energy|photon",
        ("hertz",),
        lambda f: PLANCK * f,
        "photon energy",
        "joules",
    ),
    _law(
        r"energy of (?:a |the )?photon|photon energy|energy.*(?:photon|light)",
        ("meter",),
        lambda w: PLANCK * LIGHT / w,
        "photon energy",
        "joules",
    ),
    _law(r"wavelength", ("hertz", "meter/second"), lambda f, v: v / f, "wavelength", "metres"),
    _law(r"wavelength", ("hertz",), lambda f: LIGHT / f, "wavelength in vacuum", "metres"),
    _law(_FREQUENCY, ("meter", "meter/second"), lambda w, v: v / w, "frequency", "hertz"),
    _law(_FREQUENCY, ("meter",), lambda w: LIGHT / w, "frequency in vacuum", "hertz"),
    _law(r"\bfrequency\b|how often", ("second",), lambda t: 1 / t, "frequency", "hertz"),
    _law(r"\bperiod\b", ("hertz",), lambda f: 1 / f, "period", "seconds"),
    _law(
        r"pendulum",
        ("meter",),
        lambda length: 2 * math.pi * math.sqrt(length / GRAVITY),
        "period of the pendulum",
        "seconds",
    ),
    _law(r"\bdensity\b", ("kilogram", "meter**3"), lambda m, v: m / v, "density", "kilograms per cubic metre"),
    _law(r"\bspeed\b|velocity|how fast", ("meter", "second"), lambda d, t: d / t, "average speed", "metres per second"),
    _law(r"how far|distance", ("meter/second", "second"), lambda v, t: v * t, "distance", "metres"),
    _law(r"how long|time", ("meter", "meter/second"), lambda d, v: d / v, "time", "seconds"),
    _law(
        r"how much energy|(?:rest|mass) energy|energy (?:of|in|equivalent)|e = ?m ?c|energy",
        ("kilogram",),
        lambda m: m * LIGHT**2,
        "energy of that mass",
        "joules",
    ),
    _law(r"\bweight\b|how much does.*weigh|weigh", ("kilogram",), lambda m: m * GRAVITY, "weight on earth", "newtons"),
)
_PH: Final = re.compile(r"\b(?:p ?h|ph value)\b")
_STRONG_ACIDS: Final = {
    "hydrochloric": 1,
    "nitric": 1,
    "hydrobromic": 1,
    "hydroiodic": 1,
    "perchloric": 1,
    "hcl": 1,
    "hno3": 1,
}
_STRONG_BASES: Final = {
    "sodium hydroxide": 1,
    "potassium hydroxide": 1,
    "lithium hydroxide": 1,
    "naoh": 1,
    "koh": 1,
    "barium hydroxide": 2,
}
_CONCENTRATION: Final = re.compile(
    r"(?:concentration(?: is| of)?|of) ([-\d(].*?)(?: (?:molar|moles? per lit(?:re|er)|mol|m)\b|$)"
)


def answer(text: str) -> Answer | None:
    """Answer with the first law whose words are in the question and whose quantities are given, or None."""
    if _PH.search(text):
        return _ph(text)
    given = measures(text)
    if not given:
        return None
    for law in LAWS:
        if law.asked.search(text) and len(given) == len(law.given):
            values = _matched(law.given, given)
            if values is not None:
                return _said(law, values)
    return None


def _matched(units: Sequence[str], given: Sequence[Measure]) -> list[float] | None:
    """The given quantities in the law's units and order; None if they do not fit."""
    left = list(given)
    values = []
    for unit in units:
        found = next((measure for measure in left if measure.fits(unit)), None)
        if found is None:
            return None
        left.remove(found)
        values.append(found.to(unit))
    return values


def _said(law: Law, values: Sequence[float]) -> Answer:
    try:
        result = law.compute(*values)
    except ZeroDivisionError as error:
        raise Uncomputable(f"The {law.name} has no value there: that would be a division by zero.") from error
    except (ValueError, OverflowError) as error:
        raise Uncomputable(f"The {law.name} cannot be computed from these values.") from error
    if not math.isfinite(result):
        raise Uncomputable("That number is too large for me to work out.")
    words = spoken.decimal(result, 4)
    about = "" if math.isclose(float(f"{result:.3e}"), result, rel_tol=1e-12) else "about "
    unit = law.unit if words != "1" else _singular(law.unit)
    said = f"The {law.name} is {about}{words} {unit}."
    return Answer(said, Quantity(sympy.Rational(repr(result)), law.unit))


def _singular(unit: str) -> str:
    first, *rest = unit.split(" ")
    return " ".join([first.removesuffix("s") if first != "hertz" else first, *rest])


def _ph(text: str) -> Answer | None:
    """The pH of a strong acid or base, or of a concentration of hydrogen ions."""
    found = _CONCENTRATION.search(text)
    if found is None:
        return None
    try:
        concentration = float(number(found[1]))
    except (ScienceError, TypeError, OverflowError):
        return None
    if concentration <= 0:
        raise Uncomputable("A concentration must be more than zero.")
    bases = [count for name, count in _STRONG_BASES.items() if name in text]
    acids = [count for name, count in _STRONG_ACIDS.items() if name in text]
    if not bases and not acids and re.search(r"acid|ammonia|vinegar", text):
        raise Uncomputable("For a weak acid or base I would need its constant; I know the pH of strong ones only.")
    value = 14 + math.log10(concentration * bases[0]) if bases else -math.log10(concentration)
    words = spoken.decimal(round(value, 2), 4)
    return Answer(f"The p H is about {words}.", Quantity(sympy.Rational(repr(round(value, 6)))))
