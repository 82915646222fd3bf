"""The routes of tenants."""

from pydantic import BaseModel

from voice_server.openapi.answers import Schema
from voice_server.openapi.operations import answer, json_body, operation, path_parameter, query, ref
from voice_server.tenants.bodies import ConfigBody, MemberBody, NewKeyBody, NewMemberBody, NewTenantBody, SecretBody

BODIES: tuple[type[BaseModel], ...] = (ConfigBody, MemberBody, NewKeyBody, NewMemberBody, NewTenantBody, SecretBody)

_TEXT: Schema = {"type": "string"}
_WHOLE: Schema = {"type": "integer"}
_ID: Schema = {"type": "string", "format": "uuid"}
_TIME: Schema = {"type": "string", "format": "date-time"}
_TIME_OR_NULL: Schema = {"type": ["string", "null"], "format": "date-time"}
_CONFIG: Schema = {"$ref": "#/components/schemas/TenantConfig"}
_KEY: Schema = {
    "id": _ID,
    "name": _TEXT,
    "hint": _TEXT,
    "scopes": {"type": "array", "items": _TEXT},
    "created_at": _TIME,
    "created_by": _TEXT,
    "last_used_at": _TIME_OR_NULL,
    "revoked_at": _TIME_OR_NULL,
}
_TENANT: Schema = {
    "id": _ID,
    "slug": _TEXT,
    "name": _TEXT,
    "version": _WHOLE,
    "created_at": _TIME,
    "closed_at": _TIME_OR_NULL,
}
_ENTRY: Schema = {"version": _WHOLE, "created_at": _TIME, "created_by": _TEXT}


def _object(properties: Schema) -> Schema:
    return {"type": "object", "required": list(properties), "properties": properties}


def _list(name: str, schema: str) -> Schema:
    return _object({name: {"type": "array", "items": ref(schema)}})


_TROUBLE: Schema = _object({"code": _TEXT, "message": _TEXT, "at": _TIME}) | {"type": ["object", "null"]}
_ASKED: Schema = _object(
    {"provider": _TEXT, "account": {"type": "string", "enum": ["tenant", "server"]}, "trouble": _TROUBLE}
)
_STAGE: Schema = _object(
    {
        "asked": {"type": "array", "items": _ASKED},
        "not_asked": {"type": "array", "items": _object({"provider": _TEXT, "reason": _TEXT})},
    }
)

SCHEMAS: dict[str, Schema] = {
    "TenantEntry": _object(_TENANT),
    "Tenant": _object({**_TENANT, "config": _CONFIG}),
    "TenantList": _list("tenants", "TenantEntry"),
    "TenantVersionEntry": _object(_ENTRY),
    "TenantVersion": _object({**_ENTRY, "config": _CONFIG}),
    "TenantVersionList": _list("versions", "TenantVersionEntry"),
    "ApiKey": _object(_KEY),
    "NewApiKey": _object({"value": _TEXT, **_KEY}),
    "ApiKeyList": _list("keys", "ApiKey"),
    "TenantSecret": _object({"name": _TEXT, "hint": _TEXT, "updated_at": _TIME}),
    "TenantSecretList": _list("secrets", "TenantSecret"),
    "TenantProviders": _object({"stt": _STAGE, "llm": _STAGE, "tts": _STAGE}),
    "Member": _object({"account_id": _ID, "email": _TEXT, "name": _TEXT, "role": _TEXT, "created_at": _TIME}),
    "MemberList": _list("members", "Member"),
}
_SLUG = path_parameter("slug", "The tenant's.")
_LIMIT = query("limit", "How many at most, up to 500; 100 if it is left out.")
_NOTHING: Schema = {"description": "It is done."}


def paths() -> Schema:
    """All of them."""
    return {
        "/api/v1/tenants": {
            "get": operation(
                "List tenants",
                "By their slugs. For operators.",
                parameters=[query("after", "The last slug of the page before."), _LIMIT],
                ok=answer("A page of them.", ref("TenantList")),
                errors=(400, 401, 403, 503),
            ),
            "post": operation(
                "Make a tenant",
                "For operators. The slug can never be changed, nor used again.",
                body=json_body(ref("NewTenantBody")),
                ok=answer("The tenant.", ref("Tenant")),
                status=201,
                errors=(400, 401, 403, 409, 503),
            ),
        },
        "/api/v1/tenants/{slug}": {
            "get": operation(
                "Show a tenant",
                "As it is held now; the `ETag` is the version. For its admins.",
                parameters=[_SLUG],
                ok=answer("The tenant.", ref("Tenant")),
                errors=(401, 403, 404, 503),
            ),
            "delete": operation(
                "Close a tenant",
                "Its keys open nothing any more, and nothing begins there; what goes on ends by itself. For operators.",
                parameters=[_SLUG],
                ok=_NOTHING,
                status=204,
                errors=(401, 403, 404, 409, 503),
            ),
        },
        **_versions(),
        **_keys(),
        **_secrets(),
        **_providers(),
        **_members(),
    }


