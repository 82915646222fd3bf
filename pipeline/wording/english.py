"""English: which words want others behind them."""

from itertools import pairwise

from pipeline.wording.lexicon import HANGS, LACKS, LIKELY, OPEN, SURE, Lexicon, Tokens, counted, has_any, phrases, words

BE = words("am is are was were isn't aren't wasn't weren't")
DO_AND_MODALS = words(
    "do does did have has had can could will would shall should may might must don't doesn't didn't can't couldn't "
    "won't wouldn't shouldn't haven't hasn't hadn't"
)
DO = words("do does did don't doesn't didn't")
AUXILIARIES = BE | DO_AND_MODALS
SUBJECTS = words("i you he she it we they there")
INVERTED = SUBJECTS | words("that this these those")
OBJECTS = words("me you him her it us them this that these those")
QUESTION_WORDS = words("what which who whom whose where when why how what's who's where's when's how's")
SUBORDINATORS = words(
    "if when because that while whether although though until unless "
    "since once before after where than as and but or so"
)
ARTICLES = words("a an the my your our their its every each another no some any his her this that")
TRANSITIVES = words(
    "want need like love prefer give tell show book reserve order bring get take put make find explain calculate "
    "compute convert describe define compare send add change move know call have say see use multiply divide subtract "
    "mix heat measure choose visit speak write read open close "
    "include mean try eat drink invite ask confirm update check"
)
"""Verbs that want an object; many of them are nouns too, so it counts how they are used."""
PARTICLE_VERBS = words(
    "turn switch put leave keep set pick hold shut take write go come carry hurry going coming turned"
)
PARTICLES = words("on off up down out over away back in")
STRANDED = words("of for to from in with about at on by like into")
STRANDING = words("made from come go going look looking talk talking live listen belong used known good famous are is")
ATTRIBUTES = words(
    "big small large little new old good nice quiet long short high low red green blue black white yellow hot cold "
    "same next first second third last best worst other different whole main few single special great full double "
    "private quick simple certain average total average typical normal maximum minimum chemical atomic"
)
TENS = words("twenty thirty")
NUMBER_WORDS = (
    counted("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen")
    | counted("sixteen seventeen eighteen nineteen", 16)
    | counted("twenty thirty forty fifty sixty seventy eighty ninety", 20, 10)
    | {"oh": "0", "o": "0", "nought": "0"}
)
RELATIVES = words("that which who whom whose where")

