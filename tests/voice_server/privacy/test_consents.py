"""Consents: what holds until somebody answers, that the newest answer counts, and that none is ever changed."""

from typing import NoReturn
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.voice_server.privacy.private_server import TENANT, PrivateServer, Somebody
from voice_server.auth import CustomerIdentity, Principal
from voice_server.customers.customers import Customers
from voice_server.privacy.consents import MAX_REMEMBERED, Consents, Person
from voice_server.privacy.purposes import NEEDED, PURPOSES, Purpose, wordings
from voice_server.storage.postgres.database import Database, StorageUnavailable


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


async def say(person: Somebody, purpose: str, granted: bool, **body: object) -> tuple[int, dict[str, object]]:
    version = wordings()[purpose].version
    return await person.gdpr(
        "POST", "consents", {"purpose": purpose, "granted": granted, "wording_version": version, **body}
    )


def test_every_purpose_has_words_in_english_and_italian() -> None:
    for purpose in PURPOSES:
        assert {"en", "it"} <= set(wordings()[purpose].texts)
        assert all(text.strip() for text in wordings()[purpose].texts.values())
    assert wordings()["memory"].text("xx")[1] == "en"


async def test_what_holds_until_somebody_answers(server: PrivateServer, ada: Somebody) -> None:
    _, asked = await ada.gdpr("GET", "purposes?language=it")
    assert [each["purpose"] for each in asked["purposes"]] == list(PURPOSES)
    assert {each["language"] for each in asked["purposes"]} == {"it"}
    _, answer = await ada.gdpr("GET", "consents")
    assert {each["purpose"]: each["granted"] for each in answer["consents"]} == {
        purpose: purpose in NEEDED for purpose in PURPOSES
    }
    assert not any(each["answered"] for each in answer["consents"])
    consents = server.privacy.consents
    for purpose in PURPOSES:
        assert await consents.may(TENANT, purpose) == (purpose in NEEDED), "nobody is known"
        assert await consents.may(TENANT, purpose, account_id=ada.account_id) == (purpose in NEEDED)


async def test_the_newest_answer_counts_at_once_and_all_are_kept(server: PrivateServer, ada: Somebody) -> None:
    consents = server.privacy.consents
    principal = Principal("account", account_id=ada.account_id)
    assert not await consents.may_remember(principal)
    for granted in (True, False, True):
        status, answer = await say(ada, "memory", granted, language="it")
        assert (status, answer["granted"], answer["answered"]) == (201, granted, True)
        assert await consents.may_remember(principal) == granted
    assert (await say(ada, "conversations", False))[0] == 201
    assert not await consents.may_keep(principal)
    assert not await consents.may_record(principal)
    assert not await consents.may_measure(principal)
    rows = await server.execute("SELECT jsonb_agg(wording) FROM consents WHERE purpose = 'memory'")
    assert rows == [wordings()["memory"].texts["it"]] * 3
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await server.execute("UPDATE consents SET granted = false")


async def test_an_answer_to_other_words_is_refused(server: PrivateServer, ada: Somebody) -> None:
    body = {"purpose": "memory", "granted": True, "wording_version": "1999-01"}
    status, answer = await ada.gdpr("POST", "consents", body)
    assert (status, answer["error"]["code"]) == (409, "wording_changed")
    for wrong in ({}, {**body, "purpose": "anything"}, {**body, "granted": "yes"}, {**body, "language": "italian"}):
        assert (await ada.gdpr("POST", "consents", wrong))[0] == 400
    assert await server.execute("SELECT count(*) FROM consents") == 0


async def test_the_signal_of_a_browser_is_an_opt_out_of_sale(server: PrivateServer, ada: Somebody) -> None:
    assert (await say(ada, "sale", True))[0] == 201
    _, answer = await ada.gdpr("GET", "consents", Sec_GPC="1")
    assert next(each for each in answer["consents"] if each["purpose"] == "sale")["granted"] is False
    await ada.gdpr("GET", "consents", Sec_GPC="1")
    assert await server.execute("SELECT count(*) FROM consents") == 2, "it is written down once"
    body = {"purpose": "sale", "granted": True, "wording_version": wordings()["sale"].version}
    status, refused = await ada.gdpr("POST", "consents", body, Sec_GPC="1")
    assert (status, refused["error"]["code"]) == (409, "privacy_signal")
    assert not await server.privacy.consents.may(TENANT, "sale", account_id=ada.account_id)


