"""A question as it was heard or typed, without what carries no meaning: fillers, politeness, punctuation,
homophones.
"""

import re
from typing import Final

_CONTRACTIONS: Final = (
    (r"\b(what|who|where|when|how|that|there)'?s\b", r"\1 is"),
    (r"\bit's\b", "it is"),
    (r"\bi'?m\b", "i am"),
    (r"\bwhat're\b", "what are"),
    (r"\bcan't\b", "cannot"),
    (r"\bdon't\b", "do not"),
)
_FILLERS: Final = re.compile(
    r"\b(?:um+|uh+|er+m*|hm+|ah|oh(?= [a-z]+ [a-z]+ )|well|so|okay|ok|please|actually|basically|like"
    r"|(?<!do )(?<!can )you know|i mean|just|now|galion|gallium please"
    r"|kindly|quickly|right then|hey(?= \w+ \w+))(?![\w'])"
)
_LEAD: Final = re.compile(
    r"^(?:(?:hello|hi|hey|and then|then|and(?= (?:what is|what are|how|tell|calculate|convert"
    r"|solve)\b))\s+)?(?:(?:can|could|would|will) you(?: please)?(?: (?:tell me|give me|say|find"
    r"|help me with|help me|work out"
    r"|calculate|compute))?|do you (?:know|remember)|i (?:want|need|would like) (?:to know"
    r"|you to tell me|to ask)|i wonder|tell me about(?= \w)|tell me|"
    r"let us|let me know|give me|show me|say|and(?= (?:what is|what are|how|calculate|convert|solve)\b))\s+(?=\S)"
)
_ASKING: Final = re.compile(
    r"^(?:(?:what|how much)(?: exactly)? (?:is|are|was|does|do)(?= \S)|what(?! about| percent)(?= \S)"
    r"|which is|calculate|compute|evaluate|work out|find(?= the)|"
    r"figure out|determine|the answer to|the result of|the value of|is it)\s+(?=\S)"
)
_TRAIL: Final = re.compile(
    r"\s*(?:=|\bequals?|\bequal to|\bis equal to|\bmakes?|\bis what|\bis|\bat|\bfor me|\bthank you|\bthanks)\s*$"
)
# A recogniser writes numbers as the words that sound like them where a number must stand.
_OPERATOR: Final = r"(?:plus|minus|times|over|divided by|multiplied by|root of|power of|factorial of|sine of|log of)"
_END: Final = r"(?=$| (?:plus|minus|times|over|divided|multiplied|squared|cubed|equals|factorial)\b)"
_HOMOPHONES: Final = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (rf"\b({_OPERATOR}) (?:for|fore)\b{_END}", r"\1 four"),
        (rf"\b({_OPERATOR}) (?:to|too)\b{_END}", r"\1 two"),
        (rf"\b({_OPERATOR}) won\b", r"\1 one"),
        (rf"\b({_OPERATOR}) ate\b", r"\1 eight"),
        (rf"\b({_OPERATOR}) sex\b", r"\1 six"),
        (r"^(?:for|fore) (?=(?:plus|minus|times|over|divided|multiplied|squared|cubed)\b)", "four "),
        (r"^(?:to|too) (?=(?:plus|minus|times|over|divided|multiplied|squared|cubed)\b)", "two "),
        (r"\bex (?=squared|cubed|plus|minus|equals|to the|over)", "x "),
        (r"\b(plus|minus|times|of|over|by|two|three|four|five|six|seven|eight|nine|ten) ex\b", r"\1 x"),
        (r"\bwhy (?=squared|cubed|equals|plus|minus)", "y "),
        (r"\b(plus|minus|times|two|three|four|five) why\b", r"\1 y"),
        (r"\bpie(?= (?:times|over|squared|divided|plus|minus)|$)", "pi"),
        (r"\b(times|of|over|plus|minus|by|two|to) pie\b", r"\1 pi"),
        (r"\bmoller\b|\bmolar mess\b", "molar"),
        (r"\bco sine\b", "cosine"),
        (r"\bsign of (?=\d|x|pi|thirty|sixty|ninety|forty|zero)", "sine of "),
        (r"\bsquare root for\b", "square root four"),
        (r"\bkilometer", "kilometre"),
        (r"\bcentimeter", "centimetre"),
        (r"\bmillimeter", "millimetre"),
        (r"\b(?:see|sea) (?:oh|o) two\b", "c o two"),
        (r"\baitch\b", "h"),
    )
)


def plain(text: str) -> str:
    """Lower case, no sentence punctuation, no fillers: "Um, what's 12*7?" is "what is 12*7"."""
    text = text.lower().replace("’", "'").replace("‘", "'")
    if "=" in text or " equal" in text:
        text = re.sub(r",(?=\s)", " and", text)
    text = re.sub(r"\?+(?=\s|$)|[;:\"“”¿¡]|[.!](?=\s+[a-z]|\s*$)(?<![0-9)]!)|,(?=\s|$)(?!\s*\d)", " ", text)
    for pattern, replacement in _CONTRACTIONS:
        text = re.sub(pattern, replacement, text)
    text = _FILLERS.sub(" ", text)
    text = re.sub(r"\s+", " ", text).strip(" ,.")
    for homophone, replacement in _HOMOPHONES:
        text = homophone.sub(replacement, text)
    return text


def question(text: str) -> str:
    """What is asked for, without the asking: "could you tell me what is 12*7=?" is "12*7"."""
    core = plain(text)
    for _ in range(4):
        shorter = _TRAIL.sub("", _ASKING.sub("", _LEAD.sub("", core))).strip(" ,")
        if shorter == core or not shorter:
            break
        core = shorter
    return core
