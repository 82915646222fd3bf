"""Words that a listener says without wanting to speak: "mm-hm", "okay", "sì, sì". They do not interrupt."""

import re

MAX_WORDS = 4
"""Who says more has something to say."""

_ENGLISH = """
    mm mmm mhm hm hmm mhmm mmhm uh huh uhhuh ah aha oh ooh okay ok yeah yep yes yup right sure fine good great nice
    cool wow really indeed exactly true well thanks thank you i see got it
"""
_ITALIAN = """
    mh mmh eh ah sì si ok okay certo già ecco bene va esatto giusto vero capito capisco perfetto ottimo davvero bello
    grazie d'accordo
"""
_COUGHS = "um uhm ehm uhh err er ha hah haha"
"""What recognisers make of them."""
_REACTIONS = frozenset(f"{_ENGLISH} {_ITALIAN} {_COUGHS}".split())
_ASKS = re.compile(r"\?[\"'”’»)\]]*\s*$")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


def is_reaction(words: str, said: str = "") -> bool:
    """Whether these words of the user's, over an assistant who has just `said` that, leave the assistant the floor.

    After a question, "yes" is an answer. No words at all are a cough.
    """
    found = _WORD.findall(words.lower().replace("-", " ").replace("’", "'"))
    if not found:
        return not any(character.isdigit() for character in words)
    return len(found) <= MAX_WORDS and all(word in _REACTIONS for word in found) and not _ASKS.search(said)
