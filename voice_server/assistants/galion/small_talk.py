"""What can truly be answered without science: greetings, thanks, who and what Galion is, the time."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

_CAN_DO: Final = (
    "I calculate, solve equations, differentiate and integrate, convert units, and know the elements, compounds and "
    "constants. Try the square root of 144, or the molar mass of glucose."
)
_JOKES: Final = (
    "I would tell you a chemistry joke, but I know I would not get a reaction.",
    "Why is 6 afraid of 7? Because 7, 8, 9.",
    "A photon checks into a hotel with no luggage: it is travelling light.",
)
_REPLIES: Final = tuple(
    (re.compile(pattern), replies)
    for pattern, replies in (
        (
            r"^(?:thanks|thank you|many thanks|cheers|thank you (?:very|so) much|thanks a lot)(?: galion)?$",
            ("You are welcome.", "With pleasure.", "Any time."),
        ),
        (
            r"^(?:bye|bye bye|goodbye|good bye|good night|see you|see you later|farewell|have a nice day)(?: galion)?$",
            ("Goodbye.", "Goodbye, and come back with questions."),
        ),
        (
            (
                r"^(?:hello|hi|hey|good morning|good afternoon|good evening|greetings|hello there"
                r"|hi there)(?: there| galion)?$"
            ),
            (
                "Hello, I am Galion. What shall we work out?",
                "Hello. Ask me something about chemistry, physics or mathematics.",
            ),
        ),
        (
            r"^(?:hello |hi |hey )?(?:how are you|how are you doing|how is it going|what is up)(?: today)?$",
            ("I am well, thank you. What shall we work out?",),
        ),
        (
            (
                r"^(?:who|what) are you$|^what is your name$|^(?:tell me )?about yourself$|^introduce yourself$"
                r"|^who am i (?:talking|speaking) to$"
            ),
            ("I am Galion, an assistant for chemistry, physics and mathematics.",),
        ),
        (
            (
                r"^(?:what can you do|what do you do|what can i (?:ask|say)(?: you)?|help|help me|can you help me"
                r"|what do you know|how can you help(?: me)?|give me (?:an )?examples?|what are you good at"
                r"|i need help)$"
            ),
            (_CAN_DO,),
        ),
        (
            (
                r"^(?:who (?:made|built|created) you|are you (?:a )?(?:robot|human|real|ai|an ai|person"
                r"|machine)(?: person)?)$"
            ),
            (
                (
                    "I am a computer program. Without a provider's key I answer from rules and computation, not from "
                    "a language model."
                ),
            ),
        ),
        (
            r"^(?:testing|test|can you hear me|are you there|hello can you hear me|do you hear me|one 2 3|mic check)$",
            ("Yes, I can hear you.",),
        ),
        (
            (
                r"^(?:never mind|nevermind|forget it|cancel|stop|be quiet|wait|one moment|hold on|that is all"
                r"|nothing|no thanks|no thank you|no)$"
            ),
            ("All right.",),
        ),
        (
            (
                r"^(?:yes|yeah|yep|sure|all right|alright|okay|ok|good|great|cool|nice|perfect|excellent|i see"
                r"|got it|interesting|wow|very good|well done|that is right|correct)$"
            ),
            ("Good. What is next?", "What else would you like to know?"),
        ),
        (r"^(?:nice|pleased|good|great) to meet you(?: too)?$", ("Nice to meet you too.",)),
        (
            (
                r"^(?:another joke|tell me a joke|a joke|joke|make me laugh|do you know a joke|say something funny"
                r"|tell me another joke)$"
            ),
            _JOKES,
        ),
        (
            r"^(?:that is wrong|that is not right|wrong|you are wrong|that is not what i (?:asked|said|meant))$",
            ("I am sorry. Please ask again in other words, with all the numbers and units.",),
        ),
        (r"^(?:sorry|i am sorry|excuse me)$", ("No problem.",)),
    )
)
_REPEAT: Final = re.compile(
    r"^(?:(?:can|could|would|will) you )?(?:repeat|say)(?: (?:that|it|this|the (?:answer"
    r"|result)))?(?: again| once more)?$"
    r"|^(?:what did you say|pardon|pardon me|once more|again|come again|say that again|what was that"
    r"|i did not (?:hear|get|catch|understand) (?:that|you))$"
)
_TIME: Final = re.compile(
    r"^(?:what is the time|what time is it|the time|do you have the time|time)(?: now| right now)?$"
)
_DATE: Final = re.compile(
    r"^(?:what is (?:the |today ?s? )?(?:date|day)(?: is it)?(?: today)?|what day is (?:it"
    r"|today)(?: today)?|(?:the )?date(?: today)?|"
    r"what is today(?: date)?|what (?:date|year|month) is it)$"
)
_NAME: Final = re.compile(r"\b(?:my name is|call me)\s+([A-Za-zÀ-ÿ'-]{2,20})", re.IGNORECASE)
_ASKS_NAME: Final = re.compile(r"^(?:what is my name|who am i|do you (?:know|remember) my name)$")


def reply(plain: str, said: Sequence[str], heard_reply: str, now: datetime) -> str | None:
    """Answer small talk, or None if it is none.

    `plain` is the last thing said, as `heard.plain` gives it; `said` everything that the person said, oldest first;
    `heard_reply` the assistant's last answer, "" if there is none.
    """
    if not plain:
        return "I am listening."
    if _REPEAT.match(plain):
        return heard_reply or "I have not said anything yet."
    if _TIME.match(plain):
        return f"It is {now.hour % 12 or 12}:{now.minute:02d} {'AM' if now.hour < 12 else 'PM'} where I am."
    if _DATE.match(plain):
        return f"Today is {now:%A}, {now:%B} {now.day}, {now.year}."
    if _ASKS_NAME.match(plain):
        return _remembered(said)
    if found := _NAME.search(said[-1] if said else ""):
        return f"Nice to meet you, {found[1].capitalize()}. What shall we work out?"
    for pattern, replies in _REPLIES:
        if pattern.match(plain):
            return replies[(len(said) - 1) % len(replies)]
    return None


def _remembered(said: Sequence[str]) -> str:
    for text in reversed(said[:-1]):
        if found := _NAME.search(text):
            return f"You told me that your name is {found[1].capitalize()}."
    return "You have not told me your name."


_FIELDS: Final = (
    (
        r"chemi|react|acid|molecul|atom|compound|element|bond|solution|mole",
        "chemistry I know the elements, molar masses and amounts; ask for the molar mass of caffeine.",
    ),
    (
        r"physic|force|energy|speed|light|gravity|electr|quantum|heat|temperature|wave|mass",
        (
            "physics I know constants, units and simple formulas; ask for the kinetic energy of 2 kilograms "
            "at 3 metres per second."
        ),
    ),
    (
        r"math|equation|number|calculat|solve|function|algebra|geometr|derivative|integral|proof|theorem",
        "mathematics I calculate, solve and differentiate; ask me to solve 2 x plus 3 equals 7.",
    ),
)
_UNKNOWN: Final = (
    "I cannot answer that by computing. Ask me a calculation, a unit, an element or a molar mass.",
    "That is beyond what I can compute. I can do arithmetic, equations, units and chemistry.",
    "I did not find a question that I can compute in that. Try 15 percent of 80, or the atomic number of iron.",
)


def at_a_loss(plain: str, turn: int) -> str:
    """What to say to a question that nothing here can answer: what can be asked instead, near to its field."""
    for pattern, offer in _FIELDS:
        if re.search(pattern, plain):
            return f"I cannot answer that one. In {offer}"
    return _UNKNOWN[turn % len(_UNKNOWN)]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ITALIAN: Final = _words("""
che come quanto quanti quante quanta qual quale quali è il lo la gli della dello dei degli delle del per di sono
ciao buongiorno buonasera grazie dimmi perché cosa puoi radice quadrata più meno diviso fa con una un quanto
quant'è cos'è com'è arrivederci salve massa atomica numero velocità luce metri chilometri dell'acqua qual'è
prego scusa sai parlare italiano
""")
_ENGLISH: Final = _words("""
the is what of how to in and are an can you do it that me my tell times plus minus divided by a i per x y
squared
""")
ONLY_ENGLISH: Final = (
    "Senza la chiave di un fornitore capisco solo l'inglese. "
    "Con un fornitore configurato posso rispondere anche in italiano."
)


def is_italian(text: str) -> bool:
    """Whether a sentence is Italian rather than English, by its small words."""
    words = re.findall(r"[a-zà-ÿ']+", text.lower())
    italian = sum(word in _ITALIAN for word in words)
    english = sum(word in _ENGLISH for word in words)
    return italian > english and (italian >= 2 or len(words) <= 2) and italian * 4 >= len(words)
