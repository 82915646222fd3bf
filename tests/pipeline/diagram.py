"""The state diagram of the turn taking, found by driving every state with everything that can happen."""

from collections.abc import Callable, Iterator

from pipeline.endpointing import Pause
from pipeline.events import AudioCleared, AudioCommitted, ReplyCancelled, ReplyRequested
from pipeline.segmenter import Voice
from pipeline.settings import SessionSettings, TurnDetection
from pipeline.turn_taking import Happening, Refuse, ReplyEnded, State, TurnTaking, Understood

IDLE_TIMEOUT_SECONDS = 5.0
MUCH_SPEECH_FRAMES = 4
"""Of 20 ms, after which the next one is enough to stop a reply."""

SETTINGS = {
    "turn detection": SessionSettings(turn_detection=TurnDetection(idle_timeout_seconds=IDLE_TIMEOUT_SECONDS)),
    "speech may not interrupt": SessionSettings(turn_detection=TurnDetection(interrupt_reply=False)),
    "the client decides": SessionSettings(turn_detection=None),
}
"""How a conversation can be held, as far as the turns go."""

HAPPENINGS: dict[str, Callable[[float], Happening]] = {
    "speech": lambda position: Voice(position + 0.02, 0.2, 0.0),
    "pause": lambda position: Voice(position + 0.02, 0.2, 0.2),
    "silence": lambda position: Voice(position + 0.02, 0.0, 0.6),
    "long silence": lambda position: Voice(position + IDLE_TIMEOUT_SECONDS, 0.0, IDLE_TIMEOUT_SECONDS),
    "much speech": lambda position: Voice(position + 0.02, 0.3, 0.0),
    "words": lambda _: Understood(Pause("two plus two")),
    "mm-hm": lambda _: Understood(Pause("mm-hm"), is_reaction=True),
    "commit": lambda _: AudioCommitted(),
    "clear": lambda _: AudioCleared(),
    "reply requested": lambda _: ReplyRequested(),
    "reply cancelled": lambda _: ReplyCancelled(),
    "reply ended": lambda _: ReplyEnded(),
}
"""What can happen, at a position in the audio received."""

_WAYS: dict[State, tuple[str, ...]] = {
    State.IDLE: ("reply requested", "reply ended"),
    State.LISTENING: ("speech",),
    State.PAUSED: ("speech", "pause"),
    State.REPLYING: ("reply requested",),
    State.DOUBTING: ("reply requested", "speech"),
    State.OVERLAPPING: ("speech", "reply requested"),
    State.OVERLAP_PAUSED: ("speech", "reply requested", "pause"),
}
"""How to get into each state from the beginning."""


def drive(settings: SessionSettings, state: State, happening: str) -> tuple[State, tuple[str, ...]]:
    """Let something happen in a state: the state that follows, and the names of the actions."""
    turns, position = TurnTaking(settings), 0.0
    for step in _WAYS[state]:
        turns.receive(HAPPENINGS[step](position))
        position += 0.02
    # Enough audio for a commit.
    if state is State.DOUBTING:
        turns.receive(Voice(position + 0.1, 0.2, 0.02))
        position += 0.1
    elif state in (State.LISTENING, State.OVERLAPPING):
        turns.receive(Voice(position + 0.2, 0.2, 0.0))
        position += 0.2
    elif state in (State.PAUSED, State.OVERLAP_PAUSED):
        turns.receive(Voice(position + 0.2, 0.2, 0.2))
        position += 0.2
    if happening == "much speech":
        for _ in range(MUCH_SPEECH_FRAMES):
            position += 0.02
            turns.receive(Voice(position, 0.3, 0.0)) if state is State.DOUBTING else None
    assert turns.state is state, f"{turns.state} instead of {state}"
    actions = turns.receive(HAPPENINGS[happening](position))
    return turns.state, tuple(type(action).__name__ for action in actions)


def transitions(settings: SessionSettings) -> Iterator[tuple[State, str, State, tuple[str, ...]]]:
    """Everything that changes something: the state, what happens, the state that follows, the actions."""
    for state in State:
        if state not in _reachable(settings):
            continue
        for happening in HAPPENINGS:
            following, actions = drive(settings, state, happening)
            if following is not state or set(actions) - {Refuse.__name__}:
                yield state, happening, following, actions


def _reachable(settings: SessionSettings) -> set[State]:
    if settings.turn_detection is None:
        return set(State) - {State.PAUSED, State.OVERLAP_PAUSED, State.DOUBTING}
    return set(State) if settings.turn_detection.interrupt_reply else set(State) - {State.DOUBTING}


def mermaid(settings: SessionSettings) -> str:
    """A Mermaid state diagram; what leads from one state to another in the same way shares an arrow."""
    arrows: dict[tuple[State, State, tuple[str, ...]], list[str]] = {}
    for state, happening, following, actions in transitions(settings):
        arrows.setdefault((state, following, actions), []).append(happening)
    lines = ["stateDiagram-v2", "    [*] --> idle"]
    for (state, following, actions), happenings in arrows.items():
        if "silence" in happenings and "long silence" in happenings:
            happenings.remove("long silence")
        does = f" / {', '.join(actions)}" if actions else ""
        lines.append(f"    {state.value} --> {following.value} : {' or '.join(happenings)}{does}")
    return "\n".join(lines)
