"""By what a person is recognised: an account, a telephone number, the subject of a token of the tenant's own."""

import re
from collections.abc import Iterable, Mapping, Sequence

from voice_server.auth import CustomerIdentity, Principal

MAX_SUBJECT = 256
"""Characters of an identity."""
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_PREFIX = re.compile(r"^(?:tel|whatsapp|sip):", re.IGNORECASE)
_BETWEEN = re.compile(r"[ .\-/()\u00a0\u2011]")
_STRENGTH = ("account", "subject", "phone")
"""A telephone is often shared; who is logged in is one person."""
Strong = Mapping[str, frozenset[str]]
"""Accounts and subjects by kind: those of one person may not be those of another."""


def normal_phone(text: str) -> str:
    """A telephone number as in E.164: `+39 06 1234-567` becomes `+39061234567`. Raises ValueError.

    A number without its country's code could be anybody's, and is refused.
    """
    bare = _PREFIX.sub("", text.strip()).replace("(0)", "")
    bare = _BETWEEN.sub("", bare)
    if bare.startswith("00"):
        bare = f"+{bare[2:]}"
    if not _PHONE.fullmatch(bare):
        raise ValueError("a telephone number must begin with + and its country's code, and have 7 to 15 digits")
    return bare


def identities_of(principal: Principal) -> list[CustomerIdentity]:
    """What is known of who speaks by their key alone."""
    account = [] if principal.account_id is None else [CustomerIdentity("account", str(principal.account_id))]
    return by_strength([*account, *principal.customer])


def by_strength(identities: Iterable[CustomerIdentity]) -> list[CustomerIdentity]:
    """Each once and in its normal form, what is surest first. Raises ValueError for what can be none."""
    normal = dict.fromkeys(map(_normal, identities))
    return sorted(normal, key=lambda identity: (_STRENGTH.index(identity.kind), identity.value))


def strong_of(identities: Iterable[Sequence[str]]) -> Strong:
    """Accounts and subjects among pairs of kind and value."""
    found: dict[str, frozenset[str]] = {}
    for kind, value in identities:
        if kind != "phone":
            found[kind] = found.get(kind, frozenset()) | {value}
    return found


def together(one: Strong, other: Strong) -> Strong:
    """Of somebody who is both."""
    return {kind: one.get(kind, frozenset()) | other.get(kind, frozenset()) for kind in (*one, *other)}


def may_be_one(one: Strong, other: Strong) -> bool:
    """Whether these can be one person: two accounts, or two subjects, are two people who share a telephone."""
    return all(not one[kind].isdisjoint(other[kind]) for kind in one if kind in other)


def _normal(identity: CustomerIdentity) -> CustomerIdentity:
    if identity.kind == "phone":
        return CustomerIdentity("phone", normal_phone(identity.value))
    value = identity.value.strip()
    if not 1 <= len(value) <= MAX_SUBJECT or not value.isprintable():
        raise ValueError(f"an identity must have 1 to {MAX_SUBJECT} readable characters")
    return CustomerIdentity(identity.kind, value)
