"""How complete a turn is by its words."""

import re
from dataclasses import dataclass
from itertools import pairwise

from pipeline.wording import answer, arithmetic, dictation
from pipeline.wording.english import LEXICON as ENGLISH
from pipeline.wording.italian import LEXICON as ITALIAN
from pipeline.wording.lexicon import HANGS, LACKS, LIKELY, OPEN, SURE, Lexicon, Tokens, has_any, longest_ending
from pipeline.wording.lexicon import words as words_of
from pipeline.wording.tokens import Transcript, read

LEXICONS = {lexicon.language: lexicon for lexicon in (ENGLISH, ITALIAN)}
VOCABULARY = {
    lexicon.language: lexicon.closed
    | lexicon.number_words.keys()
    | {word for phrase in (*lexicon.endings, *lexicon.alone) for word in phrase.split()}
    for lexicon in LEXICONS.values()
}
"""Words by which a language is known."""
MARKS = {"…": HANGS, "-": HANGS, ",": 0.15, ":": 0.15, ";": 0.3}
"""The most that punctuation at the very end leaves: a recogniser that hears a comma heard the voice stay up."""
SOFT = 0.3
"""Less complete than this, it does not help that it answers a question."""
COMPLEMENTS = words_of("of di del dello della dei degli delle dell' its his her their suo sua this that")
"""Words by which it is said what a relational noun is of."""
COUNTING = 0.25
"""How complete nothing but digits is that nobody asked for."""
CONNECTIVES = words_of("so and but then or quindi e ma allora o poi")
"""Words behind which a question may begin."""
EXTENSIBLE = 0.72
"""The most that any voice makes of a clause that may take another adjunct: "I would like a table", "on the terrace"."""
YES_TO_NOTHING = 0.75
"""How complete a bare "yes" or "no" is that nobody has asked for: what it agrees with may follow."""
FRONTED, SHORTEST_FRONTED = 0.3, 4
"""How complete a clause is that is followed by the main one, so much that a voice may complete it; and from how many
words on."""
ASKING = words_of("what which how why who whose chi cosa quale quali quanto quanta quanti quante perché come")
"""Question words that are hardly ever anything else."""
AMBIGUOUS = words_of("that che")
"""They ask only where they stand first."""
DEFINITE_ARTICLES = words_of("the il lo la l' i gli le")
SHORTEST_CLAUSE = 3
"""Words; less is a fragment unless it is known."""
MOST_TOKENS = 60
"""That are looked at, from the end."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the words say of a pause."""

    completeness: float
    """How sure it is that the turn is over, 0 to 1."""
    is_question: bool
    """A question: its voice may well rise at the end."""
    most: float = 1.0
    """The most that a voice makes of its completeness."""
    is_open_question: bool = False
    """A question for yes or no that may take another adjunct: its voice rises now and at the end."""


def judge(words: str, asked: str = "", language: str | None = None) -> Judgement:
    """Judge the turn so far. `asked` is what the assistant said last.

    `language` (ISO 639-1) is what is expected: if the words are more of the other one, they are judged by that, as they
    are if nothing is expected. Of a language without a lexicon only the punctuation counts.
    """
    transcript = read(words)
    tokens = transcript.tokens[-MOST_TOKENS:]
    if not tokens:
        return Judgement(OPEN, is_question=False)
    lexicon = _spoken(tokens, language)
    if lexicon is None:
        score = LIKELY if transcript.mark == "?" else OPEN
        return Judgement(min(score, MARKS.get(transcript.mark, 1.0)), is_question=transcript.mark == "?")
    transcript = Transcript(tokens, transcript.sentence, transcript.mark)
    asks = transcript.mark == "?" or _asks(transcript.sentence, lexicon)
    score = _score(transcript, asked, lexicon, is_question=asks or _tells_question(transcript.sentence, lexicon))
    extensible = _may_be_extended(transcript, asked, lexicon, asks=asks)
    most = EXTENSIBLE if extensible else 1.0
    has_adjunct = has_any(transcript.sentence[SHORTEST_CLAUSE:], lexicon.prepositions)
    is_open = asks and extensible and not has_adjunct
    if transcript.mark == "?" and score >= LACKS:
        score = max(score, LIKELY) if score < LIKELY else SURE
    return Judgement(min(score, most, MARKS.get(transcript.mark, 1.0)), asks, most, is_open)


