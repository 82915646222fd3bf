"""Derivatives, integrals and limits."""

import re

import sympy

from voice_server.assistants.galion import spoken
from voice_server.assistants.galion.science.answers import Answer, Quantity
from voice_server.assistants.galion.science.errors import NotUnderstood, Uncomputable
from voice_server.assistants.galion.science.expressions import expression, number, symbol

MAX_ORDER = 10

_ORDERS = {"": 1, "first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "5th": 5}
_DERIVATIVE = re.compile(
    r"^(?:the )?(?:(first|1st|second|2nd|third|3rd|fourth|4th|5th) )?"
    r"(?:derivative of|differentiate|derive|d ?/ ?d ?[a-z](?: of)?"
    r"|d (?:by )?d ?[a-z] (?:of )?)(?: the function)? ?(.+)$"
)
_INTEGRAL = re.compile(
    r"^(?:the )?(?:definite |indefinite )?(?:integral of|integrate|antiderivative of|∫)(?: the function)? ?(.+)$"
)
_LIMIT = re.compile(
    r"^(?:the )?limit (?:of )?(.+?) (?:as|when) ([a-z]) (?:approaches|goes to|tends to|->|→|to|becomes) (.+)$"
)
_RESPECT = re.compile(r",? with respect to ([a-z])\b")
_DIFFERENTIAL = re.compile(r"[ *]d ?([a-z])$")
_RANGE = re.compile(r",? (?:from|between) (?:[a-z] ?= ?)?(.+?) (?:to|and) (.+)$")
_AT = re.compile(r",? (?:at|when|for|if) ([a-z]) ?(?:=|equals|is) ?(.+)$")


def answer(text: str) -> Answer | None:
    """Answer a calculus question, or None if it is none."""
    if found := _DERIVATIVE.match(text):
        return _asked_derivative(found[2], _ORDERS[found[1] or ""])
    if found := _INTEGRAL.match(text):
        return _asked_integral(found[1])
    if found := _LIMIT.match(text):
        return limit(found[1], found[2], found[3])
    return None


def _asked_derivative(text: str, order: int) -> Answer:
    at = ""
    if found := _AT.search(text):
        text, at = text[: found.start()], found[2]
    variable = ""
    if found := _RESPECT.search(text):
        text, variable = _RESPECT.sub("", text), found[1]
    return derivative(text, variable, order=order, at=at)


def derivative(text: str, variable: str = "", *, order: int = 1, at: str = "") -> Answer:
    """Differentiate `order` times; `at` is the point where the value is asked for."""
    if not 1 <= order <= MAX_ORDER:
        raise Uncomputable(f"I differentiate up to {MAX_ORDER} times.")
    value = expression(text)
    chosen = _variable(value, variable)
    raw = sympy.diff(value, chosen, order)
    result = spoken.shortest(sympy.simplify(raw), sympy.expand(raw), raw)
    name = {1: "derivative", 2: "second derivative", 3: "third derivative"}.get(order, f"{order}th derivative")
    opening = f"The {name} of {spoken.expression(value)}"
    if at:
        point = number(at)
        result = result.subs(chosen, point)
        return Answer(f"{opening} at {chosen} equals {spoken.number(point)} is {_said(result)}.", Quantity(result))
    return Answer(f"{opening} is {_said(result)}.", Quantity(result), f"{name} of {{}}", str(chosen))


def _asked_integral(text: str) -> Answer:
    lower = upper = variable = ""
    if found := _RANGE.search(text):
        text, lower, upper = text[: found.start()], found[1], found[2]
    if found := _RESPECT.search(text):
        text, variable = _RESPECT.sub("", text), found[1]
    for name in ("text", "upper"):
        part = text if name == "text" else upper
        if found := _DIFFERENTIAL.search(part):
            variable = variable or found[1]
            text, upper = (part[: found.start()], upper) if name == "text" else (text, part[: found.start()])
    return integral(text, variable, lower, upper)


def integral(text: str, variable: str = "", lower: str = "", upper: str = "") -> Answer:
    """Integrate; with both bounds the value, otherwise the antiderivative."""
    value = expression(text)
    chosen = _variable(value, variable)
    if bool(lower) != bool(upper):
        raise NotUnderstood("An integral needs both bounds or none.")
    opening = f"The integral of {spoken.expression(value)}"
    if not lower:
        result = sympy.integrate(value, chosen)
        if result.has(sympy.Integral):
            raise Uncomputable("I find no formula for that integral.")
        result = spoken.shortest(sympy.simplify(result), sympy.expand(result), result)
        return Answer(f"{opening} is {_said(result)}, plus a constant.", Quantity(result), "integral of {}")
    start, end = expression(lower), expression(upper)
    result = sympy.integrate(value, (chosen, start, end))
    if result.has(sympy.Integral):
        result = result.evalf(10)
    if result in (sympy.oo, -sympy.oo) or result.has(sympy.nan, sympy.zoo):
        raise Uncomputable("That integral does not converge.")
    return Answer(
        f"{opening} from {spoken.expression(start)} to {spoken.expression(end)} is {_said(result)}.", Quantity(result)
    )


def limit(text: str, variable: str, point: str) -> Answer:
    """The limit of an expression as its variable approaches a point."""
    value = expression(text)
    chosen = symbol(variable)
    target = expression(point)
    try:
        result = sympy.limit(value, chosen, target, "+-" if target.is_finite else "+")
    except ValueError as error:
        raise Uncomputable("That limit does not exist: it differs from the left and from the right.") from error
    if result.has(sympy.zoo, sympy.nan, sympy.AccumBounds, sympy.Limit):
        raise Uncomputable("That limit does not exist.")
    said = f"The limit of {spoken.expression(value)} as {variable} approaches {_said(target)} is {_said(result)}."
    return Answer(said, Quantity(result))


def _variable(value: sympy.Expr, wanted: str) -> sympy.Symbol:
    letters = {letter.name for letter in value.free_symbols}
    if wanted:
        return symbol(wanted)
    for name in ("x", "t", "y", *sorted(letters)):
        if name in letters:
            return symbol(name)
    return symbol("x")


def _said(value: sympy.Expr) -> str:
    if value.is_number:
        symbolic = value.has(sympy.pi, sympy.E) and value.count_ops() < 4 and not value.has(sympy.Float)
        about = spoken.number(value)
        return f"{spoken.expression(value)}, {about}" if symbolic and about.startswith("about") else about
    return spoken.expression(value)
