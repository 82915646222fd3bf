"""The ways out: an SMTP server, or a folder.

Undeliverable    the letter was not taken; whether trying again is worth it is said with it
"""

import asyncio
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol, Self
from urllib.parse import unquote, urlsplit

import aiosmtplib

from voice_server.http.origins import is_loopback_name

SEND_SECONDS = 30.0
"""For everything, from the first packet to the server's word that it has the letter."""
_PORTS = {"smtp": 587, "smtps": 465}
_PERMANENT = 500


class Undeliverable(Exception):
    """The letter was not taken. The message says why, in one line."""

    def __init__(self, message: str, *, for_good: bool) -> None:
        super().__init__(message)
        self.for_good = for_good
        """Whether the same letter will never be taken."""


class Post(Protocol):
    """Takes letters."""

    async def send(self, message: EmailMessage) -> None:
        """Hand it over for good. Raises Undeliverable."""
        ...


@dataclass(frozen=True, slots=True)
class SmtpAddress:
    """A server, from `smtp(s)://user:password@host:port`."""

    host: str
    port: int
    tls: bool
    """From the first byte; else by STARTTLS."""
    user: str | None
    password: str | None

    @classmethod
    def parse(cls, url: str) -> Self:
        """Raises ValueError with what was expected."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
            raise ValueError("an address such as smtp://user:password@host:587 or smtps://user:password@host:465")
        user = unquote(parts.username) if parts.username else None
        password = unquote(parts.password) if parts.password else None
        return cls(parts.hostname, parts.port or _PORTS[parts.scheme], parts.scheme == "smtps", user, password)

    @property
    def start_tls(self) -> bool | None:
        """Whether STARTTLS is a must: a password never travels in the clear, except within this machine.

        None: where the server offers it.
        """
        if self.tls:
            return False
        return True if self.user is not None and not is_loopback_name(self.host) else None


class SmtpPost:
    """Sends by an SMTP server, one connection for each letter."""

    def __init__(
        self, address: SmtpAddress, *, seconds: float = SEND_SECONDS, trust: ssl.SSLContext | None = None
    ) -> None:
        self._address = address
        self._seconds = seconds
        self._trust = trust

    async def send(self, message: EmailMessage) -> None:
        """Hand it over for good. Raises Undeliverable."""
        address = self._address
        connection = aiosmtplib.SMTP(
            hostname=address.host,
            port=address.port,
            username=address.user,
            password=address.password,
            use_tls=address.tls,
            start_tls=address.start_tls,
            tls_context=self._trust,
            timeout=self._seconds,
        )
        # Not in its own context, which says goodbye: that would wait for a server that is silent, and could fail or be
        # cancelled although the letter was taken.
        try:
            async with asyncio.timeout(self._seconds):
                await connection.connect()
                await connection.send_message(message)
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
            raise Undeliverable(_what(error), for_good=_is_for_good(error)) from error
        finally:
            connection.close()


class FolderPost:
    """Puts letters into a folder as `.eml` files, to be read by whoever develops."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, message: EmailMessage) -> None:
        """Hand it over for good. Raises Undeliverable."""
        try:
            await asyncio.to_thread(self._write, message)
        except OSError as error:
            raise Undeliverable(_what(error), for_good=False) from error

    def _write(self, message: EmailMessage) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The same letter has the same name: one that is sent again after a crash is there once.
        name = message["Message-ID"].strip("<>").partition("@")[0]
        part = self._folder / f".{name}.part"
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        part.write_bytes(message.as_bytes())
        part.rename(self._folder / f"{name}.eml")


def _is_for_good(error: Exception) -> bool:
    """Only what a server says about this letter: what it says about us can be put right while the letter waits."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return all(refused.code >= _PERMANENT for refused in error.recipients)
    return isinstance(error, aiosmtplib.SMTPDataError) and error.code >= _PERMANENT


def _what(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
