"""A real SMTP server on a socket, which answers as the test has it answer."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from aiosmtpd.smtp import Session as SmtpSession


@dataclass
class SmtpServer:
    """What it got, and what it is to say."""

    port: int = 0
    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    answers_to_data: list[str] = field(default_factory=list)
    """For each message; "250 OK" where there are none left."""
    answers_to_recipients: list[str] = field(default_factory=list)
    holds: asyncio.Event | None = None
    """Messages are answered once it is set."""
    entered: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_RCPT(  # noqa: N802 -- as the library has it
        self, server: SMTP, session: SmtpSession, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answers_to_recipients.pop(0) if self.answers_to_recipients else "250 OK"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: SmtpSession, envelope: Envelope) -> str:  # noqa: N802
        self.entered.set()
        if self.holds is not None:
            await self.holds.wait()
        answer = self.answers_to_data.pop(0) if self.answers_to_data else "250 OK"
        if answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            message = message_from_bytes(envelope.content, policy=default)
            assert isinstance(message, EmailMessage)
            self.messages.append(message)
            self.recipients.append(list(envelope.rcpt_tos))
            assert server.transport is not None
            self.encrypted.append(server.transport.get_extra_info("sslcontext") is not None)
        return answer

    def authenticate(
        self, server: SMTP, session: SmtpSession, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        """Everybody with the password `right` is let in."""
        assert isinstance(data, LoginPassword)
        self.users.append(data.login.decode())
        return AuthResult(success=data.password == b"right", handled=False)


@asynccontextmanager
async def smtp_server(
    *, tls: ssl.SSLContext | None = None, from_the_start: bool = False, auth: bool = False
) -> AsyncIterator[SmtpServer]:
    """Listens on loopback. `tls`: offered by STARTTLS, or spoken from the start."""
    state = SmtpServer()
    loop = asyncio.get_running_loop()

    def connection() -> SMTP:
        return SMTP(
            state,
            tls_context=None if from_the_start else tls,
            authenticator=state.authenticate if auth else None,
            auth_require_tls=False,
            enable_SMTPUTF8=True,
            loop=loop,
        )

    listening = await loop.create_server(connection, "127.0.0.1", 0, ssl=tls if from_the_start else None)
    state.port = listening.sockets[0].getsockname()[1]
    try:
        yield state
    finally:
        listening.close()
