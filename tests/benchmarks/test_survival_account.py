"""The account of a conversation notices what is lost, said twice or skipped."""

from typing import Any

from benchmarks.emulators.tones import speech
from benchmarks.survival.account import account
from benchmarks.survival.address import Passed
from benchmarks.survival.recited import answer, heard_tones, pitches

QUESTION = "what is the speed of light"
WORDS = answer(QUESTION).split()


def audio(item_id: str, text: str) -> Passed:
    return Passed(0.0, 1, None, item_id, speech(text).samples.tobytes())


def done(item_id: str, text: str, status: str = "completed") -> Passed:
    item = {"id": item_id, "content": [{"type": "output_audio", "transcript": text}]}
    response = {"status": status, "output": [item]}
    return Passed(0.0, 1, {"type": "response.done", "event_id": f"event_{item_id}", "response": response})


def kept(*said: str) -> list[dict[str, Any]]:
    """Each but the last was cut."""
    question = {"id": "item_q", "role": "user", "text": QUESTION, "status": "completed"}
    last = len(said) - 1
    return [question] + [
        {"id": f"item_{n}", "role": "assistant", "text": text, "status": "completed" if n == last else "incomplete"}
        for n, text in enumerate(said)
    ]


def test_every_word_is_known_by_its_sound() -> None:
    assert [pitch for pitch, _ in heard_tones(speech(answer(QUESTION)).samples)] == pitches(answer(QUESTION))


def test_a_reply_that_was_cut_and_gone_on_with_is_whole() -> None:
    first, rest = " ".join(WORDS[:7]), " ".join(WORDS[7:])
    passed = [audio("item_0", first), audio("item_1", rest), done("item_0", "more", "incomplete"), done("item_1", rest)]
    found = account(passed, kept(first, rest), [QUESTION])
    assert found.faults == []
    assert (found.turns, found.cuts) == (1, 1)


def test_a_sentence_that_was_said_twice_is_noticed() -> None:
    first, rest = " ".join(WORDS[:10]), " ".join(WORDS[5:])
    found = account([audio("item_0", first), audio("item_1", rest)], kept(first, rest), [QUESTION])
    assert (found.sentences_twice, found.words_twice, found.heard_twice) == (1, 5, 4)


def test_a_sentence_that_was_skipped_is_noticed() -> None:
    first, rest = " ".join(WORDS[:5]), " ".join(WORDS[10:])
    found = account([audio("item_0", first), audio("item_1", rest)], kept(first, rest), [QUESTION])
    assert (found.sentences_skipped, found.words_skipped, found.heard_skipped) == (1, 5, 4)


def test_a_promise_that_was_not_kept_is_noticed() -> None:
    committed = Passed(0.0, 1, {"type": "input_audio_buffer.committed", "event_id": "event_1", "item_id": "item_x"})
    found = account([committed, done("item_0", answer(QUESTION))], kept("Nothing of it."), [QUESTION])
    assert found.lost == 2


def test_a_question_that_was_not_understood_is_noticed() -> None:
    assert account([], kept(answer(QUESTION)), [QUESTION, "and of sound"]).misheard == 1


def test_a_turn_that_was_taken_back_and_heard_again_is_not_lost() -> None:
    committed = Passed(0.0, 1, {"type": "input_audio_buffer.committed", "event_id": "event_1", "item_id": "item_x"})
    deleted = Passed(0.1, 2, {"type": "conversation.item.deleted", "event_id": "event_2_9", "item_id": "item_x"})
    told = [committed, deleted, audio("item_0", answer(QUESTION)), done("item_0", answer(QUESTION))]
    found = account(told, kept(answer(QUESTION)), [QUESTION])
    assert (found.lost, found.heard_again, found.faults) == (0, 1, [])
