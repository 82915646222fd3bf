"""The page's address, behind CloudFront, is that of a whole server: what is asked there is passed on, with who asks."""

import fnmatch
import json
import re
import shutil
import subprocess
from pathlib import Path

import hcl2
import pytest

from tests.deploy.terraform import MODULES
from tests.deploy.test_routes import NOT_FROM_OUTSIDE, SERVED_BY_THE_CDN, target_of
from tests.services.missing import missing
from voice_server.http.client_address import CDN_SECRET_HEADER
from voice_server.page import CONTENT_SECURITY_POLICY

CDN = MODULES / "cdn" / "main.tf"
PAGE = Path(__file__).parents[2] / "clients" / "browser" / "src"
_ASKED = re.compile(r"""["'`](/(?:api|v1|\.well-known)/[^"'`?$]*)""")


def _locals() -> dict[str, object]:
    with CDN.open() as file:
        (found,) = hcl2.load(file)["locals"]
    return dict(found)


def is_forwarded(path: str) -> bool:
    """Whether CloudFront passes it on."""
    patterns = _locals()["forwarded_paths"]
    assert isinstance(patterns, list)
    return any(fnmatch.fnmatchcase(path, pattern.strip('"')) for pattern in patterns)


def test_what_the_page_asks_is_forwarded_and_answered() -> None:
    files = [file for file in PAGE.rglob("*.ts*") if file.is_file()]
    asked = {path for file in files for path in _ASKED.findall(file.read_text())}

    assert {"/v1/realtime", "/v1/models", "/api/v1/about", "/api/v1/auth/login"} <= asked
    assert [path for path in sorted(asked) if not is_forwarded(path)] == []
    assert [path for path in sorted(asked) if target_of(path) is None] == []


def test_issuers_of_tokens_have_their_keys_where_their_name_says() -> None:
    assert is_forwarded("/.well-known/jwks.json")
    assert target_of("/.well-known/jwks.json") == "auth"


def test_files_and_what_is_for_the_inside_are_not_forwarded() -> None:
    assert [path for path in sorted(NOT_FROM_OUTSIDE | SERVED_BY_THE_CDN) if is_forwarded(path)] == []
    assert not is_forwarded("/assets/main.js")


def test_firewall_network_and_server_call_the_secret_the_same() -> None:
    assert str(_locals()["secret_header"]).strip('"') == CDN_SECRET_HEADER


def test_the_page_may_do_as_much_as_at_a_server_of_its_own() -> None:
    """But for the WebSocket's address, which older browsers want to see written."""
    directives = CONTENT_SECURITY_POLICY.split("; ")
    text = CDN.read_text()

    assert "connect-src 'self'" in directives
    assert [each for each in directives if f'"{each}"' not in text] == []


@pytest.mark.parametrize("address", ["198.51.100.7", "2001:db8::7"])
def test_a_request_says_whose_it_is_whatever_it_said_before(address: str) -> None:
    node = shutil.which("node")
    if node is None:
        missing("node is not installed")
    headers = {"x-viewer-address": {"value": "203.0.113.66"}, "cookie": {"value": "a=b"}}
    event = {"viewer": {"ip": address}, "request": {"method": "GET", "uri": "/v1/models", "headers": headers}}
    function = (MODULES / "cdn" / "viewer_address.js").read_text()
    program = f"{function}; console.log(JSON.stringify(handler({json.dumps(event)})))"

    answer = subprocess.run([node, "-e", program], capture_output=True, text=True, check=True)

    expected = {"x-viewer-address": {"value": address}, "cookie": {"value": "a=b"}}
    assert json.loads(answer.stdout) == {"method": "GET", "uri": "/v1/models", "headers": expected}
