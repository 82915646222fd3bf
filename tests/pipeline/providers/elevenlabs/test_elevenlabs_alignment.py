"""Whatever the vendor tells about characters, the text that is given is the text that was written."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.providers.elevenlabs.alignment import Alignment
from pipeline.providers.interfaces import SpokenText


def tell(alignment: Alignment, told: str, audio_seconds: float, start: float = 0.0) -> list[tuple[str, float]]:
    starts = [start + index * 0.1 for index in range(len(told))]
    return [(piece.text, round(piece.start_seconds, 3)) for piece in alignment.push(list(told), starts, audio_seconds)]


def test_words_come_with_the_character_that_begins_them() -> None:
    alignment = Alignment()
    alignment.write("Hello there, ")
    assert tell(alignment, "Hel", 0.0) == [("Hello ", 0.0)]
    assert tell(alignment, "lo th", 0.3) == [("there, ", 0.6)]
    assert tell(alignment, "ere, ", 0.8) == []
    assert alignment.rest() == ()


def test_times_that_count_from_the_beginning_of_the_speech() -> None:
    alignment = Alignment()
    alignment.write("one two three ")
    assert tell(alignment, "one ", 0.0, start=0.0) == [("one ", 0.0)]
    assert tell(alignment, "two ", 1.0, start=1.0) == [("two ", 1.0)]
    assert tell(alignment, "three ", 2.0, start=2.0) == [("three ", 2.0)]


def test_a_beginning_that_is_told_twice() -> None:
    alignment = Alignment()
    alignment.write("That costs a lot. ")
    assert tell(alignment, "That cos", 0.0) == [("That ", 0.0), ("costs ", 0.5)]
    assert tell(alignment, "That costs a", 0.8) == [("a ", 1.9)]
    assert tell(alignment, " lot. ", 2.0) == [("lot. ", 2.1)]


def test_numbers_that_are_spelled_out() -> None:
    alignment = Alignment()
    alignment.write("It is 25 degrees. ")
    told = tell(alignment, "It is twenty five degrees. ", 0.0)
    assert "".join(text for text, _ in told) == "It is 25 degrees. "
    assert told[-1] == ("degrees. ", 1.8)


def test_what_is_never_told_is_given_at_the_end() -> None:
    alignment = Alignment()
    alignment.write("one 二 ")
    assert tell(alignment, "one", 0.0) == [("one ", 0.0)]
    alignment.write("three")
    assert alignment.rest() == (SpokenText("二 three", 0.0, None),)


@given(
    st.lists(st.text("ab 1.,\n", max_size=20), max_size=5),
    st.lists(st.tuples(st.text("ab 1.,\nx", max_size=12), st.floats(0, 5)), max_size=20),
)
def test_nothing_is_lost_or_said_twice(clauses: list[str], told: list[tuple[str, float]]) -> None:
    alignment = Alignment()
    given_pieces: list[SpokenText] = []
    for index, (letters, seconds) in enumerate(told):
        if index < len(clauses):
            alignment.write(clauses[index])
        given_pieces += alignment.push(list(letters), [0.1] * len(letters), seconds)
    for clause in clauses[len(told) :]:
        alignment.write(clause)
    given_pieces += alignment.rest()
    assert "".join(piece.text for piece in given_pieces) == "".join(clauses)
    starts = [piece.start_seconds for piece in given_pieces]
    assert starts == sorted(starts)
