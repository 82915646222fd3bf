"""A question in words to its answer, alone or as the continuation of the questions before it."""

import functools
import re
from collections.abc import Callable, Sequence
from typing import Final

import sympy

from voice_server.assistants.galion import heard
from voice_server.assistants.galion.science import (
    algebra,
    arithmetic,
    calculus,
    compounds,
    constants,
    elements,
    laws,
    physics,
    units,
)
from voice_server.assistants.galion.science.answers import Answer, Quantity
from voice_server.assistants.galion.science.errors import NotUnderstood, ScienceError, Uncomputable
from voice_server.assistants.galion.science.number_words import to_digits

MAX_LENGTH: Final = 500
"""Characters of a question; what is longer is no question about numbers."""
MAX_HISTORY: Final = 4

_AGAIN: Final = re.compile(
    r"^(?:and|what about|how about|and what about|and how about|same for|the same for|what is about|also)"
    r"(?: (?:of|for|with|the one of))? (?:the |a |an )?(.+)$"
)
_IN_UNIT: Final = re.compile(
    r"^(?:and )?(?:what about |how about )?(?:(?:convert|change|turn|say|give me) )?(?:how much is |what is )?"
    r"(?:(?:that|it|this|the result|the answer) )?(?:in|to|into) (.+)$"
)
_HOW_MANY: Final = re.compile(r"^(?:and )?how many (.+?) (?:is|are|would be) (?:that|it|this)$")
_CONTINUED: Final = re.compile(
    r"^(?:and |then |now )*((?:plus|minus|times|multiplied by|divided by|over|squared|cubed|to the"
    r"|raised to|modulo)\b.*|[*/+^].*|- ?\d.*)$"
)
_ACTION: Final = re.compile(
    r"^(?:and |then |now )*(add|subtract|take away|multiply(?: (?:that|it))? by|divide(?: (?:that|it))? by)"
    r" (.+?)(?: (?:to|from) (?:that|it))?$"
)
_ACTIONS: Final = {"add": "+", "subtract": "-", "take": "-", "multiply": "*", "divide": "/"}
_POSSESSIVE: Final = re.compile(r"\b(?:its|their|his) (.+)$")
_REFERENCE: Final = re.compile(r"\b(?:that|it|this|the result|the answer)\b")
_SCALING: Final = re.compile(r"\b(?:times|multiplied|divided|half|double|twice|triple|plus|minus|over)\b|[*/+-]")

_Solver = Callable[[str, str, Quantity | None], Answer | None]
"""Takes the question, the same with its capitals, and what "that" means."""
_SOLVERS: Final[tuple[_Solver, ...]] = (
    lambda text, _raw, that: calculus.answer(_written_out(text, that)),
    lambda text, _raw, that: units.answer(text, that),
    lambda text, _raw, _that: physics.answer(text),
    lambda text, _raw, _that: laws.answer(text),
    lambda text, _raw, _that: elements.answer(text),
    lambda text, raw, _that: compounds.answer(text, raw),
    lambda text, _raw, _that: constants.answer(text),
    lambda text, _raw, that: algebra.answer(_written_out(text, that)),
    lambda text, _raw, that: arithmetic.calculate(text, that.value if that else None),
)


def answer(text: str, history: Sequence[str] = ()) -> Answer:
    """Answer a question; `history` is what the same person asked before, oldest first.

    Raises NotUnderstood if it is no question of science, Uncomputable if it is one without an answer.
    """
    if len(text) > MAX_LENGTH:
        raise NotUnderstood("That is too long for me.")
    try:
        return _answer(text, None)
    except ScienceError as alone:
        if not history:
            raise
        try:
            return _answer(text, _context(history))
        except ScienceError as together:
            raise (alone if isinstance(alone, Uncomputable) else together) from None


def _context(history: Sequence[str]) -> Answer | None:
    """What the questions so far have led to."""
    context: Answer | None = None
    for text in history[-MAX_HISTORY:]:
        try:
            context = _answer(text, context)
        except ScienceError:
            continue
    return context


