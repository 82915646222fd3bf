"""Who speaks: recognised once, by whatever is known of them, and merged without anything being lost."""

import asyncio
from datetime import UTC, datetime
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.auth import DEFAULT_TENANT, CustomerIdentity, Principal
from voice_server.customers.customers import Customers
from voice_server.customers.identities import identities_of, normal_phone
from voice_server.memory.memories import Learned, Memories
from voice_server.storage.postgres.database import Database
from voice_server.storage.postgres.statements import Statements

ANNA = CustomerIdentity("account", "11111111-1111-4111-8111-111111111111")
BEPPE = CustomerIdentity("account", "22222222-2222-4222-8222-222222222222")
PHONE = CustomerIdentity("phone", "+390612345678")
SECOND_PHONE = CustomerIdentity("phone", "+390612345679")
SUBJECT = CustomerIdentity("subject", "customer 7 of the site")


async def fetch(database: Database, statement: str, *arguments: object) -> list[Any]:
    async with database.everyone() as connection:
        return list(await connection.fetch(statement, *arguments))


async def furnish(database: Database, customer_id: UUID, name: str) -> None:
    """Something of this customer in every table."""
    async with database.tenant(DEFAULT_TENANT) as connection:
        await connection.execute(
            "INSERT INTO conversations (id, tenant_id, customer_id, owner, assistant, channel)"
            " VALUES ($1, $2, $3, 'o', 'a', 'realtime')",
            f"conv_{name}",
            DEFAULT_TENANT,
            customer_id,
        )
        await connection.execute(
            "INSERT INTO consents (tenant_id, customer_id, purpose, granted, wording, wording_version)"
            " VALUES ($1, $2, 'memory', true, 'w', '1')",
            DEFAULT_TENANT,
            customer_id,
        )
        await connection.execute(
            "INSERT INTO stored_objects (key, tenant_id, customer_id, owner, kind, content_type, bytes)"
            " VALUES ($1, $2, $3, 'o', 'answer', 'audio/wav', 1)",
            f"object/{name}",
            DEFAULT_TENANT,
            customer_id,
        )
        await connection.execute(
            "INSERT INTO privacy_jobs (tenant_id, kind, customer_id) VALUES ($1, 'erasure', $2)",
            DEFAULT_TENANT,
            customer_id,
        )
    learned = Learned("allergy", f"what {name} has", 0.9, "said", datetime.now(UTC), f"conv_{name}")
    assert await Memories(database).learn(DEFAULT_TENANT, customer_id, [learned])


OWNED = ("conversations", "memories", "consents", "stored_objects", "privacy_jobs", "customer_identities")


async def test_the_same_identity_is_the_same_customer_and_another_is_another(database: Database) -> None:
    customers = Customers(database)
    first = await customers.recognise(DEFAULT_TENANT, [PHONE])
    assert await customers.recognise(DEFAULT_TENANT, [PHONE]) == first
    assert await customers.recognise(DEFAULT_TENANT, [CustomerIdentity("phone", "0039 06 1234 5678")]) == first
    assert await customers.recognise(DEFAULT_TENANT, [SECOND_PHONE]) != first
    assert await customers.recognise(DEFAULT_TENANT, [SUBJECT, PHONE]) == first
    assert await customers.recognise(DEFAULT_TENANT, [SUBJECT]) == first


async def test_recognising_is_not_planned_anew_for_everybody(database_url: str) -> None:
    async with Database.open(database_url, max_connections=1) as database:
        customers = Customers(database)
        for _ in range(8):
            await customers.recognise(DEFAULT_TENANT, [PHONE])
        plans = "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = $1"
        rows = await fetch(database, plans, Statements.of("customers")["recognise"])
        assert [tuple(row) for row in rows] == [(8, 0)]


