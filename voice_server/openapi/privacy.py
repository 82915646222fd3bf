"""The routes of privacy."""

from pydantic import BaseModel

from voice_server.openapi.answers import Schema
from voice_server.openapi.operations import answer, json_body, operation, path_parameter, query, ref
from voice_server.privacy.bodies import ConsentBody, JobBody
from voice_server.privacy.purposes import PURPOSES

BODIES: tuple[type[BaseModel], ...] = (ConsentBody, JobBody)

_TEXT: Schema = {"type": "string"}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_WHOLE: Schema = {"type": "integer"}
_YES: Schema = {"type": "boolean"}
_ID: Schema = {"type": "string", "format": "uuid"}
_TIME: Schema = {"type": "string", "format": "date-time"}
_TIME_OR_NULL: Schema = {"type": ["string", "null"], "format": "date-time"}
_PURPOSE: Schema = {"type": "string", "enum": list(PURPOSES)}


def _object(properties: Schema, optional: Schema | None = None) -> Schema:
    return {"type": "object", "required": list(properties), "properties": {**properties, **(optional or {})}}


def _list(name: str, schema: str, more: Schema | None = None) -> Schema:
    return _object({name: {"type": "array", "items": ref(schema)}, **(more or {})})


_CLAIMS: Schema = {"type": "object", "description": "`erased`: how much of each kind, by store. No content, no ids."}
_KEY: Schema = {"type": "object", "description": "The public key, as RFC 8037 writes it."}
SCHEMAS: dict[str, Schema] = {
    "Purpose": _object(
        {
            "purpose": _PURPOSE,
            "wording": _TEXT,
            "wording_version": _TEXT,
            "language": _TEXT,
            "needs_consent": _YES,
            "default": _YES,
        }
    ),
    "PurposeList": _list("purposes", "Purpose"),
    "Consent": _object(
        {
            "purpose": _PURPOSE,
            "granted": _YES,
            "answered": _YES,
            "wording": _TEXT_OR_NULL,
            "wording_version": _TEXT_OR_NULL,
            "given_at": _TIME_OR_NULL,
        }
    ),
    "ConsentList": _list("consents", "Consent"),
    "AuditEntry": _object(
        {
            "id": _WHOLE,
            "at": _TIME,
            "actor": _TEXT,
            "action": _TEXT,
            "subject_kind": _TEXT,
            "subject_id": _TEXT,
            "request_id": _TEXT_OR_NULL,
        }
    ),
    "AuditPage": _list("entries", "AuditEntry", {"next": {"type": ["integer", "null"]}}),
    "PrivacyJob": _object(
        {
            "id": _ID,
            "kind": {"type": "string", "enum": ["export", "erasure"]},
            "state": {"type": "string", "enum": ["waiting", "running", "done", "cancelled", "failed"]},
            "progress": {"type": "number"},
            "created_at": _TIME,
            "due_at": _TIME,
            "finished_at": _TIME_OR_NULL,
            "can_be_cancelled": _YES,
            "problem": _TEXT_OR_NULL,
        },
        {
            "download": {
                "type": ["object", "null"],
                "properties": {"url": _TEXT, "expires_in": _WHOLE},
                "description": "Of an export that is done and still kept.",
            },
            "receipt_token": {"type": "string", "description": "Of an erasure, told once: it opens the receipt."},
            "receipt": {"type": "string", "description": "Of an erasure that is done: a JWT signed with EdDSA."},
            "claims": _CLAIMS,
            "key": _KEY,
        },
    ),
    "PrivacyJobList": _object({"jobs": {"type": "array", "items": ref("PrivacyJob")}}),
    "VerifiedReceipt": _object({"valid": {"const": True}, "claims": _CLAIMS, "key": _KEY}),
}
_JOB = path_parameter("job_id", "Of the job.")
_CUSTOMER = query("customer_id", "A customer, for the tenant's staff; left out: oneself.")


def paths() -> Schema:
    """All of them."""
    return {**_consents(), **_jobs()}


