"""Numbers in words, as a recogniser writes them, to numbers in digits."""

import re

from text_to_num import alpha2digit

FRACTION_WORDS = {
    "half": 2,
    "halves": 2,
    "third": 3,
    "thirds": 3,
    "quarter": 4,
    "quarters": 4,
    "fourth": 4,
    "fourths": 4,
    "fifth": 5,
    "fifths": 5,
    "sixth": 6,
    "sixths": 6,
    "seventh": 7,
    "sevenths": 7,
    "eighth": 8,
    "eighths": 8,
    "ninth": 9,
    "ninths": 9,
    "tenth": 10,
    "tenths": 10,
    "hundredth": 100,
    "hundredths": 100,
    "thousandth": 1000,
    "thousandths": 1000,
}
_SCALES = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_ORDINALS = {"first": 1, "second": 2} | {
    word: value for word, value in FRACTION_WORDS.items() if word not in ("half", "quarter") and not word.endswith("s")
}
_DIGIT = "(?:zero|one|two|three|four|five|six|seven|eight|nine|[0-9])"
_COUNT = "(?:a|an|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|[0-9]+)"
_FRACTION = re.compile(rf"\b({_COUNT}) ({'|'.join(FRACTION_WORDS)})\b(?! (?:power|root|derivative|of a second))")
_PAIR = re.compile(
    r"\b((?:sum|difference|product|ratio|quotient|divisor|multiple|factor|average|mean) (?:of|between)|add|multiply)"
    r" ([a-z ]+ and [a-z ]+)$"
)
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def to_digits(text: str) -> str:
    """`text` (lower case) with every number that is written in words in digits.

    "one hundred and forty four" becomes "144", "two point five" "2.5", "three quarters" "(3/4)", "1,000" "1000" and
    "2.5 million" "2500000". Words that merely look like numbers stay: "per second", "a third party" does not.
    """
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    text = _PAIR.sub(_pair, text)
    text = re.sub(r"[⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda found: "^" + found[0].translate(_SUPERSCRIPTS), text)
    text = _spell_decimals(text)
    text = _FRACTION.sub(_fraction, text)
    text = re.sub(r"\bhalf of\b", "(1/2) of", text)
    text = re.sub(r"\bhalf an? ", "0.5 ", text)
    text = re.sub(
        rf"\b(to the|power of) ((?:minus |negative )?)({'|'.join(_ORDINALS)})\b",
        lambda found: f"{found[1]} {found[2]}{_ORDINALS[found[3]]}",
        text,
    )
    text = re.sub(rf"(\d+(?:\.\d+)?) ({'|'.join(_SCALES)})\b", _scaled, text)
    text = _words_to_digits(text)
    text = re.sub(r"\b(\d+(?:\.\d+)?) and \(1/(\d+)\)", r"(\1+1/\2)", text)
    return re.sub(r"\ba (?=\d)", "", text)


def _pair(found: re.Match[str]) -> str:
    """Two numbers joined by an "and" that belongs to neither: the sum of "nine hundred" and "four hundred"."""
    words = found[2].split(" and ")
    for at in range(1, len(words)):
        left, right = (_words_to_digits(" and ".join(part)) for part in (words[:at], words[at:]))
        if re.fullmatch(r"\d+", left) and re.fullmatch(r"\d+", right):
            return f"{found[1]} {left} and {right}"
    return found[0]


def _spell_decimals(text: str) -> str:
    """The digits after a point one by one: "six point oh two two" is 6.022, "two point twenty five" 2.25."""
    text = re.sub(r"\b(?:oh|nought|naught|o)\b(?= point\b)", "zero", text)
    while (changed := re.sub(rf"\b(point(?: {_DIGIT})*) (?:oh|nought|naught|o)\b", r"\1 zero", text)) != text:
        text = changed

    def decimals(found: re.Match[str]) -> str:
        return " point " + "".join(_words_to_digits(word) for word in found[1].split())

    text = re.sub(rf" point ({_DIGIT}(?: {_DIGIT})*)\b(?! (?:hundred|teen))", decimals, " " + text)
    text = re.sub(r" point ([a-z]+(?: [a-z]+)?)\b", _tens_after_point, text)
    text = re.sub(r" point (?=\d)", " zero point ", text) if text.startswith(" point ") else text

    def whole(found: re.Match[str]) -> str:
        return f"{found[1]}.{found[2]}"

    text = _words_to_digits_before_point(text)
    return re.sub(r"(\d+) point (\d+)", whole, text).strip()


def _tens_after_point(found: re.Match[str]) -> str:
    digits = _words_to_digits(found[1])
    return f" point {digits}" if re.match(r"\d+\b", digits) else found[0]


def _words_to_digits_before_point(text: str) -> str:
    if " point " not in text:
        return text
    before, point, after = text.partition(" point ")
    before = _words_to_digits(before)
    if not re.search(r"\d$", before) and re.match(r"\d", after):
        before = f"{before} 0"
    return before + point + _words_to_digits_before_point(after)


def _fraction(found: re.Match[str]) -> str:
    count = 1 if found[1] in ("a", "an") else _words_to_digits(found[1])
    return f"({count}/{FRACTION_WORDS[found[2]]})"


def _scaled(found: re.Match[str]) -> str:
    whole, _, decimals = found[1].partition(".")
    zeros = _SCALES[found[2]]
    digits = whole + decimals.ljust(zeros, "0")[:zeros]
    rest = decimals[zeros:]
    return f"{digits.lstrip('0') or '0'}.{rest}" if rest else digits.lstrip("0") or "0"


def _words_to_digits(text: str) -> str:
    # "second" is nearly always the unit here, and ordinals such as "3rd" would only have to be undone.
    # A lone "o" is oxygen: in "h two o" it is no zero.
    kept = re.sub(r"\b(?:seconds?|o)\b", lambda found: f"qq{found[0]}qq", text)
    digits: str = alpha2digit(kept, "en", threshold=0)
    return re.sub(r"\bqq(seconds?|o)qq\b", r"\1", digits)
