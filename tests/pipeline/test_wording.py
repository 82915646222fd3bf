"""How complete a turn is by its words. The sentences are not those of benchmarks.hesitant."""

import time

import pytest

from pipeline.wording.judgement import judge

HANGING = """
en  I'm looking for a hotel near
en  she told me that
en  we could go there if
en  my brother and
en  I really want to
en  where can I find the
en  she has been
en  do you have any
en  what time does it
en  and then we
en  could you please
en  it's called, um
en  let me see
en  a table for six on the thirty
en  a very
en  compare iron
en  the distance between Milan
en  if the weather is bad on Sunday
en  my number is five five five one two
en  you can write to bruno at
en  write to bruno at gmail
en  e-mail me, it's bruno at gmail dot
en  I would lik-
en  we could meet on Tuesday,
en  I was thinking…
it  cerco un albergo vicino a
it  mi ha detto che
it  potremmo andarci se
it  mio fratello e
it  voglio
it  dove trovo la
it  è stata una
it  avete qualche
it  vengo con mia
it  e poi noi
it  si chiama ehm
it  mi faccia pensare
it  vorrei un tavolo per sabato alle
it  un piccolo
it  confronta il ferro
it  la differenza tra un virus
it  se domenica piove molto
it  il mio numero è cinque cinque cinque uno due
it  scrivimi, bruno chiocciola
it  bruno chiocciola libero punto
it  non ho capito perche'
it  andiamo al
it  prima che
it  dell'
it  ci vediamo martedì,
en  why do birds
en  when does the shop
en  every time my phone rings
en  can we have three
en  there was a, I don't know
en  would it be possible
en  x squared plus seven equals
it  perché gli uccelli
it  tutte le volte che il telefono squilla
it  c'era un, non so
it  sarebbe possibile
it  tre x meno due uguale
"""
COMPLETE = """
en  what is the weather like in Oslo
en  when does the shop open
en  who are you talking to
en  what is this made of
en  turn the lights off please
en  switch it on
en  yes
en  no thank you
en  of course
en  i don't know
en  I think so
en  I live in Canada
en  call my mother
en  I would like two tickets for the concert
en  how many legs does a spider have
en  I don't know what a quark is
en  you can write to bruno at gmail dot com
en  my number is five five five one two three four six seven eight
en  that's all
en  is it far from here
it  che tempo fa a Oslo
it  quando apre il negozio
it  con chi parli
it  di che cosa è fatto questo
it  spegni le luci per favore
it  accendi la lampada
it  sì
it  no grazie
it  certo
it  non lo so
it  abito in Canada
it  chiama mia madre
it  vorrei due biglietti per il concerto
it  quante zampe ha un ragno
it  che cos'è un quark
it  scrivimi, bruno chiocciola libero punto it
it  il mio numero è tre due otto uno due tre quattro cinque sei sette
it  basta così
it  va bene
it  quanto dista Torino da Milano
en  solve two x plus three equals eleven
en  2x + 3 = 11
en  what is nine times six
en  eighteen divided by three is six
en  every time I call they are closed
en  who can help
en  why do birds sing
it  risolvi due x più tre uguale undici
it  diciotto diviso tre fa sei
it  quanto fa nove per sei
it  perché gli uccelli cantano
it  non lo so
"""


def lines(table: str) -> list[tuple[str, str]]:
    return [(line[:2], line[4:]) for line in table.strip().splitlines()]


@pytest.mark.parametrize(("language", "words"), lines(HANGING))
def test_words_that_want_others_are_not_complete(language: str, words: str) -> None:
    assert judge(words, language=language).completeness <= 0.35
    assert judge(words).completeness <= 0.35, "nor if nobody says which language it is"


@pytest.mark.parametrize(("language", "words"), lines(COMPLETE))
def test_whole_sentences_are_complete(language: str, words: str) -> None:
    assert judge(words, language=language).completeness >= 0.7
    assert judge(words).completeness >= 0.7, "also if nobody says which language it is"


@pytest.mark.parametrize(("language", "words"), lines(HANGING))
def test_a_full_stop_makes_nothing_complete(language: str, words: str) -> None:
    if words[-1].isalpha():
        assert judge(f"{words.capitalize()}.", language=language).completeness <= 0.35


