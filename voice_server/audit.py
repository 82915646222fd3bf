"""The audit log: who saw or changed what of whom, itself free of content."""

from typing import TYPE_CHECKING
from uuid import UUID

from voice_server.auth import Principal
from voice_server.storage.postgres.statements import Statements

if TYPE_CHECKING:
    from voice_server.storage.postgres.database import Connection


async def note(
    connection: "Connection",
    principal: Principal,
    action: str,
    subject_kind: str,
    subject_id: str,
    request_id: str | None,
    *,
    tenant_id: UUID | None = None,
) -> None:
    """Add a line, in the transaction of what it tells of: both happen or neither does.

    `action` is a verb, `subject_kind` a noun and `subject_id` an id: never a name, an address or words. `tenant_id`: of
    whom it tells, where that is another tenant than the principal's, as when an operator acts.
    """
    await connection.execute(
        Statements.of("audit")["note"],
        tenant_id or principal.tenant_id,
        principal.name,
        action,
        subject_kind,
        subject_id,
        request_id,
    )
