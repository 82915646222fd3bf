"""What people say of themselves in Italian."""

import re
from typing import Final

from voice_server.memory.rules.days import ITALIAN_MONTHS, NUMBER, TODAY, day, number
from voice_server.memory.rules.statements import Guards, Rule, Statement, enumerated, person, phrase, words


def _re(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


GUARDS: Final = Guards(
    supposing=_re(
        r"\b(?:suppon\w+|immagin\w+|facciamo (?:finta|che)|fai finta|fing\w+|mettiamo|ipotizz\w+|per esempio|e se)\b"
    ),
    conditional=_re(r"\b(?:se|qualora|magari|forse|fossi|vorrei essere|quando|finché|prima che|dopo che)\b"),
    reporting=_re(
        r"\b(?:(?:ha|hanno|aveva|avevano|hai|avete) (?:detto|scritto|chiesto)|dice|dicono|dicevano?|diceva|disse|pensa"
        r"|pensano|crede|credono|sostiene|chiede|scrive|canzone|poesia|romanzo|film|libro|personaggio|barzelletta)\b"
    ),
    negation=_re(r"\b(?:non|mai|nessuno|né|neanche|nemmeno|neppure)\b"),
    question=_re(r"(?:chi|che|cosa|quale|quali|perché|come|dove|quanto|quanti)\b|(?:è|sono) (?:vero|possibile)\b"),
    request=_re(r"\b(?:ricord\w+|segn\w+|annot\w+|tenga? (?:conto|presente)|sappi\w*|avvis\w+|dica|scriv\w+)\b"),
    unsure=_re(r"\b(?:credo|penso|mi sa|mi pare|probabilmente|possibile)\b"),
    contrast=_re(r"\b(?:ma|però|invece|anzi|tuttavia)\b"),
    conjunction=_re(r"\b(?:e|ed|quindi|perché|poi|inoltre)\b"),
)

_STOPS: Final = words(
    "io mi me mio mia miei mie tu ti tuo tua lei lui suo sua noi ci nostro nostra voi vi loro che chi cosa quando dove "
    "perché come è sono sei siamo era ero essere ho hai ha abbiamo hanno avere vorrei posso puoi può potete potrei "
    "potrebbe devo e ed o ma però quindi se poi allora per favore grazie anche solo molto da di del della con senza "
    "su in non né più ciao prego invece anzi tuttavia il lo la gli le un una uno mia mio"
)
_PLACE_STOPS: Final = _STOPS - words("il lo la gli le un una uno di del della con in su da")
_NO_NAME: Final = _STOPS | words(
    "a al domani dopo ancora subito oggi stasera presto qui qua importante nessuno sconosciuto sbagliato giusto "
    "scritto segnato difficile facile dottore signore signora pronto sì bene scusi scusa pure così yes no ok okay"
)
_NOTHING: Final = frozenset(
    {
        "niente",
        "nulla",
        "tutto",
        "qualcosa",
        "cose",
        "questo",
        "quello",
        "questa",
        "quella",
        "questi",
        "quelli",
        "queste",
        "quelle",
    }
)
_TO: Final = r"(?:a|ad|al|allo|alla|ai|agli|alle)\s+|all'\s*"
_DIVIDER: Final = re.compile(r",\s*(?:(?:e|ed|o)\s+)?|\s+(?:e|ed|o)\s+(?:anche\s+)?", re.IGNORECASE)
_LEADING: Final = re.compile(rf"^(?:{_TO}|(?:il|lo|la|i|gli|le|tutti|tutte|tutto)\s+|l')+", re.IGNORECASE)
_I_AM: Final = r"\b(?:io )?sono\s+"
_HOW: Final = r"(?:(?:molto|anche|gravemente|fortemente|davvero|proprio|un po')\s+){0,2}"
_MONTH: Final = "(?P<month>" + "|".join(ITALIAN_MONTHS) + ")"
_DIETS: Final = {
    "vegan": "vegan",
    "vegetarian": "vegetarian",
    "pescetarian": "pescatarian",
    "pescatarian": "pescatarian",
    "flexitarian": "flexitarian",
}


def _foods(statement: Statement) -> list[str]:
    found = enumerated(statement.rest, _DIVIDER, _LEADING, _STOPS)
    return [value for value in found if value not in _NOTHING]


def _intolerances(statement: Statement) -> list[str]:
    return [f"{value} (intolleranza)" for value in _foods(statement)]


def _name(statement: Statement) -> list[str]:
    return person(statement.rest, _NO_NAME, is_cased=statement.is_cased)


def _diet(statement: Statement) -> list[str]:
    return [_DIETS[statement.match["value"].lower()]]


def _group(statement: Statement) -> list[str]:
    return [statement.match["value"].lower()]


def _rest(statement: Statement) -> list[str]:
    return phrase(statement.rest, _PLACE_STOPS)


def _favourite(statement: Statement) -> list[str]:
    what = statement.match["what"].lower()
    if what in ("tavolo", "posto", "ristorante", "locale"):
        return []
    return [f"{what}: {value}" for value in phrase(statement.rest, _PLACE_STOPS, 5)]


def _people(statement: Statement) -> list[str]:
    count = number(statement.match["number"])
    return [str(count)] if count else []


def _birthday(statement: Statement) -> list[str]:
    return day(statement.match["day"], statement.match["month"], ITALIAN_MONTHS)


def _where(statement: Statement) -> list[str]:
    return [f"{statement.match['near'].lower()} {value}" for value in _rest(statement)]


_TODAY: Final = _re(r"\boggi è il mio compleanno\b|\bil mio compleanno è oggi\b|\boggi compio gli anni\b")
RULES: Final = (
    Rule("name", _re(r"\b(?:mi chiamo|il mio nome è)\s+"), _name, 0.95),
    Rule("name", _re(r"\b(?:chiamami|mi chiami pure|puoi chiamarmi|può chiamarmi)\s+"), _name, 0.9),
    Rule("allergy", _re(rf"{_I_AM}{_HOW}allergic[oa]\s+(?={_TO})"), _foods, 0.95),
    Rule("allergy", _re(rf"\b(?:ho|soffro di) (?:un')?\s*(?:\w+\s+)?allergi[ae]\s+(?={_TO})"), _foods, 0.95),
    Rule("allergy", _re(rf"{_I_AM}{_HOW}intollerante\s+(?={_TO})"), _intolerances, 0.95),
    Rule("allergy", _re(rf"\bho un'intolleranza\s+(?={_TO})"), _intolerances, 0.95),
    Rule("allergy", _re(rf"{_I_AM}celiac[oa]\b"), lambda _: ["glutine (celiachia)"], 0.95),
    Rule("diet", _re(rf"{_I_AM}{_HOW}(?P<value>vegan|vegetarian|pesc[ae]tarian|flexitarian)[oa]\b"), _diet, 0.9),
    Rule("diet", _re(r"\bseguo una dieta (?P<value>[a-zàèéìòù]+(?: [a-zàèéìòù]+)?)\b"), _group, 0.85),
    Rule("diet", _re(r"\bmangio solo (?P<value>halal|kosher)\b"), _group, 0.85),
    Rule("favourite_table", _re(r"\bil (?:mio|nostro) (?:tavolo preferito|solito tavolo) è\s+"), _rest, 0.9),
    Rule(
        "favourite_table",
        _re(r"\b(?P<value>il tavolo(?: [\w']+){1,5}?) è il (?:mio|nostro) preferito\b"),
        _group,
        0.9,
    ),
    Rule(
        "favourite_table",
        _re(r"\b(?:mi siedo|ci sediamo) (?:sempre|di solito) (?P<near>vicino|accanto|al|alla|in|sul|sulla|davanti)\s+"),
        _where,
        0.8,
    ),
    Rule("favourite_place", _re(r"\bil mio (?:posto|ristorante|locale) preferito è\s+"), _rest, 0.9),
    Rule("preference", _re(r"\b(?:il mio|la mia) (?P<what>[a-zàèéìòù]+) preferit[oa] è\s+"), _favourite, 0.85),
    Rule(
        "party_size",
        _re(rf"\b(?:siamo (?:sempre|di solito)|di solito siamo|(?:prenoto|vengo) (?:sempre|di solito) per)"
            rf"(?: in)? (?P<number>{NUMBER})\b"),
        _people,
        0.85,
    ),
    Rule(
        "party_size",
        _re(rf"\btavolo per (?P<number>{NUMBER}),? come (?:sempre|al solito)\b"),
        _people,
        0.85,
    ),
    Rule(
        "birthday",
        _re(rf"\b(?:il mio compleanno è|compio gli anni|sono nat[oa])(?: il| l')? ?(?P<day>{NUMBER})°? {_MONTH}\b"),
        _birthday,
        0.95,
    ),
    Rule("birthday", _TODAY, lambda _: [TODAY], 0.9),
)  # fmt: skip
ASKED_NAME: Final = _re(r"\b(?:come (?:ti chiami|si chiama)|(?:il )?(?:tuo|suo) nome|a che nome|con chi parlo)\b")
ANSWERED_NAME: Final = _re(r"^(?:(?:sì|ciao|buongiorno|buonasera|certo|allora|ehm)[,.]? )*(?:sono |io sono )?")


def answered(text: str, *, is_cased: bool) -> list[str]:
    """The name, where it was asked for and the answer is little else."""
    rest = ANSWERED_NAME.sub("", " ".join(text.split()).rstrip(".!"))
    is_name = 1 <= len(rest.split()) <= 3 and not text.endswith("?")
    return person(rest, _NO_NAME, is_cased=is_cased) if is_name else []
