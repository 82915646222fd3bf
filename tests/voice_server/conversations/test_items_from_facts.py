"""History is what the session had: the facts of recorded conversations come to the same items."""

from collections.abc import Iterable

import pytest

from pipeline.conversation import model_messages
from pipeline.events import (
    ItemAdded,
    ItemCut,
    ItemRemoved,
    PlaybackReported,
    ReplyAudio,
    ReplyFinished,
    ReplyInterrupted,
    ReplyItemFinished,
    ReplyItemStarted,
    ReplyStarted,
    ReplyWritten,
    TranscriptDelta,
)
from pipeline.items import Message, Speech, Text
from pipeline.session_log import Entered, Left, Opened
from pipeline.settings import ReplyOptions, SessionSettings
from tests.pipeline.lab import Lab, tone, typed
from tests.voice_server.conversations.recorded import BEGAN_AT, chaos, without_audio
from voice_server.conversations.facts import LogFact, Thinning, read, write
from voice_server.conversations.items import ItemRow, Items
from voice_server.conversations.restore import restored


def folded(facts: Iterable[LogFact]) -> Items:
    items = Items()
    for fact in facts:
        items.take(fact)
    return items


def logged(facts: Iterable[LogFact]) -> list[LogFact]:
    """As they are kept and read back."""
    thinning = Thinning()
    return [read(write(kept)) for fact in facts for kept in thinning.take(fact)]


@pytest.mark.parametrize("seed", range(30))
def test_history_equals_the_conversation_at_the_end_and_in_between(seed: int) -> None:
    def compare(facts: list[LogFact], lab: Lab) -> None:
        assert list(folded(facts).conversation) == without_audio(lab.session.conversation)

    facts, items = chaos(seed, compare)
    kept = logged(facts)
    assert list(folded(kept).conversation) == items
    assert list(restored(kept).items) == items
    assert restored(kept).interrupted is None
    assert model_messages("", items, 200) == model_messages("", list(restored(kept).items), 200)


@pytest.mark.parametrize("seed", range(60, 70))
def test_rows_written_down_now_and_then_come_to_all_rows(seed: int) -> None:
    facts, _ = chaos(seed)
    items, table = Items(), dict[str, ItemRow]()
    for number, fact in enumerate(facts):
        items.take(fact)
        if number % 7 == 0 or number == len(facts) - 1:
            rows, gone, mark = items.changes()
            for item_id in gone:
                table.pop(item_id, None)
            table.update({row.id: row for row in rows})
            items.settle(mark)
    assert sorted(table.values(), key=lambda row: row.position) == items.rows()
    assert len({row.position for row in table.values()}) == len(table)


SETTINGS = SessionSettings(reports_playback=True)
OPENED = Opened("sess_1", "tester", SETTINGS, BEGAN_AT)


