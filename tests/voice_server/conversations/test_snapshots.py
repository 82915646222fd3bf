"""Whoever goes on from a snapshot has what whoever reads the whole log has, wherever that ends."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.events import ReplyFinished, SettingsApplied, SpeechStarted
from pipeline.session_log import Left, LogUnreadable, Opened
from pipeline.settings import SessionSettings
from tests.voice_server.conversations.logs import Kept, header, kept_in, opened, said
from tests.voice_server.conversations.recorded import chaos
from tests.voice_server.conversations.test_items_from_facts import logged
from voice_server.auth import DEFAULT_TENANT
from voice_server.conversations import pending as pending_module
from voice_server.conversations import snapshot as snapshot_module
from voice_server.conversations.configuration import config_json
from voice_server.conversations.entry import Entry, dump, load
from voice_server.conversations.facts import Configured, LogFact, write
from voice_server.conversations.items import Items
from voice_server.conversations.log import ConversationLog, ConversationWriter
from voice_server.conversations.restore import restored
from voice_server.conversations.snapshot import Snapshot, Standing
from voice_server.conversations.spool import Spool
from voice_server.resumption.cut import endings, unfinished
from voice_server.resumption.replay import replayed
from voice_server.resumption.wish import Wish
from voice_server.storage.postgres.database import Database
from voice_server.storage.shared.memory import open_memory
from voice_server.wire.session_config import start_session

EVERY, BEHIND = 10, 4


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending_module, "EVERY_FACTS", EVERY)
    monkeypatch.setattr(pending_module, "BEHIND_FACTS", BEHIND)


# --- the same, wherever the log ends ---


@dataclass
class Log:
    """What a real session came to, as it would be kept of one that lost its socket now and then."""

    facts: list[LogFact]

    def whole(self, end: int) -> list[tuple[int, LogFact]]:
        return list(enumerate(self.facts[:end], 1))

    def standing(self, place: int) -> Standing | None:
        """What a snapshot after so many facts says; None: there can be none."""
        fold = Items()
        for fact in self.facts[:place]:
            fold.take(fact)
        if not fold.is_at_rest or _is_applied(self.facts[place - 1]):
            return None
        events = replayed(self.whole(place), place).connection.events
        snapshot = snapshot_module.taken(place, fold, events)
        assert snapshot is not None
        return snapshot_module.read(snapshot)


def _is_applied(fact: LogFact) -> bool:
    """What was applied is noted together with what the client was shown of it, and none is made in between."""
    return isinstance(fact, Left) and isinstance(fact.output, SettingsApplied)


def log_of(seed: int) -> Log:
    chance = random.Random(seed)
    facts, _ = chaos(seed)
    begun = facts[0]
    assert isinstance(begun, Opened)
    config = start_session(begun.session_id, "tester", begun.settings, 2_000_000_000)
    kept: list[LogFact] = []
    for fact in logged(facts):
        kept.append(fact)
        match fact:
            case Opened():
                kept.append(Configured(0.0, config_json(config)))
            case Left(at=at, output=SettingsApplied(settings=settings)):
                config = replace(config, settings=settings, transcription=chance.choice([None, {}]))
                kept.append(Configured(at, config_json(config)))
            case Left() if chance.random() < 0.01:
                kept.append(begun)
    return Log(kept)


def stands(facts: Sequence[tuple[int, LogFact]], after: int, before: Standing | None) -> dict[str, Any]:
    """All that a server which goes on there knows and does."""
    replay = replayed(facts, after, before)
    state = restored((fact for _, fact in facts), before and before.items)
    fold, hearing = state.fold, state.fold.hearing
    wish = Wish("rs_token", after, state.interrupted and state.interrupted.item_id, 0.7, hearing.connections)
    left = unfinished(fold, may_speak=True)
    frames = [replay.connection.send(output, number) for number, output in enumerate(endings(state, wish))]
    return {
        "items": list(state.items),
        "rows": fold.rows(),
        "settings": (state.settings, state.config, replay.connection.config),
        "interrupted": state.interrupted and replace(state.interrupted, progress=None),  # type: ignore[arg-type]
        "cut": left,
        "waits": (state.waits_for_answer, dict(state.untranscribed)),
        "time": (fold.at, fold.is_closed, fold.opened),
        "hearing": (hearing.json(), [hearing.heard(number) for number in range(1, hearing.connections + 1)]),
        "missed": replay.missed,
        "endings": frames,
        "events": replay.connection.events,
    }


@pytest.mark.parametrize("seed", range(12))
def test_a_snapshot_and_what_follows_it_come_to_the_whole_log(seed: int) -> None:
    log = log_of(seed)
    chance = random.Random(seed)
    places = [place for place in range(2, len(log.facts)) if place % 12 == seed and log.standing(place)]
    assert places, "the session was never at rest"
    for place in places:
        ends = {place, *chance.choices(range(place, len(log.facts) + 1), k=2)}
        for end in ends:
            after = chance.randint(place, end)
            whole = stands(log.whole(end), after, None)
            assert stands(log.whole(end)[place:], after, log.standing(place)) == whole, (place, end, after)


def test_who_speaks_still_speaks() -> None:
    begun = Opened("sess_1", "tester", SessionSettings(), 0.0)
    config = start_session(begun.session_id, "tester", begun.settings, 2_000_000_000)
    speaks = Left(0.0, SpeechStarted("item_1", 2.5))
    log = Log([begun, Configured(0.0, config_json(config)), speaks])
    standing = log.standing(3)
    assert standing is not None
    assert standing.items.hearing.is_spoken
    assert stands([], 3, standing) == stands(log.whole(3), 3, None)


def test_what_is_being_said_cannot_be_in_a_snapshot() -> None:
    log = log_of(0)
    finished = [place for place, fact in enumerate(log.facts) if is_end_of_reply(fact)]
    assert any(log.standing(place) is None for place in finished)


def is_end_of_reply(fact: LogFact) -> bool:
    return isinstance(fact, Left) and isinstance(fact.output, ReplyFinished)


def test_what_is_no_snapshot_is_not_read() -> None:
    for text in ("{", "[]", '{"format":2,"events":1}', '{"format":1,"events":1,"items":{}}'):
        with pytest.raises(LogUnreadable):
            snapshot_module.read(Snapshot(1, text))


# --- how it is kept ---


async def test_the_newest_that_is_old_enough_is_kept(database: Database, tmp_path: Path) -> None:
    async with kept_in(database, tmp_path) as kept:
        writer = kept.begin()
        assert await numbers_of(kept, writer, up_to=EVERY - 1) == []
        # A reply is over in the middle of it, too soon, in time, and again too soon.
        for number in (EVERY - 1, EVERY, EVERY + 1):
            go_on(writer, number)
            writer.told(number)
        assert await numbers_of(kept, writer, up_to=EVERY + BEHIND - 1) == []
        assert await numbers_of(kept, writer, up_to=EVERY + BEHIND) == [EVERY]
        writer.told(99)
        assert await numbers_of(kept, writer, up_to=3 * EVERY) == [EVERY]
        writer.told(100)
        assert await numbers_of(kept, writer, up_to=3 * EVERY + BEHIND) == [3 * EVERY]


def go_on(writer: ConversationWriter, sequence: int) -> None:
    while writer.sequence < sequence:
        writer.note(said(writer.sequence))


async def numbers_of(kept: Kept, writer: ConversationWriter, up_to: int) -> list[int]:
    """Of the snapshots, when so many facts were written down."""
    go_on(writer, up_to)
    assert await writer.durable(up_to)
    await kept.has_all(writer)
    async with kept.archive._database.tenant(DEFAULT_TENANT) as connection:
        return [row["sequence"] for row in await connection.fetch("SELECT sequence FROM conversation_snapshots")]


async def with_snapshot(kept: Kept) -> ConversationWriter:
    """One after fact 10, of 20."""
    writer = kept.begin()
    go_on(writer, EVERY)
    writer.told(EVERY)
    assert await numbers_of(kept, writer, up_to=2 * EVERY) == [EVERY]
    return writer


@pytest.mark.parametrize(("after", "first"), [(2 * EVERY, EVERY + 1), (EVERY, EVERY + 1), (EVERY - 1, 1), (0, 1)])
async def test_who_takes_over_reads_what_follows_it_unless_the_client_is_further_behind(
    database: Database, tmp_path: Path, after: int, first: int
) -> None:
    async with kept_in(database, tmp_path) as kept:
        writer = await with_snapshot(kept)
        taken = await kept.log.take_over(writer.header.id, 2, after=after)
        assert taken is not None
        assert taken.numbers == list(range(first, 2 * EVERY + 1))
        assert taken.last_sequence == 2 * EVERY
        assert (taken.standing is None) == (first == 1)
        fold = restored(taken.facts, taken.standing and taken.standing.items).fold
        assert [row.id for row in fold.rows()] == [f"item_{number}" for number in range(1, 2 * EVERY)]
        changed, _, _ = fold.changes()
        assert [row.id for row in changed] == [f"item_{number}" for number in range(max(1, first - 1), 2 * EVERY)]


async def test_what_only_redis_has_follows_it(database: Database, tmp_path: Path) -> None:
    async with open_memory() as shared, kept_in(database, tmp_path) as kept:
        live = shared.live_log
        writer = await with_snapshot(kept)
        lines = [write(said(number)) for number in range(2 * EVERY, 2 * EVERY + 3)]
        await live.append(writer.header.id, 2 * EVERY + 1, lines, epoch=1)
        async with ConversationLog(kept.archive, Spool(tmp_path / "other"), live) as other:
            taken = await other.take_over(writer.header.id, 2, after=2 * EVERY)
            assert taken is not None
            assert taken.numbers == list(range(EVERY + 1, 2 * EVERY + 4))
        async with database.tenant(DEFAULT_TENANT) as connection:
            rows = await connection.fetch("SELECT id, position FROM conversation_items ORDER BY position")
        assert [tuple(row) for row in rows] == [(f"item_{each + 1}", each) for each in range(2 * EVERY + 2)]


async def test_one_that_cannot_be_read_is_as_good_as_none(database: Database, tmp_path: Path) -> None:
    async with kept_in(database, tmp_path) as kept:
        writer = await with_snapshot(kept)
        async with database.tenant(DEFAULT_TENANT) as connection:
            await connection.execute("UPDATE conversation_snapshots SET snapshot = '{\"format\":2}'")
        taken = await kept.log.take_over(writer.header.id, 2, after=2 * EVERY)
        assert taken is not None
        assert (taken.standing, taken.facts[0]) == (None, opened())


async def test_it_goes_over_the_disk_and_is_deleted_with_the_conversation(database: Database, tmp_path: Path) -> None:
    async with kept_in(database, tmp_path) as kept:
        writer = kept.begin()
        assert await writer.durable(writer.sequence)
        kept.archive.is_away = True
        go_on(writer, EVERY)
        writer.told(EVERY)
        go_on(writer, 2 * EVERY)
        assert await writer.durable(2 * EVERY)
        assert kept.spool.waiting_bytes
        kept.archive.is_away = False
        assert await numbers_of(kept, writer, up_to=2 * EVERY) == [EVERY]
        async with database.tenant(DEFAULT_TENANT) as connection:
            await connection.execute("DELETE FROM conversations")
            assert not await connection.fetchval("SELECT count(*) FROM conversation_snapshots")


def test_an_entry_that_an_older_version_left_on_the_disk_has_none() -> None:
    entry = Entry(header(), 1, True, 1, ("{}",), (), (), None, Snapshot(1, "{}"))
    assert load(dump(entry)) == entry
    old = dump(entry).replace(b',"snapshot":{"sequence":1,"text":"{}"}', b"")
    assert load(old) == replace(entry, snapshot=None)


async def test_one_that_is_too_long_is_not_kept(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot_module, "MAX_CHARACTERS", 100)
    async with kept_in(database, tmp_path) as kept:
        writer = kept.begin()
        go_on(writer, EVERY)
        writer.told(EVERY)
        assert await numbers_of(kept, writer, up_to=2 * EVERY) == []
