"""What somebody must be, and what a key must be made for, to do a thing.

Roles are a ladder: who stands on a rung may do what those below may. Scopes narrow the keys of programs: a principal
that has any may do only what they name; one that has none is a person or the server's own key, and its role decides.
"""

from typing import TYPE_CHECKING, Literal

from voice_server.http.errors import ApiError

if TYPE_CHECKING:
    from voice_server.auth import Principal, Role

Scope = Literal["sessions", "speech", "history", "admin"]
"""To talk; to use the recogniser, the model and the voice alone; to read what was said; to decide for the tenant."""

_LADDER: "tuple[Role, ...]" = ("customer", "staff", "admin", "operator")
_WHO: "dict[Role, str]" = {
    "customer": "somebody who is logged in",
    "staff": "the tenant's staff",
    "admin": "the tenant's admins",
    "operator": "the server's operators",
}


def has_role(principal: "Principal", role: "Role") -> bool:
    """Whether this is one of them, or stands above them."""
    return not principal.roles.isdisjoint(_LADDER[_LADDER.index(role) :])


def require(principal: "Principal", role: "Role") -> None:
    """Raises ApiError 403 for those who are less."""
    if not has_role(principal, role):
        raise ApiError(403, "insufficient_role", f"This is for {_WHO[role]}; ask one of them, or use their key.")


def require_scope(principal: "Principal", scope: Scope) -> None:
    """Raises ApiError 403 for a key that was made for something else. The scope `admin` includes the others."""
    if principal.scopes and principal.scopes.isdisjoint((scope, "admin")):
        message = f"This key was not made for it: it lacks the scope {scope}. Make one that has it."
        raise ApiError(403, "insufficient_scope", message)
