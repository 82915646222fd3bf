"""Whom the vendors' sockets are to be certified by."""

import ssl
from functools import cache


@cache
def trusted() -> ssl.SSLContext:
    """The authorities that this system trusts, read once.

    A library that opens a socket without being told whom to trust reads them for it, each time: more than a hundred
    certificates, 22 ms in which no other conversation is served.
    """
    return ssl.create_default_context()
