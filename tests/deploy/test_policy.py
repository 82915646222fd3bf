"""The policy: production and staging keep to it, as planned on the emulator; each rule finds what breaks it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy.policy.document import NotADocument, document
from deploy.policy.judge import RULES, judge
from tests.deploy.mutations import MUTATIONS, Copy, Mutation
from tests.deploy.plans import PlanOf, plan_of  # noqa: F401

pytestmark = pytest.mark.timeout(400)

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def production(plan_of: PlanOf) -> Any:  # noqa: F811
    return plan_of("production")


@pytest.fixture(scope="session")
def staging(plan_of: PlanOf) -> Any:  # noqa: F811
    return plan_of("staging")


def found(content: Any) -> list[str]:
    return [str(finding) for finding in judge(document(content))]


def test_production_keeps_to_the_policy(production: Any) -> None:
    assert found(production) == []


def test_staging_keeps_to_the_policy(staging: Any) -> None:
    assert found(staging) == []


def test_staging_is_judged_as_staging(staging: Any) -> None:
    """What is only asked of production, staging does not have: it is let off by its tag, not by luck."""
    copied = Copy(staging)
    for values in copied.all_values():
        if isinstance(values.get("tags_all"), dict):
            values["tags_all"]["Environment"] = "production"

    assert {finding.rule.name for finding in judge(document(copied.document))} == {
        "bucket_is_protected",
        "cache_stands_in_two_zones",
        "database_is_backed_up",
        "database_is_protected",
        "database_stands_in_two_zones",
        "load_balancer_is_protected",
    }


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: f"{each.rule}-{each.what}")
def test_a_rule_finds_what_breaks_it(production: Any, mutation: Mutation) -> None:
    copied = Copy(production)
    mutation.break_it(copied)

    assert {finding.rule.name for finding in judge(document(copied.document))} == {mutation.rule}


def test_a_good_container_breaks_nothing(production: Any) -> None:
    """Before an apply a task's containers are not known: this is the one that the mutations above change."""
    copied = Copy(production)
    copied.container()

    assert found(copied.document) == []


def test_each_rule_has_a_sentence_and_a_mutation() -> None:
    names = [rule.name for rule in RULES]

    assert len(names) == len(set(names)) > 40
    assert set(names) == {mutation.rule for mutation in MUTATIONS}
    assert [rule.name for rule in RULES if not rule.sentence.endswith(".")] == []


def test_a_plan_that_makes_and_changes_is_no_loss(production: Any) -> None:
    copied = Copy(production)
    copied.change("aws_db_instance.main", "update")
    copied.change("aws_ecs_task_definition.voice", "delete", "create")

    assert found(copied.document) == []


def _policy(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "deploy.policy", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_the_command_says_what_is_wrong_and_where(production: Any, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(production))
    copied = Copy(production)
    copied.put("aws_db_instance", publicly_accessible=True)
    bad.write_text(json.dumps(copied.document))

    assert _policy(str(good)).returncode == 0
    told = _policy(str(good), str(bad))
    assert told.returncode == 1
    assert told.stdout == (
        "module.stack.module.database.aws_db_instance.main: database_is_private: The database has no public address.\n"
    )


def test_the_command_lists_its_rules() -> None:
    assert len(_policy("--rules").stdout.splitlines()) == len(RULES)


@pytest.mark.parametrize("content", ["no JSON", "[]", "{}", '{"values": {}}', '{"planned_values": 1}'])
def test_what_is_no_plan_is_no_pass(tmp_path: Path, content: str) -> None:
    """An empty or wrong file is not "nothing found"."""
    file = tmp_path / "plan.json"
    file.write_text(content)

    told = _policy(str(file))
    assert told.returncode == 2
    assert "terraform show -json" in told.stderr or "nothing to judge" in told.stderr


def test_a_missing_file_is_no_pass(tmp_path: Path) -> None:
    assert _policy(str(tmp_path / "plan.json")).returncode == 2


def test_a_plan_that_leaves_nothing_is_a_plan() -> None:
    changes = [{"address": "a", "type": "aws_vpc", "mode": "managed", "change": {"actions": ["delete"]}}]
    assert judge(document({"planned_values": {"root_module": {}}, "resource_changes": changes})) == []
    with pytest.raises(NotADocument):
        document({"planned_values": None})
