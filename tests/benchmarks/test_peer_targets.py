"""Peers as targets: what they are made of, which of them are there, and what is said when one does not start."""

import re
import sys
from pathlib import Path

import pytest

from benchmarks.peers import environment
from benchmarks.peers.environment import find_environment, requirements_of
from benchmarks.peers.targets import PACKAGES, Peer, PeerName, peers
from benchmarks.targets import Target, Vendors

VENDORS = Vendors("http://127.0.0.1:1/v1", "http://127.0.0.1:1")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for environments in which there is none."""
    monkeypatch.setattr(environment, "_CACHE", tmp_path)
    return tmp_path


def install(peer: str) -> Path:
    folder = environment._folder(peer)
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize("peer", PACKAGES)
def test_every_requirement_is_pinned_by_version_and_hash_and_comes_from_no_particular_place(peer: str) -> None:
    text = requirements_of(peer).read_text()
    assert "://" not in text
    assert not re.search(r"^--", text, re.MULTILINE)
    requirements = [line for line in text.replace("\\\n", "").splitlines() if not re.match(r"\s*(#|$)", line)]
    assert len(requirements) > 20
    for line in requirements:
        assert re.match(r"[a-z0-9-]+(\[[a-z,]+\])?==\S+ ", line), line
        assert "--hash=sha256:" in line, line


def test_a_peer_that_is_not_installed_is_no_target(cache: Path) -> None:
    assert list(cache.iterdir()) == []
    assert peers() == []


def test_an_installation_that_was_interrupted_does_not_count(cache: Path) -> None:
    assert cache.exists()
    folder = install("livekit")
    assert find_environment("livekit") is None
    (folder / "complete").touch()
    assert find_environment("livekit") == folder / "bin" / "python"


def test_each_peer_that_is_installed_is_there_with_its_own_settings_and_tuned(cache: Path) -> None:
    assert cache.exists()
    (install("pipecat") / "complete").touch()
    found: list[Target] = list(peers())
    assert [target.name for target in found] == ["pipecat", "pipecat-tuned"]
    assert re.fullmatch(r"pipecat-ai 1\.\d+\.\d+ default", found[0].version)
    assert re.fullmatch(r"pipecat-ai 1\.\d+\.\d+ tuned", found[1].version)


def test_other_requirements_are_another_environment(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (install("pipecat") / "complete").touch()
    (cache / "requirements.txt").write_text("pipecat-ai==2.0.0\n")
    monkeypatch.setattr(environment, "requirements_of", lambda peer: cache / "requirements.txt")
    assert find_environment("pipecat") is None


@pytest.mark.parametrize("name", PACKAGES)
async def test_a_server_that_cannot_start_is_reported_at_once(
    name: PeerName, capfd: pytest.CaptureFixture[str]
) -> None:
    # This environment has not what the peer needs.
    peer = Peer(name, "default", Path(sys.executable))
    with pytest.raises(RuntimeError, match="ended before it was ready"):
        async with peer.open(VENDORS, None):
            pytest.fail("It said that it was ready.")
    assert "ModuleNotFoundError" in capfd.readouterr().err
