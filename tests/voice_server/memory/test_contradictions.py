"""What holds of what contradicts each other, and that history leads to it."""

from datetime import UTC, datetime
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

from voice_server.auth import DEFAULT_TENANT, CustomerIdentity
from voice_server.customers.customers import Customers
from voice_server.memory.memories import MAX_KEPT, Learned, Memories
from voice_server.storage.postgres.database import Database


async def customer(database: Database) -> UUID:
    identity = CustomerIdentity("subject", "somebody")
    return await Customers(database).recognise(DEFAULT_TENANT, [identity])


def learned(topic: str, value: str, source: Any, day: int, confidence: float = 0.9) -> Learned:
    return Learned(topic, value, confidence, source, datetime(2026, 1, day, tzinfo=UTC))


CONTRADICTING = (
    ("newer beats older", [("vegan", "said", 1), ("vegetarian", "said", 2)], "vegetarian"),
    ("what was said beats a guess", [("vegan", "said", 1), ("vegetarian", "inferred", 2)], "vegan"),
    ("a correction beats what is said later", [("vegan", "customer", 1), ("vegetarian", "said", 2)], "vegan"),
    ("staff beats inference", [("vegan", "staff", 1), ("vegetarian", "inferred", 2), ("kosher", "said", 3)], "vegan"),
    ("of two corrections the newer", [("vegan", "staff", 1), ("vegetarian", "customer", 2)], "vegetarian"),
)


@pytest.mark.parametrize(("case", "values", "expected"), CONTRADICTING, ids=[case[0] for case in CONTRADICTING])
async def test_of_one_thing_there_is_one_value_in_whatever_order_it_is_learned(
    database: Database, case: str, values: list[tuple[str, Any, int]], expected: str
) -> None:
    memories, customer_id = Memories(database), await customer(database)
    for order in permutations(values):
        for value, source, day in order:
            await memories.learn(DEFAULT_TENANT, customer_id, [learned("diet", value, source, day)])
        held = await memories.of(DEFAULT_TENANT, customer_id, 10)
        assert [memory.value for memory in held] == [expected]
        history = {memory.id: memory for memory in await memories.history(DEFAULT_TENANT, customer_id, 10)}
        for memory in history.values():
            seen = memory
            while seen.replaced_by is not None:
                seen = history[seen.replaced_by]
            assert seen.value == expected
        async with database.everyone() as connection:
            await connection.execute("DELETE FROM memories")


async def test_what_adds_up_adds_up_and_the_same_again_is_one(database: Database) -> None:
    memories, customer_id = Memories(database), await customer(database)
    for day, value in enumerate(("nuts", "fish", "Nuts"), 1):
        await memories.learn(DEFAULT_TENANT, customer_id, [learned("allergy", value, "said", day, day / 10)])
    held = await memories.of(DEFAULT_TENANT, customer_id, 10)
    assert [(memory.value, memory.learned_at.day, round(memory.confidence, 1)) for memory in held] == [
        ("nuts", 3, 0.3),
        ("fish", 2, 0.2),
    ]
    assert len(await memories.history(DEFAULT_TENANT, customer_id, 10)) == 2


async def test_what_a_person_set_right_stays_theirs_when_it_is_said_again(database: Database) -> None:
    memories, customer_id = Memories(database), await customer(database)
    for source, day in (("customer", 1), ("said", 2)):
        await memories.learn(DEFAULT_TENANT, customer_id, [learned("diet", "vegan", source, day)])
    (memory,) = await memories.of(DEFAULT_TENANT, customer_id, 10)
    assert (memory.source, memory.learned_at.day) == ("customer", 2)


async def test_what_matters_most_comes_first_and_no_topic_grows_without_end(database: Database) -> None:
    memories, customer_id = Memories(database), await customer(database)
    studied = [learned("studied", f"field {n}", "inferred", 1 + n % 28) for n in range(MAX_KEPT + 20)]
    await memories.learn(DEFAULT_TENANT, customer_id, [learned("allergy", "nuts", "said", 1), *studied])
    held = await memories.of(DEFAULT_TENANT, customer_id, 500)
    assert (held[0].topic, len(held)) == ("allergy", 1 + MAX_KEPT)
    assert [memory.topic for memory in await memories.of(DEFAULT_TENANT, customer_id, 1)] == ["allergy"]
