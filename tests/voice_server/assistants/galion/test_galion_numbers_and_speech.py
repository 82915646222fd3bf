"""Numbers from words, and numbers and formulas to words."""

import pytest
import sympy

from voice_server.assistants.galion import heard, spoken
from voice_server.assistants.galion.science.expressions import expression
from voice_server.assistants.galion.science.number_words import to_digits


@pytest.mark.parametrize(
    ("words", "digits"),
    [
        ("one hundred and forty four", "144"),
        ("two point five", "2.5"),
        ("six point oh two two", "6.022"),
        ("two point twenty five", "2.25"),
        ("point five", "0.5"),
        ("zero point zero zero one", "0.001"),
        ("three quarters", "(3/4)"),
        ("a third of nine", "(1/3) of 9"),
        ("two and a half", "(2+1/2)"),
        ("half a litre", "0.5 litre"),
        ("1,000,000.5", "1000000.5"),
        ("2.5 million", "2500000"),
        ("one point five million", "1500000"),
        ("a hundred and five", "105"),
        ("ten to the minus six", "10 to the minus 6"),
        ("x to the third power", "x to the 3 power"),
        ("x to the fourth plus one", "x to the 4 plus 1"),
        ("x²+10⁻³", "x^2+10^-3"),
        ("metres per second", "metres per second"),
        ("h two o", "h 2 o"),
        ("what is the point", "what is the point"),
        ("one two three", "1 2 3"),
        ("the sum of five and two hundred and six", "the sum of 5 and 206"),
    ],
)
def test_numbers_in_words_become_digits(words: str, digits: str) -> None:
    assert to_digits(words) == digits


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Um, what's 12*7?", "12*7"),
        ("Could you please tell me the atomic number of iron?", "the atomic number of iron"),
        ("Can you solve x = 2", "solve x = 2"),
        ("do you know the speed of light", "the speed of light"),
        ("square root of for", "square root of four"),
        ("two times too", "two times two"),
        ("five factorial is what", "five factorial"),
        ("five!", "five"),
        ("5!", "5!"),
    ],
)
def test_a_question_loses_what_carries_no_meaning(text: str, question: str) -> None:
    assert heard.question(text) == question


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (sympy.Integer(12), "12"),
        (sympy.Integer(-5), "minus 5"),
        (sympy.Integer(31536000), "31,536,000"),
        (sympy.Rational(5, 2), "2.5"),
        (sympy.Rational(2, 3), "2 thirds, about 0.666667"),
        (sympy.Rational(22, 23), "about 0.956522"),
        (sympy.sqrt(2), "about 1.41421"),
        (sympy.Integer(10) ** 20, "10 to the 20"),
        (sympy.factorial(100), "about 9.33262 times 10 to the 157"),
        (sympy.Integer(3) ** 1000, "about 1.32207 times 10 to the 477"),
        (sympy.I, "about i"),
        (sympy.oo, "infinity"),
        (-sympy.oo, "minus infinity"),
    ],
)
def test_numbers_are_said_exactly_where_that_is_short(value: sympy.Expr, words: str) -> None:
    assert spoken.number(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "0"),
        (299792458.0, "299,792,000"),
        (1.6e-19, "1.6 times 10 to the minus 19"),
        (-40.0, "minus 40"),
        (0.3048, "0.3048"),
    ],
)
def test_floats_are_rounded(value: float, words: str) -> None:
    assert spoken.decimal(value) == words


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("3x^2+2x-1", "3 x squared plus 2 x minus 1"),
        ("(x+1)*(x-2)", "the quantity x minus 2, times the quantity x plus 1"),
        ("1/x", "1 over x"),
        ("x^2/2", "1 half x squared"),
        ("sqrt(x+1)", "the square root of the quantity x plus 1"),
        ("cos(x)^2", "cosine squared of x"),
        ("e^(-x)", "e to the minus x"),
        ("-2*sin(3x)/3", "minus 2 thirds the sine of 3 x"),
        ("pi*x^2", "pi x squared"),
        ("ln(x)", "the natural logarithm of x"),
    ],
)
def test_formulas_are_read_aloud(formula: str, words: str) -> None:
    assert spoken.expression(expression(formula)) == words


def test_chemical_formulas_are_spelled() -> None:
    assert spoken.letters("C6H12O6") == "C 6 H 12 O 6"
    assert spoken.letters("NaCl") == "N A C L"
