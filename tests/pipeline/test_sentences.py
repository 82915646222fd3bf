"""Clauses: early enough, natural, and together exactly the text."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sentences import FIRST_CLAUSE_LETTERS, ClauseSplitter

PIECES = (
    'Well|hello|there|Dr|e.g|3.5|x|però|你好| |  |\n|, |. |... |? |! |。|，| - |—|; |: |." '
    "|a very long stretch of words without a stop and without an end of which there are some "
)
texts = st.lists(st.sampled_from(PIECES.split("|")), max_size=40).map("".join)


def clauses_of(chunks: list[str]) -> list[str]:
    splitter = ClauseSplitter()
    clauses = [clause for chunk in chunks for clause in splitter.push(chunk)]
    return [*clauses, rest] if (rest := splitter.finish()) else clauses


@given(text=texts, data=st.data())
def test_joined_they_are_the_text_however_it_arrives(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=10)) | {0, len(text)})
    chunks = [text[start:end] for start, end in itertools.pairwise(cuts)]
    clauses = clauses_of(chunks)
    assert "".join(clauses) == text
    assert clauses == clauses_of([text]) == clauses_of(list(text))


@given(text=texts, hurried=st.sets(st.integers(0, 60)))
def test_joined_they_are_the_text_also_in_a_hurry(text: str, hurried: set[int]) -> None:
    splitter = ClauseSplitter()
    said = []
    for index, character in enumerate(text):
        said += splitter.push(character)
        if index in hurried:
            clause = splitter.hurry()
            assert not clause or clause[-1].isspace(), "never in the middle of a word"
            said.append(clause)
    assert "".join([*said, splitter.finish()]) == text


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("Hello. How are you? Fine!", ["Hello. ", "How are you? ", "Fine!"]),
        ("Well, that is it. Yes.", ["Well, that is it. ", "Yes."]),
        ("Photosynthesis, in short, is life.", ["Photosynthesis, ", "in short, is life."]),
        ("Dr. Smith has 3.5 apples, e.g. red ones.", ["Dr. Smith has 3.5 apples, ", "e.g. red ones."]),
        ("你好。今天很好。", ["你好。", "今天很好。"]),
        ('He said: "Stop!" Then he left.', ["He said: ", '"Stop!" ', "Then he left."]),
    ],
)
def test_examples(text: str, clauses: list[str]) -> None:
    assert clauses_of([text]) == clauses


def test_the_first_clause_can_be_hurried() -> None:
    splitter = ClauseSplitter()
    assert splitter.push("Photosynthesis is the pro") == []
    assert splitter.is_waiting_for_first
    assert splitter.hurry() == "Photosynthesis is the "
    assert not splitter.is_waiting_for_first
    splitter = ClauseSplitter()
    splitter.push("It is ")
    assert splitter.hurry() == "", f"less than {FIRST_CLAUSE_LETTERS} letters"


def test_a_text_without_punctuation_is_said_before_its_end() -> None:
    clauses = clauses_of(["word " * 200])
    assert len(clauses) == 4
    assert all(clause.endswith("word ") for clause in clauses)
