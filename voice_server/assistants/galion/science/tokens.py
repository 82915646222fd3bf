"""Mathematics in words or symbols, cut into tokens."""

import re
from dataclasses import dataclass
from typing import Literal

from voice_server.assistants.galion.science.errors import NotUnderstood, Uncomputable

MAX_TOKENS = 200
MAX_DIGITS = 60

_FUNCTION_WORDS = (
    ("(?:hyperbolic sine|sinh)", "sinh"),
    ("(?:hyperbolic cosine|cosh)", "cosh"),
    ("(?:hyperbolic tangent|tanh)", "tanh"),
    ("(?:arc ?|inverse )(?:sine|sin|sign)", "asin"),
    ("(?:arc ?|inverse )(?:cosine|cos)", "acos"),
    ("(?:arc ?|inverse )(?:tangent|tan)", "atan"),
    ("(?:co ?sine|cosign)", "cos"),
    ("sine", "sin"),
    ("tangent", "tan"),
    ("natural (?:logarithm|log)", "ln"),
    ("(?:logarithm|log) (?:to the )?base (?=[0-9e])", "log_"),
    ("(?:common )?(?:logarithm|log)(?!_)", "log"),
    ("(?:square root|squared root|sqrt|√)", "sqrt"),
    ("(?:cube root|3rd root|cbrt)", "cbrt"),
    (r"([0-9]+)th root", r"root_\1"),
    ("exponential(?: function)?", "exp"),
)
_PHRASES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"[−–—]", "-"),
        (r"[×·⋅]", "*"),
        (r"÷", "/"),
        (r"π", " pi "),
        (r"°", " degrees "),
        (r"∞", " infinity "),
        (r"\*\*", "^"),
        (r"[\[{]", "("),
        (r"[\]}]", ")"),
        (r"^(.+?),? (?:the )?(?:quantity|all|whole) (squared|cubed)\b", r"(\1) \2"),
        (r"\babsolute value(?: of)?\b", " abs "),
        (r"\b(?:the|quantity|value of)\b", " "),
        (r"\b(?:open|left) (?:parenthesis|parentheses|paren|bracket|brackets)\b", "("),
        (r"\b(?:closed?|right) (?:parenthesis|parentheses|paren|bracket|brackets)\b", ")"),
        (r"\b(?:raised )?to(?: the)?\s+power(?: of)?\b", "^^"),
        (r"\b(?:raised )?to\s*(?:the )?(?=\s*(?:minus|negative|-|[0-9(]|[a-z]\b))", "^^"),
        (r"\bpower\b", " "),
        (r"\bsquared(?: of)?\b(?! root)", " ^2 "),
        (r"\bcubed(?: of)?\b", " ^3 "),
        *((rf"(?:\b|(?=√)){words}(?: of\b)?", f" {name} ") for words, name in _FUNCTION_WORDS),
        (r"\blog_ +([0-9.]+|e\b)(?: of\b)?", r"log_\1 "),
        (r"\bfactorial of\b", " factorial "),
        (r"(?<=[0-9a-z)]) factorial\b", " ! "),
        (r"\b(?:multiplied by|times)\b", "*"),
        (r"(?<=[0-9)]) +(?:x|by) +(?=[0-9(])", "*"),
        (r"\b(?:divided by|divide by|over)\b", "/"),
        (r"\b(?:plus|added to)\b", "+"),
        (r"\b(?:minus|take away|less|negative)\b", "-"),
        (r"\b(?:modulo|mod)\b", " mod "),
        (r"(?:\bper ?cents?\b|%)", " % "),
        (r"\b(?:twice|double)\b", " 2 * "),
        (r"\btriple\b", " 3 * "),
        (r"(?<=[0-9)%]) *of\b", " * "),
        (r"\b(?:degrees?)\b", " degrees "),
        (r"\b(?:answer|result|it|this)\b", " that "),
    )
)
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?(?:e[+-]?\d+(?![\d.]))?|\.\d+)"
    r"|(?P<name>(?:log_|root_)(?:\d+(?:\.\d+)?|e)|[a-z]+)"
    r"|(?P<symbol>\^\^|[-+*/^()!%,=]))"
)


@dataclass(frozen=True, slots=True)
class Token:
    """One number, name or symbol."""

    kind: Literal["number", "name", "symbol"]
    text: str


def tokens(text: str) -> list[Token]:
    """Cut `text` (lower case, numbers in digits) into tokens; raises NotUnderstood or Uncomputable."""
    if len(text) > 2000:
        raise Uncomputable("That is too long for me to work out.")
    text = f" {text} ".replace("  ", " ").strip()
    for pattern, replacement in _PHRASES:
        text = pattern.sub(replacement, text)
    found: list[Token] = []
    position = 0
    text = text.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.end() == position:
            raise NotUnderstood(f"I cannot read “{text[position : position + 20]}” as mathematics.")
        found.append(_token(match))
        position = match.end()
        if len(found) > MAX_TOKENS:
            raise Uncomputable("That is too long for me to work out.")
    return found


def _token(match: re.Match[str]) -> Token:
    if match["number"]:
        mantissa, _, exponent = match["number"].partition("e")
        if len(mantissa) > MAX_DIGITS or len(exponent) > 4:
            raise Uncomputable("That number has too many digits for me.")
        return Token("number", match["number"])
    if match["name"]:
        return Token("name", match["name"])
    return Token("symbol", match["symbol"])
