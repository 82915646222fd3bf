"""Numbers and formulas as speech: nothing that a voice would stumble on.

Exact where that is short ("12", "2.5", "2 thirds"), else about six significant digits; very large and very small
numbers as "3 times 10 to the 8".
"""

import re
from typing import Final

import sympy

from voice_server.assistants.galion.science.errors import Uncomputable

_ORDINALS: Final = {2: "half", 3: "third", 4: "quarter", 5: "fifth", 6: "sixth", 7: "seventh", 8: "eighth", 9: "ninth"}
_FUNCTIONS: Final = {
    "sin": "sine",
    "cos": "cosine",
    "tan": "tangent",
    "sec": "secant",
    "csc": "cosecant",
    "cot": "cotangent",
    "asin": "arc sine",
    "acos": "arc cosine",
    "atan": "arc tangent",
    "sinh": "hyperbolic sine",
    "cosh": "hyperbolic cosine",
    "tanh": "hyperbolic tangent",
    "log": "natural logarithm",
    "Abs": "absolute value",
    "factorial": "factorial",
    "erf": "error function",
    "Si": "sine integral",
    "Ci": "cosine integral",
    "Ei": "exponential integral",
    "li": "logarithmic integral",
    "gamma": "gamma function",
    "fresnels": "Fresnel sine integral",
    "fresnelc": "Fresnel cosine integral",
}
_EXACT_LIMIT: Final = 10**15
MAX_TERMS: Final = 200
"""Of a result that is put into words at all."""


def decimal(value: float, significant: int = 6) -> str:
    """A float with so many significant digits: "8.04672" "3 times 10 to the 8"."""
    if value == 0:
        return "0"
    rounded = f"{value:.{significant - 1}e}"
    mantissa, _, exponent = rounded.partition("e")
    power = int(exponent)
    if -5 < power < 9:
        digits = f"{float(rounded):.{max(0, significant - 1 - power)}f}"
        return _signed(_grouped(_trimmed(digits)))
    return _signed(f"{_trimmed(mantissa)} times 10 to the {_signed(str(power))}")


def number(value: sympy.Expr, significant: int = 6) -> str:
    """A number without letters, such as "12", "about 1.41421" or "2 thirds, about 0.666667"."""
    exact = exact_number(value)
    if exact is not None:
        return exact
    if value.is_Rational and 1 < value.q < 10 and abs(value.p) < 20:
        return f"{fraction(value)}, about {decimal(float(value), significant)}"
    return f"about {approximate(value, significant)}"


def exact_number(value: sympy.Expr) -> str | None:
    """The number if it can be said exactly and briefly, else None."""
    if value in (sympy.oo, -sympy.oo):
        return _signed("infinity" if value == sympy.oo else "-infinity")
    if value.is_Integer and abs(value) < _EXACT_LIMIT:
        return _signed(_grouped(str(value)))
    if value.is_Rational and _terminates(value):
        digits = f"{float(value):.12f}"
        if abs(value) < _EXACT_LIMIT and len(_trimmed(digits).strip("-0.").replace(".", "")) <= 8:
            return _signed(_grouped(_trimmed(digits)))
    if value.is_Rational and value.q == 1 and (power := _power_of_ten(abs(int(value)))):
        return f"{'minus ' if value < 0 else ''}10 to the {power}"
    return None


def approximate(value: sympy.Expr, significant: int = 6) -> str:
    """A number in decimals, real or complex, also beyond the range of a float."""
    if value.has(sympy.I):
        value = sympy.expand_complex(value)
    evaluated = value.evalf(significant + 4)
    real, imaginary = evaluated.as_real_imag()
    if imaginary != 0 and abs(imaginary) > abs(real) * sympy.Float("1e-12"):
        size = "" if float(abs(imaginary)) == 1 else f"{_real(abs(imaginary), significant)} "
        if real == 0:
            return f"{'minus ' if imaginary < 0 else ''}{size}i"
        return f"{_real(real, significant)} {'minus' if imaginary < 0 else 'plus'} {size}i"
    return _real(real, significant)


def fraction(value: sympy.Rational) -> str:
    """A fraction in words: "1 half", "minus 2 thirds", "3 over 14"."""
    sign = "minus " if value < 0 else ""
    top, bottom = abs(value.p), value.q
    if bottom not in _ORDINALS:
        return f"{sign}{top} over {bottom}"
    word = "halves" if bottom == 2 and top != 1 else _ORDINALS[bottom] + ("s" if top != 1 else "")
    return f"{sign}{top} {word}"


def expression(value: sympy.Expr) -> str:
    """A formula read aloud: "3 x squared plus 2 x minus 1"."""
    if len(value.args) > MAX_TERMS:
        raise Uncomputable("The result is too long to say.")
    spoken = _sum(value) if value.is_Add else _product(value)
    spoken = re.sub(r"\s+", " ", spoken).strip(" ,")
    if len(spoken) > 400:
        raise Uncomputable("The result is too long to say.")
    return spoken


def shortest(*values: sympy.Expr) -> sympy.Expr:
    """The one of several equal expressions that is said fastest; the first of those that are equally short."""
    return min(values, key=lambda value: len(_sum(value) if value.is_Add else _product(value)))


def letters(formula: str) -> str:
    """A chemical formula letter by letter: "C6H12O6" is "C 6 H 12 O 6", "NaCl" is "N A C L"."""
    return " ".join(re.findall(r"[A-Z]|\d+", re.sub(r"[()]", " ", formula).upper()))