def given() -> list[LogFact]:
    """A reply of which two seconds and a half were sent, and one and a half heard."""
    words = ("One two. ", "Three four. ", "Five six. ")
    return [
        OPENED,
        Left(1.0, ItemAdded(Message("item_u", "user", (Speech("go on", tone(0.1)),)), None)),
        Left(1.5, ReplyStarted("resp_1", ReplyOptions().completed_by(SETTINGS))),
        Left(1.6, ReplyItemStarted("resp_1", Message("item_a", "assistant", (), "in_progress"), "item_u")),
        *(
            Left(2.0 + number / 10, ReplyAudio("resp_1", "item_a", tone(0.1, 24_000), words[number // 10]))
            if number % 10 == 0
            else Left(2.0 + number / 10, ReplyAudio("resp_1", "item_a", tone(0.1, 24_000)))
            for number in range(25)
        ),
        Entered(3.5, PlaybackReported("item_a", 1.5, playing=False)),
    ]


def test_a_reply_that_was_cut_short_tells_what_was_written_sent_and_heard() -> None:
    left = restored(logged(given()))
    cut = left.interrupted
    assert cut is not None
    assert (cut.reply_id, cut.item_id, cut.written) == ("resp_1", "item_a", "One two. Three four. Five six. ")
    assert (cut.progress.sent_seconds, cut.heard_seconds) == pytest.approx((2.5, 1.5))
    assert cut.text(None) == "One two. Three"
    assert cut.written[cut.start(None) :] == "four. Five six. "
    # What the client has got of it will sound, whatever it had reported, and be it more than the log knows of.
    assert cut.text(2.0) == "One two. Three four."
    assert cut.written[cut.start(2.0) :] == "Five six. "
    assert cut.written[cut.start(60.0) :] == ""
    assert left.settings == SETTINGS
    assert left.waits_for_answer is None
    rows = left.fold.rows()
    assert [(row.role, row.text, row.status) for row in rows] == [
        ("user", "go on", "completed"),
        ("assistant", "One two. Three", "in_progress"),
    ]
    assert [row.said_at - BEGAN_AT for row in rows] == pytest.approx([1.0, 1.6])


def test_what_was_not_heard_of_a_reply_is_kept_beside_what_was() -> None:
    words = (Speech("One two. Three four. Five", None),)
    facts: list[LogFact] = [
        *given(),
        Left(3.6, ReplyItemFinished("resp_1", Message("item_a", "assistant", words, "incomplete"))),
        Left(3.6, ReplyInterrupted("resp_1", "item_a", 1.5, "One two. Three")),
    ]
    assert rows_of(facts)[-1] == ("One two. Three", "four. Five")
    # The client says later how much it really was.
    assert rows_of([*facts, Left(3.7, ItemCut("item_a", 1.0, "One two."))])[-1] == ("One two.", "Three four. Five")
    all_of_it = "One two. Three four. Five"
    assert rows_of([*facts, Left(3.7, ItemCut("item_a", 2.5, all_of_it))])[-1] == (all_of_it, None)


def test_what_was_sent_of_a_reply_is_known_though_its_item_says_what_was_heard() -> None:
    heard = Message("item_a", "assistant", (Speech("One two.", None),), "incomplete")
    facts: list[LogFact] = [
        *given(),
        Left(3.6, ItemCut("item_a", 0.9, "One two.")),
        Left(3.6, ReplyItemFinished("resp_1", heard)),
    ]
    assert rows_of(facts)[-1] == ("One two.", "Three four. Five")


def rows_of(facts: list[LogFact]) -> list[tuple[str, str | None]]:
    return [(row.text, row.unheard) for row in folded(logged(facts)).rows()]


def test_what_the_model_wrote_and_nobody_heard_is_known() -> None:
    more: list[LogFact] = [
        Left(2.0, ReplyWritten("resp_1", "One two. Three four. ")),
        Left(2.1, ReplyWritten("resp_1", "Five six. Seven.", is_complete=True)),
    ]
    cut = restored(logged([*given(), *more])).interrupted
    assert cut is not None
    assert (cut.written, cut.is_written) == ("One two. Three four. Five six. Seven.", True)


def test_without_reports_the_ear_is_taken_to_hear_in_real_time() -> None:
    facts = [fact for fact in given() if not isinstance(fact, Entered)]
    cut = restored(logged(facts)).interrupted
    assert cut is not None
    assert cut.heard_seconds == pytest.approx(2.4)


def test_a_question_without_an_answer_waits_for_one() -> None:
    facts: list[LogFact] = [
        OPENED,
        Left(1.0, ItemAdded(Message("item_u", "user", (Speech(None),)), None)),
        Left(1.1, TranscriptDelta("item_u", "what ")),
        Left(1.2, TranscriptDelta("item_u", "time")),
    ]
    left = restored(logged(facts))
    assert left.waits_for_answer == "item_u"
    assert left.untranscribed == {"item_u": "what time"}
    answered = [
        *facts,
        Left(1.3, ReplyStarted("resp_1", ReplyOptions())),
        Left(1.4, ReplyFinished("resp_1", "completed")),
    ]
    assert restored(answered).waits_for_answer is None
    assert restored([*facts, Left(1.3, ItemRemoved("item_u"))]).waits_for_answer is None


def test_a_log_without_a_beginning_is_refused() -> None:
    with pytest.raises(ValueError, match="how it began"):
        restored([])


def test_what_postgresql_cannot_store_is_replaced() -> None:
    facts: list[LogFact] = [OPENED, Left(1.0, ItemAdded(Message("item_u", "user", (Text("a\0b\ud800"),)), None))]
    assert folded(logged(facts)).rows()[0].text == "a\ufffdb\ufffd"


def test_a_conversation_that_is_held_again_keeps_its_items() -> None:
    again = Opened("sess_2", "tester", SETTINGS, BEGAN_AT + 100)
    facts: list[LogFact] = [OPENED, Left(1.0, ItemAdded(typed("item_1", "one"), None)), again]
    facts.append(Left(2.0, ItemAdded(typed("item_2", "two"), "item_1")))
    rows = folded(facts).rows()
    assert [(row.id, row.said_at - BEGAN_AT) for row in rows] == [("item_1", 1.0), ("item_2", 102.0)]
