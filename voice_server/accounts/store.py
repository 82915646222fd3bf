"""Accounts in PostgreSQL: what happens to one happens in one transaction, with the letters that tell of it.

Nothing here tells an address that is known from one that is not: not by what is answered, and not by the statements
that are run.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import asyncpg

from voice_server.accounts.bodies import ProfileBody, RegisterBody
from voice_server.accounts.ended_access import EndedAccess
from voice_server.accounts.letters import Letters
from voice_server.accounts.log_ins import LogIns, Session
from voice_server.accounts.passwords import NO_PASSWORD
from voice_server.accounts.secret_tokens import digest_of, new_token
from voice_server.audit import note
from voice_server.auth import DEFAULT_TENANT, Principal
from voice_server.http.errors import ApiError
from voice_server.mail.outbox import Outbox
from voice_server.storage.postgres.database import Connection, Database
from voice_server.storage.postgres.statements import Statements

VERIFY_SECONDS = 86_400.0
RESET_SECONDS = 3600.0
Registration = Literal["open", "invited", "closed"]
RegistrationOf = Callable[[UUID], Awaitable[Registration]]
"""Who may become a customer of this tenant: everybody, those whom its admins have invited, or nobody by themselves."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who may be logging in."""

    tenant_id: UUID
    account_id: UUID | None
    password_hash: str | None


