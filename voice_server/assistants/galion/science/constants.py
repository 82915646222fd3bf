"""Physical constants: the CODATA recommended values of 2022; those without a tolerance are exact by definition."""

import re
from dataclasses import dataclass
from typing import Final

import sympy

from voice_server.assistants.galion import spoken
from voice_server.assistants.galion.science.answers import Answer, Quantity


@dataclass(frozen=True, slots=True)
class Constant:
    """One constant of nature, or of the earth and the sky."""

    name: str
    value: str
    """Decimal."""
    unit: str
    """In words, for more than one; "" if it has none."""
    aliases: tuple[str, ...] = ()
    exact: bool = False


CONSTANTS: Final = (
    Constant("speed of light", "299792458", "metres per second", ("light speed", "velocity of light"), exact=True),
    Constant(
        "Planck constant", "6.62607015e-34", "joule seconds", ("planck's constant", "plancks constant"), exact=True
    ),
    Constant("reduced Planck constant", "1.054571817e-34", "joule seconds", ("h bar", "dirac constant")),
    Constant(
        "gravitational constant",
        "6.67430e-11",
        "cubic metres per kilogram per second squared",
        (
            "newton's constant",
            "universal gravitational constant",
            "newton's gravitational constant",
            "constant of gravity",
        ),
    ),
    Constant(
        "standard acceleration of gravity",
        "9.80665",
        "metres per second squared",
        (
            "acceleration of gravity",
            "acceleration due to gravity",
            "gravitational acceleration",
            "standard gravity",
            "gravity on earth",
        ),
        exact=True,
    ),
    Constant(
        "elementary charge",
        "1.602176634e-19",
        "coulombs",
        ("charge of an electron", "electron charge", "charge of a proton", "proton charge", "charge of the electron"),
        exact=True,
    ),
    Constant("electron mass", "9.1093837139e-31", "kilograms", ("mass of an electron", "mass of the electron")),
    Constant("proton mass", "1.67262192595e-27", "kilograms", ("mass of a proton", "mass of the proton")),
    Constant("neutron mass", "1.67492750056e-27", "kilograms", ("mass of a neutron", "mass of the neutron")),
    Constant(
        "atomic mass unit",
        "1.66053906892e-27",
        "kilograms",
        ("atomic mass constant", "dalton", "unified atomic mass unit"),
    ),
    Constant(
        "Avogadro constant",
        "6.02214076e23",
        "per mole",
        ("avogadro's number", "avogadro number", "avogadros number", "avogadro's constant", "avocados number"),
        exact=True,
    ),
    Constant(
        "Boltzmann constant",
        "1.380649e-23",
        "joules per kelvin",
        ("boltzmann's constant", "boltzmanns constant"),
        exact=True,
    ),
    Constant(
        "gas constant",
        "8.31446261815324",
        "joules per mole per kelvin",
        ("universal gas constant", "ideal gas constant", "molar gas constant"),
        exact=True,
    ),
    Constant("Faraday constant", "96485.33212", "coulombs per mole", ("faraday's constant",), exact=True),
    Constant(
        "vacuum permittivity",
        "8.8541878188e-12",
        "farads per metre",
        ("permittivity of free space", "electric constant", "epsilon nought", "epsilon zero", "permittivity of vacuum"),
    ),
    Constant(
        "vacuum permeability",
        "1.25663706127e-6",
        "newtons per ampere squared",
        ("permeability of free space", "magnetic constant", "mu nought", "mu zero", "permeability of vacuum"),
    ),
    Constant(
        "Coulomb constant",
        "8.9875517862e9",
        "newton square metres per coulomb squared",
        ("coulomb's constant", "electrostatic constant"),
    ),
    Constant("fine structure constant", "7.2973525643e-3", "", ("fine-structure constant",)),
    Constant("Rydberg constant", "10973731.568157", "per metre", ("rydberg's constant",)),
    Constant("Bohr radius", "5.29177210544e-11", "metres", ("radius of the hydrogen atom",)),
    Constant(
        "Stefan Boltzmann constant",
        "5.670374419e-8",
        "watts per square metre per kelvin to the 4",
        ("stefan-boltzmann constant", "stefan's constant"),
        exact=True,
    ),
    Constant(
        "Wien displacement constant",
        "2.897771955e-3",
        "metre kelvin",
        ("wien's constant", "wien's displacement constant"),
        exact=True,
    ),
    Constant("Bohr magneton", "9.2740100657e-24", "joules per tesla"),
    Constant("magnetic flux quantum", "2.067833848e-15", "webers", exact=True),
    Constant("electron volt", "1.602176634e-19", "joules", (), exact=True),
    Constant(
        "standard atmosphere",
        "101325",
        "pascals",
        ("standard atmospheric pressure", "atmospheric pressure at sea level", "atmospheric pressure"),
        exact=True,
    ),
    Constant("absolute zero", "-273.15", "degrees celsius", ("absolute 0",), exact=True),
    Constant("speed of sound", "343", "metres per second", ("speed of sound in air",)),
    Constant("mass of the earth", "5.972e24", "kilograms", ("earth's mass", "earth mass")),
    Constant("radius of the earth", "6371", "kilometres", ("earth's radius", "earth radius")),
    Constant("mass of the sun", "1.988e30", "kilograms", ("solar mass", "sun's mass")),
    Constant("radius of the sun", "695700", "kilometres", ("solar radius", "sun's radius")),
    Constant("mass of the moon", "7.346e22", "kilograms", ("moon's mass",)),
    Constant(
        "distance to the sun",
        "149597870.7",
        "kilometres",
        ("distance from the earth to the sun", "distance of the sun"),
    ),
    Constant(
        "distance to the moon", "384400", "kilometres", ("distance from the earth to the moon", "distance of the moon")
    ),
    Constant("number pi", "3.14159265358979", "", ("value of pi", "pi"), exact=True),
    Constant("Euler number", "2.71828182845905", "", ("euler's number", "value of e", "eulers number"), exact=True),
    Constant("golden ratio", "1.61803398874989", "", ("value of phi", "phi")),
)

