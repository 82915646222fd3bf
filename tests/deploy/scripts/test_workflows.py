"""GitHub's workflows: what they may do, and that nobody else decides what they run."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PINNED = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
OWN = re.compile(r"uses: \./\.github/workflows/[\w-]+\.yml$")
WRITES = {"id-token", "pull-requests"}
"""What a job may be allowed to write."""


def _read(file: Path) -> dict[str, Any]:
    # YAML 1.1 reads the key `on` as a truth value; no test asks for it by that name.
    found = yaml.safe_load(file.read_text())
    assert isinstance(found, dict)
    return found


@pytest.fixture(params=FILES, ids=lambda file: file.stem)
def file(request: pytest.FixtureRequest) -> Path:
    found = request.param
    assert isinstance(found, Path)
    return found


def test_there_is_a_workflow_for_each_task() -> None:
    assert [file.stem for file in FILES] == ["checks", "deploy", "drift", "image", "plan"]


def test_every_action_is_pinned_by_its_whole_hash_and_says_its_version(file: Path) -> None:
    used = [line.strip().removeprefix("- ") for line in file.read_text().splitlines() if "uses:" in line]
    assert used
    assert [line for line in used if not PINNED.match(line) and not OWN.match(line)] == []


def test_one_action_has_one_hash_everywhere() -> None:
    pins: dict[str, set[str]] = {}
    for file in FILES:
        for action, pin in re.findall(r"uses: ([\w./-]+)@(\S+ # \S+)", file.read_text()):
            pins.setdefault(action, set()).add(pin)
    assert {action: found for action, found in pins.items() if len(found) != 1} == {}


def test_permissions_are_declared_and_few(file: Path) -> None:
    workflow = _read(file)
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        allowed = job.get("permissions", {})
        writes = {scope for scope, level in allowed.items() if level != "read"}
        assert writes <= WRITES, name


def test_only_jobs_with_credentials_of_aws_may_ask_for_them(file: Path) -> None:
    for name, job in _read(file)["jobs"].items():
        asks = job.get("permissions", {}).get("id-token") == "write"
        uses = any("configure-aws-credentials" in step.get("uses", "") for step in job.get("steps", []))
        assert asks == uses or "uses" in job, name


def test_there_are_no_long_lived_keys(file: Path) -> None:
    text = file.read_text()
    assert not re.search(r"secrets\.AWS_|aws-access-key-id|aws-secret-access-key|secrets: inherit", text)
    assert set(re.findall(r"(?<![\w.])secrets\.(\w+)", text)) <= {"VOICE_SERVER_API_KEY"}


def test_nothing_that_strangers_write_becomes_a_command(file: Path) -> None:
    for name, job in _read(file)["jobs"].items():
        for step in job.get("steps", []):
            assert "${{" not in step.get("run", ""), f"{name}: give it as an environment variable"
    assert "pull_request_target" not in file.read_text()


def test_every_job_ends_and_no_token_stays(file: Path) -> None:
    for name, job in _read(file)["jobs"].items():
        assert "uses" in job or 0 < job["timeout-minutes"] <= 150, name
        for step in job.get("steps", []):
            if "actions/checkout@" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False, name


def test_runs_are_kept_apart(file: Path) -> None:
    assert _read(file)["concurrency"]["group"]


def test_a_deployment_is_alone_approved_and_from_main() -> None:
    workflow = _read(ROOT / ".github" / "workflows" / "deploy.yml")
    assert workflow["concurrency"] == {"group": "deploy-production", "cancel-in-progress": False}
    job = workflow["jobs"]["deploy"]
    assert job["environment"] == "production"
    assert "github.ref == 'refs/heads/main'" in job["if"]


def test_a_pull_request_plans_without_changing_anything() -> None:
    text = (ROOT / ".github" / "workflows" / "plan.yml").read_text()
    assert "-refresh=false" in text
    assert "-lock=false" in text
    assert "terraform apply" not in "".join(file.read_text() for file in FILES)


def test_every_command_that_is_called_exists() -> None:
    text = "".join(file.read_text() for file in FILES)
    for module in set(re.findall(r"python -m deploy\.scripts\.(\w+)", text)):
        assert (ROOT / "deploy" / "scripts" / f"{module}.py").exists()
