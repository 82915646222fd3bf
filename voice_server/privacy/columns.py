"""What happens to each column of each table when a person is erased. A column without a rule fails a test: whoever adds
a table says here what becomes of the people in it, and sees to it in `queries/privacy_erasure.sql` and in
`queries/privacy_export.sql`.

    removed     the row goes: by a statement of its own, or with the row that it refers to
    replaced    the row stays, and a keyed hash takes the place of the person
    nobody      it says nothing about a customer or an account
    passing     it ends by itself within a day
    kept        it stays as it is, for the reason that is given
"""

from collections.abc import Mapping

_REMOVED, _REPLACED, _NOBODY = "removed", "replaced", "nobody"


def _all(rule: str, columns: str) -> dict[str, str]:
    return dict.fromkeys(columns.split(), rule)


RULES: Mapping[str, Mapping[str, str]] = {
    "accounts": _all(
        _REMOVED,
        "id email password_hash name language time_zone is_operator verified_at disabled_at created_at updated_at",
    ),
    "api_keys": {
        **_all(_NOBODY, "id tenant_id name digest hint scopes created_at last_used_at revoked_at"),
        "created_by": _REPLACED,
    },
    "audit_log": {
        **_all(_NOBODY, "id tenant_id at action subject_kind"),
        **_all(_REPLACED, "actor subject_id request_id"),
    },
    "client_secrets": _all(_REMOVED, "digest tenant_id principal session_config expires_at"),
    "consents": _all(_REMOVED, "id tenant_id account_id customer_id purpose granted wording wording_version given_at"),
    "conversation_facts": _all(_REMOVED, "conversation_id sequence tenant_id fact"),
    "conversation_items": _all(
        _REMOVED, "conversation_id id tenant_id position role text status said_at timings words unheard"
    ),
    "conversation_snapshots": _all(_REMOVED, "conversation_id tenant_id sequence snapshot"),
    "conversations": _all(
        _REMOVED,
        "id tenant_id tenant_version customer_id owner assistant channel language began_at changed_at ended_at epoch "
        "remembered_at remembered_to remembered_facts_to remember_turn remember_due_at",
    ),
    "customer_identities": _all(_REMOVED, "tenant_id kind value customer_id created_at"),
    "customers": _all(_REMOVED, "id tenant_id merged_into created_at last_seen_at"),
    "ended_access": {
        "subject": "passing: without the id of the account, its tokens would be valid until they expire",
        "ended_at": _NOBODY,
    },
    "live_sessions": _all(_REMOVED, "id tenant_id conversation_id token_digest holder principal expires_at"),
    "mailed_tokens": _all(_REMOVED, "digest account_id purpose expires_at used_at registration"),
    "memberships": _all(_REMOVED, "tenant_id account_id role created_at"),
    "memories": _all(
        _REMOVED,
        "id tenant_id customer_id topic value confidence source conversation_id item_id learned_at replaced_by "
        "replaced_at",
    ),
    "outgoing_mail": _all(_REMOVED, "id account_id letter attempts problem created_at due_at failed_at"),
    "privacy_jobs": {
        **_all(_NOBODY, "id tenant_id kind state progress due_at attempts problem created_at finished_at is_late"),
        **_all(_REMOVED, "account_id customer_id scope object_key"),
        "requested_by": _REPLACED,
        "token_digest": "kept: by it the person reads the receipt, and nobody can guess what it is the digest of",
        "counts": "kept: how much was erased from where; that is what the receipt says",
        "receipt": "kept: that it happened, with the keyed hash",
    },
    "refresh_tokens": _all(_REMOVED, "digest family account_id tenant_id created_at expires_at used_at revoked_at"),
    "schema_migrations": _all(_NOBODY, "number name digest applied_at"),
    "session_slots": _all(_REMOVED, "session_id tenant_id counted_at expires_at holder"),
    "signing_keys": _all(_NOBODY, "id public_key private_key created_at retired_at"),
    "stored_objects": _all(
        _REMOVED, "key tenant_id conversation_id customer_id owner kind content_type bytes created_at expires_at"
    ),
    "tenant_secrets": _all(_NOBODY, "tenant_id name ciphertext hint updated_at"),
    "tenant_usage": _all(_NOBODY, "tenant_id month seconds"),
    "tenant_versions": {**_all(_NOBODY, "tenant_id version config created_at"), "created_by": _REPLACED},
    "tenants": _all(_NOBODY, "id slug name version created_at closed_at"),
    "tombstones": {
        "digest": "kept for a year: digests of ids that cannot be guessed, so that nothing of the person comes back",
        "erased_at": _NOBODY,
    },
}
