"""What the routes of customers and memories do, as everybody: who may, and whose memories they reach."""

import json
import re
from typing import Any
from uuid import UUID

import jsonschema  # type: ignore[import-untyped]
import pytest
from pydantic.json_schema import models_json_schema

from tests.voice_server.memory.memory_server import MemoryServer, learned, memory_server
from voice_server.auth import CustomerIdentity
from voice_server.customers.customers import Customers
from voice_server.memory.memories import Memories
from voice_server.openapi import answers, customers
from voice_server.storage.postgres.database import Database

WHO = ("", "wrong-key", "acme-customer", "acme-key-sessions", "acme-key-history", "acme-staff", "acme-admin",
       "other-admin", "operator", "anna", "beppe", "stranger")  # fmt: skip
STAFF = ("acme-key-history", "acme-staff", "acme-admin")
ELSEWHERE = ("other-admin", "operator")
"""Staff of other tenants: the operator works in the default tenant."""


async def everything(server: MemoryServer) -> str:
    return str([await server.fetch(f"SELECT * FROM {table} ORDER BY 1") for table in ("customers", "memories")])


@pytest.mark.parametrize("who", WHO)
async def test_every_route_as_everybody(database: Database, who: str) -> None:
    async with memory_server(database) as server:
        annas = await server.held("anna")
        ids = {"customer_id": str(server.customers["anna"]), "memory_id": str(annas["nuts of anna"])}
        for route in sorted(server.routes, key=lambda route: route.method == "DELETE"):
            if route.method == "PATCH":
                ids["memory_id"] = str((await server.held("anna"))["nuts of anna"])
            else:
                ids["memory_id"] = str((await server.held("anna")).get("canary anna"))
            before = await everything(server)
            path = route.path.removeprefix("/api/v1").format(**ids)
            body = {"value": "nuts of anna"} if route.method == "PATCH" else None
            status, answer = await server.call(who, route.method, path, body)
            own = "/users/me/" in route.path
            expected = (
                {401}
                if who in ("", "wrong-key")
                else ({200, 204} if who == "anna" else {403})
                if own and who not in ("beppe", "stranger")
                else ({404} if "{memory_id}" in route.path else {200})
                if own
                else {200, 204}
                if who in STAFF
                else ({404} if "{customer_id}" in route.path else {200})
                if who in ELSEWHERE
                else {403}
            )
            if who == "anna" and "{memory_id}" in route.path and status == 404:
                assert route.method == "DELETE"
            assert status in expected, (route.method, route.path, status, answer)
            if who not in (*STAFF, "anna"):
                assert "anna" not in json.dumps(answer)
                assert await everything(server) == before


async def test_a_person_reads_corrects_and_deletes_what_is_remembered(database: Database) -> None:
    async with memory_server(database) as server:
        status, listed = await server.call("anna", "GET", "/users/me/memories")
        assert status == 200
        assert [(each["topic"], each["value"], each["source"]) for each in listed["memories"]] == [
            ("name", "canary anna", "said"),
            ("allergy", "nuts of anna", "said"),
        ]
        memory_id = listed["memories"][0]["id"]
        path = f"/users/me/memories/{memory_id}"
        status, corrected = await server.call("anna", "PATCH", path, {"value": "  Anna \n B. "})
        assert (status, corrected["value"], corrected["source"], corrected["confidence"]) == (
            200,
            "Anna B.",
            "customer",
            1.0,
        )
        status, error = await server.call("anna", "PATCH", path, {"value": "again"})
        assert (status, error["error"]["code"]) == (409, "memory_replaced")
        _, listed = await server.call("anna", "GET", "/users/me/memories?history=true")
        old = next(each for each in listed["memories"] if each["id"] == memory_id)
        assert old["replaced_by"] == corrected["id"]
        # Deleted with all that it has replaced.
        assert (await server.call("anna", "DELETE", f"/users/me/memories/{corrected['id']}"))[0] == 204
        assert (await server.call("anna", "DELETE", f"/users/me/memories/{corrected['id']}"))[0] == 404
        assert await server.fetch("SELECT FROM memories WHERE topic = 'name' AND value ILIKE '%anna%'") == []
        assert "canary beppe" in await server.held("beppe")


async def test_what_staff_does_is_in_the_audit_log_without_content(database: Database) -> None:
    async with memory_server(database) as server:
        anna = server.customers["anna"]
        held = await server.held("anna")
        await server.call("acme-staff", "GET", f"/customers/{anna}")
        await server.call("acme-staff", "GET", f"/customers/{anna}/memories")
        name = f"/customers/{anna}/memories/{held['canary anna']}"
        _, corrected = await server.call("acme-staff", "PATCH", name, {"value": "Anna Canary"})
        assert corrected["source"] == "staff"
        await server.call("acme-staff", "DELETE", f"/customers/{anna}/memories/{held['nuts of anna']}")
        rows = await server.fetch("SELECT action, subject_kind, subject_id, actor FROM audit_log ORDER BY id")
        assert [tuple(row) for row in rows] == [
            ("read", "customer", str(anna), "acme-staff"),
            ("read_memories", "customer", str(anna), "acme-staff"),
            ("correct", "memory", str(held["canary anna"]), "acme-staff"),
            ("delete", "memory", str(held["nuts of anna"]), "acme-staff"),
        ]


