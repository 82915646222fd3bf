"""This server where every caller is a customer who is recognised: `python -m benchmarks.recalling serve`,
otherwise as `voice-server`.

Each caller is another person, looked up in PostgreSQL with all that is remembered of them and whether it may be used,
as for the customers of a tenant's own site. The database is new: what is remembered of them is made up after it was
asked.
"""

import itertools
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

from aiohttp import web

from voice_server.auth import CustomerIdentity, Principal
from voice_server.cli import main
from voice_server.memory.memories import Memory
from voice_server.memory.recall import Recall
from voice_server.reception import Reception

KNOWN = {"name": "Anna", "allergy": "nuts", "favourite_table": "by the window", "studied": "the gas laws"}
_callers = itertools.count()
_remembered = Recall._remembered


async def identities(
    _reception: Reception, _request: web.Request, _principal: Principal
) -> tuple[Sequence[CustomerIdentity], str | None]:
    """Somebody who has not called before."""
    return [CustomerIdentity("subject", f"caller {next(_callers)}")], None


async def remembered(recall: Recall, tenant_id: UUID, customer_id: UUID) -> list[Memory]:
    """What the database has, which is nothing, and what it could have had."""
    now = datetime.now(UTC)
    made = [Memory(uuid4(), topic, value, 1.0, "said", None, None, now, None, None) for topic, value in KNOWN.items()]
    return await _remembered(recall, tenant_id, customer_id) + made


if __name__ == "__main__":
    setattr(Reception, "_identities", identities)  # noqa: B010 -- a method cannot be assigned by its name
    setattr(Recall, "_remembered", remembered)  # noqa: B010
    sys.exit(main())
