"""What the assistant asked for, and whether the answer gives it."""

import re
from enum import Enum
from itertools import pairwise

from pipeline.wording.dictation import address, card, digits, spelling, telephone
from pipeline.wording.lexicon import HANGS, LACKS, LIKELY, OPEN, Lexicon, Tokens, has_any, words

MOST_ASKED_CHARACTERS = 300
"""Of the end of what the assistant said: its question is there."""


class Wanted(Enum):
    """What a question wants."""

    TELEPHONE = r"phone|\btelephone|mobile number|cell number|\bnumber to call|telefono|cellulare|recapito"
    CARD = r"\bcard(?:'s)? number|number (?:of|on) (?:the|your) card|credit card|numero (?:di|della) (?:sua )?carta"
    EMAIL = r"\be-?mails?\b|\bmail\b|posta elettronica"
    SPELLING = r"\bspell|letter by letter|lettera per lettera|\bcompit"
    PEOPLE = (
        r"how many (?:people|guests|of you|persons|seats|will|are)|for how many|party size|quante persone|"
        r"quanti (?:siete|sarete|ospiti|coperti|posti)|per quanti|in quanti|numero di (?:persone|ospiti)|"
        r"number of (?:people|guests)"
    )
    TIME = r"(?:what|which) time|at what hour|che ora\b|quale ora\b|\borario\b|che ore\b"
    DATE = (
        r"(?:what|which) (?:day|date)|(?:che|quale) (?:giorno|data)|\bthe date\b|\bla data\b|per quando|for when|"
        r"when (?:would|will|do|should|shall)|quando (?:vuole|volete|vuoi|vorrebbe|sarebbe)"
    )
    NAME = r"\b(?:your|what|which|the|full|last|first) name|name\s*\?|\bnome\b|come si chiama|come ti chiami|cognome"


DICTATED = frozenset((Wanted.TELEPHONE, Wanted.CARD, Wanted.EMAIL, Wanted.SPELLING))
"""What is said piece by piece."""
OFFER = re.compile(
    r"can i (?:help|do)|may i help|how (?:can|may) i|what can i do|anything else|what would you like|"
    r"posso (?:aiutar|esser)|come posso|cosa posso|(?:qualcos'|nient'|serve |desidera |vuole )altro"
)
"""Who says yes to that will say to what."""
GIVEN = 0.9
"""How complete an answer is that gives what was asked for; the voice may still have more to say."""
CALENDAR = words(
    "monday tuesday wednesday thursday friday saturday sunday today tomorrow tonight weekend "
    "lunedì martedì mercoledì giovedì venerdì sabato domenica oggi domani dopodomani stasera stamattina"
)
MONTHS = words(
    "january february march april may june july august september october november december gennaio febbraio marzo "
    "aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"
)
ORDINALS = words(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth twentieth thirtieth primo"
)
MOMENTS = words("noon midday midnight mezzogiorno mezzanotte now adesso ora subito lunchtime")
ALONE_PEOPLE = words("me myself us couple both alone io solo sola noi entrambi coppia")
INTRODUCTIONS = words(
    "my name is it's its the under i'm i am call me please a nome mi chiamo sono il mio è la cognome yes sì at of per "
    "for surname last first full number email phone uh um ehm well so di"
)
LIMITS = words("troppo prima dopo più oltre molto")
"""Behind a "non" that denies nothing."""
EVASIONS = words(
    "know sure idea whatever whenever anytime any matter forget cancel help repeat wait so sai importa uguale "
    "indifferente annulla ripetere ripeta capito sorry scusi understand don't didn't any quando volete vuole"
)


def wanted(asked: str) -> Wanted | None:
    """What the assistant asked for last; None: nothing in particular."""
    text = asked[-MOST_ASKED_CHARACTERS:].lower().strip()
    sentences = [sentence for sentence in re.split(r"(?<=[.?!])\s+", text) if sentence]
    # The question may be followed by an example or a courtesy.
    for sentence in reversed(sentences[-2:]):
        for kind in Wanted:
            if re.search(kind.value, sentence):
                return kind
    return None


def offers(asked: str) -> bool:
    """Whether the assistant asked last what it may do."""
    return OFFER.search(asked[-MOST_ASKED_CHARACTERS:].lower()) is not None


def gives(kind: Wanted, tokens: Tokens, lexicon: Lexicon) -> float | None:
    """How complete an answer is to a question for this; None: it answers something else or nothing."""
    if _declines(tokens, lexicon) or has_any(tokens[:2], lexicon.question_words):
        return None
    match kind:
        case Wanted.TELEPHONE:
            rating = telephone(tokens, lexicon)
            return LACKS if rating is None else rating
        case Wanted.CARD:
            return card(tokens, lexicon) or LACKS
        case Wanted.EMAIL:
            return address(tokens, lexicon, is_asked=True)
        case Wanted.SPELLING:
            return spelling(tokens) or OPEN
        case Wanted.PEOPLE:
            return _people(tokens, lexicon)
        case Wanted.TIME:
            return _time(tokens, lexicon)
        case Wanted.DATE:
            return _date(tokens, lexicon)
        case Wanted.NAME:
            return _name(tokens)


def _declines(tokens: Tokens, lexicon: Lexicon) -> bool:
    """ "I don't have one", "it does not matter"; but not "not too late"."""
    denied = tuple(token for token, behind in pairwise((*tokens, "")) if behind not in LIMITS)
    return has_any(denied, lexicon.negations) or has_any(tokens, EVASIONS)


def _people(tokens: Tokens, lexicon: Lexicon) -> float:
    if has_any(tokens, ALONE_PEOPLE) or any(digits((token,), lexicon) for token in tokens):
        return GIVEN
    return LACKS


def _time(tokens: Tokens, lexicon: Lexicon) -> float:
    if has_any(tokens, MOMENTS):
        return GIVEN
    return 0.85 if any(digits((token,), lexicon) for token in tokens) else LACKS


def _date(tokens: Tokens, lexicon: Lexicon) -> float:
    if has_any(tokens, CALENDAR):
        return 0.85
    numbered = any(digits((token,), lexicon) for token in tokens) or has_any(tokens, ORDINALS)
    if has_any(tokens, MONTHS):
        return GIVEN if numbered else LACKS
    if any(re.fullmatch(r"\d+[/.]\d+(?:[/.]\d+)?", token) for token in tokens):
        return GIVEN
    if has_any(tokens, words("week month days weeks settimana mese giorni settimane")):
        return LIKELY
    return OPEN if numbered or any(re.fullmatch(r"\d+(?:st|nd|rd|th)", token) for token in tokens) else LACKS


def _name(tokens: Tokens) -> float:
    rating = spelling(tokens)
    if rating is not None:
        return rating
    name = [token for token in tokens if token not in INTRODUCTIONS]
    if not name:
        return HANGS
    return LIKELY if len(name) == 1 else GIVEN
