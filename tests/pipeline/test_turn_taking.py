"""Who may speak: every state with every happening, and what must hold whatever happens."""

from dataclasses import replace

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pipeline.endpointing import Pause
from pipeline.events import AudioCleared, AudioCommitted, ReplyCancelled, ReplyRequested
from pipeline.segmenter import Voice
from pipeline.settings import ReplyOptions, SessionSettings, TurnDetection
from pipeline.turn_taking import (
    UTTERING,
    WITHOUT_REPLY,
    Action,
    Announce,
    CancelReply,
    CommitUtterance,
    DropGuess,
    DropUtterance,
    Duck,
    Happening,
    LookAhead,
    OpenUtterance,
    PrepareReply,
    Refuse,
    ReplyEnded,
    Restore,
    SpeakUp,
    StartReply,
    State,
    TurnTaking,
    Understood,
)
from tests.pipeline.diagram import HAPPENINGS, SETTINGS, drive, transitions

VAD, MANUAL = SETTINGS["turn detection"], SETTINGS["the client decides"]
NO_INTERRUPTION = SETTINGS["speech may not interrupt"]

# What follows, by the state and what happens: the next state and the actions.
EXPECTED = {
    ("idle", "speech"): "listening: OpenUtterance, Announce",
    ("idle", "pause"): "idle:",
    ("idle", "silence"): "idle:",
    ("idle", "long silence"): "replying: SpeakUp, StartReply",
    ("idle", "much speech"): "listening: OpenUtterance, Announce",
    ("idle", "words"): "idle:",
    ("idle", "mm-hm"): "idle:",
    ("idle", "commit"): "idle: Refuse",
    ("idle", "clear"): "idle:",
    ("idle", "reply requested"): "replying: StartReply",
    ("idle", "reply cancelled"): "idle: Refuse",
    ("idle", "reply ended"): "idle:",
    ("listening", "speech"): "listening:",
    ("listening", "pause"): "paused: LookAhead",
    ("listening", "silence"): "replying: CommitUtterance, StartReply",
    ("listening", "long silence"): "replying: CommitUtterance, StartReply",
    ("listening", "much speech"): "listening:",
    ("listening", "words"): "listening:",
    ("listening", "mm-hm"): "listening:",
    ("listening", "commit"): "idle: CommitUtterance",
    ("listening", "clear"): "idle: DropUtterance",
    ("listening", "reply requested"): "overlapping: StartReply",
    ("listening", "reply cancelled"): "listening: Refuse",
    ("listening", "reply ended"): "listening:",
    ("paused", "speech"): "listening:",
    ("paused", "pause"): "paused:",
    ("paused", "silence"): "replying: CommitUtterance, StartReply",
    ("paused", "long silence"): "replying: CommitUtterance, StartReply",
    ("paused", "much speech"): "listening:",
    ("paused", "words"): "paused: PrepareReply",
    ("paused", "mm-hm"): "paused: PrepareReply",
    ("paused", "commit"): "idle: CommitUtterance",
    ("paused", "clear"): "idle: DropUtterance",
    ("paused", "reply requested"): "overlap_paused: StartReply",
    ("paused", "reply cancelled"): "paused: Refuse",
    ("paused", "reply ended"): "paused:",
    ("replying", "speech"): "doubting: OpenUtterance, Duck",
    ("replying", "pause"): "replying:",
    ("replying", "silence"): "replying:",
    ("replying", "long silence"): "replying:",
    ("replying", "much speech"): "doubting: OpenUtterance, Duck",
    ("replying", "words"): "replying:",
    ("replying", "mm-hm"): "replying:",
    ("replying", "commit"): "replying: Refuse",
    ("replying", "clear"): "replying:",
    ("replying", "reply requested"): "replying: Refuse",
    ("replying", "reply cancelled"): "idle: CancelReply",
    ("replying", "reply ended"): "idle:",
    ("doubting", "speech"): "doubting:",
    ("doubting", "pause"): "doubting: LookAhead",
    ("doubting", "silence"): "doubting: LookAhead",
    ("doubting", "long silence"): "replying: DropUtterance, Restore",
    ("doubting", "much speech"): "listening: Announce, CancelReply",
    ("doubting", "words"): "listening: Announce, CancelReply",
    ("doubting", "mm-hm"): "replying: DropUtterance, Restore",
    ("doubting", "commit"): "replying: CommitUtterance, Restore",
    ("doubting", "clear"): "replying: DropUtterance, Restore",
    ("doubting", "reply requested"): "doubting: Refuse",
    ("doubting", "reply cancelled"): "listening: Announce, CancelReply",
    ("doubting", "reply ended"): "doubting:",
    ("overlapping", "speech"): "overlapping:",
    ("overlapping", "pause"): "overlap_paused:",
    ("overlapping", "silence"): "replying: CommitUtterance, CancelReply, StartReply",
    ("overlapping", "long silence"): "replying: CommitUtterance, CancelReply, StartReply",
    ("overlapping", "much speech"): "overlapping:",
    ("overlapping", "words"): "overlapping:",
    ("overlapping", "mm-hm"): "overlapping:",
    ("overlapping", "commit"): "replying: CommitUtterance",
    ("overlapping", "clear"): "replying: DropUtterance",
    ("overlapping", "reply requested"): "overlapping: Refuse",
    ("overlapping", "reply cancelled"): "listening: CancelReply",
    ("overlapping", "reply ended"): "listening:",
    ("overlap_paused", "speech"): "overlapping:",
    ("overlap_paused", "pause"): "overlap_paused:",
    ("overlap_paused", "silence"): "replying: CommitUtterance, CancelReply, StartReply",
    ("overlap_paused", "long silence"): "replying: CommitUtterance, CancelReply, StartReply",
    ("overlap_paused", "much speech"): "overlapping:",
    ("overlap_paused", "words"): "overlap_paused:",
    ("overlap_paused", "mm-hm"): "overlap_paused:",
    ("overlap_paused", "commit"): "replying: CommitUtterance",
    ("overlap_paused", "clear"): "replying: DropUtterance",
    ("overlap_paused", "reply requested"): "overlap_paused: Refuse",
    ("overlap_paused", "reply cancelled"): "paused: CancelReply",
    ("overlap_paused", "reply ended"): "paused:",
}


