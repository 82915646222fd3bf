"""What the recogniser is told to expect is what the offline model understands."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from voice_server.assistants.galion import heard, small_talk, vocabulary
from voice_server.assistants.galion.assistant import EXAMPLES
from voice_server.assistants.galion.science.errors import NotUnderstood, ScienceError
from voice_server.assistants.galion.science.questions import answer

TRANSCRIPTS = Path(__file__).parents[3] / "speech" / "transcripts.json"
CONTEXTS = (
    (),
    ("what is the atomic number of iron",),
    ("convert five miles to kilometers",),
    ("derivative of x cubed",),
    ("what is the molar mass of glucose",),
)


def test_sentences_are_words_only_and_each_once() -> None:
    sentences = vocabulary.sentences()
    assert 3000 < len(sentences) < 12000
    assert len(set(sentences)) == len(sentences)
    assert all(re.fullmatch(r"[a-z']+(?: [a-z']+)*", sentence) for sentence in sentences)
    assert sentences == vocabulary.sentences()


def test_every_word_has_a_pronunciation() -> None:
    pocketsphinx = pytest.importorskip("pocketsphinx")
    dictionary = Path(pocketsphinx.get_model_path("en-us/cmudict-en-us.dict")).read_text(encoding="utf-8")
    known = {line.split()[0] for line in dictionary.splitlines() if line}
    words = {word for sentence in vocabulary.sentences() for word in sentence.split()}
    assert words - known == set(vocabulary.PRONUNCIATIONS)


def test_the_examples_are_questions_that_the_recogniser_is_tested_with_and_that_are_answered() -> None:
    spoken = set(json.loads(TRANSCRIPTS.read_text(encoding="utf-8")).values())
    for example in EXAMPLES:
        words = " ".join(re.findall(r"[a-z']+", example.lower()))
        assert words in spoken
        assert answer(words, ())


def test_what_is_expected_is_understood() -> None:
    """One sentence in nine, alone or after one of a few questions; a few make no sense after any of these."""
    sampled = vocabulary.sentences()[::9]
    unknown = [sentence for sentence in sampled if not _understood(sentence)]
    assert len(unknown) < 0.01 * len(sampled), unknown


def _understood(sentence: str) -> bool:
    if small_talk.reply(heard.plain(sentence), [sentence], "", datetime(2026, 1, 1, tzinfo=UTC)):
        return True
    for context in CONTEXTS:
        try:
            answer(sentence, context)
        except NotUnderstood:
            continue
        except ScienceError:
            return True
        return True
    return False