def _versions() -> Schema:
    return {
        "/api/v1/tenants/{slug}/config": {
            "put": operation(
                "Change how a tenant's assistant is held",
                "The whole configuration becomes the next version; conversations that go on keep theirs. The version "
                "that was read goes into `version` or `If-Match`; 409 if it is not the newest any more. For admins; "
                "quotas are changed by operators only.",
                parameters=[
                    _SLUG,
                    {"name": "If-Match", "in": "header", "description": "The `ETag` that was read.", "schema": _TEXT},
                ],
                body=json_body(ref("ConfigBody")),
                ok=answer("The new version.", ref("TenantVersion")),
                errors=(400, 401, 403, 404, 409, 503),
            )
        },
        "/api/v1/tenants/{slug}/versions": {
            "get": operation(
                "List the versions of a configuration",
                "The newest first. For admins.",
                parameters=[_SLUG, query("before", "The last number of the page before."), _LIMIT],
                ok=answer("A page of them.", ref("TenantVersionList")),
                errors=(400, 401, 403, 404, 503),
            )
        },
        "/api/v1/tenants/{slug}/versions/{version}": {
            "get": operation(
                "Show a version of a configuration",
                "For admins.",
                parameters=[_SLUG, path_parameter("version", "Its number.")],
                ok=answer("The version.", ref("TenantVersion")),
                errors=(401, 403, 404, 503),
            )
        },
    }


def _keys() -> Schema:
    return {
        "/api/v1/tenants/{slug}/keys": {
            "get": operation(
                "List API keys",
                "Without what they are; those revoked within 30 days, too. For admins.",
                parameters=[_SLUG],
                ok=answer("All of them.", ref("ApiKeyList")),
                errors=(401, 403, 404, 503),
            ),
            "post": operation(
                "Make an API key",
                "This answer is the only one that shows its value. For admins.",
                parameters=[_SLUG],
                body=json_body(ref("NewKeyBody")),
                ok=answer("The key.", ref("NewApiKey")),
                status=201,
                errors=(400, 401, 403, 404, 409, 503),
            ),
        },
        "/api/v1/tenants/{slug}/keys/{key_id}": {
            "delete": operation(
                "Revoke an API key",
                "It opens nothing any more after ten seconds at most. For admins.",
                parameters=[_SLUG, path_parameter("key_id", "Its id.")],
                ok=_NOTHING,
                status=204,
                errors=(401, 403, 404, 503),
            )
        },
    }


def _secrets() -> Schema:
    name = path_parameter("name", "Such as openai_api_key.")
    return {
        "/api/v1/tenants/{slug}/secrets": {
            "get": operation(
                "List the tenant's keys for providers",
                "Their names and how they end. For admins.",
                parameters=[_SLUG],
                ok=answer("All of them.", ref("TenantSecretList")),
                errors=(401, 403, 404, 503),
            )
        },
        "/api/v1/tenants/{slug}/secrets/{name}": {
            "put": operation(
                "Keep a key for a provider",
                "Encrypted; it is never shown again. For admins.",
                parameters=[_SLUG, name],
                body=json_body(ref("SecretBody")),
                ok=answer("What is shown of it.", ref("TenantSecret")),
                errors=(400, 401, 403, 404, 409, 503),
            ),
            "delete": operation(
                "Forget a key for a provider",
                "For admins.",
                parameters=[_SLUG, name],
                ok=_NOTHING,
                status=204,
                errors=(401, 403, 404, 503),
            ),
        },
    }


def _providers() -> Schema:
    return {
        "/api/v1/tenants/{slug}/providers": {
            "get": operation(
                "Show who is asked in the tenant's conversations",
                "In which order and on whose account, and what went wrong last on the tenant's, as far as it went "
                "through the task that answers. For admins.",
                parameters=[_SLUG],
                ok=answer("By stage.", ref("TenantProviders")),
                errors=(401, 403, 404, 409, 503),
            )
        }
    }


def _members() -> Schema:
    return {
        "/api/v1/tenants/{slug}/members": {
            "get": operation(
                "List members",
                "By their ids. For admins.",
                parameters=[
                    _SLUG,
                    query("role", "`customer`, `staff` or `admin`; all if it is left out."),
                    query("after", "The last id of the page before."),
                    _LIMIT,
                ],
                ok=answer("A page of them.", ref("MemberList")),
                errors=(400, 401, 403, 404, 503),
            ),
            "post": operation(
                "Add a member",
                "Somebody who has registered and verified the address; where the configuration's `registration` is "
                "`invited`, also whoever has not: they get a letter with a link. For admins, 60 addresses an hour.",
                parameters=[_SLUG],
                body=json_body(ref("NewMemberBody")),
                ok=answer("The member.", ref("Member")),
                status=201,
                errors=(400, 401, 403, 404, 409, 429, 503),
            ),
        },
        "/api/v1/tenants/{slug}/members/{account_id}": {
            "patch": operation(
                "Change what a member is",
                "The last admin cannot become less. For admins.",
                parameters=[_SLUG, path_parameter("account_id", "The member's.")],
                body=json_body(ref("MemberBody")),
                ok=answer("The member.", ref("Member")),
                errors=(400, 401, 403, 404, 409, 503),
            ),
            "delete": operation(
                "Remove a member",
                "Their log-ins there end. The last admin cannot be removed. For admins.",
                parameters=[_SLUG, path_parameter("account_id", "The member's.")],
                ok=_NOTHING,
                status=204,
                errors=(401, 403, 404, 409, 503),
            ),
        },
    }
