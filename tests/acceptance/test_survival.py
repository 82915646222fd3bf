"""Conversations outlive the server that holds them: two real processes with one PostgreSQL behind one address."""

import asyncio
from collections.abc import Callable

from benchmarks.survival.address import Passed
from benchmarks.survival.stage import Person, Stage, stage

LOOK_SECONDS = 0.02
LONGEST_SECONDS = 60.0
PIECES = 8
"""Of a reply's audio, some tenths of a second each, that are sent before something happens to the server."""


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONGEST_SECONDS):
        while not condition():  # noqa: ASYNC110 -- what goes on in another process is not told
            await asyncio.sleep(LOOK_SECONDS)


def told(person: Person, kind: str) -> list[Passed]:
    return [each for each in person.address.passed if each.fields is not None and each.fields["type"] == kind]


def spoken_pieces(person: Person) -> int:
    return sum(each.fields is None for each in person.address.passed)


async def nothing_is_missing(made: Stage, *, cuts: int) -> None:
    """Everybody was answered whole, understood, and stayed; what they were told is kept."""
    await made.leave()
    assert [person.survivor.failure for person in made.people] == [""] * len(made.people)
    found = await made.account()
    assert found.faults == []
    assert (found.lost, found.sentences_twice, found.sentences_skipped) == (0, 0, 0)
    assert found.turns == sum(len(person.survivor.asked) for person in made.people)
    assert found.cuts == cuts


async def test_a_server_is_killed_in_the_middle_of_a_reply() -> None:
    async with stage(1, seed=7) as made:
        (person,) = made.people
        await until(lambda: spoken_pieces(person) >= PIECES)
        person.survivor.stops.set()
        assert person.address.holder is not None
        await made.deployment.tasks[person.address.holder].kill()
        await nothing_is_missing(made, cuts=1)
        (resumed,) = told(person, "voice.resumed")
        assert resumed.connection == 2


async def test_a_server_is_replaced_while_people_talk_to_it() -> None:
    async with stage(2, seed=8, drain_seconds=12) as made:
        await until(lambda: all(told(person, "voice.resume") for person in made.people))
        assert {person.address.holder for person in made.people} == {0, 1}
        assert await made.deployment.tasks[0].stop() == 0
        await until(lambda: all(person.address.holder == 1 for person in made.people))
        await nothing_is_missing(made, cuts=0)
        moved = next(person for person in made.people if told(person, "voice.draining"))
        (resumed,) = told(moved, "voice.resumed")
        assert resumed.connection == 2
        assert moved.survivor.losses == 0
