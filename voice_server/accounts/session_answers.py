"""The answer to whoever has logged in: an access token to be shown, and a refresh token to be kept."""

from aiohttp import web

from voice_server.accounts.bodies import RefreshIn
from voice_server.accounts.cookies import Cookies
from voice_server.accounts.log_ins import REFRESH_SECONDS, Session
from voice_server.accounts.tokens import LIVES_SECONDS, AccessTokens
from voice_server.http.errors import ApiError


class SessionAnswers:
    """Makes them."""

    def __init__(self, tokens: AccessTokens, cookies: Cookies) -> None:
        self._tokens = tokens
        self._cookies = cookies

    async def answer(self, session: Session, tenant: str, place: RefreshIn) -> web.Response:
        """The tokens. `tenant`: its slug, as the client has said. Raises StorageUnavailable if no key was ever read."""
        log_in = session.log_in
        fields: dict[str, object] = {
            "access_token": await self._tokens.issue(log_in),
            "token_type": "Bearer",
            "expires_in": LIVES_SECONDS,
            "account_id": str(log_in.account_id),
            "tenant_id": str(log_in.tenant_id),
            "roles": sorted(log_in.roles),
        }
        if place == "body":
            fields |= {"refresh_token": session.refresh_token, "refresh_expires_in": REFRESH_SECONDS}
        response = web.json_response(fields, headers={"Cache-Control": "no-store"})
        if place == "cookie":
            self._cookies.keep_refresh_token(response, tenant, session.refresh_token)
        return response

    def refused(self, message: str, tenant: str) -> ApiError:
        """401, upon which a browser forgets its refresh token for this tenant."""
        response = web.Response()
        self._cookies.drop_refresh_token(response, tenant)
        (forget,) = (cookie.OutputString() for cookie in response.cookies.values())
        return ApiError(401, "invalid_refresh_token", message, headers={"Set-Cookie": forget})
