"""Sums, products, roots, powers, percentages: questions whose answer is a number."""

import re

import sympy

from voice_server.assistants.galion import spoken
from voice_server.assistants.galion.science.answers import Answer, Quantity
from voice_server.assistants.galion.science.errors import NotUnderstood, Uncomputable
from voice_server.assistants.galion.science.expressions import expression, number
from voice_server.assistants.galion.science.number_words import FRACTION_WORDS

_LISTS = (
    (re.compile(r"^(?:the )?sum of (.+?) and (.+)$"), "+"),
    (re.compile(r"^(?:the )?(?:difference between|difference of) (.+?) and (.+)$"), "-"),
    (re.compile(r"^(?:the )?product of (.+?) and (.+)$"), "*"),
    (re.compile(r"^(?:the )?(?:quotient|ratio) of (.+?) (?:and|to) (.+)$"), "/"),
    (re.compile(r"^add (.+?) (?:and|to|plus) (.+)$"), "+"),
    (re.compile(r"^multiply (.+?) (?:by|and|with|times) (.+)$"), "*"),
    (re.compile(r"^divide (.+?) (?:by|over) (.+)$"), "/"),
    (re.compile(r"^(?:raise )(.+?) to (?:the )?(?:power (?:of )?)?(.+?)(?: power)?$"), "^"),
)
_SUBTRACT = re.compile(r"^(?:subtract|take) (.+?) (?:away )?from (.+)$")
_CHANGE = re.compile(r"^(.+?) (plus|minus|\+|-|increased by|decreased by) (\d+(?:\.\d+)?) ?(?:percent|per cent|%)$")
_SHARE = re.compile(r"^(?:what percent(?:age)? (?:of (.+?) is (.+)|is (.+?) of (.+)))$")
_RAISED = re.compile(r"^(?:the )?(square|cube) of (.+)$")
_MONEY = re.compile(r" (?:dollars?|euros?|bucks|people|apples)\b")
_AVERAGE = re.compile(r"^(?:the )?(?:average|mean) of (.+)$")
_PART = re.compile(r"^(?:the )?(half|quarter|[3-9](?=rd|th)|10(?=th))(?:rd|th)? of (.+)$")


def calculate(text: str, that: sympy.Expr | None = None) -> Answer:
    """Work out `text` (lower case, numbers in digits); raises NotUnderstood if it is no calculation."""
    names = {} if that is None else {"that": that}
    formula = rewritten(text)
    value = expression(formula, names)
    if value.free_symbols:
        return _with_letters(value)
    if formula.strip().isdigit() and not names:
        raise NotUnderstood("That is a number; what shall I do with it?")
    return Answer(said(text, value), Quantity(value), _again(text))


def rewritten(text: str) -> str:
    """Phrases with their operands around them ("sum of 2 and 3") as formulas ("(2)+(3)")."""
    text = _MONEY.sub("", text)
    if found := _RAISED.match(text):
        return f"({rewritten(found[2])})^{2 if found[1] == 'square' else 3}"
    if found := _SHARE.match(text):
        whole, part = (found[1], found[2]) if found[1] else (found[4], found[3])
        return f"100*({part})/({whole})"
    if found := _CHANGE.match(text):
        sign = "+" if found[2] in ("plus", "+", "increased by") else "-"
        return f"({found[1]})*(1{sign}{found[3]}/100)"
    if found := _SUBTRACT.match(text):
        return f"({found[2]})-({found[1]})"
    if found := _PART.match(text):
        return f"({found[2]})/{FRACTION_WORDS.get(found[1], found[1])}"
    if found := _AVERAGE.match(text):
        parts = [part for part in re.split(r",| and | ", found[1]) if part]
        return f"({'+'.join(f'({part})' for part in parts)})/{len(parts)}"
    for pattern, operator in _LISTS:
        if found := pattern.match(text):
            return f"({rewritten(found[1])}){operator}({rewritten(found[2])})"
    return text


def said(question: str, value: sympy.Expr) -> str:
    """The sentence for a number: "12 times 7 is 84."."""
    percent = " percent" if _SHARE.match(question) else ""
    words = spoken.number(sympy.nsimplify(value) if value.is_Float else _shortened(value))
    if found := _repeatable(question):
        return f"{found} is {words}{percent}."
    return f"That is {words}{percent}."


def _shortened(value: sympy.Expr) -> sympy.Expr:
    """The same number in the simplest form that is quickly found."""
    if value.is_Rational or not value.is_number:
        return value
    if value.count_ops() < 30:
        simple = sympy.nsimplify(value, rational=False) if value.has(sympy.Float) else sympy.simplify(value)
        return simple if simple.is_Rational else value
    return value


def _with_letters(value: sympy.Expr) -> Answer:
    simple = sympy.simplify(value)
    if simple.is_number:
        return Answer(f"That is {spoken.number(simple)}.", Quantity(simple))
    return Answer(f"That is {spoken.expression(simple)}.", Quantity(simple))


def _repeatable(question: str) -> str:
    """The question as the subject of the answer, if it is short and in words: "The square root of 144"."""
    if re.search(r"[=!^*/+()%°√\[\]]|\bthat\b|\bit\b|^what|^[-+]|[^\x00-\x7f]|\de\d", question) or len(question) > 60:
        return ""
    if not re.search(r"[a-z]", question) or re.match(r"^(add|subtract|take|multiply|divide|raise)\b", question):
        return ""
    if re.match(r"^(square|cube|squared|natural|log|sum|difference|product|quotient|average|mean|factorial)", question):
        question = f"the {question}"
    question = re.sub(r"(?<!\d)-(?=\d)", "minus ", question)
    question = re.sub(r"\d{5,}", lambda found: f"{int(found[0]):,}", question)
    return question[0].upper() + question[1:]


def _again(text: str) -> str:
    """The same operation on another number: "the square root of {}"."""
    found = re.match(r"^(.* of )(\d[\d.]*)$", text)
    if found:
        return found[1] + "{}"
    found = re.match(r"^(\d[\d.]*)( (?:squared|cubed|factorial))$", text)
    return "{}" + found[2] if found else ""


def quantity(text: str) -> float:
    """A plain number in words, digits or a short formula, as a float; raises Uncomputable if it is too large."""
    try:
        return float(number(text))
    except (OverflowError, TypeError) as error:
        raise Uncomputable("That number is too large for me to work out.") from error
