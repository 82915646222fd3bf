"""checkov finds nothing in deploy/terraform but what .checkov.yaml lets off, and that is still found."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.services.missing import missing

pytestmark = pytest.mark.timeout(300)

ROOT = Path(__file__).parents[2]
CHECKOV = ROOT / ".cache" / "checkov" / "bin" / "checkov"
CONFIGURATION = ROOT / "deploy" / "policy" / ".checkov.yaml"
_SKIPPED = re.compile(r"^  - (CKV2?_AWS_\d+) +# (.+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def skipped() -> dict[str, str]:
    """Ids of checks to why they are let off."""
    _, _, listed = CONFIGURATION.read_text().partition("\nskip-check:")
    reasons = dict(_SKIPPED.findall(listed))
    assert len(reasons) == listed.count("\n  - "), "each check that is let off has an id and a reason beside it"
    return reasons


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Ids of checks to what fails them, with nothing let off."""
    if not CHECKOV.exists():
        missing("checkov is not installed: make .cache/checkov/.installed")
    configuration = tmp_path_factory.mktemp("checkov") / "checkov.yaml"
    before, _, _ = CONFIGURATION.read_text().partition("\nskip-check:")
    configuration.write_text(before + "\n")
    answer = _checkov("--config-file", str(configuration), "--output", "json", "--soft-fail")
    report = json.loads(answer.stdout)
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 300
    found: dict[str, set[str]] = {}
    for each in report["results"]["failed_checks"]:
        found.setdefault(each["check_id"], set()).add(f"{each['file_path']} {each['resource']}")
    return found


def test_nothing_is_found_but_what_is_let_off(failed: dict[str, set[str]], skipped: dict[str, str]) -> None:
    assert {check: where for check, where in failed.items() if check not in skipped} == {}


def test_what_is_let_off_is_still_found(failed: dict[str, set[str]], skipped: dict[str, str]) -> None:
    assert sorted(skipped.keys() - failed.keys()) == []


def test_the_list_is_short(skipped: dict[str, str]) -> None:
    assert len(skipped) <= 24


def _checkov(*arguments: str) -> "subprocess.CompletedProcess[str]":
    environment: dict[str, Any] = {"PATH": "/usr/bin:/bin", "HOME": str(ROOT / ".cache"), "LOG_LEVEL": "ERROR"}
    return subprocess.run(
        [str(CHECKOV), *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