def _consents() -> Schema:
    return {
        "/api/v1/gdpr/purposes": {
            "get": operation(
                "List what people are asked",
                "Each purpose with its wording, its version, and what holds until somebody answers.",
                parameters=[query("language", "ISO 639-1; English if it is left out or not there.")],
                ok=answer("All of them.", ref("PurposeList")),
            )
        },
        "/api/v1/gdpr/consents": {
            "get": operation(
                "Show what somebody allows",
                "The newest answer counts. `Sec-GPC: 1` is written down as an opt-out of `sale`.",
                parameters=[_CUSTOMER],
                ok=answer("For each purpose.", ref("ConsentList")),
                errors=(401, 403, 404, 503),
            ),
            "post": operation(
                "Allow or refuse something",
                "Written down with the wording and the time, never changed. 409 if the wording is not the present one.",
                body=json_body(ref("ConsentBody")),
                ok=answer("What holds now.", ref("Consent")),
                status=201,
                errors=(400, 401, 403, 404, 409, 503),
            ),
        },
        "/api/v1/gdpr/audit": {
            "get": operation(
                "Show who saw or changed what",
                "Of oneself, the newest first; with `of=tenant`, of the whole tenant, for its admins.",
                parameters=[
                    query("of", "`person` or `tenant`."),
                    query("customer_id", "A customer, for the tenant's admins."),
                    query("before", "`next` of the page before."),
                    query("limit", "How many at most, up to 500; 100 if it is left out."),
                ],
                ok=answer("A page.", ref("AuditPage")),
                errors=(400, 401, 403, 404, 503),
            )
        },
    }


def _jobs() -> Schema:
    job = ref("PrivacyJob")
    refused = (400, 401, 403, 404, 503)
    return {
        "/api/v1/gdpr/export": {
            "post": operation(
                "Ask for everything that is kept",
                "Of oneself, or of a customer for the tenant's admins. One that is on its way is answered again.",
                body=json_body(ref("JobBody"), required=False),
                ok=answer("The job.", job),
                status=202,
                errors=refused,
            )
        },
        "/api/v1/gdpr/erasure": {
            "post": operation(
                "Have everything erased",
                "At `due_at`, until which it can be cancelled. Refused to the only admin of a tenant.",
                body=json_body(ref("JobBody"), required=False),
                ok=answer("The job.", job),
                status=202,
                errors=(*refused, 409),
            )
        },
        "/api/v1/gdpr/jobs": {
            "get": operation(
                "List one's jobs",
                "The newest export and the newest erasure, as far as there are any.",
                parameters=[_CUSTOMER],
                ok=answer("At most one of each kind.", ref("PrivacyJobList")),
                errors=(401, 403, 404, 503),
            )
        },
        "/api/v1/gdpr/jobs/{job_id}": {
            "get": operation(
                "Show a job",
                "How far it is. An export that is done has a link, which is a new one each time and works for an hour.",
                parameters=[_JOB],
                ok=answer("The job.", job),
                errors=(401, 404, 503),
            ),
            "delete": operation(
                "Cancel a job",
                "As long as it has not begun.",
                parameters=[_JOB],
                ok=answer("The job.", job),
                errors=(401, 404, 409, 503),
            ),
        },
        "/api/v1/gdpr/receipts/verify": {
            "get": operation(
                "Verify a receipt",
                "Whether this server signed it, and what it says; also with keys that have long retired.",
                parameters=[query("receipt", "The JWT.")],
                ok=answer("It did.", ref("VerifiedReceipt")),
                errors=(400, 503),
            )
        },
        "/api/v1/gdpr/receipts/{token}": {
            "get": operation(
                "Show an erasure to whom it erased",
                "Whose account is gone has no key: the `receipt_token` that came with the job takes its place.",
                parameters=[path_parameter("token", "`er_…`")],
                ok=answer("The job, with its receipt when it is done.", job),
                errors=(404, 503),
            )
        },
    }