@functools.lru_cache(maxsize=256)
def _answer(text: str, context: Answer | None) -> Answer:
    if len(text) > MAX_LENGTH:
        raise NotUnderstood("That is too long for me.")
    core = to_digits(heard.question(text))
    if not core:
        raise NotUnderstood("I heard no question.")
    if context is not None and (continued := _continued(core, context)):
        return continued
    return _alone(core, text, context.result if context else None)


def _alone(core: str, raw: str, that: Quantity | None) -> Answer:
    failure: ScienceError = NotUnderstood("I do not know how to answer that.")
    for solver in _SOLVERS:
        try:
            found = solver(core, raw, that)
        except NotUnderstood:
            continue
        except Uncomputable as error:
            failure = error
            break
        if found is not None:
            return found
    if converted := _in_another_unit(core, raw):
        return converted
    raise failure


def _in_another_unit(core: str, raw: str) -> Answer | None:
    """ "The speed of light in miles per hour": a question and the unit of its answer."""
    question, joint, target = core.rpartition(" in ")
    if not joint:
        return None
    try:
        wanted = units.unit(target)
        result = _alone(question, raw, None).result
    except ScienceError:
        return None
    if result is None or not result.unit:
        return None
    return units.convert(units.measure("that", result), wanted)


def _continued(core: str, context: Answer) -> Answer | None:
    """The answer if `core` continues what was asked before, else None."""
    result = context.result
    wanted = _IN_UNIT.match(core) or _HOW_MANY.match(core)
    if wanted and result is not None and result.unit and _is_unit(wanted[1]):
        return units.convert(units.measure("that", result), units.unit(wanted[1]))
    if context.subject and (found := _POSSESSIVE.search(core)):
        return _alone(f"{found[1]} of {context.subject}", "", result)
    if context.subject and re.search(r"\bof (?:that|it)$", core):
        about = re.sub(r"\b(?:that|it)$", context.subject, core)
        if (asked := compounds.answer(about)) or (asked := elements.answer(about)):
            return asked
    if (found := _AGAIN.match(core)) and context.again and not _CONTINUED.match(core):
        return _again(found[1], context)
    if result is None:
        return None
    if found := _ACTION.match(core):
        return _calculated(f"that {_ACTIONS[found[1].split()[0]]} {found[2]}", result)
    if found := _CONTINUED.match(core):
        return _calculated(f"that {found[1]}", result)
    if _REFERENCE.search(core) and result.unit and _SCALING.search(core):
        return _calculated(core, result)
    return None


def _again(subject: str, context: Answer) -> Answer:
    """The same question about something else; a question of its own if it is one."""
    if found := re.match(r"^(?:(?:in|to) )(.+)$", subject):
        subject = found[1]
    if context.result and context.result.unit and _is_unit(subject):
        return units.convert(units.measure("that", context.result), units.unit(subject))
    if re.fullmatch(r"[\d.]+", subject) and (unit := re.fullmatch(r"[\d.,]+ (\D+)", context.subject)):
        subject = f"{subject} {unit[1]}"
    asked = context.again.replace("{}", subject)
    try:
        return _alone(asked, asked, context.result)
    except ScienceError:
        return _alone(subject, subject, context.result)


def _is_unit(text: str) -> bool:
    try:
        units.unit(text)
    except NotUnderstood:
        return False
    return True


def _calculated(text: str, that: Quantity) -> Answer:
    """A calculation with the last result, which keeps its unit where that makes sense."""
    found = arithmetic.calculate(text, that.value)
    if found.result is None or not that.unit or not _SCALING.search(text) or not found.result.value.is_number:
        return found
    measure = units.measure("that", Quantity(found.result.value, that.unit)) if _is_unit(that.unit) else None
    if measure is None:
        return found
    words, exact = units.rounded(measure.amount)
    said = f"That is {'' if exact else 'about '}{words} {measure.unit.spoken(measure.amount)}."
    return Answer(said, Quantity(found.result.value, that.unit))


def _written_out(text: str, that: Quantity | None) -> str:
    """ "that" replaced by the last result as a formula that our own grammar reads."""
    if that is None or not _REFERENCE.search(text):
        return text
    formula = sympy.sstr(that.value).replace("**", "^").replace("log(", "ln(").replace("E", "e")
    return _REFERENCE.sub(lambda _: f"({formula})", text)
