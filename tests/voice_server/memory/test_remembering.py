"""Conversations that have ended are remembered once, whoever is killed, merged, erased or asks twice meanwhile."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from pipeline.errors import ProviderUnavailable
from pipeline.events import ToolCalled, ToolReturned
from pipeline.providers.interfaces import Completed, CompletionOptions, ModelDelta, ModelMessage, TextDelta, Usage
from pipeline.session_log import Left, write
from voice_server.auth import DEFAULT_TENANT, CustomerIdentity
from voice_server.customers.customers import Customers
from voice_server.memory.memories import Memories
from voice_server.memory.remembering import AT_ONCE, ModelOf, Remembering
from voice_server.storage.postgres.database import Database

PHONE = CustomerIdentity("phone", "+390612345678")
SUBJECT = CustomerIdentity("subject", "7")


async def yes(tenant_id: UUID, customer_id: UUID) -> bool:
    return True


async def no(tenant_id: UUID, customer_id: UUID) -> bool:
    return False


class Conversations:
    """What others have written down."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def ended(self, name: str, customer_id: UUID, *said: str, channel: str = "realtime") -> None:
        """One that has ended an hour ago."""
        at = datetime.now(UTC) - timedelta(hours=1)
        async with self.database.tenant(DEFAULT_TENANT) as connection:
            await connection.execute(
                "INSERT INTO conversations (id, tenant_id, customer_id, owner, assistant, channel, ended_at)"
                " VALUES ($1, $2, $3, 'o', 'a', $4, $5)",
                name,
                DEFAULT_TENANT,
                customer_id,
                channel,
                at,
            )
        await self.add(name, 0, *said)

    async def add(self, name: str, position: int, *said: str, role: str = "user") -> None:
        """Items from this position on."""
        async with self.database.tenant(DEFAULT_TENANT) as connection:
            for number, text in enumerate(said, position):
                await connection.execute(
                    "INSERT INTO conversation_items (conversation_id, id, tenant_id, position, role, text, status,"
                    " said_at) VALUES ($1, $2, $3, $4, $5, $6, 'completed', now())",
                    name,
                    f"item_{number}",
                    DEFAULT_TENANT,
                    number,
                    role,
                    text,
                )

    async def facts(self, name: str, first: int, *facts: Any) -> None:
        """Lines of the log."""
        async with self.database.tenant(DEFAULT_TENANT) as connection:
            for number, fact in enumerate(facts, first):
                await connection.execute(
                    "INSERT INTO conversation_facts VALUES ($1, $2, $3, $4)", name, number, DEFAULT_TENANT, write(fact)
                )

    async def execute(self, statement: str, *arguments: object) -> None:
        async with self.database.everyone() as connection:
            await connection.execute(statement, *arguments)


async def values(database: Database, customer_id: UUID) -> list[str]:
    return [memory.value for memory in await Memories(database).of(DEFAULT_TENANT, customer_id, 50)]


@pytest.fixture
async def customer_id(database: Database) -> UUID:
    return await Customers(database).recognise(DEFAULT_TENANT, [PHONE])


async def test_an_ended_conversation_is_remembered_once_with_where_it_comes_from(
    database: Database, customer_id: UUID
) -> None:
    await Conversations(database).ended("conv_1", customer_id, "Hello.", "I'm allergic to nuts.")
    remembering = Remembering(database, yes)
    assert await remembering.round() == 1
    assert await remembering.round() == 0
    (memory,) = await Memories(database).of(DEFAULT_TENANT, customer_id, 50)
    assert (memory.value, memory.source, memory.conversation_id, memory.item_id) == (
        "nuts",
        "said",
        "conv_1",
        "item_1",
    )


async def test_without_consent_nothing_is_remembered_then_or_later(database: Database, customer_id: UUID) -> None:
    await Conversations(database).ended("conv_1", customer_id, "I'm allergic to nuts.")
    assert await Remembering(database, no).round() == 1
    assert await Remembering(database, yes).round() == 0
    assert await values(database, customer_id) == []


async def test_a_consent_that_is_taken_back_while_it_is_read_counts(database: Database, customer_id: UUID) -> None:
    answers = iter([True, False])

    async def may(tenant_id: UUID, customer_id: UUID) -> bool:
        return next(answers)

    await Conversations(database).ended("conv_1", customer_id, "I'm allergic to nuts.")
    await Remembering(database, may).round()
    assert await values(database, customer_id) == []