async def test_the_signal_counts_from_the_first_request_on_whatever_that_asks_for(
    server: PrivateServer, ada: Somebody
) -> None:
    assert (await say(ada, "sale", True))[0] == 201
    assert await server.privacy.consents.may(TENANT, "sale", account_id=ada.account_id)
    assert (await ada.send("GET", "/api/v1/users/me", Sec_GPC="1"))[0] == 200
    assert not await server.privacy.consents.may(TENANT, "sale", account_id=ada.account_id)
    assert await server.execute("SELECT count(*) FROM consents") == 2


async def test_no_request_fails_because_the_signal_cannot_be_written_down(
    server: PrivateServer, ada: Somebody, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_person: Person) -> NoReturn:
        raise StorageUnavailable("The database is away.")

    monkeypatch.setattr(server.privacy.consents, "_read", away)
    assert (await ada.send("GET", "/api/v1/users/me", Sec_GPC="1"))[0] == 200


async def test_a_customer_is_asked_by_staff_and_is_the_same_person_as_their_account(
    server: PrivateServer, ada: Somebody, bob: Somebody, operator: Somebody
) -> None:
    identities = [CustomerIdentity("account", str(ada.account_id)), CustomerIdentity("phone", "+390612345678")]
    customer_id = await Customers(server.database).recognise(TENANT, identities)
    body = {"customer_id": str(customer_id)}
    assert (await say(bob, "recordings", True, **body))[0] == 403
    assert (await say(operator, "recordings", True, customer_id=str(uuid4())))[0] == 404
    assert (await say(operator, "recordings", True, **body))[0] == 201
    consents = server.privacy.consents
    assert await consents.may(TENANT, "recordings", customer_id=customer_id)
    assert await consents.may(TENANT, "recordings", account_id=ada.account_id)
    assert not await consents.may(TENANT, "recordings", account_id=bob.account_id)
    assert (await say(ada, "recordings", False))[0] == 201
    assert not await consents.may(TENANT, "recordings", customer_id=customer_id)
    _, seen = await operator.gdpr("GET", f"consents?customer_id={customer_id}")
    assert next(each for each in seen["consents"] if each["purpose"] == "recordings")["granted"] is False


async def test_other_tasks_know_within_seconds_and_the_database_is_not_asked_each_time(database: Database) -> None:
    async with database.everyone() as connection:
        customer_id: UUID = await connection.fetchval(
            "INSERT INTO customers (tenant_id) VALUES ($1) RETURNING id", TENANT
        )
    clock = Clock()
    here, there = Consents(database, now=clock), Consents(database, now=clock)
    person = Principal("staff", tenant_id=TENANT)
    purpose: Purpose = "memory"

    assert not await there.may(TENANT, purpose, customer_id=customer_id)
    await here.record(person, Person(TENANT, customer_id=customer_id), purpose, "en", "req", granted=True)
    assert await here.may(TENANT, purpose, customer_id=customer_id)
    assert not await there.may(TENANT, purpose, customer_id=customer_id)
    clock.seconds = 5.0
    assert await there.may(TENANT, purpose, customer_id=customer_id)


async def test_while_the_database_is_away_what_was_known_holds_on(server: PrivateServer, ada: Somebody) -> None:
    assert (await say(ada, "memory", True))[0] == 201
    clock, away = Clock(), Away(server.database)
    consents = Consents(away, now=clock)
    assert await consents.may(TENANT, "memory", account_id=ada.account_id)
    away.is_away, clock.seconds = True, 60.0
    assert await consents.may(TENANT, "memory", account_id=ada.account_id)
    assert not await consents.may(TENANT, "memory", account_id=uuid4())
    assert await consents.may(TENANT, "conversations", account_id=uuid4())


async def test_what_is_remembered_is_bounded(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_REMEMBERED == 10_000
    monkeypatch.setattr("voice_server.privacy.consents.MAX_REMEMBERED", 3)
    consents = Consents(database)
    for _ in range(5):
        await consents.may(TENANT, "memory", account_id=uuid4())
    assert len(consents._remembered) == 3


class Away(Database):
    """PostgreSQL, away when it is told to."""

    is_away = False

    def __init__(self, database: Database) -> None:
        super().__init__(database._pool)

    def tenant(self, tenant_id: UUID):  # type: ignore[no-untyped-def]
        if self.is_away:
            raise StorageUnavailable("It is away, as it was told.")
        return super().tenant(tenant_id)