class Accounts:
    """What can be done to accounts."""

    def __init__(
        self,
        database: Database,
        log_ins: LogIns,
        ended: EndedAccess,
        outbox: Outbox,
        letters: Letters,
        registration_of: RegistrationOf,
    ) -> None:
        self._database = database
        self._log_ins = log_ins
        self._ended = ended
        self._outbox = outbox
        self._letters = letters
        self._registration_of = registration_of
        self._statements = Statements.of("accounts")
        self._mailed = Statements.of("mailed_tokens")

    # All transactions of this class see every tenant: an account belongs to none, and who logs in or follows a link is
    # not in any yet.

    async def register(self, body: RegisterBody, password_hash: str) -> None:
        """Send a letter by which somebody can have this account, or one that says that they have it already; to whoever
        was not invited where that is needed, none. Raises ApiError 403 where nobody registers, 404.
        """
        tenant_id, is_open = await self._tenant_to_join(body.tenant)
        registration = {
            "password_hash": password_hash,
            "name": body.name,
            "language": body.language,
            "time_zone": body.time_zone,
            "tenant_id": str(tenant_id),
        }
        token = new_token("ev_")
        async with self._database.everyone() as connection:
            await connection.execute(self._statements["register"], body.email, NO_PASSWORD, is_open)
            account = await connection.fetchrow(self._statements["find_welcome"], body.email, tenant_id, is_open)
            account_id = account["id"] if account is not None else None
            await connection.execute(
                self._mailed["add_verification"], account_id, digest_of(token), VERIFY_SECONDS, registration
            )
            is_known = account is not None and account["verified_at"] is not None
            language = account["language"] if account is not None and is_known else body.language
            letter = self._letters.write("known" if is_known else "verify", language, body.tenant, token)
            await self._outbox.add(connection, account_id, body.email, letter)
        self._outbox.hasten()

    async def verify(self, token: str, request_id: str | None) -> None:
        """Complete the registration that this link belongs to. Raises ApiError 400."""
        async with self._database.everyone() as connection:
            found = await connection.fetchrow(self._mailed["find"], digest_of(token), "verify")
        if found is None:
            raise _bad_link()
        # It may have been closed since: whoever was invited is a member already.
        may_join = await self._registration_of(UUID(found["registration"]["tenant_id"])) == "open"
        async with self._database.everyone() as connection:
            account_id, wish = await self._follow(connection, token, "verify")
            tenant_id = UUID(wish["tenant_id"])
            values = (wish["password_hash"], wish["name"], wish["language"], wish["time_zone"])
            if await connection.fetchval(self._statements["complete_registration"], account_id, *values) is None:
                raise _bad_link()
            if may_join:
                await connection.execute(self._statements["join"], tenant_id, account_id)
            await connection.execute(self._mailed["use_all"], account_id)
            await _note(connection, account_id, tenant_id, "register", request_id)

    async def candidate(self, email: str, tenant: str) -> Candidate:
        """Who this may be. Raises ApiError 404 if there is no such tenant."""
        async with self._database.everyone() as connection:
            tenant_id = await self._tenant(connection, tenant)
            account = await connection.fetchrow(self._statements["find_for_log_in"], email)
        if account is None:
            return Candidate(tenant_id, None, None)
        return Candidate(tenant_id, account["id"], account["password_hash"])

    async def log_in(self, candidate: Candidate, new_hash: str | None) -> Session | None:
        """Log in who has shown the password that belongs to the candidate's hash.

        None if it was changed meanwhile. `new_hash`: in the place of one that was made with older parameters. Raises
        ApiError 403 if the person does not belong to the tenant, and cannot join it.
        """
        account_id, tenant_id = candidate.account_id, candidate.tenant_id
        if account_id is None:
            return None
        may_join = await self._registration_of(tenant_id) == "open"
        async with self._database.everyone() as connection:
            account = await self._log_ins.lock(connection, account_id, tenant_id)
            if account is None or account["disabled_at"] or account["password_hash"] != candidate.password_hash:
                return None
            if account["role"] is None and not account["is_operator"] and may_join:
                await connection.execute(self._statements["join"], tenant_id, account_id)
            if new_hash is not None:
                await connection.execute(self._statements["rehash"], account_id, candidate.password_hash, new_hash)
            session = await self._log_ins.begin(connection, account_id, tenant_id)
        if session is None:
            raise ApiError(403, "not_a_member", "You do not belong to this tenant; ask its admins to let you in.")
        return session

    async def forgot(self, email: str, tenant: str) -> None:
        """Send a letter by which a new password can be set at this tenant's page, if there is such an account.

        Raises ApiError 404 if there is no such tenant.
        """
        token = new_token("pr_")
        async with self._database.everyone() as connection:
            await self._tenant(connection, tenant)
            account = await connection.fetchrow(self._statements["find_by_email"], email)
            account_id = account["id"] if account is not None else None
            letter = self._letters.write("reset", account["language"] if account is not None else None, tenant, token)
            await connection.execute(self._mailed["add_reset"], account_id, digest_of(token), RESET_SECONDS)
            await self._outbox.add(connection, account_id, email, letter)
        self._outbox.hasten()

    async def address_of_reset(self, token: str) -> str:
        """Whose new password this link sets. Raises ApiError 400."""
        async with self._database.everyone() as connection:
            found = await connection.fetchrow(self._mailed["find"], digest_of(token), "reset")
        if found is None:
            raise _bad_link()
        return str(found["email"])

    async def reset(self, token: str, password_hash: str, tenant: str, request_id: str | None) -> None:
        """Set a new password by a link, and log out everywhere. Raises ApiError 400."""
        async with self._database.everyone() as connection:
            account_id, _ = await self._follow(connection, token, "reset")
            families = await self._set_password(connection, account_id, password_hash, tenant)
            await _note(connection, account_id, None, "reset_password", request_id)
        self._ended.note(families)
        self._outbox.hasten()

    async def password_of(self, account_id: UUID) -> tuple[str, str]:
        """The hash and the address. Raises ApiError 404 if the account is gone."""
        async with self._database.everyone() as connection:
            row = await connection.fetchrow(self._statements["password_hash"], account_id)
        if row is None:
            raise _gone()
        return row["password_hash"], row["email"]

    async def change_password(
        self, principal: Principal, old_hash: str, new_hash: str, tenant: str, request_id: str | None
    ) -> Session:
        """Set a new password, log out everywhere, and log in anew. Raises ApiError 409 if it was changed meanwhile."""
        account_id = _account_of(principal)
        async with self._database.everyone() as connection:
            account = await self._log_ins.lock(connection, account_id, principal.tenant_id)
            if account is None or account["password_hash"] != old_hash:
                raise ApiError(409, "password_changed", "The password was changed a moment ago; log in again.")
            families = await self._set_password(connection, account_id, new_hash, tenant)
            session = await self._log_ins.begin(connection, account_id, principal.tenant_id)
            await note(connection, principal, "change_password", "account", str(account_id), request_id)
        self._ended.note(families)
        self._outbox.hasten()
        if session is None:
            raise _gone()
        return session

    async def log_out_everywhere(self, principal: Principal, request_id: str | None) -> None:
        """End all log-ins of the person."""
        account_id = _account_of(principal)
        async with self._database.everyone() as connection:
            await self._log_ins.lock(connection, account_id, principal.tenant_id)
            families = await self._log_ins.end_all(connection, account_id)
            await note(connection, principal, "log_out_everywhere", "account", str(account_id), request_id)
        self._ended.note(families)

    async def profile(self, account_id: UUID) -> dict[str, object]:
        """What is kept of the person. Raises ApiError 404 if the account is gone."""
        async with self._database.everyone() as connection:
            return await self._profile(connection, account_id)

    async def edit_profile(self, principal: Principal, body: ProfileBody, request_id: str | None) -> dict[str, object]:
        """Change the fields that were sent. Raises ApiError 404 if the account is gone."""
        account_id = _account_of(principal)
        async with self._database.everyone() as connection:
            await self._log_ins.lock(connection, account_id, principal.tenant_id)
            profile = await self._profile(connection, account_id)
            fields = {**profile, **{name: getattr(body, name) for name in body.model_fields_set}}
            values = (fields["name"], fields["language"], fields["time_zone"])
            await connection.execute(self._statements["edit_profile"], account_id, *values)
            await note(connection, principal, "edit_profile", "account", str(account_id), request_id)
            return await self._profile(connection, account_id)

    async def set_disabled(
        self, principal: Principal, account_id: UUID, request_id: str | None, *, disabled: bool
    ) -> None:
        """Shut an account out, or let it in again. Raises ApiError 404 if there is none."""
        statement = self._statements["disable" if disabled else "enable"]
        async with self._database.everyone() as connection:
            if await self._log_ins.lock(connection, account_id, principal.tenant_id) is None:
                raise _gone()
            families = await self._log_ins.end_all(connection, account_id) if disabled else []
            await connection.execute(statement, account_id)
            action = "disable" if disabled else "enable"
            await note(connection, principal, action, "account", str(account_id), request_id)
        self._ended.note(families)

    async def _follow(self, connection: Connection, token: str, purpose: str) -> tuple[UUID, Any]:
        """Use a link, once; gives the account and what it had wished for. Raises ApiError 400."""
        digest = digest_of(token)
        found = await connection.fetchrow(self._mailed["find"], digest, purpose)
        if found is None:
            raise _bad_link()
        # The account first, as everywhere: two links that are followed at once wait for each other in one order.
        await self._log_ins.lock(connection, found["account_id"], DEFAULT_TENANT)
        used = await connection.fetchrow(self._mailed["use"], digest, purpose)
        if used is None:
            raise _bad_link()
        return found["account_id"], used["registration"]

    async def _set_password(
        self, connection: Connection, account_id: UUID, password_hash: str, tenant: str
    ) -> list[UUID]:
        changed = await connection.fetchrow(self._statements["set_password"], account_id, password_hash)
        if changed is None:
            raise _bad_link()
        await connection.execute(self._mailed["use_all"], account_id)
        letter = self._letters.write("changed", changed["language"], tenant)
        await self._outbox.add(connection, account_id, changed["email"], letter)
        return list(await self._log_ins.end_all(connection, account_id))

    async def _profile(self, connection: Connection, account_id: UUID) -> dict[str, object]:
        row = await connection.fetchrow(self._statements["profile"], account_id)
        if row is None:
            raise _gone()
        memberships = await connection.fetch(self._statements["memberships"], account_id)
        return {
            "id": str(row["id"]),
            "email": row["email"],
            "name": row["name"],
            "language": row["language"],
            "time_zone": row["time_zone"],
            "created_at": int(row["created_at"].timestamp()),
            "tenants": [_membership(each) for each in memberships],
        }

    async def _tenant_to_join(self, slug: str) -> tuple[UUID, bool]:
        """Its id, and whether everybody may. Raises ApiError."""
        async with self._database.everyone() as connection:
            tenant_id = await self._tenant(connection, slug)
        registration = await self._registration_of(tenant_id)
        if registration == "closed":
            message = "People cannot register here by themselves; ask for an account."
            raise ApiError(403, "registration_closed", message, param="tenant")
        return tenant_id, registration == "open"

    async def _tenant(self, connection: Connection, slug: str) -> UUID:
        tenant_id: UUID | None = await connection.fetchval(self._statements["find_tenant"], slug)
        if tenant_id is None:
            raise ApiError(404, "tenant_not_found", f"There is no tenant {slug}.", param="tenant")
        return tenant_id


def _membership(row: asyncpg.Record) -> dict[str, object]:
    return {"id": str(row["tenant_id"]), "slug": row["slug"], "name": row["name"], "role": row["role"]}


def _account_of(principal: Principal) -> UUID:
    if principal.account_id is None:
        raise ApiError(403, "not_an_account", "This is for people who are logged in; a key has no account.")
    return principal.account_id


async def _note(
    connection: Connection, account_id: UUID, tenant_id: UUID | None, action: str, request_id: str | None
) -> None:
    """Something that a person does to their own account without being logged in."""
    person = Principal(f"account-{account_id}", account_id=account_id)
    await note(connection, person, action, "account", str(account_id), request_id, tenant_id=tenant_id)


def _bad_link() -> ApiError:
    message = "This link has expired, was used already, or is not whole; ask for a new one."
    return ApiError(400, "invalid_token", message, param="token")


def _gone() -> ApiError:
    return ApiError(404, "account_not_found", "There is no such account.")