async def test_nobodys_and_live_conversations_are_left_alone(database: Database, customer_id: UUID) -> None:
    conversations = Conversations(database)
    for name in ("conv_live", "conv_nobody"):
        await conversations.ended(name, customer_id, "I'm allergic to nuts.")
    await conversations.execute("UPDATE conversations SET ended_at = NULL WHERE id = 'conv_live'")
    await conversations.execute("UPDATE conversations SET customer_id = NULL WHERE id = 'conv_nobody'")
    assert await Remembering(database, yes).round() == 0


async def test_many_tasks_remember_each_conversation_once(database_url: str) -> None:
    async with Database.open(database_url) as one, Database.open(database_url) as another:
        customers, conversations = Customers(one), Conversations(one)
        ids = [
            await customers.recognise(DEFAULT_TENANT, [CustomerIdentity("subject", str(n))]) for n in range(3 * AT_ONCE)
        ]
        for n, customer_id in enumerate(ids):
            await conversations.ended(f"conv_{n}", customer_id, f"My favourite number is {n}.")
        counts = await asyncio.gather(*(Remembering(each, yes).round() for each in (one, another) * 4))
        assert sum(counts) == len(ids)
        for n, customer_id in enumerate(ids):
            assert await values(one, customer_id) == [f"favourite number: {n}"]
            assert len(await Memories(one).history(DEFAULT_TENANT, customer_id, 10)) == 1


async def test_a_killed_tasks_conversation_is_taken_by_another_and_the_killed_one_writes_nothing(
    database: Database, customer_id: UUID
) -> None:
    conversations = Conversations(database)
    await conversations.ended("conv_1", customer_id, "I'm allergic to nuts.")
    killed, other = Remembering(database, yes), Remembering(database, yes)
    (turn,) = await killed.claim()
    assert await other.claim() == []
    # Its time runs out.
    await conversations.execute("UPDATE conversations SET remember_due_at = now()")
    (second,) = await other.claim()
    assert await killed.remember(turn) is False
    assert await values(database, customer_id) == []
    assert await other.remember(second) is True
    assert await killed.remember(turn) is False
    assert await other.round() == 0
    assert len(await Memories(database).history(DEFAULT_TENANT, customer_id, 10)) == 1


async def test_a_task_that_is_cancelled_at_any_moment_leaves_all_or_nothing(database: Database) -> None:
    conversations = Conversations(database)
    for number in range(12):
        customer_id = await Customers(database).recognise(DEFAULT_TENANT, [CustomerIdentity("subject", str(number))])
        name = f"conv_{number}"
        await conversations.ended(name, customer_id, "I'm allergic to nuts, milk and fish.")
        task = asyncio.create_task(Remembering(database, yes).round())
        for _ in range(number * 4):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        async with database.everyone() as connection:
            done = await connection.fetchval("SELECT remembered_at FROM conversations WHERE id = $1", name)
        assert len(await values(database, customer_id)) == (3 if done else 0)
        await conversations.execute("UPDATE conversations SET remember_due_at = NULL")
        await Remembering(database, yes).round()
        assert sorted(await values(database, customer_id)) == ["fish", "milk", "nuts"]


async def test_a_conversation_that_goes_on_is_remembered_from_where_it_was(
    database: Database, customer_id: UUID
) -> None:
    conversations = Conversations(database)
    await conversations.ended("conv_1", customer_id, "I'm vegan.", channel="voice_chat")
    remembering = Remembering(database, yes)
    await remembering.round()
    # What is deleted is not learned again from what was said before.
    await conversations.execute("DELETE FROM memories")
    await conversations.add("conv_1", 1, "What is your name?", role="assistant")
    await conversations.add("conv_1", 2, "Marco.")
    await conversations.execute("UPDATE conversations SET ended_at = ended_at + interval '1 minute'")
    assert await remembering.round() == 1
    assert await values(database, customer_id) == ["Marco"]


async def test_a_conversation_request_by_request_is_over_only_after_a_while(
    database: Database, customer_id: UUID
) -> None:
    conversations = Conversations(database)
    await conversations.ended("conv_1", customer_id, "I'm vegan.", channel="voice_chat")
    await conversations.execute("UPDATE conversations SET ended_at = now()")
    assert await Remembering(database, yes).round() == 0


async def test_it_is_the_remaining_ones_memory_after_a_merge(database: Database, customer_id: UUID) -> None:
    gone = await Customers(database).recognise(DEFAULT_TENANT, [SUBJECT])
    await Conversations(database).ended("conv_1", gone, "I'm vegan.")
    remembering = Remembering(database, yes)
    (turn,) = await remembering.claim()
    assert await Customers(database).recognise(DEFAULT_TENANT, [PHONE, SUBJECT]) == customer_id
    assert await remembering.remember(turn)
    assert await values(database, customer_id) == ["vegan"]


