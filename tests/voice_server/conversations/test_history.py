"""`/api/v1/conversations`: who sees what, pages, search and deletion."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from pipeline.events import ItemAdded, Span, TurnMeasured
from pipeline.items import Message, Text
from pipeline.session_log import Left
from tests.voice_server.conversations.logs import BEGAN_AT, Kept, header, kept_in, opened, said
from voice_server.auth import DEFAULT_TENANT, Authenticator, Credentials, Principal
from voice_server.conversations.history import History
from voice_server.conversations.history_routes import HistoryRoutes
from voice_server.http.errors import answer_errors
from voice_server.http.request_id import name_requests
from voice_server.storage.postgres.database import Database

OTHER_TENANT = UUID("00000000-0000-0000-0000-00000000000b")
PEOPLE = {
    "ada": Principal("ada", roles=frozenset({"customer"})),
    "eve": Principal("eve", roles=frozenset({"customer"})),
    "staff": Principal("staff", roles=frozenset({"staff"})),
    "stranger": Principal("stranger", tenant_id=OTHER_TENANT, roles=frozenset({"operator"})),
    "talker": Principal("ada", roles=frozenset({"customer"}), scopes=frozenset({"sessions"})),
}


class Names(Credentials):
    """Everybody's key is their name."""

    async def principal(self, key: str) -> Principal | None:
        return PEOPLE.get(key)


@dataclass
class World:
    kept: Kept
    client: TestClient[web.Request, web.Application]
    database: Database
    forgotten: list[tuple[str, Sequence[str]]] = field(default_factory=list)

    async def ask(self, path: str, who: str = "ada", method: str = "get", **query: str) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {who}"}
        async with self.client.request(method, f"/api/v1/conversations{path}", params=query, headers=headers) as answer:
            return answer.status, await answer.json() if answer.status != 204 else None

    async def held(self, *texts: str, owner: str = "ada", began_at: float = BEGAN_AT, assistant: str = "tester") -> str:
        """A conversation in which these things were said."""
        writer = self.kept.log.open(replace(header(owner=owner), began_at=began_at, assistant=assistant))
        writer.note(opened(began_at))
        for number, text in enumerate(texts, 1):
            writer.note(said(number, text))
        writer.end()
        await writer.leave()
        return writer.header.id


@asynccontextmanager
async def open_world(database: Database, folder: Path) -> AsyncIterator[World]:
    async with database.everyone() as connection:
        await connection.execute("INSERT INTO tenants (id, slug, name) VALUES ($1, 'other', 'Other')", OTHER_TENANT)
    forgotten: list[tuple[str, Sequence[str]]] = []

    async def forget(conversation_id: str, keys: Sequence[str]) -> None:
        forgotten.append((conversation_id, keys))

    app = web.Application(middlewares=[name_requests, answer_errors])
    authenticator = Authenticator(["some-key"], credentials=[Names()])
    app.add_routes(authenticator.protect(HistoryRoutes(History(database, forget)).routes()))
    async with kept_in(database, folder) as kept, TestClient(TestServer(app)) as client:
        yield World(kept, client, database, forgotten)


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(database, tmp_path) as opened_world:
        yield opened_world