async def test_many_who_meet_the_same_new_person_at_one_moment_meet_one(database_url: str) -> None:
    async with Database.open(database_url) as one, Database.open(database_url) as another:
        tasks = (Customers(one), Customers(another))
        ways = ([PHONE, SUBJECT], [SUBJECT, PHONE], [PHONE], [SUBJECT, PHONE, ANNA])
        met = await asyncio.gather(*(tasks[n % 2].recognise(DEFAULT_TENANT, ways[n % len(ways)]) for n in range(24)))
        current = {await tasks[0].current(DEFAULT_TENANT, each) for each in met}
        assert len(current) == 1
        assert len(await fetch(one, "SELECT FROM customers WHERE merged_into IS NULL")) == 1
        assert len(await fetch(one, "SELECT FROM customer_identities")) == 3


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_two_who_turn_out_to_be_one_become_one_with_everything(
    database: Database, order: tuple[int, ...]
) -> None:
    customers = Customers(database)
    ids = [await customers.recognise(DEFAULT_TENANT, [identity]) for identity in (PHONE, SUBJECT, ANNA)]
    for name, customer_id in enumerate(ids):
        await furnish(database, customer_id, str(name))
    identities = [(PHONE, SUBJECT, ANNA)[n] for n in order]
    assert await customers.recognise(DEFAULT_TENANT, identities[:2])
    kept = await customers.recognise(DEFAULT_TENANT, identities[1:])
    # The id that was there first remains.
    assert kept == ids[0]
    for old in ids:
        assert await customers.current(DEFAULT_TENANT, old) == kept
        assert len(await Memories(database).of(DEFAULT_TENANT, old, 10)) == 3
    for table in OWNED:
        rows = await fetch(database, f"SELECT customer_id FROM {table}")
        assert [row["customer_id"] for row in rows] == [kept] * 3, table


async def test_people_who_share_a_telephone_stay_two(database: Database) -> None:
    customers = Customers(database)
    anna = await customers.recognise(DEFAULT_TENANT, [ANNA, PHONE])
    beppe = await customers.recognise(DEFAULT_TENANT, [BEPPE, PHONE])
    assert beppe != anna
    assert await customers.recognise(DEFAULT_TENANT, [BEPPE, PHONE]) == beppe
    assert await customers.recognise(DEFAULT_TENANT, [ANNA, PHONE]) == anna
    assert await customers.recognise(DEFAULT_TENANT, [PHONE]) == anna


async def test_merges_that_cross_each_other_end_and_lose_nothing(database_url: str) -> None:
    async with Database.open(database_url) as one, Database.open(database_url) as another:
        tasks = (Customers(one), Customers(another))
        phones = [CustomerIdentity("phone", f"+39061234{n:04}") for n in range(8)]
        ids = [await tasks[0].recognise(DEFAULT_TENANT, [phone]) for phone in phones]
        for n, customer_id in enumerate(ids):
            await furnish(one, customer_id, str(n))
        pairs = [(n, (n + step) % 8) for n in range(8) for step in (1, 7)]
        await asyncio.gather(
            *(tasks[n % 2].recognise(DEFAULT_TENANT, [phones[a], phones[b]]) for n, (a, b) in enumerate(pairs))
        )
        assert {await tasks[0].current(DEFAULT_TENANT, each) for each in ids} == {ids[0]}
        rows = await fetch(one, "SELECT id, merged_into FROM customers")
        assert {row["merged_into"] for row in rows if row["id"] != ids[0]} == {ids[0]}
        for table in OWNED:
            rows = await fetch(one, f"SELECT customer_id FROM {table}")
            assert [row["customer_id"] for row in rows] == [ids[0]] * 8, table


async def test_what_is_written_during_and_after_a_merge_is_the_remaining_ones(database_url: str) -> None:
    async with Database.open(database_url) as database:
        customers = Customers(database)
        kept = await customers.recognise(DEFAULT_TENANT, [PHONE])
        gone = await customers.recognise(DEFAULT_TENANT, [SUBJECT])
        writer = await asyncpg.connect(database_url)
        try:
            # Somebody is in the middle of writing something down for the one who is about to go.
            transaction = writer.transaction()
            await transaction.start()
            await writer.execute(
                "INSERT INTO conversations (id, tenant_id, customer_id, owner, assistant, channel)"
                " VALUES ('conv_during', $1, $2, 'o', 'a', 'realtime')",
                DEFAULT_TENANT,
                gone,
            )
            merging = asyncio.create_task(customers.recognise(DEFAULT_TENANT, [PHONE, SUBJECT]))
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            while not await writer.fetchval(waiting):
                assert not merging.done()
            await transaction.commit()
            assert await merging == kept
        finally:
            await writer.close()
        await furnish(database, gone, "after")
        for table in ("conversations", "memories", "consents", "stored_objects"):
            rows = await fetch(database, f"SELECT customer_id FROM {table}")
            assert {row["customer_id"] for row in rows} == {kept}, table
        assert len(await fetch(database, "SELECT FROM conversations")) == 2