_NUMBERS: Final = ("number pi", "Euler number", "golden ratio")
_NAMED: Final = {name.lower(): constant for constant in CONSTANTS for name in (constant.name, *constant.aliases)}
_LEAD: Final = re.compile(r"^(?:the |value of |constant |physical constant )*")


def constant(name: str) -> Constant | None:
    """The constant that is called so, in any of its usual names."""
    plain = _LEAD.sub("", name.lower().strip()).removesuffix(" in vacuum").removesuffix(" in a vacuum").strip()
    return _NAMED.get(plain) or _NAMED.get(name.lower().strip()) or _NAMED.get(plain.replace(" s ", "'s "))


def answer(text: str) -> Answer | None:
    """Say the constant that `text` names, or None if it names none."""
    found = constant(text)
    return said(found) if found else None


def said(asked: Constant) -> Answer:
    """The sentence for a constant."""
    value = sympy.Rational(asked.value)
    result = Quantity(value, asked.unit.lower())
    name = f"The {asked.name}" if asked.name != "absolute zero" else "Absolute zero"
    if asked.name == "electron volt":
        name = "One electron volt"
    unit = f" {_titled(asked.unit)}" if asked.unit else ""
    if asked.name in _NUMBERS:
        return Answer(f"{name} is about {spoken.decimal(float(value), 6)}.", result, "{}", asked.name)
    exact = spoken.exact_number(value)
    if exact is not None and abs(value) < 10**9:
        about = "" if asked.exact else "about "
        tail = ", about 3 times 10 to the 8" if asked.name == "speed of light" else ""
        return Answer(f"{name} is {about}{exact}{unit}{tail}.", result, "{}", asked.name)
    return Answer(f"{name} is about {spoken.decimal(float(value), 5)}{unit}.", result, "{}", asked.name)


def _titled(unit: str) -> str:
    return unit.replace("celsius", "Celsius")
