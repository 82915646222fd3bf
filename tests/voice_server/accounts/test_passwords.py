"""Passwords are kept as Argon2id, checked off the loop, and refused if anybody would guess them."""

import asyncio
import threading

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type
from hypothesis import given
from hypothesis import strategies as st

from voice_server.accounts.addresses import normal_address
from voice_server.accounts.passwords import LANES, MEMORY_KIB, NO_PASSWORD, PASSES, PasswordHashes, check_password
from voice_server.http.errors import ApiError

PASSWORD = "a heron at the lake"


async def test_a_hash_is_argon2id_with_the_parameters_that_are_documented() -> None:
    async with PasswordHashes() as hashes:
        parameters = extract_parameters(await hashes.hash(PASSWORD))
    assert parameters.type is Type.ID
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (MEMORY_KIB, PASSES, LANES)
    assert (MEMORY_KIB, PASSES, LANES) == (19 * 1024, 2, 1)


async def test_the_right_password_matches_and_no_other() -> None:
    async with PasswordHashes(memory_kib=8, passes=1) as hashes:
        made = await hashes.hash(PASSWORD)
        assert made != await hashes.hash(PASSWORD)
        assert await hashes.verify(made, PASSWORD)
        assert not await hashes.verify(made, PASSWORD + " ")
        assert not await hashes.verify("$argon2id$damaged", PASSWORD)


async def test_nobody_s_hash_matches_nothing_not_even_what_it_is_made_of() -> None:
    async with PasswordHashes(memory_kib=8, passes=1) as hashes:
        for nobody in (None, NO_PASSWORD):
            assert not await hashes.verify(nobody, "nobody has this password")


async def test_one_password_typed_on_two_keyboards_is_one() -> None:
    async with PasswordHashes(memory_kib=8, passes=1) as hashes:
        assert await hashes.verify(await hashes.hash("perch\u00e9 no, davvero"), "perche\u0301 no, davvero")


class Gate:
    """Holds the thread that hashes until the test lets it go on."""

    def __init__(self, hashes: PasswordHashes, monkeypatch: pytest.MonkeyPatch) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()
        self.threads: set[str] = set()
        monkeypatch.setattr(hashes, "_matches", self._matches)

    def _matches(self, _password_hash: str, _password: str) -> bool:
        self.threads.add(threading.current_thread().name)
        self.entered.set()
        assert self.opened.wait(30)
        return True


async def test_a_flood_waits_in_one_thread_then_is_sent_away_and_the_loop_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with PasswordHashes(memory_kib=8, passes=1, max_waiting=3) as hashes:
        gate = Gate(hashes, monkeypatch)
        flood = [asyncio.create_task(hashes.verify("hash", PASSWORD)) for _ in range(3)]
        await asyncio.to_thread(gate.entered.wait, 30)
        with pytest.raises(ApiError) as refused:
            await hashes.verify("hash", PASSWORD)
        assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "2")
        gate.opened.set()
        assert await asyncio.gather(*flood) == [True] * 3
        assert await hashes.verify("hash", PASSWORD)
        assert len(gate.threads) == 1


async def test_who_goes_away_makes_room_only_when_the_thread_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    async with PasswordHashes(memory_kib=8, passes=1, max_waiting=1) as hashes:
        gate = Gate(hashes, monkeypatch)
        gone = asyncio.create_task(hashes.verify("hash", PASSWORD))
        await asyncio.to_thread(gate.entered.wait, 30)
        gone.cancel()
        await asyncio.wait([gone])
        with pytest.raises(ApiError):
            await hashes.verify("hash", PASSWORD)
        gate.opened.set()
        assert hashes._threads is not None
        await asyncio.wrap_future(hashes._threads.submit(str))
        assert await hashes.verify("hash", PASSWORD)


@pytest.mark.parametrize(
    "password",
    [
        "1234567890",
        "QWERTYUIOP",
        "passw0rd123",
        "aaaaaaaaaaaa",
        "ababababab",
        "ada.lovelace",
        "ada.lovelace1815",
        "ada.lovelace@example.com",
        "ADA.LOVELACE@EXAMPLE.COM!!",
        "lovelace@example",
    ],
)
def test_what_anybody_would_try_first_is_refused(password: str) -> None:
    with pytest.raises(ApiError) as refused:
        check_password(password, "ada.lovelace@example.com")
    assert (refused.value.status, refused.value.code) == (400, "weak_password")


@pytest.mark.parametrize("password", [PASSWORD, "Tr0ub4dor&3x", "lovelace writes programs", "ütf-8 ist schön"])
def test_others_will_do(password: str) -> None:
    check_password(password, "ada.lovelace@example.com")


@given(st.text(max_size=60))
def test_an_address_is_refused_or_has_one_spelling(text: str) -> None:
    try:
        address = normal_address(text)
    except ValueError:
        return
    assert normal_address(address) == address
    assert address.isascii()
    assert address.isprintable()


@given(
    st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9.+_-]{0,20}[a-zA-Z0-9]", fullmatch=True),
    st.sampled_from(["example.com", "BÜCHER.example", "xn--bcher-kva.example", "例え.テスト", "a.b.c.example"]),
)
def test_addresses_as_people_have_them_are_taken(local: str, domain: str) -> None:
    if ".." not in local:
        address = normal_address(f" {local}@{domain} ")
        assert address.startswith(f"{local.lower()}@")
        assert normal_address(address.upper()) == address


@pytest.mark.parametrize("text", ["", "@", "a@", "@b.example", "a@b@c.example ,", "a..b@c.example", ".a@c.example"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="@"):
        normal_address(text)
