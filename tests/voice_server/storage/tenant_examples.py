"""A tenant of which every table has rows, and for each statement arguments that reach them.

All its texts contain `canary`. A statement that is added needs a line here: arguments with which it finds or changes
something of the tenant `acme` when it sees everyone. A table that is added needs a row.
"""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from voice_server.storage.postgres.statements import Statements

ACME = UUID("aaaaaaaa-0000-4000-8000-000000000001")
OTHER = UUID("bbbbbbbb-0000-4000-8000-000000000002")
ACCOUNT = UUID("aaaaaaaa-0000-4000-8000-000000000011")
UNVERIFIED = UUID("aaaaaaaa-0000-4000-8000-000000000012")
DISABLED = UUID("aaaaaaaa-0000-4000-8000-000000000013")
FAMILY = UUID("aaaaaaaa-0000-4000-8000-000000000021")
KEY = UUID("aaaaaaaa-0000-4000-8000-000000000031")
LETTER = UUID("aaaaaaaa-0000-4000-8000-000000000041")
FAILED_LETTER = UUID("aaaaaaaa-0000-4000-8000-000000000042")
CUSTOMER = UUID("aaaaaaaa-0000-4000-8000-000000000051")
SECOND_CUSTOMER = UUID("aaaaaaaa-0000-4000-8000-000000000052")
MEMORY = UUID("aaaaaaaa-0000-4000-8000-000000000061")
SECOND_MEMORY = UUID("aaaaaaaa-0000-4000-8000-000000000062")
JOB = UUID("aaaaaaaa-0000-4000-8000-000000000071")
RUNNING_JOB = UUID("aaaaaaaa-0000-4000-8000-000000000072")
DONE_JOB = UUID("aaaaaaaa-0000-4000-8000-000000000073")
NEW = UUID("aaaaaaaa-0000-4000-8000-0000000000ff")
NOBODY = UUID(int=0)
ALIVE, EXPIRED, FRESH = bytes([1] * 32), bytes([2] * 32), bytes([3] * 32)
NOW = datetime.now(UTC)
LATER, LONG_AGO = NOW + timedelta(days=1), NOW - timedelta(days=30)
LAST = 2**62
PERSON = {
    "tenant": None,
    "accounts": [str(ACCOUNT)],
    "customers": [str(CUSTOMER)],
    "conversations": ["conv_canary"],
    "sessions": ["sess_canary"],
    "memories": [str(MEMORY)],
    "jobs": [str(JOB)],
    **{name: ["canary"] for name in ("owners", "actors", "identities", "emails", "objects", "noted")},
    "hash": "erased-person",
}

