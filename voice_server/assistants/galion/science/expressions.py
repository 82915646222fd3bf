"""Mathematics in words or symbols to sympy expressions, by a grammar of our own.

    sum     = product (("+" | "-") product)*
    product = signed (("*" | "/" | "mod") signed | power)*          two operands side by side are multiplied
    signed  = "-" signed | power
    power   = postfix ("^" signed | "^^" signed power*)?            "^^" is the spoken "to the": e to the 2 x
    postfix = operand ("!" | "%" | "degrees")*
    operand = number | letter | constant | "(" sum ")" | function operand

sympy's own parsers run what they read as Python, so nothing that was said is ever given to them. Everything here is
bounded before it is computed: tokens, nesting, digits, exponents and factorials.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import sympy

from voice_server.assistants.galion.science.errors import NotUnderstood, Uncomputable
from voice_server.assistants.galion.science.tokens import Token, tokens

MAX_NESTING: Final = 40
MAX_RESULT_DIGITS: Final = 5000
MAX_EXPONENT: Final = 20_000
MAX_SYMBOLIC_EXPONENT: Final = 100
MAX_FACTORIAL: Final = 1000

_TOO_LARGE: Final = "That number is too large for me to work out."
_CONSTANTS: Final[Mapping[str, sympy.Expr]] = {
    "pi": sympy.pi,
    "e": sympy.E,
    "i": sympy.I,
    "infinity": sympy.oo,
}


def symbol(letter: str) -> sympy.Symbol:
    """The variable of this name; a real number."""
    return sympy.Symbol(letter, real=True)


def expression(text: str, names: Mapping[str, sympy.Expr] | None = None) -> sympy.Expr:
    """Read one expression; `names` says what words such as "that" mean.

    Raises NotUnderstood if it is none, Uncomputable if it is too large or has no value.
    """
    return _Parser(tokens(text), names or {}).whole()


def number(text: str, names: Mapping[str, sympy.Expr] | None = None) -> sympy.Expr:
    """Read an expression without variables."""
    value = expression(text, names)
    if value.free_symbols:
        raise NotUnderstood("There is a letter in it whose value I do not know.")
    return value


def sides(text: str) -> tuple[sympy.Expr, sympy.Expr]:
    """Read an equation such as "2 x + 3 = 7"; a lone expression equals 0."""
    text = text.replace(" is equal to ", " = ").replace(" equals ", " = ").replace("==", "=")
    left, equals, right = text.partition("=")
    if "=" in right:
        raise NotUnderstood("There is more than one equals sign in it.")
    return expression(left), expression(right) if equals else sympy.Integer(0)


class _Parser:
    def __init__(self, words: Sequence[Token], names: Mapping[str, sympy.Expr]) -> None:
        self._tokens = words
        self._names = names
        self._position = 0
        self._nesting = 0

    def whole(self) -> sympy.Expr:
        if not self._tokens:
            raise NotUnderstood("There is nothing to work out.")
        value = self._sum()
        if self._position < len(self._tokens):
            raise NotUnderstood(f"I do not know what to do with “{self._tokens[self._position].text}” there.")
        return _finite(value)

    def _peek(self) -> str:
        return self._tokens[self._position].text if self._position < len(self._tokens) else ""

    def _take(self, *choices: str) -> str:
        """The next token if it is one of these symbols or names, else ""."""
        word = self._peek()
        if word and word in choices:
            self._position += 1
            return word
        return ""

    def _sum(self) -> sympy.Expr:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise Uncomputable("That is nested too deeply for me.")
        value = self._product()
        while operator := self._take("+", "-"):
            right = self._product()
            value = value + right if operator == "+" else value - right
        self._nesting -= 1
        return value

    def _product(self) -> sympy.Expr:
        value = self._signed()
        while True:
            if operator := self._take("*", "/", "mod"):
                value = _multiplied(value, operator, self._signed())
            elif self._operand_follows():
                value = _multiplied(value, "*", self._power())
            else:
                return value

    def _operand_follows(self) -> bool:
        """Whether something follows that can be multiplied without a sign: a letter, a function or a parenthesis."""
        if self._position >= len(self._tokens):
            return False
        token = self._tokens[self._position]
        if token.kind == "name":
            return token.text not in ("mod", "degrees")
        return token.text == "("

    def _signed(self) -> sympy.Expr:
        negative = False
        while sign := self._take("-", "+"):
            negative ^= sign == "-"
        value = self._power()
        return -value if negative else value

    def _power(self) -> sympy.Expr:
        base = self._postfix()
        if operator := self._take("^", "^^"):
            self._nesting += 1
            if self._nesting > MAX_NESTING:
                raise Uncomputable("That is nested too deeply for me.")
            exponent = self._signed()
            while operator == "^^" and self._operand_follows():
                exponent = exponent * self._power()
            self._nesting -= 1
            return power(base, exponent)
        return base

    def _postfix(self) -> sympy.Expr:
        value = self._operand()
        while operator := self._take("!", "%", "degrees"):
            match operator:
                case "!":
                    value = factorial(value)
                case "%":
                    value = value / 100
                case _:
                    value = value * sympy.pi / 180
        return value

    def _operand(self) -> sympy.Expr:
        if self._position >= len(self._tokens):
            raise NotUnderstood("Something is missing at the end of it.")
        token = self._tokens[self._position]
        self._position += 1
        if token.kind == "number":
            return sympy.Rational(token.text)
        if token.kind == "name":
            return self._named(token.text)
        if token.text == "(":
            return self._parenthesis()
        raise NotUnderstood(f"I do not know what to do with “{token.text}” there.")

    def _parenthesis(self) -> sympy.Expr:
        value = self._sum()
        # A spoken parenthesis is often not closed at the end.
        if not self._take(")") and self._position < len(self._tokens):
            raise NotUnderstood("A parenthesis is not closed.")
        return value

    def _named(self, name: str) -> sympy.Expr:
        if name in self._names:
            return self._names[name]
        if name in _CONSTANTS:
            return _CONSTANTS[name]
        if function := _function(name):
            return self._applied(function)
        if len(name) == 1:
            return symbol(name)
        raise NotUnderstood(f"I do not know what “{name}” means in a calculation.")

    def _applied(self, function: Callable[[sympy.Expr], sympy.Expr]) -> sympy.Expr:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise Uncomputable("That is nested too deeply for me.")
        exponent = self._operand() if self._take("^", "^^") else None
        if self._peek() == "(":
            argument = self._postfix()
        else:
            negative = bool(self._take("-"))
            argument = self._power()
            while self._operand_follows() and _function(self._peek()) is None:
                argument = argument * self._power()
            argument = -argument if negative else argument
        self._nesting -= 1
        value = function(argument)
        return value if exponent is None else power(value, exponent)


def power(base: sympy.Expr, exponent: sympy.Expr) -> sympy.Expr:
    """`base` to the `exponent`, refused before it is worked out if the result would have too many digits."""
    if exponent.is_number:
        size = _magnitude(exponent)
        if not base.is_number and size > MAX_SYMBOLIC_EXPONENT:
            raise Uncomputable("That power is too large for me to work out.")
        if base.is_number:
            if base.is_zero and exponent.is_negative:
                raise Uncomputable("That would be a division by zero, which has no value.")
            if size > MAX_EXPONENT or size * abs(_digits(base)) > MAX_RESULT_DIGITS:
                raise Uncomputable(_TOO_LARGE)
    return _finite(sympy.Pow(base, exponent))


def factorial(value: sympy.Expr) -> sympy.Expr:
    """The factorial of a whole number up to 1000."""
    if not value.is_Integer or value.is_negative:
        raise Uncomputable("I know factorials of whole numbers from zero only.")
    if value > MAX_FACTORIAL:
        raise Uncomputable(f"That factorial is too large; I work them out up to {MAX_FACTORIAL}.")
    return sympy.factorial(value)


def _multiplied(left: sympy.Expr, operator: str, right: sympy.Expr) -> sympy.Expr:
    if operator == "*":
        return _finite(left * right)
    if right.is_zero:
        raise Uncomputable("That would be a division by zero, which has no value.")
    if operator == "/":
        return _finite(left / right)
    if not (left.is_Rational and right.is_Rational):
        raise Uncomputable("I know remainders of plain numbers only.")
    return sympy.Mod(left, right)


def _finite(value: sympy.Expr) -> sympy.Expr:
    if value.has(sympy.zoo, sympy.nan, sympy.AccumBounds):
        raise Uncomputable("That has no value.")
    if value.is_Rational and max(abs(value.p), value.q).bit_length() > 4 * MAX_RESULT_DIGITS:
        raise Uncomputable(_TOO_LARGE)
    return value


def _magnitude(value: sympy.Expr) -> float:
    """The size of a number that has no letters; infinite if it does not fit a float."""
    if value.is_infinite:
        return 0.0
    try:
        return abs(complex(value.evalf(8)))
    except (OverflowError, TypeError) as error:
        raise Uncomputable(_TOO_LARGE) from error


def _digits(base: sympy.Expr) -> float:
    """How many decimal digits one factor of this base adds to a power."""
    if base.is_Rational:
        return float(max(abs(base.p), base.q).bit_length() * math.log10(2))
    size = _magnitude(base)
    return math.log10(size) if size > 0 else 0.0


def _bounded(function: Callable[[sympy.Expr], sympy.Expr]) -> Callable[[sympy.Expr], sympy.Expr]:
    """The function, refused for numbers whose result would be enormous."""

    def apply(argument: sympy.Expr) -> sympy.Expr:
        if argument.is_number and _magnitude(argument) > MAX_EXPONENT:
            raise Uncomputable(_TOO_LARGE)
        return _finite(function(argument))

    return apply


def _logarithm(base: sympy.Expr) -> Callable[[sympy.Expr], sympy.Expr]:
    def apply(argument: sympy.Expr) -> sympy.Expr:
        if argument.is_zero:
            raise Uncomputable("The logarithm of zero has no value.")
        value = sympy.log(argument) / sympy.log(base)
        # Exact where it is whole, as the logarithm of 1000 to the base 10.
        return sympy.simplify(value) if argument.is_Rational and base.is_Rational else value

    return apply


def _root(degree: int) -> Callable[[sympy.Expr], sympy.Expr]:
    def apply(argument: sympy.Expr) -> sympy.Expr:
        if degree % 2 and argument.is_number and argument.is_negative:
            return -power(-argument, sympy.Rational(1, degree))
        return power(argument, sympy.Rational(1, degree))

    return apply


_FUNCTIONS: Final[Mapping[str, Callable[[sympy.Expr], sympy.Expr]]] = {
    "sin": sympy.sin,
    "cos": sympy.cos,
    "tan": sympy.tan,
    "sec": sympy.sec,
    "csc": sympy.csc,
    "cot": sympy.cot,
    "asin": sympy.asin,
    "acos": sympy.acos,
    "atan": sympy.atan,
    "arcsin": sympy.asin,
    "arccos": sympy.acos,
    "arctan": sympy.atan,
    "sinh": _bounded(sympy.sinh),
    "cosh": _bounded(sympy.cosh),
    "tanh": _bounded(sympy.tanh),
    "exp": lambda argument: power(sympy.E, argument),
    "ln": _logarithm(sympy.E),
    "log": _logarithm(sympy.Integer(10)),
    "sqrt": _root(2),
    "cbrt": _root(3),
    "abs": sympy.Abs,
    "factorial": factorial,
}


def _function(name: str) -> Callable[[sympy.Expr], sympy.Expr] | None:
    if name.startswith("log_"):
        base = sympy.E if name == "log_e" else sympy.Rational(name.removeprefix("log_"))
        if not base.is_positive or base == 1:
            raise Uncomputable("The base of a logarithm must be positive and not one.")
        return _logarithm(base)
    if name.startswith("root_"):
        degree = name.removeprefix("root_")
        if not degree.isdigit() or not 2 <= int(degree) <= 100:
            raise Uncomputable("I know roots from the second to the hundredth only.")
        return _root(int(degree))
    return _FUNCTIONS.get(name)
