"""Galion's computations as functions that a language model can call."""

from collections.abc import Mapping
from typing import Final

from pipeline.providers.interfaces import ToolDefinition
from pipeline.tools import Tool
from voice_server.assistants.galion.laboratory import Laboratory

_NOTATION: Final = (
    "in normal notation, such as sin(x)^2, sqrt(2)/3 or 5!; log is to the base 10, ln natural, angles in radians"
)


def _definition(
    name: str, description: str, required: Mapping[str, str], optional: Mapping[str, str]
) -> ToolDefinition:
    properties = {key: {"type": "string", "description": words} for key, words in {**required, **optional}.items()}
    parameters: dict[str, object] = {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }
    return ToolDefinition(name, description, parameters)


def _choice(definition: ToolDefinition, argument: str, choices: tuple[str, ...]) -> ToolDefinition:
    properties = definition.parameters["properties"]
    assert isinstance(properties, dict)
    properties[argument]["enum"] = list(choices)
    return definition


_VARIABLE: Final = {"variable": "The letter, if it is not x."}
DEFINITIONS: Final = (
    _definition(
        "calculate",
        "Work out a number exactly or to six digits.",
        {"expression": f"What to calculate, {_NOTATION}."},
        {},
    ),
    _definition(
        "solve",
        "Solve an equation, or a system of up to four equations.",
        {"equations": "Such as 2x+3=7; several are separated by commas, such as x+y=5, x-y=1."},
        _VARIABLE,
    ),
    _choice(
        _definition(
            "transform",
            "Factor, expand or simplify an expression; factor also splits a whole number into primes.",
            {"action": "What to do.", "expression": f"The expression, {_NOTATION}."},
            {},
        ),
        "action",
        ("factor", "expand", "simplify"),
    ),
    _definition(
        "differentiate",
        "The derivative of an expression, or its value at a point.",
        {"expression": f"The function, {_NOTATION}."},
        _VARIABLE | {"order": "How often, if not once, such as 2.", "at": "The point where its value is wanted."},
    ),
    _definition(
        "integrate",
        "The integral of an expression; with both bounds its value.",
        {"expression": f"The function, {_NOTATION}."},
        _VARIABLE | {"lower": "The lower bound, such as 0 or -infinity.", "upper": "The upper bound, such as pi."},
    ),
    _definition(
        "limit",
        "The limit of an expression.",
        {"expression": f"The function, {_NOTATION}.", "point": "What the variable approaches, such as 0 or infinity."},
        _VARIABLE,
    ),
    _definition(
        "convert_units",
        "Convert a quantity to another unit.",
        {
            "quantity": "Number and unit, such as 3 km/h or 72 degrees fahrenheit.",
            "unit": "The unit wanted, such as m/s.",
        },
        {},
    ),
    _definition(
        "physical_constant",
        "The value of a physical constant with its unit.",
        {"name": "Its name in English, such as speed of light, Planck constant or Avogadro constant."},
        {},
    ),
    _choice(
        _definition(
            "element",
            "Facts about a chemical element.",
            {"element": "Its English name, symbol or atomic number."},
            {"property": "What is wanted; without it a summary."},
        ),
        "property",
        (
            "summary",
            "atomic_number",
            "atomic_mass",
            "symbol",
            "density",
            "melting_point",
            "boiling_point",
            "group",
            "period",
        ),
    ),
    _definition(
        "molar_mass",
        "The molar mass of a compound.",
        {"compound": "Its formula, such as C6H12O6 or Ca(OH)2, or its English name, such as glucose."},
        {},
    ),
    _definition(
        "physics_formula",
        "Apply a formula of physics to given quantities: kinetic and potential energy, force, momentum, "
        "Ohm's law, power, ideal gas, "
        "free fall, wavelength and frequency, photon energy, mass and energy, pH.",
        {"question": "In English with all quantities and units, such as: kinetic energy of 2 kg at 3 m/s."},
        {},
    ),
    _definition(
        "science_question",
        (
            "Anything else that can be computed: moles in grams, molarity, number of atoms, percentages, "
            "greatest common divisors, primes."
        ),
        {"question": "In plain English, such as: how many moles are in 18 grams of water."},
        {},
    ),
)


def galion_tools(laboratory: Laboratory) -> tuple[Tool, ...]:
    """Galion's tools, run by this laboratory."""
    return tuple(_tool(laboratory, definition) for definition in DEFINITIONS)


def _tool(laboratory: Laboratory, definition: ToolDefinition) -> Tool:
    required = definition.parameters["required"]
    properties = definition.parameters["properties"]
    assert isinstance(required, list)
    assert isinstance(properties, dict)

    async def run(arguments: Mapping[str, object]) -> str:
        texts = {name: _text(value) for name, value in arguments.items() if name in properties and value is not None}
        missing = [name for name in required if not texts.get(name, "").strip()]
        if missing:
            raise ValueError(f"The argument {missing[0]} is missing.")
        finding = await laboratory.compute(definition.name, texts)
        if finding.status != "answered":
            raise ValueError(finding.text)
        return finding.text

    return Tool(definition, run)


def _text(value: object) -> str:
    """Models sometimes send a number where a string is asked for."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise ValueError("Every argument must be a string.")