async def test_what_two_have_said_of_one_thing_is_settled_when_they_become_one(database: Database) -> None:
    customers, memories = Customers(database), Memories(database)
    for identity, diet, when in ((PHONE, "vegan", 1), (SUBJECT, "vegetarian", 2)):
        customer_id = await customers.recognise(DEFAULT_TENANT, [identity])
        at = datetime(2026, 1, when, tzinfo=UTC)
        learned = [Learned("diet", diet, 0.9, "said", at), Learned("allergy", "Nuts", 0.9, "said", at)]
        await memories.learn(DEFAULT_TENANT, customer_id, learned)
    one = await customers.recognise(DEFAULT_TENANT, [PHONE, SUBJECT])
    held = await memories.of(DEFAULT_TENANT, one, 10)
    assert [(each.topic, each.value) for each in held] == [("allergy", "Nuts"), ("diet", "vegetarian")]
    old = [each for each in await memories.history(DEFAULT_TENANT, one, 10) if each.replaced_at]
    assert {(each.value, each.replaced_by) for each in old} == {("Nuts", held[0].id), ("vegan", held[1].id)}


async def test_another_tenants_customers_do_not_exist(database: Database) -> None:
    other = uuid4()
    async with database.everyone() as connection:
        await connection.execute("INSERT INTO tenants (id, slug, name) VALUES ($1, 'other', 'Other')", other)
    customers = Customers(database)
    ours = await customers.recognise(DEFAULT_TENANT, [PHONE])
    theirs = await customers.recognise(other, [PHONE])
    assert theirs != ours
    assert await customers.current(other, ours) is None
    assert await Memories(database).learn(other, ours, [Learned("name", "x", 1, "said", datetime.now(UTC))]) is False
    assert [each.id for each in await customers.page(other, None, 10)] == [theirs]


async def test_nothing_and_nonsense_are_refused(database: Database) -> None:
    customers = Customers(database)
    for identities in ([], [CustomerIdentity("phone", "12345")], [CustomerIdentity("subject", "a\0b")]):
        with pytest.raises(ValueError, match=r"nothing|must"):
            await customers.recognise(DEFAULT_TENANT, identities)
    assert await fetch(database, "SELECT FROM customers") == []


async def test_a_conversation_that_began_before_it_was_known_who_speaks(database: Database) -> None:
    customers = Customers(database)
    customer_id = await customers.recognise(DEFAULT_TENANT, [PHONE])
    assert not await customers.attach(DEFAULT_TENANT, "conv_late", customer_id)
    async with database.everyone() as connection:
        await connection.execute(
            "INSERT INTO conversations (id, tenant_id, owner, assistant, channel)"
            " VALUES ($1, $2, 'o', 'a', 'realtime')",
            "conv_late",
            DEFAULT_TENANT,
        )
    assert await customers.attach(DEFAULT_TENANT, "conv_late", customer_id)
    assert not await customers.attach(DEFAULT_TENANT, "conv_late", customer_id)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("+39 06 1234-5678", "+390612345678"),
        ("0044 (0)20 7946.0958", "+442079460958"),
        ("whatsapp:+14155550100", "+14155550100"),
        ("tel:+1-415-555-0100", "+14155550100"),
    ],
)
def test_telephone_numbers_have_one_form(text: str, normal: str) -> None:
    assert normal_phone(text) == normal
    assert normal_phone(normal) == normal


@pytest.mark.parametrize(
    "text", ["", "06 12345678", "+0612345678", "+39", "+1234567890123456", "+39١٢٣٤٥٦٧٨", "+3906x123456"]
)
def test_what_is_no_telephone_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="country"):
        normal_phone(text)


@given(st.text(max_size=40))
def test_a_number_is_normal_or_refused(text: str) -> None:
    try:
        normal = normal_phone(text)
    except ValueError:
        return
    assert normal_phone(normal) == normal
    assert normal.isascii()


def test_who_is_logged_in_is_recognised_by_the_account() -> None:
    principal = Principal("somebody", account_id=UUID(ANNA.value), customer=(PHONE, ANNA))
    assert identities_of(principal) == [ANNA, PHONE]
