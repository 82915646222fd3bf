"""The same computations as the questions, by name and with arguments in normal notation, for a
model that calls tools.
"""

from collections.abc import Callable, Mapping
from typing import Final

from voice_server.assistants.galion.science import (
    algebra,
    arithmetic,
    calculus,
    compounds,
    constants,
    elements,
    physics,
    questions,
    units,
)
from voice_server.assistants.galion.science.answers import Answer
from voice_server.assistants.galion.science.errors import NotUnderstood
from voice_server.assistants.galion.science.number_words import to_digits

MAX_LENGTH: Final = 500

Arguments = Mapping[str, str]


def compute(name: str, arguments: Arguments) -> str:
    """Run one computation; raises ScienceError with a sentence if it cannot be done."""
    for argument in arguments.values():
        if len(argument) > MAX_LENGTH:
            raise NotUnderstood(f"An argument is longer than {MAX_LENGTH} characters.")
    found = _COMPUTATIONS[name](arguments)
    if found is None:
        raise NotUnderstood("These arguments make no sense here.")
    return found.text


def _math(text: str) -> str:
    return to_digits(text.lower().strip())


def _calculate(arguments: Arguments) -> Answer:
    return arithmetic.calculate(_math(arguments["expression"]))


def _solve(arguments: Arguments) -> Answer:
    return algebra.solve(_math(arguments["equations"]), arguments.get("variable", "").lower())


def _transform(arguments: Arguments) -> Answer:
    return algebra.transform(arguments["action"], _math(arguments["expression"]))


def _differentiate(arguments: Arguments) -> Answer:
    order = arguments.get("order", "") or "1"
    if not order.isdigit():
        raise NotUnderstood("The order must be a whole number.")
    at = _math(arguments.get("at", ""))
    variable = arguments.get("variable", "").lower()
    return calculus.derivative(_math(arguments["expression"]), variable, order=int(order[:3]), at=at)


def _integrate(arguments: Arguments) -> Answer:
    bounds = _math(arguments.get("lower", "")), _math(arguments.get("upper", ""))
    return calculus.integral(_math(arguments["expression"]), arguments.get("variable", "").lower(), *bounds)


def _limit(arguments: Arguments) -> Answer:
    variable = arguments.get("variable", "") or "x"
    return calculus.limit(_math(arguments["expression"]), variable.lower(), _math(arguments["point"]))


def _convert(arguments: Arguments) -> Answer:
    return units.convert(units.measure(_math(arguments["quantity"])), units.unit(arguments["unit"].lower()))


def _constant(arguments: Arguments) -> Answer | None:
    return constants.answer(arguments["name"].lower())


def _element(arguments: Arguments) -> Answer | None:
    asked = elements.element(arguments["element"])
    if asked is None:
        raise NotUnderstood(f"There is no element “{arguments['element']}”.")
    wanted = arguments.get("property", "") or "summary"
    keys = {"atomic_number": "number", "atomic_mass": "mass", "melting_point": "melting", "boiling_point": "boiling"}
    return elements.summary(asked) if wanted == "summary" else elements.about(asked, keys.get(wanted, wanted))


def _molar_mass(arguments: Arguments) -> Answer:
    return compounds.about(arguments["compound"])


def _physics(arguments: Arguments) -> Answer | None:
    return physics.answer(_math(arguments["question"]))


def _science(arguments: Arguments) -> Answer:
    return questions.answer(arguments["question"])


_COMPUTATIONS: Final[Mapping[str, Callable[[Arguments], Answer | None]]] = {
    "calculate": _calculate,
    "solve": _solve,
    "transform": _transform,
    "differentiate": _differentiate,
    "integrate": _integrate,
    "limit": _limit,
    "convert_units": _convert,
    "physical_constant": _constant,
    "element": _element,
    "molar_mass": _molar_mass,
    "physics_formula": _physics,
    "science_question": _science,
}
NAMES: Final = frozenset(_COMPUTATIONS)
