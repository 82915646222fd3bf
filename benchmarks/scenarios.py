"""What people do to a voice server: who says what, when, and in which room. The same again for the same seed."""

import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.conversation import Room, Step
from benchmarks.crowd import Person
from benchmarks.emulators.toned_answers import DEFAULT_WORDS
from benchmarks.recordings import Kind, Recording

TURNS_ALONE = 10
TURNS_AMONG_MANY = 3
CYCLE_SECONDS = 10.0
"""About one question, its answer and the thinking after it: starts are spread over this, so that the load is even."""
LONG_ANSWER_WORDS = 60
"""About twenty seconds."""
ECHO_ANSWER_WORDS = 150
ECHO_FACTOR = 0.251
"""-12 dB."""
NOISE_LEVEL = 1036.0
"""-30 dB of full scale: 10 dB below a voice at -20 dB."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One run."""

    people: Sequence[Person]
    room: Room = field(default_factory=Room)
    answer_words: int = DEFAULT_WORDS


@dataclass(frozen=True, slots=True)
class Cast:
    """What a scenario is made from."""

    recordings: Mapping[str, Recording]
    sessions: int
    turns: int | None
    """In each session; None: as many as make sense."""
    seed: int

    def names(self, *kinds: Kind) -> list[str]:
        """Recordings of these kinds."""
        return [name for name, recording in self.recordings.items() if recording.kind in kinds]

    def turns_each(self, alone: int = TURNS_ALONE, among_many: int = TURNS_AMONG_MANY) -> int:
        """How many turns each session has."""
        return self.turns or (alone if self.sessions == 1 else among_many)

    def people(self, steps_of: Callable[[random.Random], Sequence[Step]]) -> list[Person]:
        """Everybody, each with a chance of their own."""
        people = []
        for session in range(self.sessions):
            chance = random.Random(f"{self.seed}/{session}")
            starts = CYCLE_SECONDS * session / self.sessions
            people.append(Person(session, starts, tuple(steps_of(chance))))
        return people


def plain(cast: Cast) -> Plan:
    """Questions and answers."""
    questions = cast.names("question")

    def steps(chance: random.Random) -> list[Step]:
        asked = chance.choices(questions, k=cast.turns_each())
        return [Step(name, think=chance.uniform(0.5, 1.5)) for name in asked]

    return Plan(cast.people(steps))


def noise(cast: Cast) -> Plan:
    """The same with steady noise, 10 dB below the voice."""
    return Plan(plain(cast).people, Room(noise=NOISE_LEVEL))


def hesitant(cast: Cast) -> Plan:
    """Everything that is said with pauses, each once."""
    spoken = cast.names("hesitant")
    if not spoken:
        raise ValueError("There are no recordings of hesitant speakers.")
    limit = cast.turns * cast.sessions if cast.turns else len(spoken)
    chosen = list(itertools.islice(itertools.cycle(spoken), min(limit, len(spoken))))
    shares = [chosen[session :: cast.sessions] for session in range(cast.sessions)]
    people = [
        Person(session, CYCLE_SECONDS * session / cast.sessions, tuple(Step(name) for name in share))
        for session, share in enumerate(shares)
        if share
    ]
    return Plan(people)


def barge_in(cast: Cast) -> Plan:
    """A question whose long answer is interrupted by another question, and so on."""
    questions = cast.names("question")

    def steps(chance: random.Random) -> list[Step]:
        turns = cast.turns_each(alone=20, among_many=6)
        cuts = [Step(chance.choice(questions), "interruption", over=chance.uniform(0.3, 3.0)) for _ in range(turns)]
        return [Step(chance.choice(questions)), *cuts]

    return Plan(cast.people(steps), answer_words=LONG_ANSWER_WORDS)


def sounds(cast: Cast) -> Plan:
    """Coughs, backchannels and noises over an answer, which should go on."""
    heard = cast.names("sound")
    if not heard:
        raise ValueError("There are no recordings of sounds.")
    questions = cast.names("question")

    def steps(chance: random.Random) -> list[Step]:
        said: list[Step] = []
        for name in chance.sample(heard, min(len(heard), cast.turns_each(alone=12))):
            said.append(Step(chance.choice(questions), think=chance.uniform(0.5, 1.5)))
            said.append(Step(name, "sound", over=chance.uniform(0.5, 2.5)))
        return said

    return Plan(cast.people(steps), answer_words=2 * DEFAULT_WORDS)


def monologue(cast: Cast) -> Plan:
    """Somebody who speaks for half a minute without waiting for an answer."""
    spoken = cast.names("monologue")
    return Plan(cast.people(lambda chance: [Step(chance.choice(spoken)) for _ in range(cast.turns_each(2, 1))]))


def echo(cast: Cast) -> Plan:
    """The microphone hears the loudspeaker at -12 dB, through long answers."""
    questions = cast.names("question")

    def steps(chance: random.Random) -> list[Step]:
        return [Step(chance.choice(questions)) for _ in range(cast.turns_each(2, 1))]

    return Plan(cast.people(steps), Room(echo=ECHO_FACTOR), ECHO_ANSWER_WORDS)


SCENARIOS: Mapping[str, Callable[[Cast], Plan]] = {
    "plain": plain,
    "hesitant": hesitant,
    "barge-in": barge_in,
    "sounds": sounds,
    "noise": noise,
    "monologue": monologue,
    "echo": echo,
}
