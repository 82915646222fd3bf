"""Operators of the server: made at its command line, since nobody could let the first one in."""

import getpass
import sys
from uuid import UUID

from voice_server.accounts.addresses import normal_address
from voice_server.accounts.ended_access import end_access
from voice_server.accounts.passwords import (
    MAX_CHARACTERS,
    MIN_CHARACTERS,
    NO_PASSWORD,
    PasswordHashes,
    check_password,
)
from voice_server.audit import note
from voice_server.auth import Principal
from voice_server.http.errors import ApiError
from voice_server.storage.postgres.database import Database
from voice_server.storage.postgres.statements import Statements

_COMMAND_LINE = Principal("command-line", roles=frozenset({"operator"}))


class OperatorRefused(Exception):
    """Nobody was made an operator. The message is a sentence."""


def ask_password() -> str:
    """The password, asked for in a terminal, else the first line of the standard input. Empty: none was given."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password (empty: the account keeps its own): ")
    if password and getpass.getpass("Once more: ") != password:
        raise OperatorRefused("The two passwords differ; try again.")
    return password


async def make_operator(database: Database, email: str, password: str) -> UUID:
    """Give an account to an operator, or make one of somebody who has an account; gives the account's id.

    An empty password leaves that of the account as it is. Raises OperatorRefused, StorageUnavailable.
    """
    password_hash = NO_PASSWORD
    try:
        address = normal_address(email)
        if password:
            if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
                raise OperatorRefused(f"A password has {MIN_CHARACTERS} to {MAX_CHARACTERS} characters.")
            check_password(password, address)
            async with PasswordHashes() as hashes:
                password_hash = await hashes.hash(password)
    except (ValueError, ApiError) as error:
        message = error.message if isinstance(error, ApiError) else f"{email} is no address: {error}."
        raise OperatorRefused(message) from error
    return await _make(database, address, password_hash)


async def _make(database: Database, address: str, password_hash: str) -> UUID:
    # An operator belongs to no tenant.
    async with database.everyone() as connection:
        made = await connection.fetchrow(Statements.of("accounts")["make_operator"], address, password_hash)
        if made is None or made["password_hash"] == NO_PASSWORD:
            raise OperatorRefused(f"{address} has no password yet: give one.")
        if password_hash != NO_PASSWORD:
            rows = await connection.fetch(Statements.of("refresh_tokens")["end_all"], made["id"])
            await end_access(connection, [row["family"] for row in rows])
        # Tokens that were issued before do not know of the new role.
        await end_access(connection, [made["id"]])
        await note(connection, _COMMAND_LINE, "make_operator", "account", str(made["id"]), None)
    return UUID(str(made["id"]))
