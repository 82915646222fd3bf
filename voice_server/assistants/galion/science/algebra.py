"""Equations, factors, expansions and whole-number questions."""

import re

import sympy

from voice_server.assistants.galion import spoken
from voice_server.assistants.galion.science.answers import Answer, Quantity
from voice_server.assistants.galion.science.errors import NotUnderstood, Uncomputable
from voice_server.assistants.galion.science.expressions import MAX_SYMBOLIC_EXPONENT, expression, number, sides

MAX_EQUATIONS = 4
MAX_DEGREE = 30
MAX_FACTORED = 10**24

_FOR = r"(?: for ([a-z])\b)?"
_SOLVE = (
    re.compile(
        rf"^(?:solve|find){_FOR}(?: if| when| in| the equation| the equations| the system| equation)*[,:]? (.+)$"
    ),
    re.compile(r"^(?:(?:what is|find|what does) )?([a-z])(?: equals?)? (?:if|when|in) (.+)$"),
    re.compile(r"^if (.+?),? (?:what is|find|what does|solve for) ([a-z])(?: equal)?$"),
)
_TRANSFORM = re.compile(
    r"^(?:can you )?(factor|factori[sz]e|expand|simplify|multiply out)(?: out)? (?:the expression )?(.+)$"
)
_PRIME_FACTORS = re.compile(r"^(?:what are )?(?:the )?(?:prime )?(?:factors|factori[sz]ation) of (.+)$")
_PRIME = re.compile(r"^is (\d+) (?:a )?(?:prime|prime number)$")
_COMMON = re.compile(
    r"^(?:the )?(greatest common (?:divisor|factor)|highest common factor|gcd|least common multiple|"
    r"lowest common multiple|lcm) of (\d+)(?:,| and) (\d+)$"
)


def answer(text: str) -> Answer | None:
    """Answer an algebra question, or None if it is none."""
    if found := _PRIME.match(text):
        return is_prime(int(found[1]))
    if found := _COMMON.match(text):
        return _common(found[1], int(found[2]), int(found[3]))
    if found := _PRIME_FACTORS.match(text):
        return transform("factor", found[1])
    if found := _TRANSFORM.match(text):
        return transform(found[1], found[2])
    if found := _SOLVE[1].match(text):
        return solve(found[2], found[1])
    if found := _SOLVE[0].match(text):
        return _solve_or_none(found[2], found[1] or "")
    if found := _SOLVE[2].match(text):
        return solve(found[1], found[2])
    if re.search(r"=|\bequals\b|\bis equal to\b", text):
        return _solve_or_none(text, "")
    return None


def _solve_or_none(text: str, unknown: str) -> Answer | None:
    found = re.search(r",? (?:solve )?for ([a-z])$", text)
    if found:
        text, unknown = text[: found.start()], found[1]
    if re.search(r"=|\bequal|\band\b|,", text) or unknown:
        return solve(text, unknown)
    return None


def solve(text: str, unknown: str = "") -> Answer:
    """Solve one equation or a system, such as "2 x + 3 = 7" or "x + y = 5 and x - y = 1"."""
    equations = [part.strip() for part in re.split(r",|;|\band\b", text) if part.strip()]
    if not equations or len(equations) > MAX_EQUATIONS:
        raise Uncomputable(f"I solve up to {MAX_EQUATIONS} equations at a time.")
    differences = [left - right for left, right in map(sides, equations)]
    letters = sorted(set().union(*(difference.free_symbols for difference in differences)), key=str)
    if not letters:
        return _truth(differences)
    if len(differences) > 1:
        return _solve_system(differences, letters)
    chosen = _unknown(letters, unknown)
    return _solve_one(differences[0], chosen)


def _unknown(letters: list[sympy.Symbol], wanted: str) -> sympy.Symbol:
    for name in (wanted, "x") if wanted else ("x",):
        for letter in letters:
            if letter.name == name:
                return letter
    if wanted:
        raise Uncomputable(f"There is no {wanted} in that equation.")
    return letters[0]


def _truth(differences: list[sympy.Expr]) -> Answer:
    true = all(sympy.simplify(difference) == 0 for difference in differences)
    return Answer("Yes, that is true." if true else "No, the two sides are not equal.")


def _solve_one(difference: sympy.Expr, unknown: sympy.Symbol) -> Answer:
    general = sympy.Dummy(unknown.name)
    equation = difference.subs(unknown, general)
    if sympy.simplify(equation) == 0:
        return Answer(f"Every {unknown.name} solves that.")
    roots = _roots(equation, general)
    if not roots:
        return Answer(f"No {unknown.name} solves that.")
    if equation.free_symbols != {general}:
        words = [spoken.expression(sympy.simplify(root)) for root in roots[:4]]
        return Answer(f"{unknown.name} is {spoken.listed(words, 'or')}.", Quantity(roots[0]))
    real = sorted((root for root in roots if _is_real(root)), key=lambda root: float(root.evalf(12)))
    if real:
        words = [spoken.number(sympy.re(root) if root.has(sympy.I) else root) for root in real[:6]]
        return Answer(f"{unknown.name} is {spoken.listed(words, 'or')}.", Quantity(real[-1]))
    words = [spoken.approximate(root) for root in roots[:6]]
    return Answer(f"There is no real solution. The complex ones are {spoken.listed(words)}.", Quantity(roots[0]))


