"""Long random texts that open something: refresh tokens, and what is sent by mail. Only their SHA-256 is stored."""

import hashlib
import secrets
from base64 import urlsafe_b64encode

_BYTES = 32


def new_token(prefix: str) -> str:
    """One that nobody can guess."""
    return prefix + secrets.token_urlsafe(_BYTES)


def digest_of(token: str) -> bytes:
    """What is stored of it: 32 bytes. A token is too long to be guessed from it, so a fast digest will do."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()


def token_text(prefix: str, data: bytes) -> str:
    """These bytes written as a token."""
    return prefix + urlsafe_b64encode(data).decode().rstrip("=")
