"""How long to wait before a turn is over."""

import pytest

from pipeline.endpointing import EAGERNESS, LONGEST_SILENCE_SECONDS, Endpointing, Pause
from pipeline.intonation import Intonation
from pipeline.settings import TurnDetection

ADAPTIVE = TurnDetection(kind="semantic_vad")
FALLING, LEVEL = Intonation(-15.0, -20.0), Intonation(4.0, 0.0)


def silence(words: str | None, intonation: Intonation | None = None, asked: str = "") -> float:
    return Endpointing().silence_seconds(Pause(words, asked, None, intonation), ADAPTIVE)


def test_a_fixed_silence_is_fixed() -> None:
    detection = TurnDetection(kind="server_vad", silence_seconds=0.7)
    endpointing = Endpointing()
    endpointing.resumed(2.0)
    for words in (None, "and", "what time is it"):
        assert endpointing.silence_seconds(Pause(words, intonation=LEVEL), detection) == 0.7


def test_a_finished_question_is_answered_soon() -> None:
    assert silence("what time is it") <= 0.3
    assert silence("che ore sono", FALLING) <= 0.3
    assert silence("yes please", FALLING) <= 0.3
    assert silence("yes please", LEVEL) <= 0.5


def test_a_sentence_that_wants_to_go_on_is_waited_for() -> None:
    for words in ("I would like a table for", "vorrei un tavolo per", "um", "because", "perché ehm"):
        assert 1.6 <= silence(words) <= 2.0
        assert 1.6 <= silence(words, FALLING) <= 2.0, "hesitant voices fall, too"


def test_unknown_words_are_waited_for_a_little() -> None:
    assert silence(None) == EAGERNESS["auto"].open
    assert silence(None, FALLING) < silence(None) < silence(None, LEVEL)


def test_a_voice_that_stays_up_is_waited_for() -> None:
    words = "I would like a table"
    assert silence(words, FALLING) <= silence(words) < silence(words, LEVEL)
    assert silence(words, LEVEL) >= 1.5


def test_a_voice_that_ends_high_is_waited_for() -> None:
    words = "I would like a table"
    assert (
        silence(words, Intonation(-4.0, -20.0, height=0.5)) > silence(words, Intonation(-4.0, -20.0, height=-5.0)) + 0.2
    )


def test_a_sentence_that_may_take_a_place_or_time_is_waited_for_a_little_longer() -> None:
    for longer, sooner in (
        ("we visited the castle", "thank you very much"),
        ("we visited the castle", "where is the castle"),
        ("I would like two tickets", "I would like two tickets please"),
        ("abbiamo visitato il castello", "dov'è il castello"),
    ):
        assert silence(sooner, FALLING) <= 0.26
        assert 0.35 <= silence(longer, FALLING) <= 0.43


def test_what_is_the_boiling_point_of_water_is_answered_at_once() -> None:
    for intonation in (None, FALLING, Intonation(25.0, 0.0)):
        assert silence("what is the boiling point of water", intonation) == 0.25


def test_a_question_may_rise_at_its_end() -> None:
    rising = Intonation(25.0, 0.0)
    assert silence("what do you have outside", rising) <= 0.3
    open_question = "do you have a table outside"
    assert silence(open_question, FALLING) <= 0.43
    assert 0.8 <= silence(open_question, Intonation(25.0, 0.0, height=1.0)) <= 1.0, "it may go on; no voice tells"
    assert 1.1 <= silence(open_question, rising) <= 1.3, "what is asked ends higher"
    assert silence("do you have a table for tonight", rising) <= 0.43


def test_what_was_asked_for_is_waited_for() -> None:
    asked = "May I have your phone number?"
    assert silence("three four seven one two", asked=asked) >= 1.6
    assert silence("three four seven one two three four five six seven", asked=asked) <= 0.3


@pytest.mark.parametrize("words", ["what time is it", "the moon", "vorrei un tavolo per", None])
def test_who_is_eager_waits_less(words: str | None) -> None:
    by_eagerness = [
        Endpointing().silence_seconds(Pause(words), TurnDetection(kind="semantic_vad", eagerness=eagerness))
        for eagerness in ("high", "auto", "low")
    ]
    assert by_eagerness == sorted(by_eagerness)
    assert len(set(by_eagerness)) == 3


def test_a_slow_speaker_is_given_more_time_but_not_for_what_is_complete() -> None:
    slow, quick = Endpointing(), Endpointing()
    for _ in range(5):
        slow.resumed(1.4)
        quick.resumed(0.3)
    for words, more in (("the moon", True), ("I would like to", True), ("what time is it", False)):
        difference = slow.silence_seconds(Pause(words), ADAPTIVE) - quick.silence_seconds(Pause(words), ADAPTIVE)
        assert (difference > 0.05) is more


def test_nobody_is_waited_for_longer_than_the_longest_silence() -> None:
    endpointing = Endpointing()
    for _ in range(20):
        endpointing.resumed(60.0)
    detection = TurnDetection(kind="semantic_vad", eagerness="low")
    assert endpointing.silence_seconds(Pause("and", intonation=LEVEL), detection) == LONGEST_SILENCE_SECONDS


def test_a_gap_between_words_is_no_pause() -> None:
    endpointing = Endpointing()
    for _ in range(20):
        endpointing.resumed(1.4)
    slow = endpointing.silence_seconds(Pause("and"), ADAPTIVE)
    for _ in range(20):
        endpointing.resumed(0.1)
    assert endpointing.silence_seconds(Pause("and"), ADAPTIVE) == slow


class Sure:
    """A model that always says the same, and counts how often it was asked."""

    def __init__(self, completeness: float) -> None:
        self.said = completeness
        self.asked = 0

    def completeness(self, pause: Pause) -> float:
        self.asked += 1
        return self.said


@pytest.mark.parametrize(("completeness", "expected"), [(1.0, 0.25), (0.5, 0.6), (0.0, 1.8), (7.0, 0.25), (-1.0, 1.8)])
def test_another_model_may_judge(completeness: float, expected: float) -> None:
    assert Endpointing(Sure(completeness)).silence_seconds(Pause("and"), ADAPTIVE) == pytest.approx(expected)


def test_a_pause_is_judged_once() -> None:
    model = Sure(0.5)
    endpointing = Endpointing(model)
    for _ in range(50):
        endpointing.silence_seconds(Pause("and"), ADAPTIVE)
    assert model.asked == 1
    endpointing.silence_seconds(Pause("and then"), ADAPTIVE)
    assert model.asked == 2