async def test_of_whom_is_erased_meanwhile_nothing_is_written(database: Database, customer_id: UUID) -> None:
    conversations = Conversations(database)
    await conversations.ended("conv_1", customer_id, "I'm vegan.")
    remembering = Remembering(database, yes)
    (turn,) = await remembering.claim()
    await conversations.execute("DELETE FROM customers")
    assert await remembering.remember(turn) is False


async def test_bookings_come_from_tools_of_the_client_and_of_the_server(database: Database, customer_id: UUID) -> None:
    conversations = Conversations(database)
    await conversations.ended("conv_1", customer_id)
    await conversations.add("conv_1", 0, 'book_table {"date": "2026-05-05", "people": 4}', role="function_call")
    await conversations.add("conv_1", 1, '{"ok": true}', role="function_call_output")
    await conversations.facts(
        "conv_1",
        1,
        Left(1.0, ToolCalled("resp_1", "reserve_table", '{"date": "2026-06-06"}')),
        Left(2.0, ToolReturned("resp_1", "reserve_table", '{"table": "window"}')),
    )
    remembering = Remembering(database, yes)
    await remembering.round()
    expected = {"for 4, on 2026-05-05", "on 2026-06-06, table window"}
    assert set(await values(database, customer_id)) == expected
    # The same log is not read twice.
    await conversations.execute("DELETE FROM memories")
    await conversations.execute("UPDATE conversations SET ended_at = ended_at + interval '1 minute'")
    assert await remembering.round() == 1
    assert await values(database, customer_id) == []


class Model:
    """A LanguageModel that answers with one text, or fails."""

    name = "model"

    def __init__(self, answer: str | Exception) -> None:
        self.answer = answer
        self.asked: list[Sequence[ModelMessage]] = []

    async def complete(
        self, messages: Sequence[ModelMessage], options: CompletionOptions
    ) -> AsyncGenerator[ModelDelta, None]:
        self.asked.append(messages)
        if isinstance(self.answer, Exception):
            raise self.answer
        yield TextDelta(self.answer[:10])
        yield TextDelta(self.answer[10:])
        yield Completed("stop", Usage())


def of(model: Model) -> ModelOf:
    return lambda _: nullcontext(model)


async def test_a_model_reads_what_rules_do_not_see(database: Database, customer_id: UUID) -> None:
    await Conversations(database).ended("conv_1", customer_id, "Well, noci give me a rash, always have.")
    answer = '{"memories": [{"topic": "allergy", "value": "noci", "line": 0, "stated": false, "confidence": 0.8}]}'
    model = Model(f"```json\n{answer}\n```")
    await Remembering(database, yes, of(model)).round()
    (memory,) = await Memories(database).of(DEFAULT_TENANT, customer_id, 50)
    assert (memory.value, memory.source, memory.item_id) == ("noci", "inferred", "item_0")
    assert "conv_1" not in str(model.asked)
    assert str(customer_id) not in str(model.asked)


@pytest.mark.parametrize("answer", [ProviderUnavailable("away"), "I cannot", '{"memories": 5}', "{" * 30_000])
async def test_where_a_model_fails_rules_find_what_they_can(
    database: Database, customer_id: UUID, answer: str | Exception
) -> None:
    await Conversations(database).ended("conv_1", customer_id, "I'm allergic to nuts.")
    await Remembering(database, yes, of(Model(answer))).round()
    assert await values(database, customer_id) == ["nuts"]


async def test_without_consent_no_model_reads_anything(database: Database, customer_id: UUID) -> None:
    await Conversations(database).ended("conv_1", customer_id, "I'm allergic to nuts.")
    model = Model("{}")
    await Remembering(database, no, of(model)).round()
    assert model.asked == []


async def test_one_that_cannot_be_read_keeps_no_other_waiting(database: Database, customer_id: UUID) -> None:
    conversations = Conversations(database)
    await conversations.ended("conv_1", customer_id, "I'm vegan.")
    await conversations.ended("conv_2", customer_id, "I'm allergic to nuts.")
    calls = 0

    def sometimes(tenant_id: UUID) -> nullcontext[None]:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise RuntimeError("a fault")
        return nullcontext()

    remembering = Remembering(database, yes, sometimes)
    await remembering.round()
    assert len(await values(database, customer_id)) == 1
    # It is left alone for much longer than a turn, and then tried again.
    async with database.everyone() as connection:
        waits = "SELECT remember_due_at > now() + interval '50 minutes' FROM conversations WHERE remembered_at IS NULL"
        assert await connection.fetchval(waits)
    await conversations.execute("UPDATE conversations SET remember_due_at = now()")
    assert await remembering.round() == 1
    assert len(await values(database, customer_id)) == 2
