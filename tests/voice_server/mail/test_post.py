"""Letters reach a real SMTP server, or a folder, and what stands in the way is told apart."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.voice_server.mail.smtp_server import smtp_server
from voice_server.mail.post import FolderPost, SmtpAddress, SmtpPost, Undeliverable


def letter(recipient: str = "ada@example.com") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "voice@voice.example"
    message["To"] = recipient
    message["Subject"] = "Hai già un account"
    message["Message-ID"] = "<17@voice.example>"
    message.set_content("Perché è così: https://voice.example/#verify=ev_" + "x" * 60)
    return message


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Of 127.0.0.1, signed by itself."""
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, SHA256())
    )
    path = tmp_path / "certificate.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(secret + made.public_bytes(Encoding.PEM))
    return path


def of_server(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example", SmtpAddress("mail.example", 587, False, None, None)),
        ("smtps://mail.example", SmtpAddress("mail.example", 465, True, None, None)),
        ("smtp://a%40b:p%3Aw@mail.example:25", SmtpAddress("mail.example", 25, False, "a@b", "p:w")),
    ],
)
def test_an_address_is_read(url: str, expected: SmtpAddress) -> None:
    assert SmtpAddress.parse(url) == expected


@pytest.mark.parametrize("url", ["", "mail.example", "http://mail.example", "smtp://", "smtp://h/path", "smtp://h:x"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"such as|port|Port"):
        SmtpAddress.parse(url)


@pytest.mark.parametrize(
    ("url", "must"),
    [
        ("smtp://mail.example", None),
        ("smtp://u:p@mail.example", True),
        ("smtp://u:p@127.0.0.1", None),
        ("smtps://u:p@mail.example", False),
    ],
)
def test_a_password_travels_in_the_clear_within_this_machine_only(url: str, must: bool | None) -> None:
    assert SmtpAddress.parse(url).start_tls is must


async def test_a_letter_arrives_as_it_was_written() -> None:
    async with smtp_server(auth=True) as server:
        await SmtpPost(SmtpAddress.parse(f"smtp://ada:right@127.0.0.1:{server.port}")).send(letter())
    [message] = server.messages
    assert message["Subject"] == "Hai già un account"
    assert message.get_content().strip() == letter().get_content().strip()
    assert (server.recipients, server.users) == ([["ada@example.com"]], ["ada"])


@pytest.mark.parametrize("from_the_start", [True, False])
async def test_a_letter_travels_encrypted_to_a_server_that_can_be_trusted(
    certificate: Path, from_the_start: bool
) -> None:
    trust = ssl.create_default_context(cafile=certificate)
    scheme = "smtps" if from_the_start else "smtp"
    async with smtp_server(tls=of_server(certificate), from_the_start=from_the_start) as server:
        url = f"{scheme}://127.0.0.1:{server.port}"
        await SmtpPost(SmtpAddress.parse(url), trust=trust).send(letter())
        assert server.encrypted == [True]
        with pytest.raises(Undeliverable, match=r"(?i)certificate"):
            await SmtpPost(SmtpAddress.parse(url)).send(letter())
        assert len(server.messages) == 1


@pytest.mark.parametrize(
    ("data", "recipients", "for_good"),
    [
        (["451 try later"], [], False),
        (["554 we do not want this"], [], True),
        ([], ["450 mailbox busy"], False),
        ([], ["550 no such user"], True),
    ],
)
async def test_what_a_server_says_about_a_letter_decides_whether_it_is_tried_again(
    data: list[str], recipients: list[str], for_good: bool
) -> None:
    async with smtp_server() as server:
        server.answers_to_data, server.answers_to_recipients = data, recipients
        with pytest.raises(Undeliverable) as refused:
            await SmtpPost(SmtpAddress.parse(f"smtp://127.0.0.1:{server.port}")).send(letter())
        assert refused.value.for_good is for_good


async def test_a_wrong_password_is_put_right_while_the_letter_waits() -> None:
    async with smtp_server(auth=True) as server:
        with pytest.raises(Undeliverable) as refused:
            await SmtpPost(SmtpAddress.parse(f"smtp://ada:wrong@127.0.0.1:{server.port}")).send(letter())
    assert not refused.value.for_good


async def test_nobody_there_is_no_reason_to_give_up() -> None:
    async with smtp_server() as server:
        port = server.port
    with pytest.raises(Undeliverable) as refused:
        await SmtpPost(SmtpAddress.parse(f"smtp://127.0.0.1:{port}")).send(letter())
    assert not refused.value.for_good


async def test_a_server_that_says_nothing_does_not_hold_the_post_for_ever() -> None:
    async with smtp_server() as server:
        server.holds = asyncio.Event()
        with pytest.raises(Undeliverable) as refused:
            await SmtpPost(SmtpAddress.parse(f"smtp://127.0.0.1:{server.port}"), seconds=0.2).send(letter())
        server.holds.set()
    assert not refused.value.for_good


async def test_a_folder_keeps_letters_as_files_for_its_owner(tmp_path: Path) -> None:
    post = FolderPost(tmp_path / "mail")
    for _ in range(2):
        await post.send(letter())
    [file] = (tmp_path / "mail").iterdir()
    assert (file.name, file.stat().st_mode & 0o777) == ("17.eml", 0o600)
    assert message_from_bytes(file.read_bytes(), policy=default)["To"] == "ada@example.com"


async def test_a_folder_that_cannot_be_written_is_no_reason_to_give_up(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file")
    with pytest.raises(Undeliverable) as refused:
        await FolderPost(tmp_path / "mail").send(letter())
    assert not refused.value.for_good
