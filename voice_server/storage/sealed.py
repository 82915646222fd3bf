"""What lies in the database sealed: private keys and the keys of providers, which a dump of it must not give away.

AES-256-GCM under a key that HKDF-SHA256 (RFC 5869) makes of the server's secret. The context, for example
`b"signing_keys/" + id`, is authenticated with it: what was sealed for one row cannot be opened in another.

    byte 0      1, the version
    bytes 1-4   which key it is, so that secrets can be changed: HKDF of the secret, too, and tells nothing of it
    bytes 5-16  nonce, random
    then        ciphertext and tag
"""

import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION = b"\x01"
_NAME_BYTES = 4
_NONCE_BYTES = 12
_START = len(_VERSION) + _NAME_BYTES
MIN_SECRET_BYTES = 16


class CannotOpen(Exception):
    """Sealed with another secret, for another place, or damaged. The message is a sentence."""


class Sealed:
    """Seals with the first secret, opens what any of them has sealed."""

    def __init__(self, secret_keys: Sequence[bytes]) -> None:
        """`secret_keys`: of at least 16 bytes each; the newest first. Raises ValueError."""
        if not secret_keys or any(len(secret) < MIN_SECRET_BYTES for secret in secret_keys):
            raise ValueError(f"secrets of at least {MIN_SECRET_BYTES} bytes are needed")
        pairs = [(_derive(secret, b"name", _NAME_BYTES), secret) for secret in secret_keys]
        self._name = pairs[0][0]
        # The newest one last, so that it wins in the unlikely case that two have one name.
        self._ciphers = {name: AESGCM(_derive(secret, b"key", 32)) for name, secret in reversed(pairs)}

    @property
    def mark(self) -> bytes:
        """How everything begins that the newest secret has sealed."""
        return _VERSION + self._name

    def seal(self, data: bytes, context: bytes) -> bytes:
        """Encrypt it for this place."""
        nonce = os.urandom(_NONCE_BYTES)
        return self.mark + nonce + self._ciphers[self._name].encrypt(nonce, data, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """What was sealed for this place. Raises CannotOpen."""
        cipher = self._ciphers.get(sealed[1:_START])
        if sealed[:1] != _VERSION or cipher is None:
            raise CannotOpen("This was sealed with another SECRET_KEY than this server has.")
        nonce, ciphertext = sealed[_START : _START + _NONCE_BYTES], sealed[_START + _NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, ciphertext, context)
        except (InvalidTag, ValueError) as error:
            raise CannotOpen("What was sealed is damaged, or belongs somewhere else.") from error


def _derive(secret: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=None, info=b"voice-server sealed " + purpose).derive(secret)
