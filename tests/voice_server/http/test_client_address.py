"""Whose address is believed, as one table; and that attempts to log in are counted by it."""

import asyncio

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer, make_mocked_request
from multidict import CIMultiDict

from tests.voice_server.accounts.account_server import ADDRESS, account_server
from voice_server.http.client_address import ClientAddresses
from voice_server.storage.postgres.database import Database

NEW, OLD = 32 * "n", 32 * "o"
BALANCED, BOTH, CDN_ALONE = ClientAddresses(1), ClientAddresses(1, [NEW, OLD]), ClientAddresses(0, [NEW])
PERSON, EDGE, PROXY = "198.51.100.7", "192.0.2.80", "10.0.0.5"
FORGED = "203.0.113.66"


@pytest.mark.parametrize(
    ("addresses", "headers", "address"),
    [
        (ClientAddresses(), [("X-Forwarded-For", FORGED)], PROXY),
        (BALANCED, [("X-Forwarded-For", PERSON)], PERSON),
        (BALANCED, [("X-Forwarded-For", f"{FORGED}, {PERSON}")], PERSON),
        (BALANCED, [("X-Forwarded-For", FORGED), ("X-Forwarded-For", PERSON)], PERSON),
        (BALANCED, [("X-Forwarded-For", "2001:db8::7")], "2001:db8::7"),
        (BALANCED, [], PROXY),
        (BALANCED, [("X-CDN-Secret", NEW), ("X-Forwarded-For", f"{FORGED}, {PERSON}")], PERSON),
        (ClientAddresses(2), [("X-Forwarded-For", PERSON)], PROXY),
        (BOTH, [("X-CDN-Secret", NEW), ("X-Forwarded-For", f"{FORGED}, {PERSON}, {EDGE}")], PERSON),
        (BOTH, [("X-CDN-Secret", OLD), ("X-Forwarded-For", f"{PERSON}, {EDGE}")], PERSON),
        (BOTH, [("X-CDN-Secret", NEW[:-1]), ("X-Forwarded-For", f"{FORGED}, {PERSON}")], PERSON),
        (BOTH, [("X-CDN-Secret", ""), ("X-Forwarded-For", f"{FORGED}, {PERSON}")], PERSON),
        (BOTH, [("X-Forwarded-For", f"{FORGED}, {PERSON}")], PERSON),
        (CDN_ALONE, [("X-CDN-Secret", NEW), ("X-Forwarded-For", f"{FORGED}, {PERSON}")], PERSON),
        (CDN_ALONE, [("X-Forwarded-For", FORGED)], PROXY),
    ],
)
def test_an_address_is_believed_of_our_proxies_only(
    addresses: ClientAddresses, headers: list[tuple[str, str]], address: str
) -> None:
    request = make_mocked_request("GET", "/").clone(headers=CIMultiDict(headers), remote=PROXY)
    assert addresses.of(request) == address


async def test_a_secret_of_any_bytes_is_a_wrong_one() -> None:
    async def tell(request: web.Request) -> web.Response:
        return web.Response(text=BOTH.of(request))

    app = web.Application()
    app.router.add_get("/", tell)
    async with TestServer(app) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b"GET / HTTP/1.0\r\nX-CDN-Secret: \xff\r\nX-Forwarded-For: " + PERSON.encode() + b"\r\n\r\n")
        answer = await reader.read()
        writer.close()
    assert answer.endswith(PERSON.encode())


async def test_who_guesses_shuts_out_nobody_behind_the_same_load_balancer(database: Database) -> None:
    async def log_in(http: ClientSession, address: str) -> int:
        headers = {"X-Forwarded-For": address}
        body = {"email": ADDRESS, "password": "wrong"}
        async with http.post(f"{server.url}/api/v1/auth/login", json=body, headers=headers) as answer:
            return answer.status

    async with account_server(database, addresses=BALANCED) as server, ClientSession() as http:
        assert [await log_in(http, FORGED) for _ in range(6)] == [401] * 5 + [429]
        assert await log_in(http, f"{FORGED}, {PERSON}") == 401