OTHER_TENANT = ("INSERT INTO tenants (id, slug, name) VALUES ($1, 'other', 'Other')", OTHER)
ROWS: tuple[tuple[str, tuple[object, ...]], ...] = (
    ("tenants (id, slug, name, version)", (ACME, "acme", "canary", 1)),
    (
        "tenant_versions (tenant_id, version, config, created_by)",
        (ACME, 1, {"canary": 1, "retention_days": 1}, "canary"),
    ),
    ("tenant_secrets (tenant_id, name, ciphertext, hint)", (ACME, "canary", b"canary", "canary")),
    (
        "api_keys (id, tenant_id, name, digest, hint, scopes, created_by)",
        (KEY, ACME, "canary", ALIVE, "canary", ["canary"], "canary"),
    ),
    (
        "client_secrets (digest, tenant_id, principal, session_config, expires_at)",
        (ALIVE, ACME, {"canary": 1}, {"canary": 1}, LATER),
    ),
    (
        "client_secrets (digest, tenant_id, principal, session_config, expires_at)",
        (EXPIRED, ACME, {"canary": 1}, {"canary": 1}, LONG_AGO),
    ),
    (
        "client_secrets (digest, tenant_id, principal, session_config, expires_at)",
        (bytes([4] * 32), ACME, {"name": "canary", "customer": [["phone", "canary"]]}, {"canary": 1}, LATER),
    ),
    (
        "accounts (id, email, password_hash, name, verified_at)",
        (ACCOUNT, "canary@example.com", "canary", "canary", LONG_AGO),
    ),
    ("accounts (id, email, password_hash) ", (UNVERIFIED, "canary-2@example.com", "canary")),
    (
        "accounts (id, email, password_hash, disabled_at)",
        (DISABLED, "canary-3@example.com", "canary", LONG_AGO),
    ),
    ("memberships (tenant_id, account_id, role)", (ACME, ACCOUNT, "staff")),
    ("memberships (tenant_id, account_id, role)", (ACME, DISABLED, "admin")),
    (
        "refresh_tokens (digest, family, account_id, tenant_id, expires_at)",
        (ALIVE, FAMILY, ACCOUNT, ACME, LATER),
    ),
    (
        "refresh_tokens (digest, family, account_id, tenant_id, expires_at)",
        (EXPIRED, FAMILY, ACCOUNT, ACME, LONG_AGO),
    ),
    (
        "mailed_tokens (digest, account_id, purpose, expires_at, registration)",
        (ALIVE, ACCOUNT, "verify", LATER, {"canary": 1}),
    ),
    ("mailed_tokens (digest, account_id, purpose, expires_at)", (EXPIRED, ACCOUNT, "reset", LONG_AGO)),
    ("signing_keys (id, public_key, private_key)", ("canary", b"canary", b"canary")),
    ("ended_access (subject, ended_at)", (FAMILY, NOW)),
    ("ended_access (subject, ended_at)", (ACCOUNT, LONG_AGO)),
    ("outgoing_mail (id, account_id, letter, due_at)", (LETTER, ACCOUNT, b"canary", LONG_AGO)),
    ("outgoing_mail (id, account_id, problem, failed_at)", (FAILED_LETTER, ACCOUNT, "canary", LONG_AGO)),
    ("customers (id, tenant_id)", (CUSTOMER, ACME)),
    ("customers (id, tenant_id)", (SECOND_CUSTOMER, ACME)),
    ("customer_identities (tenant_id, kind, value, customer_id)", (ACME, "subject", "canary", CUSTOMER)),
    (
        "conversations (id, tenant_id, customer_id, owner, assistant, channel, language, began_at, changed_at)",
        ("conv_canary", ACME, CUSTOMER, "canary", "canary", "realtime", "canary", LONG_AGO, LONG_AGO),
    ),
    (
        "conversations (id, tenant_id, customer_id, owner, assistant, channel, ended_at)",
        ("conv_ended", ACME, CUSTOMER, "canary", "canary", "realtime", LONG_AGO),
    ),
    (
        "conversations (id, tenant_id, owner, assistant, channel)",
        ("conv_unknown", ACME, "canary", "canary", "realtime"),
    ),
    (
        "conversation_facts (conversation_id, sequence, tenant_id, fact)",
        ("conv_canary", 0, ACME, '{"$":"Left","output":{"$":"ToolReturned","output":"canary"}}'),
    ),
    (
        "conversation_facts (conversation_id, sequence, tenant_id, fact)",
        ("conv_canary", 1, ACME, "canary"),
    ),
    (
        "conversation_snapshots (conversation_id, tenant_id, sequence, snapshot)",
        ("conv_canary", ACME, 1, "canary"),
    ),
    (
        "conversation_items (conversation_id, id, tenant_id, position, role, text, status, said_at, timings)",
        ("conv_canary", "item_canary", ACME, 1, "user", "canary", "completed", LONG_AGO, {"canary": 1}),
    ),
    (
        "live_sessions (id, tenant_id, conversation_id, token_digest, holder, principal, expires_at)",
        ("sess_canary", ACME, "conv_canary", ALIVE, "canary", {"canary": 1}, LATER),
    ),
    (
        "live_sessions (id, tenant_id, conversation_id, token_digest, holder, principal, expires_at)",
        ("sess_lost", ACME, "conv_canary", EXPIRED, "canary", {"canary": 1}, LONG_AGO),
    ),
    (
        "memories (id, tenant_id, customer_id, topic, value, confidence, source, conversation_id, item_id)",
        (MEMORY, ACME, CUSTOMER, "canary", "canary", 0.5, "said", "conv_canary", "item_canary"),
    ),
    (
        "memories (id, tenant_id, customer_id, topic, value, confidence, source)",
        (SECOND_MEMORY, ACME, CUSTOMER, "canary", "Canary", 0.5, "inferred"),
    ),
    (
        "stored_objects (key, tenant_id, conversation_id, customer_id, owner, kind, content_type, bytes, expires_at)",
        ("canary", ACME, "conv_canary", CUSTOMER, "canary", "answer", "canary", 1, LONG_AGO),
    ),
    (
        "consents (tenant_id, account_id, purpose, granted, wording, wording_version)",
        (ACME, ACCOUNT, "canary", True, "canary", "canary"),
    ),
    (
        "consents (tenant_id, customer_id, purpose, granted, wording, wording_version)",
        (ACME, CUSTOMER, "canary", True, "canary", "canary"),
    ),
    ("privacy_jobs (tenant_id, kind, customer_id)", (ACME, "erasure", CUSTOMER)),
    (
        "stored_objects (key, tenant_id, owner, kind, content_type, bytes)",
        ("canary-recording", ACME, "canary", "recording", "canary", 1),
    ),
    ("privacy_jobs (id, tenant_id, kind, account_id, problem)", (JOB, ACME, "export", ACCOUNT, "canary")),
    (
        "privacy_jobs (id, tenant_id, kind, customer_id, state, attempts, scope, token_digest, due_at)",
        (RUNNING_JOB, ACME, "erasure", CUSTOMER, "running", 1, {"canary": 1}, ALIVE, LONG_AGO),
    ),
    (
        "privacy_jobs (id, tenant_id, kind, account_id, state, requested_by, object_key, finished_at)",
        (DONE_JOB, ACME, "export", ACCOUNT, "done", "canary", "canary-export", LONG_AGO),
    ),
    ("tombstones (digest, erased_at)", (b"\xaa" * 32, LONG_AGO)),
    ("tombstones (digest)", (sha256(b"conversation:conv_buried").digest(),)),
    ("audit_log (tenant_id, actor, action, subject_kind, subject_id)", (ACME, *["canary"] * 4)),
    (
        "session_slots (session_id, tenant_id, expires_at, holder)",
        ("sess_canary", ACME, LONG_AGO, "hold_canary"),
    ),
    ("tenant_usage (tenant_id, month, seconds)", (ACME, NOW.date().replace(day=1), 60.0)),
)

