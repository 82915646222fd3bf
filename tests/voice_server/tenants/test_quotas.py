"""Conversations at once and minutes a month, counted over tasks and over those that are killed."""

import asyncio
from contextlib import AsyncExitStack
from uuid import UUID

import asyncpg
import pytest

from voice_server.auth import DEFAULT_TENANT
from voice_server.http.errors import ApiError
from voice_server.storage.postgres.database import Database
from voice_server.tenants.config import Quotas
from voice_server.tenants.quotas import SessionQuotas

TWO = Quotas(sessions=2)
OTHER = UUID(int=9)


async def other_tenant(database: Database) -> None:
    async with database.everyone() as connection:
        await connection.execute("INSERT INTO tenants (id, slug, name) VALUES ($1, 'other', 'Other')", OTHER)


async def later(url: str, seconds: float) -> None:
    """Let so much time have passed for the conversations that are counted."""
    connection = await asyncpg.connect(url)
    await connection.execute(
        "UPDATE session_slots SET counted_at = counted_at - make_interval(secs => $1),"
        " expires_at = expires_at - make_interval(secs => $1)",
        seconds,
    )
    await connection.close()


async def used(url: str) -> float:
    connection = await asyncpg.connect(url)
    seconds: float = await connection.fetchval("SELECT coalesce(sum(seconds), 0) FROM tenant_usage")
    await connection.close()
    return seconds


async def test_one_more_than_may_be_is_refused_on_every_task_until_one_ends(database: Database) -> None:
    await other_tenant(database)
    here, elsewhere = SessionQuotas(database), SessionQuotas(database)
    async with AsyncExitStack() as ends:
        await ends.enter_async_context(here.session(DEFAULT_TENANT, "sess_1", TWO))
        async with elsewhere.session(DEFAULT_TENANT, "sess_2", TWO):
            for quotas in (here, elsewhere):
                with pytest.raises(ApiError) as refusal:
                    await ends.enter_async_context(quotas.session(DEFAULT_TENANT, "sess_3", TWO))
                assert (refusal.value.status, refusal.value.code) == (429, "quota_exceeded")
            await ends.enter_async_context(here.session(OTHER, "sess_4", TWO))
        await ends.enter_async_context(here.session(DEFAULT_TENANT, "sess_3", TWO))


async def test_of_two_at_one_moment_one_gets_the_last_place(database: Database) -> None:
    done = asyncio.Event()

    async def converse(session_id: str) -> bool:
        try:
            async with SessionQuotas(database).session(DEFAULT_TENANT, session_id, Quotas(sessions=1)):
                await done.wait()
        except ApiError:
            done.set()
            return False
        return True

    assert sorted(await asyncio.gather(converse("sess_1"), converse("sess_2"))) == [False, True]


async def test_what_a_killed_task_has_held_comes_back(database: Database, database_url: str) -> None:
    killed, other = SessionQuotas(database), SessionQuotas(database)
    await killed._take(DEFAULT_TENANT, "sess_1", "hold_1", Quotas(sessions=1))
    with pytest.raises(ApiError):
        await other._take(DEFAULT_TENANT, "sess_2", "hold_2", Quotas(sessions=1))
    await later(database_url, 91)
    async with other.session(DEFAULT_TENANT, "sess_2", Quotas(sessions=1)):
        pass


async def test_a_session_that_goes_on_elsewhere_counts_once(database: Database) -> None:
    await SessionQuotas(database)._take(DEFAULT_TENANT, "sess_1", "hold_1", Quotas(sessions=1))
    async with SessionQuotas(database).session(DEFAULT_TENANT, "sess_1", Quotas(sessions=1)):
        pass


async def test_renewed_conversations_stay_counted_and_their_time_is_usage(
    database: Database, database_url: str
) -> None:
    quotas = SessionQuotas(database)
    async with quotas.session(DEFAULT_TENANT, "sess_1", Quotas(sessions=1)):
        for _ in range(3):
            await later(database_url, 40)
            await quotas.renew()
        with pytest.raises(ApiError):
            await quotas._take(DEFAULT_TENANT, "sess_2", "hold_2", Quotas(sessions=1))
        await later(database_url, 10)
    assert 130 <= await used(database_url) < 140


async def test_used_minutes_end_with_the_month(database: Database, database_url: str) -> None:
    quotas = SessionQuotas(database)
    one_minute = Quotas(minutes_a_month=1)
    async with quotas.session(DEFAULT_TENANT, "sess_1", one_minute):
        await later(database_url, 60)
    with pytest.raises(ApiError) as refusal:
        await quotas._take(DEFAULT_TENANT, "sess_2", "hold_2", one_minute)
    assert refusal.value.code == "quota_exceeded"
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE tenant_usage SET month = (month - interval '1 month')::date")
    await connection.close()
    async with quotas.session(DEFAULT_TENANT, "sess_2", one_minute):
        pass


async def test_without_quotas_there_is_nothing_to_ask_the_database(database_url: str) -> None:
    async with Database.open(database_url) as database:
        quotas = SessionQuotas(database)
    async with quotas.session(DEFAULT_TENANT, "sess_1", Quotas()):
        await quotas.renew()


async def test_a_conversation_ends_in_peace_when_the_database_is_away(database_url: str) -> None:
    async with AsyncExitStack() as ends, Database.open(database_url) as database:
        await ends.enter_async_context(SessionQuotas(database).session(DEFAULT_TENANT, "sess_1", TWO))


async def test_a_conversation_that_goes_on_elsewhere_keeps_its_place_and_is_counted_once(database: Database) -> None:
    one, here, elsewhere = Quotas(sessions=1), SessionQuotas(database), SessionQuotas(database)
    async with AsyncExitStack() as moved:
        async with here.session(DEFAULT_TENANT, "sess_1", one):
            # It is still held where it was when it goes on.
            await moved.enter_async_context(elsewhere.session(DEFAULT_TENANT, "sess_1", one, goes_on=True))
        with pytest.raises(ApiError):
            await moved.enter_async_context(here.session(DEFAULT_TENANT, "sess_2", one))
    async with (
        here.session(DEFAULT_TENANT, "sess_2", one),
        elsewhere.session(DEFAULT_TENANT, "sess_1", one, goes_on=True),
    ):
        # Another has taken its place meanwhile: a conversation that has begun is let in again all the same.
        with pytest.raises(ApiError):
            await moved.enter_async_context(here.session(DEFAULT_TENANT, "sess_3", one))


async def test_who_lost_a_conversation_does_not_count_its_time(database: Database, database_url: str) -> None:
    one, here, elsewhere = Quotas(minutes_a_month=60), SessionQuotas(database), SessionQuotas(database)
    async with (
        here.session(DEFAULT_TENANT, "sess_1", one),
        elsewhere.session(DEFAULT_TENANT, "sess_1", one, goes_on=True),
    ):
        await later(database_url, 10)
        await here.renew()
        assert await used(database_url) == 0
        await elsewhere.renew()
        assert 10 <= await used(database_url) < 20