ENDINGS = phrases(
    # Conjunctions, prepositions and determiners want what they introduce.
    (
        HANGS,
        (
            "and or but because if when while although unless until whether than as since whereas nor either neither "
            "that which whose where who whom though/and and/then but/then so/that in/case as/long/as as/soon/as of for "
            "to from with at by into onto between among during without within against towards toward via per about "
            "near in on under above below behind beyond despite except regarding concerning upon beside besides "
            "because/of instead/of according/to due/to such/as as/well/as in/order/to in/front/of next/to close/to a "
            "an the my your our their its every each another"
        ),
    ),
    (
        LACKS,
        (
            "his some any no this/is these those other several both all very too quite rather really/very after before "
            "through across over around approximately roughly about almost nearly maybe perhaps probably"
        ),
    ),
    (
        HANGS,
        "at/least at/most more/than less/than up/to how/about what/about how/many how/much/is what/kind/of so/the",
    ),
    # Fillers are made to hold the turn.
    (
        HANGS,
        (
            "um uh uhm umm uhh er erm hmm hm mm ah/um so let/me/see let/me/think let/me/check hold/on hang/on "
            "wait one/moment one/second just/a/moment just/a/second you/know i/mean kind/of sort/of like basically "
            "actually/um what's/it/called how/do/you/say for/example for/instance namely"
        ),
    ),
    # Verbs that want more.
    (
        HANGS,
        (
            "means meant says said told asked seems became becomes "
            "am is are was were be been being i'm we're you're they're it's that's he's she's there's what's "
            "who's where's how's when's here's i'd we'd i'll we'll you'll they'll he'll she'll it'll i've we've "
            "they've let's have has had do does did will would can could shall should may might must gonna wanna gotta "
            "cannot isn't aren't wasn't weren't can't couldn't won't wouldn't shouldn't haven't hasn't hadn't don't "
            "doesn't didn't i/want we/want i/need we/need i'd/like we'd/like would/like i/would/like want/to going/to "
            "have/to like/to tell/me give/me show/me let/me help/me/to do/you/know i/wonder i/think/that is/called "
            "are/called equals"
        ),
    ),
    (
        LACKS,
        "i/think i/guess i/believe i/suppose there/is there/are it/is that/is this/is they/are which/is looking/for",
    ),
    (
        HANGS,
        "i he she we they not only just even also plus minus times divided/by multiplied/by over/the square/root/of",
    ),
    # Words that look like those above and end all the same.
    (
        SURE,
        (
            "thank/you thanks please yes/please bye goodbye that's/all that's/it that/is/all that's/right right/now "
            "of/course for/sure as/well very/well not/really or/not or/something if/possible if/you/can and/so/on"
        ),
    ),
    (
        LIKELY,
        (
            "i/don't/know why/not i/think/so i/hope/so so/do/i me/too what/else who/else and/you for/me with/me "
            "by/then no/more of/course/not or/so if/not so/far "
            "so/much too/much very/much that's/that and/that all/of/them "
            "both/of/them not/at/all after/all in/all above/all all/right it's/all at/all quite/well "
            "as/soon/as/possible not/yet what/is/this what/is/that like/this like/that how/are/you who/are/you "
            "where/are/you where/am/i at/all/times what's/this what's/that what's/it is/it/not isn't/it aren't/they "
            "don't/you can't/you won't/you doesn't/it come/in what's/going/on go/on come/on log/in sign/up thereabouts "
            "over/there right/here day/before day/after"
        ),
    ),
    (LACKS, "is/it/possible would/it/be/possible"),
    (LACKS, "i/have/a/question i've/got/a/question a/quick/question another/question one/more/thing one/question"),
    (OPEN, "well i/don't/know/if no/one for/both excuse/me sorry hello hi hey okay/then"),
    (
        LACKS,
        (
            "can/you/please could/you/please would/you/please i/would/please actually please/can please/could "
            "my/name/is my/number/is my/email/is my/phone/number/is the/number/is my/address/is the/name/is square "
            "cubic dot point hundred/and in/the/morning/and"
        ),
    ),
)

ALONE = phrases(
    (
        SURE,
        (
            "yes yeah yep no nope ok okay sure right correct exactly certainly absolutely perfect great good fine "
            "agreed thanks thank/you thank/you/very/much of/course all/right yes/please no/thanks no/thank/you "
            "never/mind stop that's/right that's/correct sounds/good go/ahead i/agree uh-huh mm-hm bye goodbye see/you "
            "cancel continue i/think/so i/don't/think/so i/hope/so i/hope/not i/guess/so i/guess/not not/yet "
            "not/really not/at/all i'm/not/sure i/don't/mind me/neither me/too same/here"
        ),
    ),
    (
        LIKELY,
        (
            "why when where who how what which what/else why/not how/come who/is/it what/is/it where/is/it how/so i/am "
            "i/do i/did i/can i/will i/would i/have we/are we/do we/can we/will we/would it/is it/does it/was they/are "
            "i/don't i/can't i'm/not we/don't it/isn't it/doesn't they/do she/is he/is that/is i/think/so i'd/love/to"
        ),
    ),
    (OPEN, "hello hi hey good/morning good/evening good/afternoon sorry excuse/me pardon"),
    (LACKS, "please well so then look listen now anyway alright/so first yes/but"),
)


