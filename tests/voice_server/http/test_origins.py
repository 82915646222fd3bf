"""Which pages may use the server, as one table."""

import pytest

from voice_server.http.errors import ApiError
from voice_server.http.origins import Origins

LISTED = "https://app.example.com"
LOCAL = Origins([LISTED], loopback_only=True)
PUBLIC = Origins([LISTED], loopback_only=False)

PERMITTED = [
    (LOCAL, "127.0.0.1:8080", None),
    (LOCAL, "localhost:8080", "http://localhost:8080"),
    (LOCAL, "127.0.0.1:8080", "http://localhost:5173"),
    (LOCAL, "[::1]:8080", "http://[::1]:8080"),
    (LOCAL, "voice.localhost", None),
    (LOCAL, "127.0.0.1:8080", LISTED),
    (LOCAL, "app.example.com", LISTED),
    (PUBLIC, "voice.example.com", None),
    (PUBLIC, "voice.example.com", "https://voice.example.com"),
    (PUBLIC, "voice.example.com:443", "https://voice.example.com"),
    (PUBLIC, "Voice.Example.com", "https://voice.example.com"),
    (PUBLIC, "voice.example.com:8080", "http://voice.example.com:8080"),
    (PUBLIC, "voice.example.com", "https://APP.example.com"),
    (PUBLIC, None, None),
]

REFUSED = [
    (LOCAL, "127.0.0.1:8080", "https://evil.example", "origin_not_allowed"),
    (LOCAL, "127.0.0.1:8080", "null", "origin_not_allowed"),
    (LOCAL, "evil.example:8080", None, "host_not_allowed"),
    (LOCAL, "evil.example:8080", "http://evil.example:8080", "host_not_allowed"),
    (LOCAL, "127.0.0.1.evil.example", None, "host_not_allowed"),
    (LOCAL, "localhost.evil.example", None, "host_not_allowed"),
    (LOCAL, None, None, "host_not_allowed"),
    (LOCAL, "[::1", None, "host_not_allowed"),
    (PUBLIC, "voice.example.com", "https://evil.example", "origin_not_allowed"),
    (PUBLIC, "voice.example.com", "https://voice.example.com:8443", "origin_not_allowed"),
    (PUBLIC, "voice.example.com", "http://localhost:5173", "origin_not_allowed"),
    (PUBLIC, "voice.example.com", "https://voice.example.com.evil.example", "origin_not_allowed"),
    (PUBLIC, "voice.example.com", "https://app.example.com:8443", "origin_not_allowed"),
    (PUBLIC, "voice.example.com", "http://[", "origin_not_allowed"),
    (PUBLIC, "voice.example.com", "", "origin_not_allowed"),
]


@pytest.mark.parametrize(("origins", "host", "origin"), PERMITTED)
def test_permitted(origins: Origins, host: str | None, origin: str | None) -> None:
    origins.check(host, origin)


@pytest.mark.parametrize(("origins", "host", "origin", "code"), REFUSED)
def test_refused(origins: Origins, host: str | None, origin: str | None, code: str) -> None:
    with pytest.raises(ApiError) as refusal:
        origins.check(host, origin)
    assert (refusal.value.status, refusal.value.code) == (403, code)
