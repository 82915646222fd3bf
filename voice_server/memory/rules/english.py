"""What people say of themselves in English."""

import re
from typing import Final

from voice_server.memory.rules.days import MONTHS, NUMBER, TODAY, day, number
from voice_server.memory.rules.statements import Guards, Rule, Statement, enumerated, person, phrase, words


def _re(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


GUARDS: Final = Guards(
    supposing=_re(r"\b(?:suppos\w+|imagine|pretend\w*|assum\w+|let's say|let us say|what if|for example|role.?play)\b"),
    conditional=_re(r"\b(?:if|whether|unless|maybe|perhaps|might|wish|as though|when|until|before|after)\b"),
    reporting=_re(
        r"(?<!\bi )(?<!\bi've )\b(?:said|says|say|saying|told|tells|claims?|claimed|thinks|thought|believes|asks|asked"
        r"|wrote|writes|quote|song|lyrics|poem|novel|film|movie|book is|character|joke)\b"
    ),
    negation=_re(r"\b(?:not|never|nobody|neither|hardly|isn't|ain't|\w+n't)\b"),
    question=_re(
        r"(?:who|whose|what|which|why|how|where|am|is|are|do|does|did|can|could|should|would|will|was|were)\b"
        r"(?!'s\b)"
    ),
    request=_re(r"\b(?:remember|note|write down|keep in mind|be aware|know that|tell the|let the|inform)\b"),
    unsure=_re(r"\b(?:i think|i believe|i guess|probably|possibly|i suspect)\b"),
    contrast=_re(r"\b(?:but|however|though|although|actually)\b"),
    conjunction=_re(r"\b(?:and|so|also|because|since)\b"),
)

_STOPS: Final = words(
    "i i'm i'd i've i'll me my mine you your he she it it's his her we our they their this that these those which who "
    "what when where why how is are am was were be been do does did don't can can't could would will should may might "
    "must have has had and or but so because since if then than please thanks thank too also as for from at on with "
    "without though although however actually really very much just only unless until while not no any"
)
_PLACE_STOPS: Final = _STOPS - {"my", "your", "on", "at", "with", "the", "this", "that", "his", "her", "our", "their"}
_NO_NAME: Final = _STOPS | words(
    "a an the back later tomorrow again now today soon tonight crazy in under after before spelled spelt written "
    "important irrelevant nobody none unknown private secret hard difficult easy there here calling speaking called "
    "still known listed missing wrong right correct fine ok okay yes well sorry sure anytime whatever anything sì"
)
_NOTHING: Final = frozenset({"nothing", "anything", "everything", "it", "that", "them", "things", "something", "you"})
_DIVIDER: Final = re.compile(r",\s*(?:and|or)?\s+|\s+(?:and|or)\s+(?:also\s+)?(?:to\s+)?", re.IGNORECASE)
_LEADING: Final = re.compile(
    r"^(?:(?:to|the|a|an|all|any|some|most|every|kinds? of|sorts? of|types? of|both)\s+)+", re.IGNORECASE
)
_I_AM: Final = r"\b(?:i'm|i am)\s+"
_HOW: Final = r"(?:(?:really|very|also|badly|severely|highly|deathly|extremely|quite|a bit|slightly|just)\s+){0,2}"
_MONTH: Final = "(?P<month>" + "|".join(MONTHS) + ")"
_DAY: Final = rf"(?P<day>{NUMBER})(?:st|nd|rd|th)?"


def _foods(statement: Statement) -> list[str]:
    found = enumerated(statement.rest, _DIVIDER, _LEADING, _STOPS)
    return [value for value in found if value not in _NOTHING]


def _one_food(statement: Statement) -> list[str]:
    food = statement.match["food"].lower()
    return [] if food in _STOPS | _NOTHING | {"food", "an", "a", "the", "bad", "severe", "new", "weird"} else [food]


def _intolerances(statement: Statement) -> list[str]:
    return [f"{value} (intolerance)" for value in _foods(statement)]


def _one_intolerance(statement: Statement) -> list[str]:
    return [f"{value} (intolerance)" for value in _one_food(statement)]


def _name(statement: Statement) -> list[str]:
    return person(statement.rest, _NO_NAME, is_cased=statement.is_cased)


def _group(statement: Statement) -> list[str]:
    return [statement.match["value"].lower()]


def _rest(statement: Statement) -> list[str]:
    return phrase(statement.rest, _PLACE_STOPS)


def _favourite(statement: Statement) -> list[str]:
    what = statement.match["what"].lower()
    if what.split()[-1] in ("table", "place", "spot", "restaurant", "seat"):
        return []
    return [f"favourite {what}: {value}" for value in phrase(statement.rest, _PLACE_STOPS, 5)]


def _people(statement: Statement) -> list[str]:
    count = number(statement.match["number"])
    return [str(count)] if count else []


def _birthday(statement: Statement) -> list[str]:
    return day(statement.match["day"], statement.match["month"], MONTHS)


def _where(statement: Statement) -> list[str]:
    return [f"{statement.match['near'].lower()} {value}" for value in _rest(statement)]


def _table(statement: Statement) -> list[str]:
    return phrase(statement.match["value"], frozenset())


_BIRTHDAY: Final = r"\b(?:my birthday(?: is|'s)|i was born)(?: on)?(?: the)?\s+"
_TODAY: Final = _re(r"\btoday is my birthday\b|\bit(?:'s| is) my birthday today\b|\bmy birthday is today\b")
RULES: Final = (
    Rule("name", _re(r"\bmy (?:full |first )?name(?: is|'s)\s+"), _name, 0.95),
    Rule("name", _re(r"\bi(?:'m| am) called\s+|\b(?:just |you can |please )?call me\s+"), _name, 0.9),
    Rule("name", _re(r"\bthis is (?=\S+(?: \S+)? (?:speaking|calling)\b)"), _name, 0.9),
    Rule("allergy", _re(rf"{_I_AM}{_HOW}allergic\s+to\s+"), _foods, 0.95),
    Rule("allergy", _re(r"\bi have\s+(?:\w+\s+){0,3}allerg(?:y|ies)\s+to\s+"), _foods, 0.95),
    Rule(
        "allergy",
        _re(r"\bi(?:'ve got| have got| have|'ve)\s+(?:a|an)\s+(?:(?:severe|bad|serious|mild|strong)\s+)?"
            r"(?P<food>[a-z]+)\s+allergy\b"),
        _one_food,
        0.95,
    ),
    Rule("allergy", _re(rf"{_I_AM}{_HOW}intolerant\s+to\s+"), _intolerances, 0.95),
    Rule("allergy", _re(rf"{_I_AM}{_HOW}(?P<food>[a-z]+)[- ]intolerant\b"), _one_intolerance, 0.95),
    Rule("allergy", _re(r"\bi have (?:a |an )?(?P<food>[a-z]+) intolerance\b"), _one_intolerance, 0.95),
    Rule(
        "allergy",
        _re(rf"(?:{_I_AM}(?:a )?c(?:o)?eliac\b|\bi have c(?:o)?eliac\b)"),
        lambda _: ["gluten (coeliac)"],
        0.95,
    ),
    Rule(
        "diet",
        _re(rf"{_I_AM}{_HOW}(?:a )?(?:strict )?(?P<value>vegan|vegetarian|pescatarian|pescetarian|flexitarian)\b"
            r"(?! (?:chef|cook|friend|restaurant|for the))"),
        _group,
        0.9,
    ),
    Rule("diet", _re(rf"{_I_AM}on a (?:strict )?(?P<value>[a-z]+(?:[- ][a-z]+)?) diet\b"), _group, 0.85),
    Rule(
        "diet",
        _re(r"\bi (?:only |always )?(?:eat|keep) (?:only )?(?P<value>halal|kosher|vegan|vegetarian)\b"),
        _group,
        0.85,
    ),
    Rule("favourite_table", _re(r"\b(?:my|our) (?:favou?rite|usual) (?:table|seat|spot) is\s+"), _rest, 0.9),
    Rule(
        "favourite_table",
        _re(r"\b(?P<value>the (?:table|seat|corner table)(?: \w+){1,5}?) is (?:my|our) (?:favou?rite|usual)\b"),
        _table,
        0.9,
    ),
    Rule(
        "favourite_table",
        _re(r"\b(?:i|we) (?:always|usually) (?:like to )?sit (?P<near>by|near|at|in|on|next to|under)\s+"),
        _where,
        0.8,
    ),
    Rule("favourite_place", _re(r"\bmy favou?rite (?:place|restaurant)(?: to \w+)? is\s+"), _rest, 0.9),
    Rule("preference", _re(r"\bmy favou?rite (?P<what>[a-z]+(?: [a-z]+)?) is\s+"), _favourite, 0.85),
    Rule(
        "party_size",
        _re(rf"\b(?:we(?:'re| are) (?:always|usually|normally)|there are (?:always|usually|normally)) "
            rf"(?P<number>{NUMBER})\b(?!\s*(?:o'clock|minutes|late|hours))"),
        _people,
        0.85,
    ),
    Rule(
        "party_size",
        _re(rf"\b(?:i|we) (?:always|usually|normally) (?:book|come|reserve|need)(?: a table)? (?:for|as) "
            rf"(?P<number>{NUMBER})\b(?!\s*(?:o'clock|pm|am|minutes|hours))"),
        _people,
        0.85,
    ),
    Rule(
        "party_size",
        _re(rf"\btable for (?P<number>{NUMBER}),? (?:as|like) (?:usual|always)\b"),
        _people,
        0.85,
    ),
    Rule("birthday", _re(rf"{_BIRTHDAY}{_DAY}(?: of)? {_MONTH}\b"), _birthday, 0.95),
    Rule("birthday", _re(rf"{_BIRTHDAY}{_MONTH}(?: the)? {_DAY}(?!\d)"), _birthday, 0.95),
    Rule("birthday", _TODAY, lambda _: [TODAY], 0.9),
)  # fmt: skip
ASKED_NAME: Final = _re(
    r"\b(?:your (?:full |first |last )?name|who am i (?:speaking|talking)|who is (?:this|calling))\b"
)
ANSWERED_NAME: Final = _re(
    r"^(?:(?:yes|hello|hi|sure|of course|well|um|uh)[,.]? )*(?:it's |it is |i'm |i am |this is )?"
)


def answered(text: str, *, is_cased: bool) -> list[str]:
    """The name, where it was asked for and the answer is little else."""
    rest = ANSWERED_NAME.sub("", " ".join(text.split()).rstrip(".!"))
    is_name = 1 <= len(rest.split()) <= 3 and not text.endswith("?")
    return person(rest, _NO_NAME, is_cased=is_cased) if is_name else []
