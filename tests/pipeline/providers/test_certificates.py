"""Sockets to the vendors are certified, and the authorities are not read for each of them."""

import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import aiohttp.web
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from benchmarks.emulators import elevenlabs, openai
from benchmarks.emulators.scene import Scene
from pipeline.errors import ProviderUnavailable
from pipeline.providers import certificates
from pipeline.providers.elevenlabs.text_to_speech import ElevenLabsTextToSpeech
from pipeline.providers.interfaces import TranscriptionOptions, VoiceOptions
from pipeline.providers.openai.client import client
from pipeline.providers.openai.speech_to_text import OpenAIRealtimeTranscription
from tests.contracts.stages import frames, given


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key, and what certifies that it is this machine's, by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path = tmp_path / "certificate.pem"
    path.write_bytes(key.private_bytes(encoding, form, serialization.NoEncryption()) + signed.public_bytes(encoding))
    return path


@pytest.fixture(autouse=True)
def read() -> Iterator[None]:
    """As in a process that has just begun."""
    certificates.trusted.cache_clear()
    yield
    certificates.trusted.cache_clear()


@pytest.fixture
def times_read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How often the authorities were read."""
    times: list[str] = []
    make = ssl.create_default_context

    def counted(**options: Any) -> ssl.SSLContext:
        times.append("read")
        return make(**options)

    monkeypatch.setattr(ssl, "create_default_context", counted)
    return times


@asynccontextmanager
async def served(app: aiohttp.web.Application, certificate: Path) -> AsyncIterator[str]:
    """The address, without its scheme, of a vendor who shows this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    runner = aiohttp.web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await aiohttp.web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("scheme", ["https", "wss"])
async def test_every_sentence_has_a_socket_and_the_authorities_are_read_once(
    scheme: str, certificate: Path, times_read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with served(elevenlabs.application(Scene()), certificate) as address:
        voice = ElevenLabsTextToSpeech("key", f"{scheme}://{address}")
        for _ in range(3):
            assert [chunk async for chunk in voice.speak(given(["Hello there."]), VoiceOptions("s"))]
    assert len(times_read) == 1


async def test_so_it_is_with_the_socket_that_transcribes(
    certificate: Path, times_read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with (
        served(openai.application(Scene()), certificate) as address,
        client("sk-test", f"https://{address}/v1") as connection,
    ):
        hearing = OpenAIRealtimeTranscription(connection)
        times_read.clear()
        for _ in range(3):
            heard = [each async for each in hearing.transcribe(given(frames(1.0)), TranscriptionOptions("s"))]
            assert heard[-1].is_final
    assert not times_read


async def test_who_is_certified_by_nobody_is_not_spoken_to(certificate: Path) -> None:
    async with served(elevenlabs.application(Scene()), certificate) as address:
        voice = ElevenLabsTextToSpeech("key", f"wss://{address}")
        with pytest.raises(ProviderUnavailable, match=r"(?i)certificate"):
            await anext(voice.speak(given(["Hello there."]), VoiceOptions("s")))
