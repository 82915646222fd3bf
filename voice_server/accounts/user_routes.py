"""`/api/v1/auth` and `/api/v1/users` for those who are logged in."""

from uuid import UUID

from aiohttp import web

from voice_server.access.roles import require
from voice_server.accounts.addresses import normal_address
from voice_server.accounts.attempts import Attempts
from voice_server.accounts.bodies import ChangePasswordBody, ProfileBody
from voice_server.accounts.cookies import Cookies
from voice_server.accounts.passwords import PasswordHashes, check_password
from voice_server.accounts.session_answers import SessionAnswers
from voice_server.accounts.store import Accounts
from voice_server.auth import Principal, principal_of
from voice_server.http.bodies import read_body
from voice_server.http.errors import ApiError
from voice_server.http.request_id import request_id_of


class UserRoutes:
    """The endpoints, to be protected."""

    def __init__(
        self,
        accounts: Accounts,
        hashes: PasswordHashes,
        attempts: Attempts,
        answers: SessionAnswers,
        cookies: Cookies,
    ) -> None:
        self._accounts = accounts
        self._hashes = hashes
        self._attempts = attempts
        self._answers = answers
        self._cookies = cookies

    def routes(self) -> list[web.RouteDef]:
        """Where they are reached."""
        return [
            web.get("/api/v1/auth/me", self.who_am_i),
            web.post("/api/v1/auth/logout-everywhere", self.log_out_everywhere),
            web.post("/api/v1/auth/password", self.change_password),
            web.get("/api/v1/users/me", self.profile),
            web.patch("/api/v1/users/me", self.edit_profile),
            web.post("/api/v1/users/{account_id}/disable", self.disable),
            web.post("/api/v1/users/{account_id}/enable", self.enable),
        ]

    async def who_am_i(self, request: web.Request) -> web.Response:
        """Whom the server takes the client for: also for keys, which are nobody's account."""
        principal = principal_of(request)
        fields = {
            "name": principal.name,
            "tenant_id": str(principal.tenant_id),
            "account_id": None if principal.account_id is None else str(principal.account_id),
            "roles": sorted(principal.roles),
            "scopes": sorted(principal.scopes),
        }
        return web.json_response(fields, headers={"Cache-Control": "no-store"})

    async def log_out_everywhere(self, request: web.Request) -> web.Response:
        """End all log-ins of the person."""
        await self._accounts.log_out_everywhere(principal_of(request), request_id_of(request))
        response = web.json_response({"status": "logged_out"})
        self._cookies.drop_refresh_tokens(request, response)
        return response

    async def change_password(self, request: web.Request) -> web.Response:
        """Set a new password by the old one; all other log-ins end."""
        principal, account_id = _person(request)
        body = await read_body(request, ChangePasswordBody)
        await self._attempts.change_password(str(account_id))
        old_hash, email = await self._accounts.password_of(account_id)
        check_password(body.password, normal_address(email))
        if not await self._hashes.verify(old_hash, body.current_password):
            raise ApiError(403, "wrong_password", "The current password is wrong.", param="current_password")
        new_hash = await self._hashes.hash(body.password)
        session = await self._accounts.change_password(
            principal, old_hash, new_hash, body.tenant, request_id_of(request)
        )
        return await self._answers.answer(session, body.tenant, body.refresh_token_in)

    async def profile(self, request: web.Request) -> web.Response:
        """What is kept of the person."""
        _, account_id = _person(request)
        return web.json_response(await self._accounts.profile(account_id), headers={"Cache-Control": "no-store"})

    async def edit_profile(self, request: web.Request) -> web.Response:
        """Change the fields that are sent."""
        principal, _ = _person(request)
        body = await read_body(request, ProfileBody)
        profile = await self._accounts.edit_profile(principal, body, request_id_of(request))
        return web.json_response(profile, headers={"Cache-Control": "no-store"})

    async def disable(self, request: web.Request) -> web.Response:
        """Shut an account out of all tenants, for operators."""
        return await self._set_disabled(request, disabled=True)

    async def enable(self, request: web.Request) -> web.Response:
        """Let it in again."""
        return await self._set_disabled(request, disabled=False)

    async def _set_disabled(self, request: web.Request, *, disabled: bool) -> web.Response:
        principal = principal_of(request)
        require(principal, "operator")
        try:
            account_id = UUID(request.match_info["account_id"])
        except ValueError as error:
            raise ApiError(404, "account_not_found", "There is no such account.") from error
        await self._accounts.set_disabled(principal, account_id, request_id_of(request), disabled=disabled)
        return web.json_response({"status": "disabled" if disabled else "enabled"})


def _person(request: web.Request) -> tuple[Principal, UUID]:
    principal = principal_of(request)
    if principal.account_id is None:
        raise ApiError(403, "not_an_account", "This is for people who are logged in; a key has no account.")
    return principal, principal.account_id