def _roots(equation: sympy.Expr, unknown: sympy.Symbol) -> list[sympy.Expr]:
    numerator = sympy.together(equation).as_numer_denom()[0]
    if numerator.is_polynomial(unknown) and numerator.free_symbols == {unknown}:
        polynomial = sympy.Poly(numerator, unknown)
        if polynomial.degree() > MAX_DEGREE:
            raise Uncomputable(f"I solve equations up to degree {MAX_DEGREE}.")
        if polynomial.degree() > 2:
            exact = [root for root in sympy.roots(polynomial) if root.is_Rational]
            others = polynomial.nroots(n=15)
            return exact + [root for root in _distinct(others) if not any(_close(root, known) for known in exact)]
    try:
        found = sympy.solve(equation, unknown)
    except NotImplementedError:
        return [_numerical_root(equation, unknown)]
    return [root for root in found if isinstance(root, sympy.Expr)]


def _numerical_root(equation: sympy.Expr, unknown: sympy.Symbol) -> sympy.Expr:
    for start in (0.5, 1.0, -1.0, 3.0, -3.0, 10.0):
        try:
            return sympy.nsolve(equation, unknown, start)
        except (ValueError, ZeroDivisionError, TypeError):
            continue
    raise Uncomputable("I know no way to solve that equation.")


def _distinct(roots: list[sympy.Expr]) -> list[sympy.Expr]:
    kept: list[sympy.Expr] = []
    for root in roots:
        if not any(_close(root, known) for known in kept):
            kept.append(root)
    return kept


def _close(one: sympy.Expr, other: sympy.Expr) -> bool:
    return bool(abs(complex(one) - complex(other)) < 1e-7 * max(1.0, abs(complex(other))))


def _is_real(root: sympy.Expr) -> bool:
    try:
        value = complex(root.evalf(15))
    except (TypeError, OverflowError):
        return False
    return abs(value.imag) <= 1e-9 * max(1.0, abs(value.real))


def _solve_system(differences: list[sympy.Expr], letters: list[sympy.Symbol]) -> Answer:
    try:
        solutions = sympy.solve(differences, letters, dict=True)
    except NotImplementedError as error:
        raise Uncomputable("I know no way to solve that system.") from error
    if not solutions:
        return Answer("That system has no solution.")
    sentences = [
        spoken.listed([f"{letter} is {_value(solution[letter])}" for letter in letters if letter in solution])
        for solution in solutions[:4]
    ]
    last = next(iter(solutions[0].values()))
    return Answer(f"{'; or '.join(sentences)}.", Quantity(last))


def _value(value: sympy.Expr) -> str:
    return spoken.number(value) if value.is_number else spoken.expression(value)


def transform(action: str, text: str) -> Answer:
    """Factor, expand or simplify an expression; a whole number is split into primes."""
    value = expression(text)
    if not value.free_symbols:
        if action.startswith("factor"):
            return _prime_factors(value)
        return Answer(f"That is {spoken.number(sympy.simplify(value))}.", Quantity(value))
    _check_degree(value)
    if action.startswith("factor"):
        result = sympy.factor(value)
        if result == value or sympy.expand(result) == result:
            return Answer(f"{spoken.expression(value).capitalize()} does not factor any further.", Quantity(value))
    else:
        result = sympy.simplify(value) if action == "simplify" else sympy.expand(value)
    return Answer(f"That is {spoken.expression(result)}.", Quantity(result))


def _check_degree(value: sympy.Expr) -> None:
    exponents = [int(power.exp) for power in value.atoms(sympy.Pow) if power.exp.is_Integer]
    product = 1
    for exponent in exponents:
        product *= max(1, abs(exponent))
    if product > 10 * MAX_SYMBOLIC_EXPONENT:
        raise Uncomputable("That would have too many terms for me to say.")


def _prime_factors(value: sympy.Expr) -> Answer:
    if not value.is_Integer or value < 2:
        raise Uncomputable("I can split whole numbers from two on into primes.")
    if value > MAX_FACTORED:
        raise Uncomputable("That number is too large for me to split into primes.")
    factors = sympy.factorint(int(value))
    if factors == {int(value): 1}:
        return Answer(f"{spoken.number(value)} is a prime number.", Quantity(value))
    raised = {1: "", 2: " squared", 3: " cubed"}
    words = [f"{prime}{raised.get(times, f' to the {times}')}" for prime, times in factors.items()]
    return Answer(f"{spoken.number(value)} is {' times '.join(words)}.", Quantity(value))


def is_prime(value: int) -> Answer:
    """Whether a whole number is prime."""
    if value > MAX_FACTORED:
        raise Uncomputable("That number is too large for me to test.")
    said = spoken.number(sympy.Integer(value))
    if sympy.isprime(value):
        return Answer(f"Yes, {said} is a prime number.", Quantity(sympy.Integer(value)))
    if value < 2:
        return Answer(f"No, {said} is not a prime number.")
    smallest = min(sympy.factorint(value))
    return Answer(f"No, {said} is {smallest} times {spoken.number(sympy.Integer(value // smallest))}.")


def _common(what: str, one: int, other: int) -> Answer:
    greatest = what.startswith(("g", "h"))
    value = number(f"{one}"), number(f"{other}")
    if not all(value):
        raise NotUnderstood("I need two numbers other than zero.")
    result = sympy.gcd(*value) if greatest else sympy.lcm(*value)
    name = "greatest common divisor" if greatest else "least common multiple"
    return Answer(f"The {name} of {one} and {other} is {spoken.number(result)}.", Quantity(result))
