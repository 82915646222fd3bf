"""Days of the year and small numbers, in digits and in words."""

import calendar
import re
from collections.abc import Sequence

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December")  # fmt: skip
ITALIAN_MONTHS = ("gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre",
                  "ottobre", "novembre", "dicembre")  # fmt: skip
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
             "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
             "twentieth")  # fmt: skip
_CARDINALS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
              "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty")  # fmt: skip
_ITALIAN = ("uno", "due", "tre", "quattro", "cinque", "sei", "sette", "otto", "nove", "dieci", "undici", "dodici",
            "tredici", "quattordici", "quindici", "sedici", "diciassette", "diciotto", "diciannove", "venti", "ventuno",
            "ventidue", "ventitré", "ventiquattro", "venticinque", "ventisei", "ventisette", "ventotto", "ventinove",
            "trenta", "trentuno")  # fmt: skip
_WORDS: dict[str, int] = {}
for _number, _word in enumerate(_ORDINALS, 1):
    _WORDS[_word] = _number
    if _number < 10:
        _WORDS[f"twenty {_word}"] = _WORDS[f"twenty-{_word}"] = 20 + _number
for _names in (_CARDINALS, _ITALIAN):
    _WORDS |= {word: number for number, word in enumerate(_names, 1)}
_WORDS |= {"thirtieth": 30, "thirty first": 31, "thirty-first": 31, "primo": 1, "ventitre": 23, "thirty": 30}
TODAY = "today"
"""Stands for the day on which it was said."""
NUMBER = "(?:" + "|".join([r"\d{1,2}", *sorted(map(re.escape, _WORDS), key=len, reverse=True)]) + ")"
"""A number up to 31, for a regular expression."""


def number(text: str) -> int | None:
    """What `NUMBER` matches, in any case."""
    bare = text.lower()
    return int(bare) if bare.isdecimal() and bare.isascii() else _WORDS.get(bare)


def day(day_text: str, month_text: str, months: Sequence[str]) -> list[str]:
    """Such as `5 May`: without the year, which nobody needs for a birthday. Empty for what is no day."""
    names = [name.lower() for name in months]
    day_number = number(day_text)
    if day_number is None or month_text.lower() not in names:
        return []
    month = names.index(month_text.lower()) + 1
    if not 1 <= day_number <= calendar.monthrange(2000, month)[1]:
        return []
    return [f"{day_number} {MONTHS[month - 1]}"]