EXAMPLES: dict[str, dict[str, tuple[Any, ...]]] = {
    "accounts": {
        "find_tenant": ("acme",),
        "find_by_email": ("canary@example.com",),
        "find_for_log_in": ("canary@example.com",),
        "lock": (ACCOUNT, ACME),
        "register": ("canary-new@example.com", "canary", True),
        "find_welcome": ("canary@example.com", ACME, False),
        "complete_registration": (UNVERIFIED, "hash", "name", "en", "UTC"),
        "join": (ACME, UNVERIFIED),
        "rehash": (ACCOUNT, "canary", "hash"),
        "set_password": (ACCOUNT, "hash"),
        "password_hash": (ACCOUNT,),
        "profile": (ACCOUNT,),
        "edit_profile": (ACCOUNT, "name", "en", "UTC"),
        "memberships": (ACCOUNT,),
        "make_operator": ("canary@example.com", "hash"),
        "disable": (ACCOUNT,),
        "enable": (DISABLED,),
    },
    "api_keys": {
        "find": (ALIVE,),
        "use": (KEY,),
        "create": (ACME, "name", FRESH, "hint", ["speech"], "somebody", 100),
        "list": (ACME,),
        "revoke": (ACME, KEY),
    },
    "audit": {
        "note": (ACME, "somebody", "read", "customer", str(CUSTOMER), None),
        "of_tenant": (ACME, LAST, 10),
        "of_person": (PERSON, LAST, 10),
    },
    "client_secrets": {
        "issue": (FRESH, ACME, {}, {}, 60, 100),
        "find": (ALIVE,),
        "sweep": (),
    },
    "live_sessions": {
        "begin": ("sess_new", ACME, "conv_canary", FRESH, "task", {}, 60.0),
        "find": (ALIVE,),
        "keep": ("sess_canary", "task", 60.0),
        "holder": ("sess_canary",),
        "end": ("sess_canary",),
        "forget_expired": (),
    },
    "consents": {"add": (ACME, ACCOUNT, None, "memory", True, "words", "1"), "current": (ACME, ACCOUNT, None)},
    "conversation_logs": {
        "begin": (
            ["conv_new"],
            [ACME],
            [1],
            [CUSTOMER],
            ["owner"],
            ["name"],
            ["realtime"],
            ["en"],
            [NOW],
            [1],
        ),
        "hold": (["conv_canary"],),
        "keep": (
            *(["conv_canary"], [2], [ACME], ["fact"]),
            *(["conv_canary"], ["item_canary"], [ACME], [1], ["user"], ["other words"], ["completed"], [NOW]),
            *(["{}"], ["unheard words"]),
            *(["conv_canary"], ["item_gone"]),
            *(["conv_canary"], [2], [NOW]),
            *(["conv_canary"], [ACME], [2], ["canary"]),
        ),
        "announce": ("conv_canary", 2),
        "claim": ("conv_canary",),
        "header": ("conv_canary",),
        "snapshot": ("conv_canary", 1),
        "facts": ("conv_canary", 0),
        "left_alone": (60.0, 10),
        "end": ("conv_canary",),
    },
    "conversations": {
        "list": (ACME, None, None, None, None, None, None, None, 10),
        "search": (ACME, None, None, None, None, None, None, None, 10, "canary", 10),
        "one": (ACME, "conv_canary", None),
        "items": ("conv_canary", 0, 10),
        "objects": ("conv_canary",),
        "delete_objects": ("conv_canary",),
        "delete": (ACME, "conv_canary", None),
        "put_object": ("canary-2", ACME, "conv_canary", "owner", "audio/mpeg", 1, 60.0),
        "expired_objects": (10,),
        "forget_objects": (["canary"],),
    },
    "customers": {
        "recognise": (ACME, ["subject"], ["canary"]),
        "lock_identities": (ACME, ["subject"], ["canary"]),
        "lock_merging": (ACME,),
        "known": (ACME, ["subject"], ["canary"]),
        "create": (ACME,),
        "add_identities": (ACME, ["subject"], ["canary-2"], CUSTOMER),
        "lock_rows": (ACME, [CUSTOMER, SECOND_CUSTOMER]),
        "redirect": (ACME, CUSTOMER, SECOND_CUSTOMER),
        "move_identities": (ACME, CUSTOMER, SECOND_CUSTOMER),
        "move_conversations": (ACME, CUSTOMER, SECOND_CUSTOMER),
        "move_memories": (ACME, CUSTOMER, SECOND_CUSTOMER),
        "move_consents": (ACME, CUSTOMER, SECOND_CUSTOMER),
        "move_objects": (ACME, CUSTOMER, SECOND_CUSTOMER),
        "move_jobs": (ACME, CUSTOMER, SECOND_CUSTOMER),
        "current": (ACME, CUSTOMER),
        "of_identity": (ACME, "subject", "canary"),
        "attach": (ACME, "conv_unknown", CUSTOMER),
        "list": (ACME, None, None, 10),
        "one": (ACME, CUSTOMER),
    },
    "ended_access": {"end_access": ([ACCOUNT],), "recent": (), "sweep": ()},
    "mailed_tokens": {
        "add_verification": (UNVERIFIED, FRESH, 60.0, {}),
        "add_reset": (ACCOUNT, FRESH, 60.0),
        "find": (ALIVE, "verify"),
        "use": (ALIVE, "verify"),
        "use_all": (ACCOUNT,),
        "sweep": (),
    },
    "memories": {
        "of": (ACME, CUSTOMER, ["canary"], 10, None, None, None),
        "history": (ACME, CUSTOMER, 10, None, None),
        "lock_customer": (ACME, CUSTOMER),
        "confirm": (ACME, CUSTOMER, "canary", "canary", 0.5, "said", "conv_canary", NOW, "item_canary"),
        "add": (ACME, CUSTOMER, "topic", "value", 0.5, "said", "conv_canary", NOW, "item_canary"),
        "settle": (ACME, CUSTOMER, ["canary"]),
        "prune": (ACME, CUSTOMER, 0),
        "find": (ACME, CUSTOMER, MEMORY),
        "replace": (ACME, CUSTOMER, MEMORY, SECOND_MEMORY),
        "forget": (ACME, CUSTOMER, MEMORY),
        "claim": (60.0, 0.0, 10),
        "items": (ACME, "conv_canary", -1, 5, 10),
        "tool_facts": (ACME, "conv_canary", -1, 10),
        "postpone": (ACME, "conv_canary", 0, 60.0),
        "remembered": (ACME, "conv_canary", 0, NOW, 1, 1),
    },
    "memberships": {
        "find_account": ("canary@example.com",),
        "list": (ACME, NOBODY, None, 10),
        "find": (ACME, ACCOUNT),
        "put": (ACME, ACCOUNT, "admin"),
        "other_admins": (ACME, ACCOUNT),
        "remove": (ACME, ACCOUNT),
        "revoke_log_ins": (ACME, ACCOUNT),
    },
    "outgoing_mail": {
        "add": (NEW, ACCOUNT, b"letter"),
        "claim": (60.0,),
        "sent": (LETTER,),
        "later": (LETTER, 60.0, "problem"),
        "give_up": (LETTER, "problem"),
        "next_due": (),
        "sweep": (),
        "sealed_before": (b"newest",),
        "reseal": (b"anew", LETTER),
    },
    "privacy_doors": {"lock_tenants": (DISABLED,), "only_admin_of": (DISABLED,), "step_down": (ACCOUNT,)},
    "privacy_erasure": dict.fromkeys(Statements.of("privacy_erasure"), (PERSON,)),
    "privacy_export": dict.fromkeys(Statements.of("privacy_export"), (PERSON,)),
    "privacy_jobs": {
        "add": (ACME, "export", ACCOUNT, None, "somebody", None, 0),
        "open": (ACME, "export", ACCOUNT, None),
        "lock_requests": (ACME,),
        "grace": (ACME,),
        "of_person": (ACME, ACCOUNT, None),
        "find": (JOB, ACME),
        "find_by_token": (ALIVE,),
        "cancel": (JOB,),
        "claim": (60.0,),
        "next_due": (),
        "progress": (RUNNING_JOB, 1, 0.5, {}, 60.0),
        "begin": (RUNNING_JOB, 1, {}),
        "put_off": (RUNNING_JOB, 1, "problem", 60.0),
        "go_over_again": (RUNNING_JOB, 1, 0.9, 60.0),
        "fail": (RUNNING_JOB, 1, "problem"),
        "exported": (RUNNING_JOB, 1, "key"),
        "erased": (RUNNING_JOB, 1, {}, "erased-person"),
    },
    "privacy_objects": {
        "put_export": ("canary-3", ACME, None, "owner", "application/zip", 1, 60.0),
        "expired": (10,),
        "forget": (["canary"],),
    },
    "privacy_persons": {"find": (ACME, CUSTOMER), "recognise": (ACME, "subject", "canary")},
    "privacy_receipts": {"public_key": ("canary",)},
    "privacy_retention": {
        "tenants": (),
        "old_conversations": (ACME, 1, 10),
        "objects_of": (["conv_canary"],),
        "delete_conversations": (["conv_canary"],),
        "delete_memories": (ACME, -1, 10),
        "old_recordings": (ACME, -1, 10),
        "delete_jobs": (1, 10),
    },
    "privacy_subjects": {
        **dict.fromkeys(Statements.of("privacy_subjects"), (PERSON,)),
        "bury": (["owner:canary"],),
        "buried": (["conversation:conv_buried"],),
        "forget_tombstones": (1,),
    },
    "quotas": {
        "forget_dead": (ACME,),
        "others_open": (ACME, "sess_other"),
        "used_seconds": (ACME,),
        "take": (ACME, "sess_canary", 90.0, "hold_canary"),
        "renew": (["hold_canary"], 90.0),
        "release": ("sess_canary", "hold_canary"),
    },
    "refresh_tokens": {
        "add": (FRESH, FAMILY, ACCOUNT, ACME, 60.0),
        "find": (ALIVE,),
        "state": (ALIVE, [EXPIRED]),
        "use": (ALIVE,),
        "end_family": (FAMILY,),
        "end_all": (ACCOUNT,),
        "sweep": (),
    },
    "signing_keys": {
        "all": (),
        "wait_for_turn": (),
        "add": ("canary-2", b"public", b"private"),
        "retire": (["canary"],),
        "sealed_before": (b"newest",),
        "reseal": (b"anew", "canary"),
    },
    "tenant_secrets": {
        "put": (ACME, "canary", b"sealed", "hint"),
        "list": (ACME,),
        "sealed": (ACME,),
        "sealed_before": (b"newest",),
        "reseal": (b"anew", ACME, "canary"),
        "delete": (ACME, "canary"),
    },
    "tenants": {
        "create": ("new", "New"),
        "list": ("", 10),
        "find": ("acme",),
        "lock": (ACME,),
        "close": (ACME,),
        "count_version": (ACME, 2),
        "add_version": (ACME, 2, {}, "somebody"),
        "version": (ACME, 1),
        "versions": (ACME, 10, 10),
        "current": (ACME,),
    },
}