def _spoken(tokens: Tokens, expected: str | None) -> Lexicon | None:
    """The language to which most of the words belong; None: one without a lexicon, or not a word of either."""
    given = expected[:2].lower() if expected else None
    if given and given not in LEXICONS:
        return None
    known = {language: sum(token in VOCABULARY[language] for token in tokens) for language in LEXICONS}
    best = max(known, key=lambda language: (known[language], language == given))
    is_known = given or known[best] or len(tokens) < SHORTEST_CLAUSE or tokens[-1][0].isdigit()
    return LEXICONS[best] if is_known else None


def _score(transcript: Transcript, asked: str, lexicon: Lexicon, *, is_question: bool) -> float:
    tokens = transcript.tokens
    kind = answer.wanted(asked) if asked else None
    if kind in answer.DICTATED:
        given = answer.gives(kind, tokens, lexicon)
        if given is not None:
            return given
    alone = _alone(tokens, lexicon)
    if alone is not None:
        return alone if alone < SURE else _yes(tokens, asked, kind, lexicon)
    calculated = arithmetic.equation(tokens, lexicon)
    if calculated is not None:
        return calculated
    if _is_aside(transcript, lexicon):
        return HANGS
    hanging = _hanging(transcript, lexicon)
    if hanging is not None and hanging < (LIKELY if kind is None else SOFT):
        return hanging
    dictated = _dictated(tokens, lexicon)
    if dictated is not None:
        return dictated
    if kind is not None and not is_question:
        given = answer.gives(kind, tokens, lexicon)
        if given is not None:
            return given
    if hanging is not None and hanging < LIKELY:
        return hanging
    is_answer = kind is not None or "?" in asked
    return max(hanging or 0.0, _whole(transcript, lexicon, is_question=is_question, is_answer=is_answer))


def _yes(tokens: Tokens, asked: str, kind: answer.Wanted | None, lexicon: Lexicon) -> float:
    """How complete a known turn is after what was asked.

    "Yes" to "may I have your number?" promises it, as it does to "can I help you?"; to "for what time?" it answers
    nothing either.
    """
    if kind is not None:
        return LACKS if kind in answer.DICTATED else OPEN
    affirms = tokens[0] in lexicon.affirmations
    if affirms and answer.offers(asked):
        return LACKS
    is_bare = len(tokens) == 1 and (affirms or tokens[0] in lexicon.negations)
    return YES_TO_NOTHING if is_bare and "?" not in asked else SURE


def _is_aside(transcript: Transcript, lexicon: Lexicon) -> bool:
    """Whether the last words hold the turn: "there was a, I don't know"."""
    for aside in lexicon.distancing:
        before = transcript.tokens[: -len(aside)]
        if transcript.tokens[-len(aside) :] == aside and before:
            hanging = _hanging(Transcript(before, transcript.sentence[: -len(aside)], ""), lexicon)
            return hanging is not None and hanging < SOFT
    return False


def _may_be_extended(transcript: Transcript, asked: str, lexicon: Lexicon, *, asks: bool) -> bool:
    """Whether it is a clause behind which a time, a place, a reason may come, and none has."""
    sentence = transcript.sentence
    if transcript.mark == "?" or len(sentence) < SHORTEST_CLAUSE or "?" in asked:
        return False
    if asks and (has_any(sentence, lexicon.question_words - AMBIGUOUS) or has_any(sentence[:2], AMBIGUOUS)):
        return False
    return (
        sentence[-1] not in lexicon.settling
        and longest_ending(sentence, lexicon.endings) is None
        and arithmetic.equation(sentence, lexicon) is None
        and _dictated(transcript.tokens, lexicon) is None
    )


def _hanging(transcript: Transcript, lexicon: Lexicon) -> float | None:
    """What the last words and pairs of words leave open; high if they are known to end a turn; None: not known."""
    tokens = transcript.tokens
    phrase = longest_ending(tokens, lexicon.endings)
    grammar = lexicon.unfinished(transcript.sentence) if transcript.sentence else None
    if grammar is not None and grammar >= LIKELY:
        return _pairs(tokens, lexicon) or max(grammar, phrase or 0.0)
    known = [score for score in (phrase, grammar) if score is not None]
    if phrase is not None and phrase >= LIKELY:
        return phrase
    if known:
        return min(known)
    return _pairs(tokens, lexicon)