def unfinished(tokens: Tokens) -> float | None:
    """What the grammar of the last words misses; None: nothing."""
    last = tokens[-1]
    before = tokens[-2] if len(tokens) > 1 else ""
    asks_for = next((token for token in tokens if token in QUESTION_WORDS), "")
    for rule in (
        _question_word(tokens, last, before),
        _question_without_verb(tokens),
        _verb(tokens, last, before, asks_for),
        _particle(tokens, last, before),
        _stranded(tokens, last, before, asks_for),
        _subject(last, before, asks_for),
    ):
        if rule is not None:
            return rule
    if last in TRANSITIVES and _is_verb(tokens, before):
        return LIKELY if asks_for.startswith(("what", "which", "who")) else LACKS
    if last in ATTRIBUTES and before in ARTICLES:
        return LACKS if before in ("a", "an") else 0.35
    if before == "the" and last in TENS:
        return HANGS
    if before in TRANSITIVES and last != "one" and (last in NUMBER_WORDS or last.isdigit()):
        # "Can we get two": of what?
        return 0.35
    if last.endswith("ly") and before in ARTICLES | BE:
        return LACKS
    return None


def _question_without_verb(tokens: Tokens) -> float | None:
    """ "Why do cats", "when does the shop": the verb is to come. "What can happen" and "who did that" have theirs."""
    first = next((token for token in tokens if token in QUESTION_WORDS), "")
    index = max((index for index, token in enumerate(tokens) if token in DO_AND_MODALS), default=0)
    if not first or not index or tokens[index] in ("have", "has", "had"):
        return None
    if first == "who" or (first in ("what", "which") and tokens[index] not in DO):
        return None
    subject = tokens[index + 1 :]
    subject = subject[1:] if subject[:1] and subject[0] in ARTICLES else subject
    return LACKS if len(subject) == 1 and subject[0] not in SUBJECTS | OBJECTS else None


def _verb(tokens: Tokens, last: str, before: str, asks_for: str) -> float | None:
    """What a verb at the end wants may have been said before it: "how many bones does it have", "what a quark is"."""
    if last == "may" and (before in ("of", "in", "early", "late", "mid") or before.endswith(("st", "nd", "rd", "th"))):
        return LIKELY
    if last in ("have", "has", "need", "do", "want", "use", "mean") and asks_for and len(tokens) > 3:
        return LIKELY if has_any(tokens[1:-2], DO_AND_MODALS) else None
    if last in ("is", "are", "was", "were", "means"):
        clause = tokens[-7:-2]
        return LIKELY if has_any(clause, QUESTION_WORDS) and (before not in QUESTION_WORDS) else None
    return None


def _question_word(tokens: Tokens, last: str, before: str) -> float | None:
    """ "I wonder why" wants a clause, "tell me why" may be all; "what else" and "since when" are whole."""
    if last not in QUESTION_WORDS or len(tokens) < 2:
        return None
    if tokens[0] in QUESTION_WORDS:
        # "What I don't get is why".
        return HANGS if len(tokens) > 3 and before in BE else None
    if before in ("me", "know", "remember", "sure", "for", "since", "but", "and") and last in (
        "why",
        "how",
        "when",
        "where",
    ):
        return OPEN if before in ("me", "know", "remember") else LIKELY
    return HANGS


def _particle(tokens: Tokens, last: str, before: str) -> float | None:
    """ "Turn it on" ends with what looks like a preposition."""
    if last not in PARTICLES:
        return None
    verb = next((token for token in reversed(tokens[:-1]) if token in PARTICLE_VERBS), "")
    if verb and (before in OBJECTS or (before not in ARTICLES | AUXILIARIES and before != verb)):
        return LIKELY
    return OPEN if last in ("back", "away", "out", "down", "up", "off") and before else None


def _stranded(tokens: Tokens, last: str, before: str, asks_for: str) -> float | None:
    """ "What is it made of": a question has taken away what the preposition wants."""
    if last not in STRANDED or not asks_for or len(tokens) < 3:
        return None
    if asks_for.startswith(("how", "when", "why")):
        return None
    if last == "like" and has_any(tokens, words("look sound taste feel smell is be it")):
        return LIKELY
    moved = before in STRANDING or before in SUBJECTS or before.endswith(("ing", "ed", "en"))
    return LIKELY if moved else None


