"""The README of an export: what is in which file."""

from collections.abc import Mapping

_FILES: Mapping[str, str] = {
    "profile": "your account: address, name, language, time zone",
    "memberships": "the tenants that you belong to, and as what",
    "log_ins": "when you logged in, and until when it holds",
    "mailed_links": "links that were sent to you",
    "letters": "letters to you that have not left yet",
    "customers": "whom assistants take you for: one entry for each tenant, or more until they turn out to be one",
    "identities": "by what you are recognised: your account, telephone numbers, names that a tenant's site gave you",
    "consents": "what you have allowed and refused, in the words that you were shown",
    "conversations": "your conversations",
    "items": "what was said in them, with times",
    "facts": "their logs: everything that happened, in order, as JSON within JSON",
    "snapshots": "where long conversations stood in the middle, with what had been said, as JSON within JSON",
    "live_sessions": "conversations that are being held now",
    "session_slots": "the same, as they are counted",
    "browser_keys": "keys that were made for your browser and still hold",
    "memories": "what is remembered of you, also what was replaced since",
    "objects": "files that are kept: answers and recordings, and exports like this one",
    "privacy_jobs": "exports and erasures that were asked for",
    "audit": "who saw or changed something of yours, and what you did yourself",
}


def readme(files: Mapping[str, int], audio: int) -> str:
    """Plain text. `files`: how many rows each has."""
    width = max(map(len, files))
    lines = [f"  {name + '.json':<{width + 5}} {count:>7}  {_FILES.get(name, '')}" for name, count in files.items()]
    return "\n".join(
        [
            "Everything that is kept about you.",
            "",
            "Each .json file is a list; times are in UTC. Passwords and secrets are left out: only their digests are",
            "kept, which say nothing about you.",
            "",
            *lines,
            f"  {'audio/':<{width + 5}} {audio:>7}  the sound that objects.json lists, under the same keys",
            "",
        ]
    )
