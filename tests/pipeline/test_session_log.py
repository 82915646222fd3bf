"""Session logs: they read back exactly, and what entered leads a fresh session to the same decisions."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import is_dataclass, replace
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.audio import Samples
from pipeline.errors import PipelineError, ProviderTimeout, ProviderUnavailable, RequestError, UnsupportedLanguage
from pipeline.events import (
    AudioReceived,
    Input,
    ItemCreated,
    ItemRetrieved,
    ItemShown,
    ItemTruncated,
    Output,
    PlaybackReported,
    ReplyFinished,
    ReplyInterrupted,
    ReplyRequested,
    RequestFailed,
    SettingsChanged,
    TurnMeasured,
)
from pipeline.items import Text
from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedSpeechToText, ScriptedTextToSpeech
from pipeline.session import Providers, Session
from pipeline.session_log import (
    FORMAT,
    Closed,
    Entered,
    Fact,
    Left,
    LogUnreadable,
    Opened,
    Translation,
    read,
    replay,
    without_ids,
    write,
)
from pipeline.settings import ReplyOptions, SessionSettings
from pipeline.vad import LoudnessVoiceActivity
from tests.pipeline.lab import Client, Lab, laboratory, typed
from tests.virtual_time import run

# --- reading back -----------------------------------------------------------------------------------------------------

NUMBERS = st.floats(allow_nan=False)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS.filter(np.isfinite) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
SAMPLES = st.lists(st.integers(-32768, 32767), max_size=5).map(lambda each: np.array(each, np.int16))
ERRORS = st.one_of(
    st.builds(ProviderTimeout, st.text()),
    st.builds(ProviderUnavailable, st.text(), code=st.text(), retryable=st.booleans()),
    st.builds(UnsupportedLanguage, st.text()),
    st.builds(PipelineError, st.text(), st.text(), retryable=st.booleans()),
)
EVERY = {
    Samples: SAMPLES,
    float: NUMBERS,
    PipelineError: ERRORS,
    RequestError: st.builds(RequestError, st.text(), st.text(), param=st.none() | st.text()),
    Mapping[str, str]: st.dictionaries(st.text(), st.text(), max_size=3),
    Mapping[str, object]: st.dictionaries(st.text(), JSON_VALUES, max_size=3),
}


def every(kind: Any) -> st.SearchStrategy[Any]:
    """Every value of a type that a log can hold. Hypothesis by itself leaves fields at their defaults."""
    if kind in EVERY:
        return EVERY[kind]
    if get_origin(kind) in (Union, UnionType):
        return st.one_of([every(part) for part in get_args(kind)])
    if get_origin(kind) is tuple:
        return st.lists(every(get_args(kind)[0]), max_size=2).map(tuple)
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        fixed = {"format": st.just(FORMAT)} if kind is Opened else {}
        return st.deferred(lambda: st.builds(kind, **{name: every(hint) for name, hint in hints.items()} | fixed))
    return st.from_type(kind)


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal to the last sample; arrays and exceptions do not compare by themselves."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        return bool(one.dtype == other.dtype and np.array_equal(one, other))
    if isinstance(one, BaseException):
        return bool(one.args == other.args and vars(one) == vars(other))
    if isinstance(one, tuple):
        return len(one) == len(other) and all(same(*pair) for pair in zip(one, other, strict=True))
    if hasattr(one, "__dataclass_fields__"):
        return all(same(getattr(one, name), getattr(other, name)) for name in one.__dataclass_fields__)
    return bool(one == other)


@given(every(Fact))
@settings(max_examples=300)
def test_every_fact_reads_back_exactly(fact: Fact) -> None:
    line = write(fact, with_audio=True)
    assert "\n" not in line
    assert same(read(line), fact)


@given(every(Input) | every(Output))
def test_a_translation_that_knows_nothing_changes_nothing(event: Any) -> None:
    assert same(Translation().apply(event), event)


def test_audio_that_is_left_out_keeps_its_length() -> None:
    line = write(Entered(0.5, AudioReceived(np.arange(7, dtype=np.int16))))
    assert "pcm16" not in line
    fact = read(line)
    assert isinstance(fact, Entered)
    assert isinstance(fact.event, AudioReceived)
    assert fact.event.samples.tolist() == [0] * 7


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[]",
        "{}",
        '{"$": "Entered"}',
        '{"$": "Nothing"}',
        '{"$": "errors"}',
        '{"$": ["Left"], "at": 1}',
        '{"$": "Text", "text": "a part of a fact"}',
        '{"$": "Left", "at": 1, "output": {"$": "ReplyItemFinished"}}',
        json.dumps(json.loads(write(Opened("s", "a", SessionSettings(), 0.0))) | {"format": 999}),
    ],
)
def test_what_is_no_line_of_a_log_is_refused(line: str) -> None:
    with pytest.raises(LogUnreadable):
        read(line)


def test_the_microphone_may_be_kept_elsewhere() -> None:
    microphone = np.arange(100, dtype=np.int16)
    chunks = [microphone[:30], microphone[30:31], microphone[31:]]
    facts = [Entered(float(at), AudioReceived(chunk)) for at, chunk in enumerate(chunks)]
    silent = [read(write(fact)) for fact in facts]
    heard = [event.samples for _, event in replay(silent, microphone) if isinstance(event, AudioReceived)]
    assert np.array_equal(np.concatenate(heard), microphone)
    assert [len(each) for each in heard] == [30, 1, 69]


# --- replay -----------------------------------------------------------------------------------------------------------

# No delay is a multiple of a frame: then nothing happens at the same instant by chance.
SETTINGS = SessionSettings(reports_playback=True, instructions="Answer briefly.", max_lead_seconds=float("inf"))
CLIENT = Client(reports=True, truncates=True, network_seconds=0.0173, buffer_seconds=0.0419)


def providers() -> dict[str, Any]:
    return {
        "stt": ScriptedSpeechToText("what is the time", "stop that", "thank you", final_seconds=0.2317),
        "llm": ScriptedLanguageModel(
            "It is a quarter past nine in the evening. That is rather late, is it not?",
            ProviderUnavailable("Away."),
            "Good night.",
            first_token_seconds=0.1371,
            seconds_per_token=0.0113,
        ),
        "tts": ScriptedTextToSpeech(first_audio_seconds=0.0729),
    }


def watch(lab: Lab) -> list[tuple[float, Input]]:
    """All that enters from now on, with its time."""
    entered: list[tuple[float, Input]] = []
    receive = lab.session.receive

    def noted(event: Input) -> None:
        entered.append((asyncio.get_running_loop().time(), event))
        receive(event)

    lab.session.receive = noted  # type: ignore[method-assign]
    return entered


async def recorded() -> list[Fact]:
    """A conversation with everything in it: questions, an interruption, a failure, writing, other settings."""
    async with laboratory(SETTINGS, client=CLIENT, **providers()) as lab:
        entered = watch(lab)
        await lab.silence(0.5)
        await lab.says(1.2)
        await lab.silence(2.5)
        await lab.says(1.4)
        await lab.silence_until(ReplyFinished, 2)
        lab.send(SettingsChanged(replace(SETTINGS, instructions="Answer politely."), "request_1"))
        lab.send(ItemCreated(typed("item_mine", "Good night"), request_id="request_2"))
        spoken = lab.last_answer.id
        lab.send(ItemRetrieved(spoken), ItemTruncated("item_unknown", 1.0, "request_3"))
        beside = ReplyOptions(in_conversation=False, modality="text")
        lab.send(ReplyRequested(beside, (spoken, typed("item_theirs", "And?")), "request_4"))
        await lab.silence_until(ReplyFinished, 3)
        lab.send(ReplyRequested())
        await lab.silence(2.0)
        outputs = list(zip(lab.times, lab.outputs, strict=True))
    facts: list[Entered | Left] = [Entered(at, event) for at, event in entered]
    facts += [Left(at, output) for at, output in outputs]
    facts.sort(key=lambda fact: fact.at)
    return [Opened("sess_lab", "tester", SETTINGS, 1_790_000_000.0), *facts, Closed(asyncio.get_running_loop().time())]


async def replayed(facts: Sequence[Fact]) -> list[tuple[float, Output]]:
    """What leaves a fresh session with the same providers to which the same is sent."""
    opened = facts[0]
    assert isinstance(opened, Opened)
    expected = [fact.output for fact in facts if isinstance(fact, Left)]
    each = providers()
    taken: list[tuple[float, Output]] = []
    translation = Translation()
    loop = asyncio.get_running_loop()

    async def consume(session: Session) -> None:
        async with aclosing(session.outputs()) as outputs:
            async for output in outputs:
                if len(taken) < len(expected):
                    translation.learn(expected[len(taken)], output)
                taken.append((loop.time(), output))

    stages = Providers(each["stt"], each["llm"], each["tts"], LoudnessVoiceActivity)
    session = Session(opened.session_id, opened.settings, stages)
    async with asyncio.TaskGroup() as group, session:
        group.create_task(consume(session))
        for at, event in replay(facts):
            await asyncio.sleep(max(0.0, at - loop.time()))
            session.receive(translation.apply(event))
        await asyncio.sleep(max(0.0, facts[-1].at - loop.time()) if isinstance(facts[-1], Closed) else 0.0)
    return taken


def kinds(facts: Sequence[Fact]) -> set[type]:
    """What entered and left."""
    entered = {type(fact.event) for fact in facts if isinstance(fact, Entered)}
    return entered | {type(fact.output) for fact in facts if isinstance(fact, Left)}


def test_a_recorded_conversation_is_replayed_to_the_same_decisions_at_the_same_times() -> None:
    facts = run(recorded())
    interesting = {TurnMeasured, ReplyInterrupted, ItemTruncated, PlaybackReported, RequestFailed, ItemShown}
    assert kinds(facts) >= interesting, "the conversation has too little in it"

    read_back = [read(write(fact, with_audio=True)) for fact in facts]
    outputs = run(replayed(read_back))

    expected = [(fact.at, fact.output) for fact in facts if isinstance(fact, Left)]
    assert without_ids(output for _, output in outputs) == without_ids(output for _, output in expected)
    assert [at for at, _ in outputs] == pytest.approx([at for at, _ in expected], abs=1e-6)


def test_other_input_leads_to_other_decisions() -> None:
    """The comparison above can fail."""
    facts = run(recorded())
    outputs = run(replayed([fact for fact in facts if not isinstance(fact, Entered) or fact.at < 1.0]))
    expected = [fact.output for fact in facts if isinstance(fact, Left)]
    assert without_ids(output for _, output in outputs) != without_ids(expected)


def test_ids_are_told_apart_by_their_order_alone() -> None:
    one = [ItemShown(typed("item_a", "hi")), ItemShown(typed("item_b", "hi")), ItemShown(typed("item_a", "hi"))]
    two = [ItemShown(typed("item_x", "hi")), ItemShown(typed("item_y", "hi")), ItemShown(typed("item_x", "hi"))]
    three = [ItemShown(typed("item_x", "hi")), ItemShown(typed("item_y", "hi")), ItemShown(typed("item_y", "hi"))]
    assert without_ids(one) == without_ids(two) != without_ids(three)


def test_a_translation_reaches_ids_in_whatever_a_client_sends() -> None:
    translation = Translation()
    translation.learn(ItemShown(typed("item_old", "item_old")), ItemShown(typed("item_new", "item_old")))
    asked = ReplyRequested(input=("item_old", typed("item_mine", "item_old")))
    translated = translation.apply(asked)
    assert isinstance(translated, ReplyRequested)
    assert translated.input is not None
    assert translated.input[0] == "item_new"
    assert translated.input[1].content == (Text("item_old"),)  # type: ignore[union-attr]
    assert translation.apply(PlaybackReported("item_old", 1.0, playing=True)).item_id == "item_new"  # type: ignore[union-attr]