def _alone(tokens: Tokens, lexicon: Lexicon) -> float | None:
    """The score of a turn that is known as a whole, with or without the "yes" or "well" before it."""
    start = 0
    while True:
        score = lexicon.alone.get(" ".join(tokens[start:])) if len(tokens) - start <= 5 else None
        if score is not None:
            return score
        if start >= len(tokens) - 1 or tokens[start] not in lexicon.openers:
            return None
        start += 1


def _pairs(tokens: Tokens, lexicon: Lexicon) -> float | None:
    """The score of a turn that lacks the second half of what it began; None: it does not."""
    text = f" {' '.join(tokens)} "
    for first, seconds, score in lexicon.pairs:
        start = text.rfind(f" {first} ")
        if start >= 0 and not has_any(text[start + len(first) + 1 :].split(), seconds):
            return score
    return None


def _dictated(tokens: Tokens, lexicon: Lexicon) -> float | None:
    for rating in (
        dictation.address(tokens, lexicon, is_asked=False),
        dictation.row_of_digits(tokens, lexicon),
        dictation.spelling(tokens),
    ):
        if rating is not None:
            return rating
    return None


def _asks(sentence: Tokens, lexicon: Lexicon) -> bool:
    """Whether a sentence is a question by its words."""
    start = 0
    while start < len(sentence) - 1 and sentence[start] in lexicon.openers:
        start += 1
    rest = sentence[start:]
    if not rest:
        return False
    if rest[0] in lexicon.question_openers or lexicon.asks(rest):
        return True
    # "At what time", "per quante persone"; "so what should I", "quindi che cosa devo"; "if I do that, what happens".
    if has_any(rest[:2], lexicon.question_words) or (rest[0] in lexicon.fronted and has_any(rest[2:], ASKING)):
        return True
    return any(first in CONNECTIVES and second in ASKING for first, second in pairwise(rest))


def _tells_question(sentence: Tokens, lexicon: Lexicon) -> bool:
    """ "Tell me what it is": a question in a sentence that is none."""
    return any(first in lexicon.indirect and second in ASKING for first, second in pairwise(sentence))


def _whole(transcript: Transcript, lexicon: Lexicon, *, is_question: bool, is_answer: bool) -> float:
    """The score of a turn to whose last words nothing can be objected."""
    tokens = transcript.sentence
    if not is_question and _lacks_main_clause(tokens, lexicon):
        return FRONTED if len(tokens) >= SHORTEST_FRONTED else LACKS
    if is_question:
        return 0.35 if tokens[-1] in lexicon.relational and _lacks_complement(tokens) else 0.92
    if _is_bare_number(tokens, lexicon):
        # "At eight", "per quattro" are whole, if not as exact as they might be.
        if not is_answer and all(_is_bare_number((token,), lexicon) for token in tokens):
            # Somebody counts, or dictates.
            return COUNTING
        before = [token for token in tokens if not _is_bare_number((token,), lexicon)]
        return 0.85 if before[-1:] and before[-1] in lexicon.closed else LIKELY
    count = len(tokens)
    if count < SHORTEST_CLAUSE and not has_any(tokens, lexicon.closed):
        return LIKELY if is_answer else 0.6
    return 0.85


def _lacks_main_clause(tokens: Tokens, lexicon: Lexicon) -> bool:
    """ "Whenever I open the app"."""
    count = next((count for count in range(4, 0, -1) if " ".join(tokens[:count]) in lexicon.fronted), 0)
    if not count or has_any(tokens[count:], lexicon.main_clause):
        return False
    return sum(token in lexicon.subjects for token in tokens[count:]) < 2


def _lacks_complement(tokens: Tokens) -> bool:
    """ "What is the boiling point" does not say of what."""
    return has_any(tokens[-3:-1], DEFINITE_ARTICLES) and not has_any(tokens[-6:-1], COMPLEMENTS)


def _is_bare_number(tokens: Tokens, lexicon: Lexicon) -> bool:
    return bool(re.fullmatch(r"\d+", tokens[-1])) or tokens[-1] in lexicon.number_words
