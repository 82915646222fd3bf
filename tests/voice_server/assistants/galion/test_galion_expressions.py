"""What is said never becomes code, and nothing that is said explodes."""

import builtins
import os

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from voice_server.assistants.galion import science_worker
from voice_server.assistants.galion.science.errors import NotUnderstood, ScienceError, Uncomputable
from voice_server.assistants.galion.science.expressions import expression, factorial, number, power, sides, symbol
from voice_server.assistants.galion.science.questions import answer

X = symbol("x")
CANARIES = [
    "__import__('os').system('touch canary')",
    "().__class__.__bases__[0].__subclasses__()",
    "eval('1+1')",
    "exec(open('x').read())",
    "lambda: 1",
    "x.__class__",
    "open('/etc/passwd')",
    "S('1+1')",
    "Symbol('x', real=True)",
    "print(1)",
    "os.system('ls')",
    "{x: 1}",
    "f'{1+1}'",
    "1;2",
    "what is the square root of __import__('os').getcwd()",
]
EXPLOSIVE = [
    "9**9**9**9",
    "9^9^9^9",
    "(((9^99)^99)^99)^99",
    "factorial of a billion",
    "1000!!",
    "(9!)!",
    "e^e^e^e^e^e",
    "10^(10^(10^10))",
    "2^(2^(2^(2^(2^2))))",
    "(" * 5000,
    "(" * 100 + "1" + ")" * 100,
    "-" * 5000 + "1",
    "1+" * 5000 + "1",
    "9" * 5000,
    "1e99999",
    "1e-9999",
    "sinh(sinh(sinh(sinh(10))))",
    "exp(exp(exp(exp(10))))",
    "0^-1",
    "log(0)",
    "x^1000000",
    "sin " * 100 + "1",
    "square root of " * 60 + "2",
    "1/(1-1)",
    "0^0",
    "tan(pi/2)",
    "(-8)^(1/3)",
    "infinity - infinity",
    "infinity times zero",
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2x+3", 2 * X + 3),
        ("x squared plus 1", X**2 + 1),
        ("x to the power of 4", X**4),
        ("e to the minus 2 x", sympy.exp(-2 * X)),
        ("sine of 2 x times cosine of x", sympy.sin(2 * X) * sympy.cos(X)),
        ("sin(x)^2", sympy.sin(X) ** 2),
        ("sine squared of x", sympy.sin(X) ** 2),
        ("square root of x squared plus 1", sympy.sqrt(X**2) + 1),
        ("1 over x plus 1", 1 / X + 1),
        ("x plus 1 quantity squared", (X + 1) ** 2),
        ("open parenthesis x plus 1 close parenthesis squared", (X + 1) ** 2),
        ("-x^2", -(X**2)),
        ("2^3^2", sympy.Integer(512)),
        ("0.1+0.2", sympy.Rational(3, 10)),
        ("absolute value of minus 3", sympy.Integer(3)),
        ("1e3", sympy.Integer(1000)),
        ("x!", None),
    ],
)
def test_words_and_symbols_become_the_same_expressions(text: str, expected: sympy.Expr | None) -> None:
    if expected is None:
        with pytest.raises(Uncomputable):
            expression(text)
    else:
        assert sympy.simplify(expression(text) - expected) == 0


@pytest.mark.parametrize("text", ["", "x +", "* 2", "1)", "2 3", "hello world", "x = = 2", "sin", "!", "^2", "log_0 3"])
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(ScienceError):
        expression(text)


def test_a_spoken_parenthesis_need_not_be_closed_at_the_end() -> None:
    assert expression("2 times (1 + 2") == 6


def test_an_equation_has_two_sides() -> None:
    assert sides("2 x + 3 equals 7") == (2 * X + 3, 7)
    with pytest.raises(NotUnderstood):
        sides("1 = 2 = 3")


def test_numbers_have_no_letters() -> None:
    with pytest.raises(NotUnderstood):
        number("x plus 1")


@pytest.mark.parametrize("text", CANARIES)
def test_nothing_that_is_said_is_executed(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    executed: list[str] = []
    real_import = builtins.__import__

    def refuse(*arguments: object, **_: object) -> None:
        executed.append(str(arguments))

    def watched_import(name: str, *arguments: object, **named: object) -> object:
        if name == "os" and not arguments:
            executed.append(name)
        return real_import(name, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(sympy, "sympify", refuse)
    monkeypatch.setattr(sympy.parsing.sympy_parser, "parse_expr", refuse)
    monkeypatch.setattr(builtins, "eval", refuse)
    monkeypatch.setattr(builtins, "exec", refuse)
    monkeypatch.setattr(builtins, "open", refuse)
    monkeypatch.setattr(os, "system", refuse)
    monkeypatch.setattr(builtins, "__import__", watched_import)
    with pytest.raises(ScienceError):
        expression(text)
    with pytest.raises(ScienceError):
        answer(text)
    monkeypatch.undo()
    assert executed == []


@pytest.mark.parametrize("text", EXPLOSIVE)
def test_what_would_explode_is_refused_or_answered_in_time(text: str) -> None:
    response = science_worker.respond({"question": text, "history": []}, seconds=2.0)
    assert response["status"] in ("answered", "uncomputable", "unknown")
    assert len(response["text"]) < 700


def test_powers_and_factorials_are_bounded_before_they_are_computed() -> None:
    for base, exponent in ((9, 10**9), (2, 10**5), (sympy.pi, 10**6), (sympy.Rational(1, 3), 10**5), (2, -(10**6))):
        with pytest.raises(Uncomputable):
            power(sympy.sympify(base), sympy.Integer(exponent))
    with pytest.raises(Uncomputable):
        factorial(sympy.Integer(1001))
    assert power(sympy.Integer(2), sympy.Integer(1000)) == 2**1000


_WORDS = """
what is the of plus minus times divided by square root convert miles to kilometres in and that it solve equals
derivative integral from as approaches infinity sine log factorial point half third mole grams water h o c n a l
molar mass atomic number iron percent degrees celsius seven million for too
"""
_PIECES = st.sampled_from(
    [
        *_WORDS.split(),
        *"xy2371209()^*/+-=!%.,π²½∞é你🙂",
        *("144", "**", "\x00", "\n"),
    ]
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.one_of(st.text(max_size=60), st.lists(_PIECES, max_size=14).map(" ".join)))
def test_any_text_gets_an_answer_or_a_sentence(text: str) -> None:
    response = science_worker.respond({"question": text, "history": ["what is twelve times twelve"]}, seconds=2.0)
    assert response["status"] in ("answered", "uncomputable", "unknown", "too_long")
    assert response["text"] not in ("", science_worker.SURPRISE)