@pytest.mark.parametrize(
    ("asked", "lacking", "giving"),
    [
        ("What is your phone number?", "five five five, one two", "555 123 4567"),
        ("What is your phone number?", "yes", "double five five one two three four five six seven"),
        (
            "Mi dà il suo numero di telefono?",
            "tre due otto trentacinque",
            "tre due otto trentacinque venti diciotto nove",
        ),
        ("Could I have your e-mail?", "it's bruno dot neri at", "it's bruno dot neri at gmail dot com"),
        ("Qual è la sua e-mail?", "bruno punto neri", "bruno punto neri chiocciola libero punto it"),
        ("For how many people?", "it's a birthday dinner", "there are nine of us"),
        ("Per quante persone?", "è una cena di compleanno", "siamo in nove"),
        ("At what time?", "on Friday evening", "at nine"),
        ("A che ora?", "venerdì sera", "alle nove"),
        ("Which day would you prefer?", "in the evening", "on Friday"),
        ("Per che giorno?", "la sera", "venerdì"),
        ("What is your full name?", "my name is", "my name is Bruno Neri"),
        ("Come si chiama?", "mi chiamo", "mi chiamo Bruno Neri"),
    ],
)
def test_an_answer_is_complete_when_it_gives_what_was_asked_for(asked: str, lacking: str, giving: str) -> None:
    assert judge(lacking, asked).completeness <= 0.35
    assert judge(giving, asked).completeness >= 0.7


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("What is your phone number?", "I don't have one"),
        ("Qual è la sua e-mail?", "non ho una mail"),
        ("A che ora?", "a che ora chiudete"),
        ("Which day would you prefer?", "what days are free"),
    ],
)
def test_what_was_asked_for_may_be_refused_or_asked_back(asked: str, words: str) -> None:
    assert judge(words, asked).completeness >= 0.7


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("I 'd like to go", "I'd like to go"),
        ("perche'", "perché"),
        ("L’acqua è", "l'acqua è"),
        ("write to bruno at gmail . com", "write to bruno at gmail dot com"),
        ("send it by e mail to the", "send it by e-mail to the"),
    ],
)
def test_spelling_makes_no_difference(one: str, other: str) -> None:
    assert judge(one).completeness == pytest.approx(judge(other).completeness, abs=0.2)


@pytest.mark.parametrize("words", ["", " ", "...", "?", "'", "@", "+", "€ 5", "日本語です", "a" * 5000, "e " * 500])
def test_anything_can_be_judged(words: str) -> None:
    for language in (None, "en", "it", "de", "", "it-IT"):
        assert 0 <= judge(words, "What is your phone number?", language).completeness <= 1


def test_a_language_without_a_lexicon_is_left_open() -> None:
    assert judge("ich hätte gern einen Tisch für", language="de").completeness == 0.5
    assert judge("wie spät ist es?", language="de").completeness == 0.75
    assert judge("ich hätte gern einen Tisch,", language="de").completeness <= 0.2
    assert judge("möchte gerne einen Tisch").completeness == 0.5


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        ("en", "vorrei prenotare un tavolo per"),
        ("en", "mi può dire quando"),
        ("en", "domani sera alle otto e"),
        ("it", "I would like to book a table for"),
        ("it", "could you tell me whether"),
    ],
)
def test_who_speaks_another_language_than_expected_is_not_cut_in_on(expected: str, words: str) -> None:
    assert judge(words, language=expected).completeness <= 0.35


@pytest.mark.parametrize("words", ["one", "seven", "sette"])
def test_what_follows_a_statement_is_no_answer(words: str) -> None:
    said = "The table is booked. The weather will be fine."
    assert judge(words, said) == judge(words)
    assert judge(words, "How many of them are left?").completeness > judge(words, said).completeness


@pytest.mark.parametrize("words", ["yes", "yes please", "sì", "sì grazie"])
def test_yes_to_an_offer_promises_more(words: str) -> None:
    for asked in ("Can I help you?", "How can I help you today?", "Posso aiutarla?", "Would you like anything else?"):
        assert judge(words, asked).completeness <= 0.35
    assert judge(words, "Shall I book it?").completeness >= 0.9
    assert judge("no thank you", "Would you like anything else?").completeness >= 0.9


def test_a_bare_yes_that_nobody_asked_for_may_be_a_beginning() -> None:
    assert judge("no", "The table is booked.").completeness < judge("no", "Shall I book it?").completeness


def test_a_card_has_sixteen_digits() -> None:
    asked = "Could I have your card number?"
    four = "four one two three "
    assert judge(four * 3, asked).completeness <= 0.35
    assert judge(four * 4, asked).completeness >= 0.9
    assert judge("3712 345678 95006", asked).completeness >= 0.9
    assert judge(four * 4).completeness <= 0.35, "nobody knows of what it is"


def test_a_question_that_is_told_is_none_for_the_voice() -> None:
    assert not judge("tell me how it works").is_question
    assert judge("can you tell me how it works").is_question
    assert judge("tell me how it works").completeness >= 0.7


def test_questions_are_known_by_their_words() -> None:
    for words in (
        "where is it",
        "can you come",
        "so what should I do",
        "a che ora chiudete",
        "se piove che cosa facciamo",
        "siete aperti",
    ):
        assert judge(words).is_question
    for words in ("I have been there", "we can come", "vengo domani", "è una bella giornata"):
        assert not judge(words).is_question


def test_sixty_words_take_less_than_a_millisecond() -> None:
    words = "I would like to know whether it is possible to book a table for four people " * 4
    judge(words)
    began = time.process_time()
    for _ in range(100):
        judge(words, "What is your phone number?")
    assert time.process_time() - began < 0.2, "a hundred times"
