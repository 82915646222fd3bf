"""What is dictated: telephone numbers, e-mail addresses, names letter by letter. It ends when it is whole."""

import re

from pipeline.wording.lexicon import HANGS, LACKS, LIKELY, OPEN, SURE, Lexicon, Tokens, has_any, words

ITALIAN_TENS = re.compile(
    r"(cento)?(?:(vent|trent|quarant|cinquant|sessant|settant|ottant|novant)[aio]?)?"
    r"(uno|un|due|tre|tré|quattro|cinque|sei|sette|otto|nove)?"
)
"""A number between 20 and 199 that Italian writes as one word."""
TOP_LEVEL = words("com it org net eu uk io de edu gov info fr es ch us me biz app dev ai")
"""Endings of addresses that are common; another one may still be on its way to be a longer word."""
SECOND_LEVEL = words("co ac gov org")
PROVIDERS = words("gmail hotmail yahoo outlook icloud proton protonmail libero virgilio tiscali alice fastwebnet")
SHORTEST_NUMBER = 9
"""Digits of a telephone number: Italian mobile numbers have nine or ten, landlines from eight to eleven."""
SHORTEST_NAME = 4
"""Letters; how many are to come nobody knows but the voice."""
SHORT_LANDLINE = 0.35
"""How complete a number of eight digits is that begins as a landline's: the voice will tell."""
TELEPHONES = words("phone telephone mobile cell call telefono cellulare chiamare recapito number numero")
"""Words beside which digits are a telephone number's."""
SOME_NUMBER = 0.35
"""How complete another number is, of which nobody knows how long it is: the voice will tell."""
LONGEST_TELEPHONE = 13
"""Digits, with those of the country; more are of something else."""
CARD_DIGITS, SHORT_CARD_DIGITS = 16, 15
"""Of a payment card, and of one that begins with 3."""
LONGEST_GROUP = 4
"""Digits that are said at once, as a quantity, a year or a time are too."""


def digits(tokens: Tokens, lexicon: Lexicon) -> str:
    """The figures in which the tokens end, those of spoken numbers included."""
    figures: list[str] = []
    start = len(tokens)
    while start and (_figures(tokens[start - 1], lexicon) is not None or tokens[start - 1] in lexicon.repeaters):
        start -= 1
    repeat = 1
    for token in tokens[start:]:
        if token in lexicon.repeaters:
            repeat = lexicon.repeaters[token]
            continue
        figure = _figures(token, lexicon) or ""
        is_tens = bool(figures) and len(figures[-1]) == 2 and figures[-1] >= "20" and figures[-1][1] == "0"
        if is_tens and repeat == 1 and len(figure) == 1 and figure != "0" and lexicon.language == "en":
            # "Twenty", "five".
            figures[-1] = figures[-1][0] + figure
            continue
        figures.append(figure * repeat)
        repeat = 1
    return "".join(figures)


def _figures(token: str, lexicon: Lexicon) -> str | None:
    if token == "+":  # noqa: S105 (a word)
        return ""
    if token[0].isdigit():
        return re.sub(r"\D", "", token)
    if token in lexicon.number_words:
        return lexicon.number_words[token]
    match = ITALIAN_TENS.fullmatch(token) if lexicon.language == "it" else None
    if match and (match[1] or match[2]):
        return "000" if match[1] else "00"
    return None


def telephone(tokens: Tokens, lexicon: Lexicon) -> float | None:
    """How complete a telephone number is that is being said; None: there is none at the end."""
    said = digits(tokens, lexicon)
    if not said:
        return None
    if tokens[-1] in lexicon.repeaters:
        return HANGS
    has_country = has_any(tokens, frozenset("+")) or said.startswith("00")
    missing = SHORTEST_NUMBER + (2 if has_country else 0) - len(said)
    if missing == 1 and said[0] == "0" and lexicon.language == "it":
        return SHORT_LANDLINE
    if missing > 0:
        return HANGS
    if missing == 0:
        return OPEN
    # British numbers begin with 0 and have eleven digits, Italian mobile ones and American ones have ten.
    return OPEN if lexicon.language == "en" and said[0] == "0" and missing == -1 and not has_country else SURE


def card(tokens: Tokens, lexicon: Lexicon) -> float | None:
    """How complete the number of a payment card is; None: there is none at the end."""
    said = digits(tokens, lexicon)
    if not said:
        return None
    missing = (SHORT_CARD_DIGITS if said[0] == "3" else CARD_DIGITS) - len(said)
    return SURE if missing <= 0 else HANGS


def address(tokens: Tokens, lexicon: Lexicon, *, is_asked: bool) -> float | None:
    """How complete an e-mail address is that is being said; None: there is none."""
    signs = [index for index, token in enumerate(tokens) if token in lexicon.at_words]
    if not is_asked:
        named = [index for index, token in enumerate(tokens) if token in ("email", "mail")]
        sure = [
            index for index in signs if tokens[index] in ("@", "chiocciola") or _names_host(tokens[index:], lexicon)
        ]
        after_name = bool(named) and ("is" in tokens[named[-1] :] or "è" in tokens[named[-1] :])
        signs = signs if after_name else sure
        if not signs and not after_name:
            return None
    if not signs:
        return LACKS if tokens[-1] not in lexicon.at_words else HANGS
    domain = tokens[signs[-1] + 1 :]
    dots = [index for index, token in enumerate(domain) if token in lexicon.dot_words]
    if not dots or dots[-1] == len(domain) - 1:
        return HANGS
    last = domain[dots[-1] + 1]
    if dots[-1] + 1 < len(domain) - 1:
        # Words behind the address belong to a sentence that goes on.
        return None
    if last in TOP_LEVEL:
        return SURE
    return LACKS if last in SECOND_LEVEL else OPEN


def _names_host(tokens: Tokens, lexicon: Lexicon) -> bool:
    return has_any(tokens[1:2], PROVIDERS) or has_any(tokens[2:4], lexicon.dot_words)


def spelling(tokens: Tokens) -> float | None:
    """How complete a word is that is being spelled; None: none is."""
    letters = 0
    for token in reversed(tokens):
        if len(token) != 1 or not token.isalpha():
            break
        letters += 1
    if letters >= SHORTEST_NAME:
        return 0.35
    return LACKS if letters >= 2 else None


def row_of_digits(tokens: Tokens, lexicon: Lexicon) -> float | None:
    """How complete it is if the turn ends in digits said one by one, as of some number; None: it does not."""
    single = 0
    for token in reversed(tokens):
        if len(_figures(token, lexicon) or "") != 1:
            break
        single += 1
    if single < 3 and len(digits(tokens, lexicon)) <= LONGEST_GROUP:
        return None
    rating = telephone(tokens, lexicon)
    if len(digits(tokens, lexicon)) > LONGEST_TELEPHONE:
        return SOME_NUMBER
    if rating is None or rating >= LIKELY:
        return rating if rating is None or has_any(tokens, TELEPHONES) else LIKELY
    return LACKS if has_any(tokens, TELEPHONES) else SOME_NUMBER
