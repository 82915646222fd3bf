"""The routes of accounts."""

from pydantic import BaseModel

from voice_server.accounts.bodies import (
    ChangePasswordBody,
    ForgotBody,
    LogInBody,
    ProfileBody,
    RefreshBody,
    RegisterBody,
    ResetBody,
    VerifyBody,
)
from voice_server.openapi.answers import Schema
from voice_server.openapi.operations import answer, json_body, operation, path_parameter, ref

BODIES: tuple[type[BaseModel], ...] = (
    ChangePasswordBody,
    ForgotBody,
    LogInBody,
    ProfileBody,
    RefreshBody,
    RegisterBody,
    ResetBody,
    VerifyBody,
)
_TEXT: Schema = {"type": "string"}
_WHOLE: Schema = {"type": "integer"}
_ID: Schema = {"type": "string", "format": "uuid"}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_ROLES: Schema = {"type": "array", "items": {"enum": ["customer", "staff", "admin", "operator"]}}


def _object(properties: Schema, optional: Schema | None = None) -> Schema:
    return {"type": "object", "required": list(properties), "properties": {**properties, **(optional or {})}}


SCHEMAS: dict[str, Schema] = {
    "Done": _object({"status": _TEXT}),
    "Tokens": _object(
        {
            "access_token": _TEXT,
            "token_type": {"const": "Bearer"},
            "expires_in": _WHOLE,
            "account_id": _ID,
            "tenant_id": _ID,
            "roles": _ROLES,
        },
        {"refresh_token": _TEXT, "refresh_expires_in": _WHOLE},
    ),
    "WhoAmI": _object(
        {
            "name": _TEXT,
            "tenant_id": _ID,
            "account_id": _TEXT_OR_NULL,
            "roles": _ROLES,
            "scopes": {"type": "array", "items": _TEXT},
        }
    ),
    "Profile": _object(
        {
            "id": _ID,
            "email": _TEXT,
            "name": _TEXT,
            "language": _TEXT_OR_NULL,
            "time_zone": _TEXT_OR_NULL,
            "created_at": _WHOLE,
            "tenants": {
                "type": "array",
                "items": _object({"id": _ID, "slug": _TEXT, "name": _TEXT, "role": _TEXT}),
            },
        }
    ),
    "PublicKeys": _object({"keys": {"type": "array", "items": {"type": "object"}}}),
}
_DONE = answer("It is done.", ref("Done"))
_SENT = answer("A letter is on its way, if there is somebody to have it.", ref("Done"))
_TOKENS = answer("The tokens; `expires_in` is in seconds.", ref("Tokens"))


def paths() -> Schema:
    """All of them."""
    return {**_log_ins(), **_letters(), **_people()}


def _open(
    summary: str,
    description: str,
    body: str,
    ok: Schema,
    errors: tuple[int, ...],
    *,
    required: bool = True,
    status: int = 200,
) -> Schema:
    described = operation(
        summary,
        description,
        body=json_body(ref(body), required=required),
        ok=ok,
        status=status,
        errors=(400, *errors, 429, 503),
    )
    # A wrong password is answered with 401 although no key is needed.
    return {"post": {**described, "security": []}}


def _log_ins() -> Schema:
    return {
        "/api/v1/auth/login": _open(
            "Log in",
            "An access token for a quarter of an hour, to be sent as `Authorization: Bearer`, and a refresh token: as "
            "a cookie, or in the answer. Whoever is not in the tenant yet joins it, where it is open.",
            "LogInBody",
            _TOKENS,
            (401, 403, 404),
        ),
        "/api/v1/auth/refresh": _open(
            "Stay logged in",
            "Each refresh token is good for one exchange, within 30 days. One that comes again within 10 s gets the "
            "same successor if that was not used yet; later it ends the log-in, because it was copied.",
            "RefreshBody",
            _TOKENS,
            (401,),
            required=False,
        ),
        "/api/v1/auth/logout": _open(
            "Log out",
            "The access token ends too, within 5 s on other tasks. Without a refresh token nothing happens.",
            "RefreshBody",
            _DONE,
            (),
            required=False,
        ),
        "/api/v1/auth/logout-everywhere": {
            "post": operation("Log out everywhere", "For people.", ok=_DONE, errors=(401, 403, 503))
        },
        "/.well-known/jwks.json": {
            "get": operation(
                "Public keys",
                "Of access tokens (JWT, EdDSA), by their `kid`. No key needed.",
                ok=answer("As RFC 7517 writes them.", ref("PublicKeys")),
                errors=(503,),
            )
        },
    }


def _letters() -> Schema:
    return {
        "/api/v1/auth/register": _open(
            "Register",
            "The answer is the same for an address that has an account; the letter says so then.",
            "RegisterBody",
            _SENT,
            (403, 404),
            status=202,
        ),
        "/api/v1/auth/verify": _open(
            "Complete a registration", "With the token of the letter's link.", "VerifyBody", _DONE, ()
        ),
        "/api/v1/auth/forgot": _open(
            "Forget a password",
            "The answer is the same for an address without an account.",
            "ForgotBody",
            _SENT,
            (404,),
            status=202,
        ),
        "/api/v1/auth/reset": _open(
            "Set a new password",
            "With the token of the letter's link. All log-ins of the person end.",
            "ResetBody",
            _DONE,
            (),
        ),
        "/api/v1/auth/password": {
            "post": operation(
                "Change the password",
                "All log-ins of the person end; the answer begins a new one. For people.",
                body=json_body(ref("ChangePasswordBody")),
                ok=_TOKENS,
                errors=(400, 401, 403, 404, 409, 429, 503),
            )
        },
    }


def _people() -> Schema:
    profile = answer("The profile.", ref("Profile"))
    account = [path_parameter("account_id", "The account's.")]
    return {
        "/api/v1/auth/me": {
            "get": operation("Who am I", "For every kind of key.", ok=answer("You.", ref("WhoAmI")), errors=(401, 503))
        },
        "/api/v1/users/me": {
            "get": operation("Show my profile", "For people.", ok=profile, errors=(401, 403, 404, 503)),
            "patch": operation(
                "Edit my profile",
                "Fields that are not sent stay; `null` empties a language or a time zone. For people.",
                body=json_body(ref("ProfileBody")),
                ok=profile,
                errors=(400, 401, 403, 404, 503),
            ),
        },
        "/api/v1/users/{account_id}/disable": {
            "post": operation(
                "Shut an account out",
                "Of all tenants, within 5 s. For operators.",
                parameters=account,
                ok=_DONE,
                errors=(401, 403, 404, 503),
            )
        },
        "/api/v1/users/{account_id}/enable": {
            "post": operation(
                "Let an account in again", "For operators.", parameters=account, ok=_DONE, errors=(401, 403, 404, 503)
            )
        },
    }
