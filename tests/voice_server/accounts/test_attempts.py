"""Who guesses is slowed down more and more, and shuts nobody else out."""

import contextlib

import pytest

from tests.voice_server.accounts.account_server import ADDRESS, PASSWORD, AccountServer, Browser
from voice_server.accounts.attempts import Attempts, network_of
from voice_server.http.errors import ApiError
from voice_server.storage.shared.memory import MemoryRateLimits


class Guesser:
    """Tries passwords, and waits as long as it is told to."""

    def __init__(self, attempts: Attempts, clock: list[float]) -> None:
        self._attempts = attempts
        self._clock = clock

    async def wait(self, network: str, email: str, device: str | None = None) -> float:
        """How long it had to wait until it might try once."""
        waited = 0.0
        while True:
            try:
                await self._attempts.log_in(network, email, known_device=device)
            except ApiError as error:
                seconds = int(error.headers["Retry-After"])
                self._clock[0] += seconds
                waited += seconds
            else:
                return waited


@pytest.fixture
def clock() -> list[float]:
    """Seconds, changed by the test."""
    return [1_000.0]


@pytest.fixture
def attempts(clock: list[float]) -> Attempts:
    """Counted in this process."""
    return Attempts(MemoryRateLimits(lambda: clock[0]))


async def test_the_waits_grow(attempts: Attempts, clock: list[float]) -> None:
    guesser = Guesser(attempts, clock)
    waits = [await guesser.wait("192.0.2.1", ADDRESS) for _ in range(30)]
    assert waits[:5] == [0.0] * 5
    assert 5 <= waits[6] <= 15
    assert 60 <= waits[15] <= 100
    assert 900 <= waits[29] <= 1100


async def test_a_day_of_guessing_is_some_hundred_guesses(attempts: Attempts, clock: list[float]) -> None:
    guesser, guesses = Guesser(attempts, clock), 0
    while clock[0] < 87_400:
        await guesser.wait("192.0.2.1", ADDRESS)
        guesses += 1
    assert guesses < 110


async def test_a_stranger_elsewhere_does_not_shut_the_person_out(attempts: Attempts, clock: list[float]) -> None:
    for _ in range(30):
        await Guesser(attempts, clock).wait("192.0.2.1", ADDRESS)
    assert await Guesser(attempts, clock).wait("198.51.100.7", ADDRESS) == 0


async def test_many_strangers_cost_the_person_seconds_and_their_own_browser_nothing(
    attempts: Attempts, clock: list[float]
) -> None:
    for number in range(50):
        await attempts.log_in(f"192.0.2.{number}", ADDRESS, known_device=None)
    assert await Guesser(attempts, clock).wait("198.51.100.7", ADDRESS, "their browser") == 0
    assert 0 < await Guesser(attempts, clock).wait("198.51.100.7", ADDRESS) <= 12


async def test_one_network_cannot_try_many_accounts(attempts: Attempts) -> None:
    for number in range(30):
        await attempts.log_in("192.0.2.1", f"person{number}@example.com", known_device=None)
    with pytest.raises(ApiError, match="too many attempts"):
        await attempts.log_in("192.0.2.1", "one.more@example.com", known_device=None)


async def test_what_was_mistyped_before_is_forgiven(attempts: Attempts) -> None:
    for _ in range(6):
        for _ in range(4):
            await attempts.log_in("192.0.2.1", ADDRESS, known_device=None)
        await attempts.logged_in("192.0.2.1", ADDRESS, known_device=None)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002"),
        ("fe80::1%eth0", "fe80:0000:0000:0000"),
        (None, "unknown"),
        ("nonsense", "unknown"),
    ],
)
def test_addresses_that_one_person_can_choose_among_are_one(address: str | None, network: str) -> None:
    assert network_of(address) == network


async def test_too_many_attempts_are_answered_with_when_to_try_again(server: AccountServer, browser: Browser) -> None:
    await browser.register()
    for _ in range(5):
        assert (await browser.post("login", email=ADDRESS, password="wrong"))[0] == 401
    status, answer = await browser.post("login", email=ADDRESS, password=PASSWORD)
    assert (status, answer["error"]["code"]) == (429, "rate_limit_exceeded")
    server.clock[0] += int(browser.answer_headers["Retry-After"])
    await browser.log_in()


async def test_a_browser_that_was_here_is_known_for_its_person_only(server: AccountServer, browser: Browser) -> None:
    await browser.register()
    await browser.log_in()
    strangers = Attempts(server.limits)
    for number in range(51):
        for email in (ADDRESS, "other@example.com"):
            with contextlib.suppress(ApiError):
                await strangers.log_in(f"192.0.2.{number}", email, known_device=None)
    await browser.log_in()
    assert (await browser.post("login", email="other@example.com", password=PASSWORD))[0] == 429


async def test_letters_to_one_address_are_few(browser: Browser) -> None:
    statuses = [(await browser.post("forgot", email="nobody@example.com"))[0] for _ in range(6)]
    assert statuses == [202] * 5 + [429]
