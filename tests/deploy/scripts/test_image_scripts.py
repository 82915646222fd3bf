"""Building, and what the registry finds."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from deploy.scripts import image, scan
from tests.deploy.scripts.conftest import NAME, Account

DOCKER = """#!/bin/sh
echo "$@" >> {log}
for argument in "$@"; do
  case "$argument" in --metadata-file=*) echo '{{"containerimage.digest": "{digest}"}}' > "${{argument#*=}}" ;; esac
done
[ "$1" = login ] && cat > {password}
exit {code}
"""


def _docker(folder: Path, monkeypatch: pytest.MonkeyPatch, *, digest: str = "", code: int = 0) -> Path:
    """A program of that name that writes down what it is asked."""
    log = folder / "asked"
    program = folder / "docker"
    program.write_text(DOCKER.format(log=log, digest=digest, password=folder / "password", code=code))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return log


def test_an_image_is_for_both_processors_and_its_digest_is_told(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = f"sha256:{'a' * 64}"
    log = _docker(tmp_path, monkeypatch, digest=digest)
    assert image.command([*account.arguments, "--tag", "abc123"], account.opened) == 0
    assert account.said == [digest]
    login, build = log.read_text().splitlines()
    assert "--password-stdin" in login
    assert "--platform linux/arm64,linux/amd64" in build
    assert f"/{NAME}:abc123" in build
    assert "--push" in build


def test_the_password_is_no_argument(account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = _docker(tmp_path, monkeypatch, digest=f"sha256:{'a' * 64}")
    assert image.command([*account.arguments, "--tag", "abc123"], account.opened) == 0
    password = (tmp_path / "password").read_text()
    assert password
    assert password not in log.read_text()


@pytest.mark.parametrize("tag", ["latest", "with space", "-x"])
def test_a_tag_that_moves_is_refused(account: Account, tag: str) -> None:
    with pytest.raises(SystemExit):
        image.command([*account.arguments, f"--tag={tag}"], account.opened)


def test_a_build_that_fails_is_told(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _docker(tmp_path, monkeypatch, code=1)
    assert image.command([*account.arguments, "--tag", "abc123"], account.opened) == 1
    assert "Docker cannot log in" in capsys.readouterr().err


class Scanner:
    """What ECR finds, which the emulator does not look for."""

    def __init__(self, account: Account) -> None:
        self.findings: dict[str, dict[str, int]] = {}
        self.looks = 0
        account.session.events.register("after-call.ecr.DescribeImages", self._describe)

    def _describe(self, parsed: dict[str, Any], **_rest: Any) -> None:
        self.looks += 1
        for detail in parsed["imageDetails"]:
            is_done = self.looks > 1
            detail["imageScanStatus"] = {"status": "COMPLETE" if is_done else "IN_PROGRESS"}
            if is_done:
                counts = self.findings.get(detail["imageDigest"], {})
                detail["imageScanFindingsSummary"] = {"findingSeverityCounts": counts}


def _both(account: Account) -> str:
    """Digest of a list of two images, with what attests one of them."""
    kind = "application/vnd.oci.image.index.v1+json"
    platforms = [("linux", "arm64"), ("linux", "amd64"), ("unknown", "unknown")]
    manifests = [
        {"digest": digest, "platform": {"os": system, "architecture": processor}}
        for digest, (system, processor) in zip(account.images, platforms, strict=True)
    ]
    text = json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": manifests})
    # The emulator knows no lists: to it, this is one image more.
    ecr = account.fargate.session.client("ecr")
    digest = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    ecr.put_image(
        repositoryName=NAME, imageManifest=text, imageManifestMediaType=kind, imageTag="both", imageDigest=digest
    )
    return digest


def test_each_platform_is_looked_at_and_waited_for(account: Account) -> None:
    Scanner(account).findings = {account.images[0]: {"MEDIUM": 2}}
    assert scan.command([*account.arguments, "--image-digest", _both(account)], account.opened) == 0
    assert account.said == ["linux/arm64: 2 medium", "linux/amd64: nothing found"]
    assert account.clock.waits


def test_what_is_critical_is_refused(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    Scanner(account).findings = {account.images[1]: {"CRITICAL": 1, "LOW": 3}}
    assert scan.command([*account.arguments, "--image-digest", _both(account)], account.opened) == 1
    assert "linux/amd64" in capsys.readouterr().err