def listed(parts: list[str], joint: str = "and") -> str:
    """ "2", "2 and 3" or "1, 2 and 3"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {joint} {parts[-1]}"


def _real(value: sympy.Expr, significant: int) -> str:
    if value == 0:
        return "0"
    if not value.is_finite or value.is_real is not True:
        raise Uncomputable("That has no value that I can say.")
    power = int(sympy.floor(sympy.log(abs(value), 10)))
    if abs(power) < 300:
        return decimal(float(value), significant)
    mantissa = float(value / sympy.Integer(10) ** power)
    return _signed(f"{_trimmed(f'{mantissa:.{significant - 1}f}')} times 10 to the {_signed(str(power))}")


def _power_of_ten(value: int) -> int:
    digits = str(value)
    return len(digits) - 1 if digits.strip("0") == "1" else 0


def _terminates(value: sympy.Rational) -> bool:
    rest = value.q
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return bool(rest == 1 and value.q <= 10**8)


def _trimmed(digits: str) -> str:
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def _grouped(digits: str) -> str:
    """Commas from five digits on, where a voice needs them to read one number."""
    whole, point, rest = digits.partition(".")
    sign = "-" if whole.startswith("-") else ""
    whole = whole.removeprefix("-")
    return sign + (f"{int(whole):,}" if len(whole) > 4 else whole) + point + rest


def _signed(digits: str) -> str:
    return f"minus {digits[1:]}" if digits.startswith("-") else digits


def _sum(value: sympy.Expr) -> str:
    spoken = ""
    terms = [term for term in value.as_ordered_terms() if not term.is_Order]
    for term in terms:
        negative = term.could_extract_minus_sign()
        words = _product(-term if negative else term)
        if spoken:
            spoken += f" {'minus' if negative else 'plus'} {words}"
        else:
            spoken = f"minus {words}" if negative else words
    return spoken


def _product(value: sympy.Expr) -> str:
    if value.is_number and (value.is_Rational or value.is_Float or not value.is_Mul):
        return _atom(value)
    if value.could_extract_minus_sign() and value.is_Mul:
        return f"minus {_product(-value)}"
    top, bottom = sympy.fraction(value, exact=True)
    if bottom == 1:
        return _factors(top)
    # "1 half x squared" is easier to follow than "x squared over 2" only for a lone number below.
    if bottom.is_Integer and not top.is_number and int(bottom) in _ORDINALS and not top.is_Add:
        coefficient, rest = top.as_coeff_Mul()
        if coefficient.is_Integer:
            return f"{fraction(sympy.Rational(coefficient, bottom))} {_factors(rest)}"
    return f"{_grouped_words(top)} over {_grouped_words(bottom)}"


def _grouped_words(value: sympy.Expr) -> str:
    return f"the quantity {_sum(value)}," if value.is_Add else _factors(value)


def _factors(value: sympy.Expr) -> str:
    factors = list(value.as_ordered_factors()) if value.is_Mul else [value]
    if len(factors) == 1:
        return _atom(factors[0])
    spoken = ""
    for factor in factors:
        several = factor.is_Add or (factor.is_Pow and factor.base.is_Add)
        joint = " times " if spoken and (several or factor.is_Function or "quantity" in spoken) else " "
        spoken += (joint if spoken else "") + (_grouped_words(factor) if factor.is_Add else _atom(factor))
    return spoken


def _atom(value: sympy.Expr) -> str:
    if value.is_Rational and not value.is_Integer:
        return exact_number(value) or fraction(value)
    if value.is_Integer or value in (sympy.oo, -sympy.oo):
        return exact_number(value) or approximate(value)
    if value.is_Float:
        return decimal(float(value))
    constants = {sympy.pi: "pi", sympy.E: "e", sympy.I: "i"}
    if value in constants:
        return constants[value]
    if value.is_Symbol:
        return str(value.name)
    if value.is_Pow or isinstance(value, sympy.exp):
        return _power(value)
    if value.is_Function:
        return f"the {_FUNCTIONS.get(type(value).__name__, type(value).__name__)} of {_argument(value.args[0])}"
    if value.is_Add or value.is_Mul:
        return _sum(value) if value.is_Add else _product(value)
    raise Uncomputable("I have a result, but no words for it.")


def _argument(value: sympy.Expr) -> str:
    return f"the quantity {_sum(value)}," if value.is_Add else _product(value)


def _power(value: sympy.Expr) -> str:
    base, exponent = value.as_base_exp()
    if exponent.is_negative and exponent.is_number and base != sympy.E:
        return f"1 over {_atom(sympy.Pow(base, -exponent))}"
    if exponent == sympy.Rational(1, 2):
        return f"the square root of {_argument(base)}"
    if exponent == sympy.Rational(1, 3):
        return f"the cube root of {_argument(base)}"
    if base.is_Function and exponent.is_Integer:
        name = _FUNCTIONS.get(type(base).__name__, type(base).__name__)
        raised = {2: "squared", 3: "cubed"}.get(int(exponent), f"to the {exponent}")
        return f"{name} {raised} of {_argument(base.args[0])}"
    said = _argument(base) if base.is_Add or base.is_Mul else _atom(base)
    if exponent in (2, 3):
        return f"{said} {'squared' if exponent == 2 else 'cubed'}"
    return f"{said} to the {_argument(exponent)}"
