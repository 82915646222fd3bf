"""Whom a tenant's admins invite: accounts that wait for their owner, who sets a password by a link in a letter."""

from typing import Literal
from uuid import UUID

from voice_server.accounts.letters import Letters
from voice_server.accounts.passwords import NO_PASSWORD
from voice_server.accounts.secret_tokens import digest_of, new_token
from voice_server.audit import note
from voice_server.auth import DEFAULT_SLUG, Principal
from voice_server.mail.outbox import Outbox
from voice_server.storage.postgres.database import Database
from voice_server.storage.postgres.statements import Statements

INVITED_SECONDS = 7 * 86_400.0
"""How long the link works; afterwards the person asks for another as if the password were forgotten."""


class Invitations:
    """Makes members of people who have no account yet."""

    def __init__(self, database: Database, outbox: Outbox, letters: Letters) -> None:
        self._database = database
        self._outbox = outbox
        self._letters = letters

    async def invite(
        self,
        principal: Principal,
        tenant_id: UUID,
        email: str,
        role: Literal["customer", "staff", "admin"],
        request_id: str,
    ) -> UUID | None:
        """Let whoever has this address be that, and write to them; None if they were shut out of the server."""
        token, accounts = new_token("pr_"), Statements.of("accounts")
        # Everyone, because the tenant does not see who is not yet its member.
        async with self._database.everyone() as connection:
            await connection.execute(accounts["register"], email, NO_PASSWORD, True)
            account = await connection.fetchrow(accounts["find_by_email"], email)
            if account is None:
                return None
            account_id: UUID = account["id"]
            await connection.execute(Statements.of("memberships")["put"], tenant_id, account_id, role)
            await connection.execute(
                Statements.of("mailed_tokens")["add_reset"], account_id, digest_of(token), INVITED_SECONDS
            )
            memberships = await connection.fetch(accounts["memberships"], account_id)
            slug = next((each["slug"] for each in memberships if each["tenant_id"] == tenant_id), DEFAULT_SLUG)
            letter = self._letters.write("invited", account["language"], slug, token)
            await self._outbox.add(connection, account_id, email, letter)
            subject = str(account_id)
            await note(connection, principal, "invite", "member", subject, request_id, tenant_id=tenant_id)
        self._outbox.hasten()
        return account_id