@pytest.mark.parametrize(("state", "happening"), list(EXPECTED))
def test_every_state_with_every_happening(state: str, happening: str) -> None:
    following, actions = drive(VAD, State(state), happening)
    assert f"{following.value}: {', '.join(actions)}".strip() == EXPECTED[state, happening]


def test_the_table_is_complete() -> None:
    assert set(EXPECTED) == {(state.value, happening) for state in State for happening in HAPPENINGS}


def test_speech_that_may_not_interrupt() -> None:
    assert drive(NO_INTERRUPTION, State.REPLYING, "speech") == (State.OVERLAPPING, ("OpenUtterance", "Announce"))
    assert drive(NO_INTERRUPTION, State.OVERLAPPING, "silence") == (State.REPLYING, ("CommitUtterance",))


def test_without_turn_detection_the_client_decides() -> None:
    for happening in ("speech", "pause", "silence", "long silence"):
        assert drive(MANUAL, State.IDLE, happening) == (State.LISTENING, ("OpenUtterance",))
        assert drive(MANUAL, State.REPLYING, happening) == (State.OVERLAPPING, ("OpenUtterance",))
        for state in (State.LISTENING, State.OVERLAPPING):
            assert drive(MANUAL, state, happening) == (state, ())


def test_every_state_can_be_left() -> None:
    for settings in SETTINGS.values():
        for state in {start for start, *_ in transitions(settings)}:
            assert any(start is state is not end for start, _, end, _ in transitions(settings))


voices = st.builds(
    lambda speech, silence: (speech, silence),
    st.sampled_from([0.0, 0.04, 0.1, 0.12, 0.3]),
    st.sampled_from([0.0, 0.02, 0.1, 0.3, 0.5, 1.0, float("inf")]),
)
detections = st.builds(
    TurnDetection,
    kind=st.sampled_from(["server_vad", "semantic_vad"]),
    silence_seconds=st.sampled_from([0.0, 0.2, 0.5]),
    create_reply=st.booleans(),
    interrupt_reply=st.booleans(),
    idle_timeout_seconds=st.sampled_from([None, 0.1, 5.0]),
)


