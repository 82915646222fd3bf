"""Which words over a reply leave the assistant the floor."""

import pytest

from pipeline.reactions import is_reaction


@pytest.mark.parametrize(
    "words",
    ["", " … ", "Mm-hm.", "mhm", "Uh-huh", "Okay.", "OK, okay", "yeah yeah", "I see", "Got it.", "Sì, sì.", "sì sì sì",
     "va bene", "certo", "D'accordo", "d’accordo", "capito", "haha", "Um"],
)  # fmt: skip
def test_who_says_this_listens(words: str) -> None:
    assert is_reaction(words)
    assert is_reaction(words, "The castle is by the sea.")


@pytest.mark.parametrize(
    "words",
    ["wait", "stop", "no", "aspetta", "no no", "okay but why", "yes yes yes yes yes", "what", "perché", "42", "hello"],
)  # fmt: skip
def test_who_says_this_speaks(words: str) -> None:
    assert not is_reaction(words)


@pytest.mark.parametrize("question", ["Shall I book it?", 'Did you say "two"?', "Prenoto? ", "«Va bene?»"])
def test_after_a_question_yes_is_an_answer(question: str) -> None:
    assert not is_reaction("yes", question)
    assert not is_reaction("sì, sì", question)
    assert is_reaction("", question), "a cough is none"
