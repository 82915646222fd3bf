"""How far a reply had come, as its log tells: neither what was written nor what was said is always ahead."""

import numpy as np
import pytest

from pipeline.audio import OUTPUT_RATE
from pipeline.events import ReplyAudio, ReplyStarted
from pipeline.settings import ReplyOptions, SessionSettings
from voice_server.conversations.reply_in_progress import ReplyInProgress

SECOND = np.zeros(OUTPUT_RATE, np.int16)


def reply(*said: str, written: str = "", is_complete: bool = False) -> ReplyInProgress:
    """Each piece takes a second."""
    made = ReplyInProgress(ReplyStarted("resp_1", ReplyOptions().completed_by(SessionSettings())), 0.0)
    if written:
        made.compose(written, is_complete=is_complete)
    for number, text in enumerate(said):
        made.speak(ReplyAudio("resp_1", "item_1", SECOND, text), float(number))
    return made


@pytest.mark.parametrize("written", ["", "One two.", "One two. ", "One two. Three four, five six."])
def test_what_was_said_counts_as_said_however_much_of_it_is_noted_as_written(written: str) -> None:
    found = reply("One two. ", written=written)
    assert found.said_characters(1.0) == len("One two. ")
    assert found.written.startswith("One two. ")


def test_a_clause_that_is_ahead_of_what_is_noted_is_not_said_again() -> None:
    found = reply("One two. ", "Three four, ", written="One two.")
    assert found.written == "One two. Three four, "
    assert found.said_characters(2.0) == len(found.written)


def test_a_phrase_that_nobody_wrote_comes_before() -> None:
    found = reply("One moment. ", "One two. ", written="One two. Three.", is_complete=True)
    assert found.written == "One two. Three."
    assert found.said_characters(2.0) == len("One two. ")


def test_a_phrase_comes_before_words_that_are_ahead_of_what_is_noted() -> None:
    found = reply("A moment, please. ", "One two. ", "Three four, ", written="One two.")
    assert found.written == "One two. Three four, "
    assert found.said_characters(3.0) == len(found.written)