async def test_one_customers_memory_is_not_reached_through_another(database: Database) -> None:
    async with memory_server(database) as server:
        held = await server.held("anna")
        path = f"/customers/{server.customers['beppe']}/memories/{held['canary anna']}"
        assert (await server.call("acme-staff", "PATCH", path, {"value": "x"}))[0] == 404
        assert (await server.call("acme-staff", "DELETE", path))[0] == 404
        assert await server.held("anna") == held


async def test_an_id_from_before_a_merge_leads_to_the_customer(database: Database) -> None:
    async with memory_server(database) as server:
        phone = CustomerIdentity("phone", "+390612345678")
        tenant_id = server.tenants["acme"]
        old = await Customers(database).recognise(tenant_id, [phone])
        merged = await Customers(database).recognise(
            tenant_id, [phone, CustomerIdentity("account", "00000000-0000-0000-0000-000000000001")]
        )
        assert merged == server.customers["anna"]
        status, customer = await server.call("acme-staff", "GET", f"/customers/{old}")
        assert (status, customer["id"], customer["merged_ids"]) == (200, str(merged), [str(old)])
        assert {each["kind"] for each in customer["identities"]} == {"account", "phone"}
        _, listed = await server.call("acme-staff", "GET", f"/customers/{old}/memories")
        assert len(listed["memories"]) == 2


async def test_customers_are_listed_in_pages(database: Database) -> None:
    async with memory_server(database) as server:
        found: list[str] = []
        cursor = ""
        for _ in range(3):
            _, page = await server.call("acme-staff", "GET", f"/customers?limit=1&after={cursor}")
            found += [each["id"] for each in page["customers"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert sorted(found) == sorted(map(str, server.customers.values()))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/customers?limit=0", 400),
        ("/customers?limit=x", 400),
        ("/customers?after=%00", 400),
        ("/customers?after=eHg%3D", 400),
        ("/customers/no-id", 404),
        (f"/customers/{UUID(int=9)}", 404),
        (f"/customers/{UUID(int=9)}/memories", 404),
        ("/customers/%00/memories", 404),
    ],
)
async def test_nonsense_is_refused_with_a_sentence(database: Database, path: str, status: int) -> None:
    async with memory_server(database) as server:
        got, answer = await server.call("acme-staff", "GET", path)
        assert got == status
        assert answer["error"]["message"].endswith(".")


@pytest.mark.parametrize("body", [{}, [], None, {"value": ""}, {"value": " "}, {"value": 5}, {"value": "a" * 201},
                                  {"value": "a\0b"}, {"value": "a\u202eb"}])  # fmt: skip
async def test_a_correction_must_be_a_line_of_words(database: Database, body: Any) -> None:
    async with memory_server(database) as server:
        held = await server.held("anna")
        path = f"/users/me/memories/{held['canary anna']}"
        status, _ = await server.call("anna", "PATCH", path, body)
        assert status == 400
        assert await server.held("anna") == held


_, MODELS = models_json_schema(
    [(body, "validation") for body in customers.BODIES], ref_template="#/components/schemas/{model}"
)
DESCRIBED: dict[str, Any] = {
    "paths": customers.paths(),
    "components": {"schemas": {**MODELS["$defs"], **answers.SCHEMAS, **customers.SCHEMAS}},
}


async def test_the_description_has_every_route_and_is_true_of_the_answers(database: Database) -> None:
    async with memory_server(database) as server:
        served = {(route.method.lower(), route.path) for route in server.routes}
        assert served == {(method, path) for path, methods in DESCRIBED["paths"].items() for method in methods}
        for reference in set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(DESCRIBED))):
            assert reference in DESCRIBED["components"]["schemas"]
        held = await server.held("anna")
        ids = {"customer_id": str(server.customers["anna"]), "memory_id": str(held["canary anna"])}
        for method, path in sorted(served):
            if method == "delete" or (method == "patch" and "users" in path):
                continue
            who = "anna" if "users" in path else "acme-staff"
            body = {"value": "x"} if method == "patch" else None
            status, answer = await server.call(who, method.upper(), path.removeprefix("/api/v1").format(**ids), body)
            schema = DESCRIBED["paths"][path][method]["responses"][str(status)]["content"]["application/json"]["schema"]
            jsonschema.validate(answer, {**schema, "components": DESCRIBED["components"]})


async def test_memories_are_listed_in_pages(database: Database) -> None:
    async with memory_server(database) as server:
        # Many of one moment, and a topic that this program does not know.
        more = [learned("studied", f"field {n}") for n in range(5)] + [
            learned("of the future", f"{n}") for n in range(3)
        ]
        await Memories(database).learn(server.tenants["acme"], server.customers["anna"], more)
        for order in ("", "&history=true"):
            _, whole = await server.call("anna", "GET", f"/users/me/memories?limit=500{order}")
            assert (len(whole["memories"]), whole["next"]) == (10, None)
            for limit in (1, 3, 10):
                found: list[Any] = []
                after = ""
                while after is not None:
                    path = f"/users/me/memories?limit={limit}{order}" + (f"&after={after}" if after else "")
                    _, page = await server.call("anna", "GET", path)
                    assert 0 < len(page["memories"]) <= limit
                    found += page["memories"]
                    after = page["next"]
                assert found == whole["memories"]
        for after in ("x", "!", "bm9ib2R5", "MjAyNi0wMS0wMSB4IHk="):
            status, error = await server.call("anna", "GET", f"/users/me/memories?after={after}")
            assert (status, error["error"]["param"]) == (400, "after")
