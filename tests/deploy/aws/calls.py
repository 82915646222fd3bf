"""What Terraform's provider asked of AWS, from what it logs with TF_LOG_PROVIDER=DEBUG."""

import re
from functools import cache
from pathlib import Path

import botocore.session

from tests.deploy.authorization import action


def asked(log: Path) -> set[str]:
    """The rights to all of it."""
    # An entry may have several lines.
    entries = re.split(r"\n(?=\d{4}-\d\d-\d\dT)", log.read_text(errors="replace"))
    sent = [entry for entry in entries if "HTTP Request Sent" in entry]
    return {action(_services()[_value(entry, "rpc.service")], _value(entry, "rpc.method")) for entry in sent}


def _value(entry: str, name: str) -> str:
    found = re.search(rf'{re.escape(name)}=(?:"([^"]*)"|(\S+))', entry)
    assert found is not None, f"an entry without {name}: {entry[:200]}"
    return found[1] or found[2]


@cache
def _services() -> dict[str, str]:
    """Name that AWS' own libraries give a service, to that of botocore."""
    session = botocore.session.Session()
    return {session.get_service_model(name).service_id: name for name in session.get_available_services()}