async def test_pages_go_from_the_newest_to_the_oldest(world: World) -> None:
    ids = [await world.held(f"number {number}", began_at=BEGAN_AT + number // 2) for number in range(7)]
    seen: list[str] = []
    query = {"limit": "3"}
    while True:
        status, page = await world.ask("", **query)
        assert status == 200
        seen += [each["id"] for each in page["data"]]
        if page["next"] is None:
            break
        query["after"] = page["next"]
    assert sorted(seen) == sorted(ids)
    assert [ids.index(each) // 2 for each in seen] == [3, 2, 2, 1, 1, 0, 0]


async def test_who_sees_what(world: World) -> None:
    mine, hers = await world.held("mine"), await world.held("hers", owner="eve")
    for who, expected in (("ada", {mine}), ("eve", {hers}), ("staff", {mine, hers}), ("stranger", set[str]())):
        _, page = await world.ask("", who)
        assert {each["id"] for each in page["data"]} == expected
    for who, status in (
        ("ada", 200),
        ("staff", 200),
        ("eve", 404),
        ("stranger", 404),
        ("talker", 403),
        ("nobody", 401),
    ):
        assert (await world.ask(f"/{mine}", who))[0] == status
        if status != 200:
            assert (await world.ask(f"/{mine}", who, "delete"))[0] == status
    _, error = await world.ask(f"/{mine}", "eve")
    _, unknown = await world.ask("/conv_unknown", "eve")
    assert error["error"]["code"] == unknown["error"]["code"] == "conversation_not_found"
    async with world.database.tenant(DEFAULT_TENANT) as connection:
        rows = await connection.fetch("SELECT actor, action, subject_id FROM audit_log")
    assert [tuple(row) for row in rows] == [("staff", "read", mine)]


async def test_staff_can_ask_for_their_own_only(world: World) -> None:
    await world.held("hers", owner="eve")
    own = await world.held("own", owner="staff")
    for query in ({"of": "person"}, {"of": "person", "q": "own"}):
        _, page = await world.ask("", "staff", **query)
        assert [each["id"] for each in page["data"]] == [own], query
    status, error = await world.ask("", of="everybody")
    assert (status, error["error"]["param"]) == (400, "of")


async def test_a_summary_says_with_what_the_person_began(world: World) -> None:
    await world.held("I would like " + "very " * 100, "much")
    nothing = await world.held(began_at=BEGAN_AT - 1)
    _, page = await world.ask("")
    began, silent = page["data"]
    assert began["opening"].startswith("I would like very")
    assert len(began["opening"]) == 200
    assert (silent["id"], silent["opening"]) == (nothing, None)
    _, shown = await world.ask(f"/{began['id']}")
    assert shown["opening"] == began["opening"]


async def test_filters(world: World) -> None:
    early = await world.held("one", began_at=BEGAN_AT)
    late = await world.held("two", began_at=BEGAN_AT + 3600, assistant="other")
    middle = datetime.fromtimestamp(BEGAN_AT + 1800, UTC).isoformat()
    for query, expected in (
        ({"began_after": middle}, [late]),
        ({"began_before": middle}, [early]),
        ({"assistant": "other"}, [late]),
        ({"customer": str(uuid4())}, []),
        ({"q": "two"}, [late]),
        ({"q": "two", "assistant": "tester"}, []),
    ):
        _, page = await world.ask("", **query)
        assert [each["id"] for each in page["data"]] == expected, query


async def test_a_search_shows_where_it_was_said_and_no_markup(world: World) -> None:
    text = "<b>A table</b> \ue000for\ue001 four, please & <script>alert('x')</script>"
    found = await world.held("good evening", text)
    await world.held("no, thanks")
    _, page = await world.ask("", q="table")
    (match,) = page["data"][0]["matches"]
    assert page["data"][0]["id"] == found
    assert (match["item_id"], match["role"]) == ("item_2", "user")
    assert [piece["text"] for piece in match["passage"] if piece["found"]] == ["table"]
    shown = "".join(piece["text"] for piece in match["passage"])
    assert "for four, please" in shown
    assert "\ue000" not in shown


@pytest.mark.parametrize("looked_through", [1, 2, 5, 500])
async def test_a_search_finds_also_what_is_long_ago(
    world: World, monkeypatch: pytest.MonkeyPatch, looked_through: int
) -> None:
    monkeypatch.setattr("voice_server.conversations.history.LOOKED_THROUGH", looked_through)
    words = ("tea", "", "tea", "tea", "", "", "tea", "tea")
    ids = [await world.held(each, began_at=BEGAN_AT - number) for number, each in enumerate(words)]
    await world.held("tea", owner="eve", began_at=BEGAN_AT - 2.5)
    expected = [conversation for conversation, each in zip(ids, words, strict=True) if each]
    for size in (1, 2, 3, 5):
        seen: list[str] = []
        query = {"q": "tea", "limit": str(size)}
        while True:
            _, page = await world.ask("", **query)
            seen += [each["id"] for each in page["data"]]
            assert all(each["matches"] for each in page["data"])
            if page["next"] is None:
                break
            query["after"] = page["next"]
        assert seen == expected, size
    _, page = await world.ask(
        "", "staff", q="tea", began_before=datetime.fromtimestamp(BEGAN_AT - 2.2, UTC).isoformat()
    )
    assert len(page["data"]) == 4
    for nobody, nothing in (("stranger", "tea"), ("ada", "coffee"), ("ada", "!"), ("ada", "-tea ''")):
        _, page = await world.ask("", nobody, q=nothing)
        found = [each["id"] for each in page["data"]]
        assert found == ([each for each in ids if each not in expected] if "-" in nothing else []), nothing


async def test_one_conversation_with_its_timings(world: World) -> None:
    writer = world.kept.log.open(header())
    writer.note(opened())
    writer.note(Left(1.0, ItemAdded(Message("item_u", "user", (Text("hello"),)), None)))
    writer.note(Left(2.0, TurnMeasured("item_u", "resp_1", (Span("pause", 0.0, 0.2), Span("heard", 0.2, 0.7)))))
    writer.note(said(2, "hi"))
    await writer.leave()
    _, shown = await world.ask(f"/{writer.header.id}")
    assert [(item["role"], item["text"]) for item in shown["items"]] == [("user", "hello"), ("user", "hi")]
    assert shown["items"][0]["timings"]["total_ms"] == 700
    assert shown["items"][0]["said_at"] == datetime.fromtimestamp(BEGAN_AT + 1, UTC).isoformat()
    assert shown["ended_at"] is None
    _, first = await world.ask(f"/{writer.header.id}", limit="1")
    assert (len(first["items"]), first["next"]) == (1, 0)
    _, second = await world.ask(f"/{writer.header.id}", limit="1", after="0")
    assert ([item["id"] for item in second["items"]], second["next"]) == (["item_2"], None)


async def test_deletion_takes_everything(world: World) -> None:
    gone, stays = await world.held("gone"), await world.held("stays")
    async with world.database.tenant(DEFAULT_TENANT) as connection:
        await connection.execute(
            "INSERT INTO stored_objects (key, tenant_id, conversation_id, owner, kind, content_type, bytes) "
            "VALUES ('answers/1', $1, $2, 'ada', 'answer', 'audio/mpeg', 1)",
            DEFAULT_TENANT,
            gone,
        )
    assert (await world.ask(f"/{gone}", method="delete"))[0] == 204
    assert world.forgotten[0] == (gone, ["answers/1"])
    assert (await world.ask(f"/{gone}", method="delete"))[0] == 404
    assert (await world.ask(f"/{stays}"))[0] == 200
    async with world.database.tenant(DEFAULT_TENANT) as connection:
        for table in ("conversation_facts", "conversation_items", "stored_objects"):
            assert not await connection.fetchval(f"SELECT count(*) FROM {table} WHERE conversation_id = $1", gone)
        rows = await connection.fetch("SELECT actor, action, subject_id FROM audit_log")
    assert [tuple(row) for row in rows] == [("ada", "delete", gone)]


async def test_whatever_is_asked_is_answered_or_refused(database: Database, tmp_path: Path) -> None:
    async with open_world(database, tmp_path) as world:
        conversation = await world.held("hello")
        names = ("limit", "after", "q", "assistant", "customer", "began_after", "began_before")
        texts = [
            "", "0", "-1", "1e3", "٣", "9" * 30, "\0", "a\0b", "x" * 300, "'; DROP TABLE conversations", '"', "& | !",
            "bm90aGluZw==", "MjAyNg==", "2026-01-31T12:00:00", "2026-13-31", "0001-01-01T00:00:00+14:00", "é\u2028",
        ]  # fmt: skip
        for name in names:
            for text in texts:
                status, body = await world.ask("", **{name: text})
                assert status in (200, 400), (name, text, body)
                assert status == 200 or body["error"]["param"] == name
        for path in ("/%00", "/..%2f", "/" + "x" * 65, "/é", f"/{conversation}%20"):
            assert (await world.ask(path))[0] == 404
