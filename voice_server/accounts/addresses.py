"""E-mail addresses in one spelling each, so that a person has one account however the address is typed."""

import re
import unicodedata

import idna

MAX_CHARACTERS = 254
_MAX_LOCAL_BYTES = 64
_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")


def normal_address(text: str) -> str:
    """The address in NFKC, small letters and with its domain as IDNA (RFC 5891). Raises ValueError with a sentence.

    Letters go to this spelling and no other: what merely looks like somebody's address never reaches somebody else.
    """
    local, at, domain = unicodedata.normalize("NFKC", text).strip().lower().rpartition("@")
    if not at or not local or not domain:
        raise ValueError("write an address such as name@example.com")
    # Few mail servers take other letters here (RFC 6531), and many of them look like one another.
    if not _LOCAL.fullmatch(local) or len(local) > _MAX_LOCAL_BYTES:
        raise ValueError("before the @ there may be at most 64 letters from a to z, digits, and dots between them")
    address = f"{local}@{_normal_domain(domain)}"
    if len(address) > MAX_CHARACTERS:
        raise ValueError(f"an address has at most {MAX_CHARACTERS} characters")
    return address


def _normal_domain(domain: str) -> str:
    try:
        encoded = idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        raise ValueError("behind the @ there must be the name of a domain, such as example.com") from error
    if "." not in encoded or encoded.endswith("."):
        raise ValueError("behind the @ there must be a whole domain, such as example.com")
    return encoded
