"""Redis is away, hangs, forgets everything, or wants a password: live conversations go on."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from redis.asyncio import from_url
from structlog.testing import capture_logs

from tests.contracts.shared_kinds import listening
from tests.services.redis import Redis
from voice_server.storage.shared.interfaces import Shared, SharedUnavailable
from voice_server.storage.shared.redis import open_redis

TINY_SECONDS = 0.2
"""For what never comes."""


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


async def log_answers(shared: Shared, clock: Clock) -> None:
    """Wait until the log is there again; each rest after a failure is over at once."""
    while True:
        clock.seconds += 1.0
        with suppress(SharedUnavailable):
            await shared.live_log.read("sess_1", 0)
            return


async def test_nothing_acknowledged_is_missing_after_redis_was_killed(redis_server: Redis) -> None:
    clock = Clock()
    with capture_logs() as logs:
        async with open_redis(redis_server.url, now=clock) as shared:
            await shared.live_log.append("sess_1", 1, ["a", "b"], epoch=1)
            redis_server.stop()
            for _ in range(5):
                with pytest.raises(SharedUnavailable, match="does not answer; try again"):
                    await shared.live_log.append("sess_1", 3, ["c"], epoch=1)
            redis_server.start()
            await log_answers(shared, clock)
            await shared.live_log.append("sess_1", 3, ["c"], epoch=1)
            assert await shared.live_log.read("sess_1", 0) == [(1, "a"), (2, "b"), (3, "c")]

    events = [each["event"] for each in logs if each["log_level"] != "debug"]
    assert events == ["redis is away", "redis is back"]


async def test_idle_connections_of_before_a_restart_do_no_harm(redis_server: Redis) -> None:
    async with open_redis(redis_server.url) as shared:
        await asyncio.gather(*(shared.live_log.append(f"sess_{i}", 1, ["a"], epoch=1) for i in range(8)))
        redis_server.stop()
        redis_server.start()
        found = await asyncio.gather(*(shared.live_log.read(f"sess_{i}", 0) for i in range(8)), return_exceptions=True)
    assert found == [[(1, "a")]] * 8


async def test_without_redis_each_task_counts_attempts_for_itself(redis_server: Redis) -> None:
    clock = Clock()
    async with open_redis(redis_server.url, now=clock) as shared:
        redis_server.stop()
        waits = [await shared.rate_limits.take("key", 3, 60) for _ in range(20)]
        assert waits[:3] == [0.0, 0.0, 0.0]
        assert all(0 < wait <= 20 for wait in waits[3:])
        await shared.rate_limits.forget("key")
        assert await shared.rate_limits.take("key", 3, 60) == 0.0


async def test_a_lease_is_held_as_long_as_its_time_says(redis_server: Redis) -> None:
    clock = Clock()
    async with open_redis(redis_server.url, now=clock) as shared:
        assert await shared.leases.acquire("work", "one", 10)
        redis_server.stop()
        assert await shared.leases.renew("work", "one", 10)
        assert await shared.leases.acquire("work", "one", 10)
        assert not await shared.leases.acquire("work", "other", 10)
        assert await shared.leases.holder("work") == "one"
        with pytest.raises(SharedUnavailable):
            await shared.leases.acquire("other work", "one", 10)

        clock.seconds += 10
        for ask in (shared.leases.renew, shared.leases.acquire):
            with pytest.raises(SharedUnavailable):
                await ask("work", "one", 10)
        with pytest.raises(SharedUnavailable):
            await shared.leases.holder("work")
        await shared.leases.release("work", "one")


async def test_a_lease_outlives_a_redis_that_forgot_it(redis_server: Redis) -> None:
    async with open_redis(redis_server.url) as one, open_redis(redis_server.url) as other:
        await one.leases.acquire("work", "one", 60)
        redis_server.ask("FLUSHALL")
        assert await one.leases.holder("work") == "one"
        assert await one.leases.renew("work", "one", 60)
        assert not await other.leases.acquire("work", "other", 60)


async def test_scripts_are_sent_again_to_a_redis_that_forgot_them(redis_server: Redis) -> None:
    async with open_redis(redis_server.url) as shared:
        await shared.live_log.append("sess_1", 1, ["a"], epoch=1)
        redis_server.ask("SCRIPT FLUSH")
        await shared.live_log.append("sess_1", 2, ["b"], epoch=1)
        assert await shared.live_log.read("sess_1", 0) == [(1, "a"), (2, "b")]


async def test_listeners_hear_again_after_redis_was_killed(redis_server: Redis) -> None:
    async with open_redis(redis_server.url) as shared, listening(shared, "news") as heard:
        redis_server.stop()
        with pytest.raises(SharedUnavailable):
            await shared.announcements.publish("news", "lost")
        redis_server.start()
        after = asyncio.ensure_future(anext(heard))
        while not after.done():
            with suppress(SharedUnavailable):
                await shared.announcements.publish("news", "again")
            await asyncio.wait([after], timeout=0.05)
        assert await after == "again"


@pytest.mark.parametrize("steps", range(6))
async def test_a_server_stops_at_once_whatever_its_subscription_is_at(redis_server: Redis, steps: int) -> None:
    async with asyncio.timeout(20):
        async with open_redis(redis_server.url) as shared:
            await shared.leases.acquire("work", "one", 10)
            redis_server.stop()
            for _ in range(steps):
                await asyncio.sleep(0)


@pytest.mark.parametrize("steps", range(1, 7))
async def test_whoever_is_cancelled_while_redis_goes_away_ends(redis_server: Redis, steps: int) -> None:
    async with open_redis(redis_server.url) as shared:
        await shared.live_log.append("sess_1", 1, ["a"], epoch=1)
        redis_server.stop()
        writing = asyncio.ensure_future(shared.live_log.append("sess_1", 2, ["b"], epoch=1))
        for _ in range(steps):
            await asyncio.sleep(0)
        if writing.cancel():
            await asyncio.wait([writing])
            assert writing.cancelled()


async def test_listening_ends_with_the_server(redis_url: str) -> None:
    async with open_redis(redis_url) as shared:
        heard = shared.announcements.listen("news")
        waiting = asyncio.ensure_future(anext(heard))
    with pytest.raises(StopAsyncIteration):
        await waiting


@asynccontextmanager
async def silent_server() -> AsyncGenerator[str, None]:
    """Accepts, and never answers."""
    connections: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: connections.append(writer), "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for connection in connections:
            connection.close()


async def test_a_redis_that_hangs_holds_nobody_up() -> None:
    loop = asyncio.get_running_loop()
    with capture_logs() as logs:
        async with silent_server() as url, open_redis(url, call_seconds=TINY_SECONDS) as shared:
            waits: list[float] = []
            begin = loop.time()
            for _ in range(100):
                waits.append(await shared.rate_limits.take("key", 3, 60))
                with pytest.raises(SharedUnavailable):
                    await shared.live_log.append("sess_1", 1, ["a"], epoch=1)
            # At 0.2 s for each call, 200 of them would take 40 s.
            assert loop.time() - begin < 10
    assert waits.count(0.0) == 3
    assert [each["event"] for each in logs].count("redis is away") == 1


async def test_a_subscription_that_went_silent_is_begun_anew(redis_server: Redis) -> None:
    async with (
        proxy(redis_server.socket) as between,
        open_redis(between.url, silence_seconds=TINY_SECONDS) as shared,
        listening(shared, "news") as heard,
    ):
        between.swallow()
        after = asyncio.ensure_future(anext(heard))
        async with open_redis(redis_server.url) as other:
            while not after.done():
                await other.announcements.publish("news", "again")
                await asyncio.wait([after], timeout=0.05)
        assert await after == "again"


class Proxy:
    """Between a client and Redis."""

    def __init__(self, target: Path) -> None:
        self.url = ""
        self._target = target
        self._swallowing: set[asyncio.StreamWriter] = set()
        self._open: set[asyncio.StreamWriter] = set()

    def swallow(self) -> None:
        """What the present connections say is lost from now on, without a word."""
        self._swallowing |= self._open

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            up_reader, up_writer = await asyncio.open_unix_connection(self._target)
        except OSError:
            writer.close()
            return
        self._open |= {writer, up_writer}
        await asyncio.gather(self._pump(reader, up_writer), self._pump(up_reader, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                if writer not in self._swallowing:
                    writer.write(data)
        writer.close()


@asynccontextmanager
async def proxy(target: Path, tls: ssl.SSLContext | None = None) -> AsyncIterator[Proxy]:
    between = Proxy(target)
    server = await asyncio.start_server(between.carry, "127.0.0.1", 0, ssl=tls)
    between.url = f"{'rediss' if tls else 'redis'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield between
    finally:
        server.close()


async def test_a_wrong_password_is_said_at_once(redis_server: Redis) -> None:
    redis_server.ask("CONFIG SET requirepass right")
    async with proxy(redis_server.socket) as between:
        address = between.url.removeprefix("redis://")
        async with open_redis(f"redis://:right@{address}") as shared:
            assert await shared.rate_limits.take("key", 1, 60) == 0.0
        with pytest.raises(SharedUnavailable, match="password of REDIS_URL") as refused:
            await open_redis(f"redis://:wrong@{address}").__aenter__()
        assert "wrong@" not in str(refused.value)


async def test_redis_over_tls_is_used_only_with_its_certificate(redis_server: Redis, tmp_path: Path) -> None:
    certificate, key = certificate_of_loopback(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    async with proxy(redis_server.socket, context) as between:
        async with open_redis(f"{between.url}?ssl_ca_certs={certificate}") as shared:
            await shared.live_log.append("sess_1", 1, ["a"], epoch=1)
            assert await shared.live_log.read("sess_1", 0) == [(1, "a")]
        async with open_redis(between.url) as shared:
            with pytest.raises(SharedUnavailable):
                await shared.live_log.read("sess_1", 0)


def certificate_of_loopback(folder: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, key_pem = folder / "certificate.pem", folder / "key.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return pem, key_pem


async def test_every_key_ends_and_is_fit_for_a_cluster(redis_url: str) -> None:
    async with open_redis(redis_url, prefix="mine") as shared:
        await shared.rate_limits.take("somebody@example.com", 3, 60)
        await shared.leases.acquire("work", "one", 60)
        await shared.live_log.append("sess_1", 1, ["a"], epoch=1)
    async with from_url(redis_url, decode_responses=True) as redis:
        keys = await redis.keys()
        assert len(keys) == 4
        assert all([await redis.pttl(key) > 0 for key in keys])
        assert all(key.startswith("mine:") and "{" in key for key in keys)
        assert not any("somebody" in key for key in keys)
        tags = {key[key.index("{") : key.index("}")] for key in keys if ":log:" in key}
        assert tags == {"{sess_1"}


@pytest.mark.parametrize("url", ["http://example.com", "localhost:6379", ""])
async def test_an_address_that_is_none_of_a_redis_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="Redis URL"):
        await open_redis(url).__aenter__()
