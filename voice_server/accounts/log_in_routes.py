"""`/api/v1/auth` for those who are not logged in yet, and the public keys at `/.well-known/jwks.json`."""

from aiohttp import web

from voice_server.accounts.addresses import normal_address
from voice_server.accounts.attempts import Attempts, network_of
from voice_server.accounts.bodies import (
    ForgotBody,
    LogInBody,
    RefreshBody,
    RefreshIn,
    RegisterBody,
    ResetBody,
    VerifyBody,
)
from voice_server.accounts.cookies import Cookies
from voice_server.accounts.log_ins import LogIns
from voice_server.accounts.passwords import PasswordHashes, check_password
from voice_server.accounts.session_answers import SessionAnswers
from voice_server.accounts.signing_keys import SigningKeys
from voice_server.accounts.store import Accounts
from voice_server.http.bodies import read_body
from voice_server.http.client_address import ClientAddresses
from voice_server.http.errors import ApiError
from voice_server.http.request_id import request_id_of

JWKS_SECONDS = 3600


class LogInRoutes:
    """The endpoints that need no key."""

    def __init__(
        self,
        accounts: Accounts,
        log_ins: LogIns,
        hashes: PasswordHashes,
        attempts: Attempts,
        keys: SigningKeys,
        answers: SessionAnswers,
        cookies: Cookies,
        addresses: ClientAddresses,
    ) -> None:
        self._accounts = accounts
        self._log_ins = log_ins
        self._hashes = hashes
        self._attempts = attempts
        self._keys = keys
        self._answers = answers
        self._cookies = cookies
        self._addresses = addresses

    def routes(self) -> list[web.RouteDef]:
        """Where they are reached."""
        return [
            web.post("/api/v1/auth/register", self.register),
            web.post("/api/v1/auth/verify", self.verify),
            web.post("/api/v1/auth/login", self.log_in),
            web.post("/api/v1/auth/refresh", self.refresh),
            web.post("/api/v1/auth/logout", self.log_out),
            web.post("/api/v1/auth/forgot", self.forgot),
            web.post("/api/v1/auth/reset", self.reset),
            web.get("/.well-known/jwks.json", self.jwks),
        ]

    async def register(self, request: web.Request) -> web.Response:
        """Send a letter by which somebody gets an account, or one that says that they have it."""
        body = await read_body(request, RegisterBody)
        await self._attempts.register(network_of(self._addresses.of(request)), body.email)
        check_password(body.password, body.email)
        await self._accounts.register(body, await self._hashes.hash(body.password))
        return web.json_response({"status": "letter_sent"}, status=202)

    async def verify(self, request: web.Request) -> web.Response:
        """Follow the link of that letter."""
        body = await read_body(request, VerifyBody)
        await self._attempts.use_token(network_of(self._addresses.of(request)))
        await self._accounts.verify(body.token, request_id_of(request))
        return web.json_response({"status": "verified"})

    async def log_in(self, request: web.Request) -> web.Response:
        """Exchange a password for tokens."""
        body = await read_body(request, LogInBody)
        network, device = network_of(self._addresses.of(request)), self._cookies.known_device(request, body.email)
        await self._attempts.log_in(network, body.email, known_device=device)
        candidate = await self._accounts.candidate(body.email, body.tenant)
        if not await self._hashes.verify(candidate.password_hash, body.password):
            raise _wrong_password()
        outdated = candidate.password_hash is not None and self._hashes.is_outdated(candidate.password_hash)
        session = await self._accounts.log_in(candidate, await self._hashes.hash(body.password) if outdated else None)
        if session is None:
            raise _wrong_password()
        await self._attempts.logged_in(network, body.email, known_device=device)
        response = await self._answers.answer(session, body.tenant, body.refresh_token_in)
        self._cookies.keep_device(request, response, body.email)
        return response

    async def refresh(self, request: web.Request) -> web.Response:
        """Exchange a refresh token for new ones."""
        await self._attempts.refresh(network_of(self._addresses.of(request)))
        token, place, tenant = await self._refresh_token(request)
        session = await self._log_ins.refresh(token) if token is not None else None
        if session is None:
            raise self._answers.refused("You are not logged in, or no longer; log in again.", tenant)
        return await self._answers.answer(session, tenant, place)

    async def log_out(self, request: web.Request) -> web.Response:
        """End the log-in of a refresh token."""
        await self._attempts.refresh(network_of(self._addresses.of(request)))
        token, _, tenant = await self._refresh_token(request)
        if token is not None:
            await self._log_ins.end(token)
        response = web.json_response({"status": "logged_out"})
        self._cookies.drop_refresh_token(response, tenant)
        return response

    async def forgot(self, request: web.Request) -> web.Response:
        """Send a letter by which a new password can be set, if there is such an account."""
        body = await read_body(request, ForgotBody)
        await self._attempts.forgot(network_of(self._addresses.of(request)), body.email)
        await self._accounts.forgot(body.email, body.tenant)
        return web.json_response({"status": "letter_sent"}, status=202)

    async def reset(self, request: web.Request) -> web.Response:
        """Set a new password by the link of that letter."""
        body = await read_body(request, ResetBody)
        await self._attempts.use_token(network_of(self._addresses.of(request)))
        check_password(body.password, normal_address(await self._accounts.address_of_reset(body.token)))
        password_hash = await self._hashes.hash(body.password)
        await self._accounts.reset(body.token, password_hash, body.tenant, request_id_of(request))
        response = web.json_response({"status": "password_set"})
        self._cookies.drop_refresh_tokens(request, response)
        return response

    async def jwks(self, _request: web.Request) -> web.Response:
        """The public halves of the keys that sign access tokens."""
        await self._keys.signing()
        return web.json_response(self._keys.jwks(), headers={"Cache-Control": f"public, max-age={JWKS_SECONDS}"})

    async def _refresh_token(self, request: web.Request) -> tuple[str | None, RefreshIn, str]:
        """The token, where it was, and for which tenant: a program's in the body goes before a browser's cookie."""
        body = await read_body(request, RefreshBody) if request.can_read_body else RefreshBody()
        if body.refresh_token is not None:
            return body.refresh_token, "body", body.tenant
        return self._cookies.refresh_token(request, body.tenant), "cookie", body.tenant


def _wrong_password() -> ApiError:
    message = (
        "The address or the password is wrong, or the address was not confirmed yet by the link in the letter. "
        "Try again, or set a new password."
    )
    return ApiError(401, "invalid_credentials", message)