class Conversing(RuleBasedStateMachine):
    """Whatever happens in whatever order, an independent account of utterance and reply agrees with the machine."""

    def __init__(self) -> None:
        super().__init__()
        self.settings = SessionSettings(max_utterance_seconds=3.0, max_buffer_seconds=2.0)
        self.turns = TurnTaking(self.settings)
        self.position = 0.0
        self.utterance_open = False
        self.announced = False
        self.replying = False
        self.guessed = False
        self.ducked = False

    def account(self, actions: list[Action]) -> None:  # noqa: C901 (one case for each action)
        for action in actions:
            match action:
                case OpenUtterance():
                    assert not self.utterance_open
                    self.utterance_open, self.announced = True, False
                case Announce():
                    assert self.utterance_open
                    assert not self.announced
                    self.announced = True
                    self.ducked = False
                case LookAhead():
                    assert self.utterance_open
                case PrepareReply():
                    assert self.utterance_open
                    assert self.settings.replies
                    assert not self.guessed
                    assert not self.replying
                    self.guessed = True
                case DropGuess():
                    assert self.guessed
                    self.guessed = False
                case CommitUtterance(announce):
                    assert self.utterance_open
                    assert announce == self.announced
                    self.utterance_open = False
                case DropUtterance():
                    assert self.utterance_open
                    self.utterance_open = False
                case StartReply(request):
                    assert self.settings.replies
                    if request is None or request.options.in_conversation:
                        assert not self.replying
                        assert not self.guessed or request is None
                        self.replying, self.guessed = True, False
                case Duck():
                    assert not self.ducked
                    self.ducked = True
                case Restore():
                    assert self.ducked
                    self.ducked = False
                case CancelReply(reason):
                    # A reply that only sounds is not being given any more.
                    assert self.replying or reason == "turn_detected"
                    self.replying = False
                    detection = self.settings.turn_detection
                    assert reason == "client_cancelled" or (detection and detection.interrupt_reply)
                case SpeakUp(since):
                    assert not self.utterance_open
                    assert not self.replying
                    assert since <= self.position
                case Refuse():
                    pass

    def happens(self, happening: Happening) -> None:
        self.account(self.turns.receive(happening))

    @rule(voice=voices, seconds=st.sampled_from([0.02, 0.5]), over_reply=st.booleans())
    def hears(self, voice: tuple[float, float], seconds: float, over_reply: bool) -> None:
        self.position += seconds
        self.happens(Voice(self.position, *voice, over_reply))

    @rule(words=st.sampled_from([None, "", "and", "mm-hm", "two plus two"]), is_reaction=st.booleans())
    def understands(self, words: str | None, is_reaction: bool) -> None:
        self.happens(Understood(Pause(words), is_reaction))

    @rule()
    def commits(self) -> None:
        self.happens(AudioCommitted())

    @rule()
    def clears(self) -> None:
        self.happens(AudioCleared())
        assert not self.utterance_open

    @rule(in_conversation=st.booleans())
    def requests(self, in_conversation: bool) -> None:
        self.happens(ReplyRequested(ReplyOptions(in_conversation=in_conversation)))

    @rule()
    def cancels(self) -> None:
        self.happens(ReplyCancelled())
        assert not self.replying

    @rule(playing_seconds=st.sampled_from([0.0, 2.0]))
    def reply_ends(self, playing_seconds: float) -> None:
        if self.replying:
            self.replying = False
            self.happens(ReplyEnded(playing_seconds))

    @rule(detection=st.none() | detections, replies=st.booleans())
    def changes(self, detection: TurnDetection | None, replies: bool) -> None:
        self.settings = replace(self.settings, turn_detection=detection, replies=replies)
        self.account(self.turns.apply(self.settings))

    @invariant()
    def agrees(self) -> None:
        assert self.utterance_open == (self.turns.state in UTTERING)
        if self.turns.state is not State.DOUBTING:
            assert self.replying == (self.turns.state in WITHOUT_REPLY)
            assert not self.ducked
        assert not self.guessed or self.turns.state is State.PAUSED


Conversing.TestCase.settings = hypothesis_settings(
    max_examples=300, stateful_step_count=60, deadline=None, derandomize=True
)
TestConversing = Conversing.TestCase