def _subject(last: str, before: str, asks_for: str) -> float | None:
    """ "What time do you" and "because it" want a verb."""
    if last not in SUBJECTS:
        return None
    if before in DO_AND_MODALS or (before in SUBORDINATORS and not (before == "and" and last == "you")):
        return HANGS
    if before in BE:
        return LIKELY if asks_for and last != "there" else LACKS
    if before in ("think", "believe", "guess", "hope", "say", "said", "know", "wonder") and last in (
        "it",
        "you",
        "there",
    ):
        return LACKS
    return None


def _is_verb(tokens: Tokens, before: str) -> bool:
    if len(tokens) == 1:
        return True
    if before in ("to", "please", "and", "let's", "not", "i'd", "i'll", "we'd", "we'll", "i", "we", "they"):
        return True
    if before in DO_AND_MODALS:
        return True
    # "Can you book", "do you have"; but not "thank you".
    return before in SUBJECTS and len(tokens) > 2 and tokens[-3] in DO_AND_MODALS | SUBORDINATORS | QUESTION_WORDS


def asks(tokens: Tokens) -> bool:
    """Whether an auxiliary stands before its subject: "can you", also behind another clause."""
    return any(first in AUXILIARIES and second in INVERTED for first, second in pairwise(tokens))


LEXICON = Lexicon(
    language="en",
    endings=ENDINGS,
    alone=ALONE,
    openers=words(
        "yes yeah yep no nope ok okay well so um uh er erm oh ah hmm hello hi hey right great perfect sure and"
    ),
    question_words=QUESTION_WORDS,
    question_openers=AUXILIARIES,
    negations=words("no don't doesn't can't isn't haven't won't none nobody nothing never sorry any"),
    number_words=NUMBER_WORDS,
    repeaters={"double": 2, "triple": 3},
    at_words=frozenset(("@", "at")),
    dot_words=frozenset(("dot", "point")),
    pairs=(
        ("between", words("and"), LACKS),
        ("either", words("or"), LACKS),
        ("both", words("and of"), 0.4),
        ("convert", words("to into in"), LACKS),
        ("compare", words("with and to"), LACKS),
        ("multiply", words("by and"), LACKS),
        ("divide", words("by"), LACKS),
        ("not only", words("but"), LACKS),
    ),
    fronted=words(
        "if although though unless while whereas since because once given when after before as whenever wherever "
        "every/time each/time the/moment the/first/time the/last/time the/next/time by/the/time as/soon/as even/if"
    ),
    main_clause=QUESTION_WORDS
    | words("then please can could would will should may might must i'd i'll it's that's let's"),
    settling=words(
        "today tonight tomorrow yesterday now here there nearby later soon again please already anymore instead "
        "monday tuesday wednesday thursday friday saturday sunday mondays sundays weekend week month year morning "
        "evening afternoon night"
    ),
    subjects=SUBJECTS,
    prepositions=words("at on in for with without near by from during after before until around"),
    affirmations=words("yes yeah yep yup"),
    distancing=(("i", "don't", "know"), ("i", "dunno"), ("what's", "the", "word"), ("i", "guess"), ("i", "think")),
    indirect=words("me know wonder wondering explain understand"),
    equalities=words("equals equal ="),
    operators=words("plus minus times over divided multiplied squared cubed"),
    relational=words(
        "point mass speed distance difference capital number value weight density temperature derivative integral root "
        "name colour color size age formula symbol radius diameter height length depth volume area population meaning "
        "definition cause result price cost half square sum product ratio percentage amount"
    ),
    closed=QUESTION_WORDS
    | AUXILIARIES
    | SUBJECTS
    | ARTICLES
    | words("of for to from with at by in on and or but because if please thank thanks yes not me um uh it's i'm i'd"),
    unfinished=unfinished,
    asks=asks,
)
