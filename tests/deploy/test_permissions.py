"""GitHub's roles: everything that their jobs ask of AWS is allowed, and nothing else is."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from deploy.policy.document import Document, document
from deploy.policy.rules.permissions import ON_ANYTHING, WITHOUT_RESOURCE
from deploy.scripts import deploy, image, running, scan
from tests.deploy.authorization import ACCOUNT, REGION, Request, Role, can_be_of, kinds, requests, roles
from tests.deploy.aws.emulator import Emulator, emulator
from tests.deploy.aws.stack import prepare_module
from tests.deploy.scripts.conftest import NAME, Account, _emulator, account, aws  # noqa: F401
from tests.deploy.scripts.test_image_scripts import Scanner, _both, _docker

pytestmark = pytest.mark.timeout(300)

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"
_ECS = f"arn:aws:ecs:{REGION}:{ACCOUNT}"
_SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{NAME}"
# As the stack would give them for the account of the scripts' tests.
VARIABLES = {
    "name": NAME,
    "repository": "owner/voice-server",
    "ecr_repository_arn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{NAME}",
    "cluster_name": NAME,
    "service_arns": [f"{_ECS}:service/{NAME}/{service}" for service in ("api", "voice")],
    "task_families": [f"{NAME}-{family}" for family in ("api", "migrate", "voice")],
    "migrate_family": f"{NAME}-migrate",
    "passed_role_arns": [f"arn:aws:iam::{ACCOUNT}:role/execution"],
    "migrate_log_group_arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/{NAME}/migrate",
    "frontend_bucket_arn": f"arn:aws:s3:::{NAME}-frontend-{ACCOUNT}",
    "distribution_arn": f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1",
    "kms_key_arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1",
    "cache_secret_arn": f"{_SECRET}/cache-123456",
    "cdn_secret_arn": f"{_SECRET}/cdn-123456",
    "state_bucket_arn": "arn:aws:s3:::states",
    "state_key": "production/terraform.tfstate",
    "state_kms_key_arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/2",
}

OF_DOCKER = {
    # As AWS lists them for a push.
    "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload",
    "ecr:PutImage", "ecr:UploadLayerPart",
}  # fmt: skip
# What replaces the page, which no workflow does so far: runbooks/first-deployment.md, step 9.
OF_NOBODY_YET = {
    "cloudfront:CreateInvalidation", "cloudfront:GetInvalidation", "kms:Decrypt", "kms:GenerateDataKey",
    "s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject",
}  # fmt: skip


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Role]:
    """The roles, with their policies as Terraform makes them."""
    with emulator() as running_emulator:
        stack = prepare_module(tmp_path_factory.mktemp("github"), "modules/github_oidc", running_emulator, VARIABLES)
        planned = document(stack.plan())
        _accepted(running_emulator, planned)
        return roles(planned)


def _accepted(on: Emulator, planned: Document) -> None:
    """The emulator refuses policies that are not written as IAM wants them."""
    iam = boto3.client(
        "iam", endpoint_url=on.url, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
    )
    for policy in planned.of_type("aws_iam_role_policy"):
        iam.create_role(RoleName=policy["name"], AssumeRolePolicyDocument="{}")
        iam.put_role_policy(RoleName=policy["name"], PolicyName=policy["name"], PolicyDocument=policy["policy"])


class Asked:
    """What scripts ask of an account, as they ask it."""

    def __init__(self, account: Account) -> None:  # noqa: F811
        self.operations: set[str] = set()
        self.requests: list[Request] = []
        account.session.events.register("provide-client-params", self._note)

    def _note(self, params: dict[str, Any], model: Any, **_rest: Any) -> None:
        service = model.service_model.service_name
        self.operations.add(f"{service}:{model.name}")
        self.requests += requests(service, model.name, params)


def _refused(role: Role, asked: Asked) -> list[Request]:
    return [request for request in asked.requests if not role.allows(request)]


@pytest.fixture(scope="module")
def _recorded() -> list[Asked]:
    """Once for all tests."""
    return []


@pytest.fixture
def deployments(request: pytest.FixtureRequest, _recorded: list[Asked]) -> Asked:
    """All that the jobs of image.yml and deploy.yml can come to: an image, deployments, and the ways back."""
    if not _recorded:
        values = (request.getfixturevalue(name) for name in ("account", "tmp_path", "monkeypatch"))
        _recorded.append(_deployments(*values))
    return _recorded[0]


def _deployments(account: Account, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:  # noqa: F811
    asked = Asked(account)
    _docker(folder, monkeypatch, digest=account.images[1])
    Scanner(account)

    def run(image_digest: str) -> int:
        arguments = [*account.arguments, "--image-digest", image_digest, "--without-turn"]
        return deploy.command(arguments, account.opened)

    assert image.command([*account.arguments, "--tag", "abc123"], account.opened) == 0
    assert scan.command([*account.arguments, "--image-digest", _both(account)], account.opened) == 0
    assert run(account.images[1]) == 0
    account.fargate.unhealthy[account.images[2]] = "unhealthy"
    assert run(account.images[2]) == 3
    account.fargate.migration_exit_code = 1
    assert run(account.images[2]) == 1
    return asked


def test_a_deployment_may_do_what_it_does(github: dict[str, Role], deployments: Asked) -> None:
    assert len(deployments.requests) > 50
    assert _refused(github["deploy"], deployments) == []


def test_a_right_that_is_taken_from_a_deployment_is_missed(github: dict[str, Role], deployments: Asked) -> None:
    used = {request.action for request in deployments.requests}
    assert {"ecs:DeregisterTaskDefinition", "ecs:TagResource", "iam:PassRole", "logs:GetLogEvents"} < used
    for right in used:
        assert {each.action for each in _refused(github["deploy"].without(right), deployments)} == {right}


def test_a_deployment_has_no_right_that_nobody_uses(github: dict[str, Role], deployments: Asked) -> None:
    used = {request.action for request in deployments.requests}
    assert github["deploy"].actions == used | OF_DOCKER | OF_NOBODY_YET
    assert used & OF_NOBODY_YET == set()


def test_what_is_not_of_this_environment_is_refused(github: dict[str, Role]) -> None:
    other = NAME.replace("production", "staging")
    cluster = {"ecs:cluster": f"{_ECS}:cluster/{NAME}"}
    passed = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
    for request in (
        Request("ecs:UpdateService", f"{_ECS}:service/{other}/api"),
        Request("ecs:RunTask", f"{_ECS}:task-definition/{NAME}-voice:1", cluster),
        Request("ecs:RunTask", f"{_ECS}:task-definition/{NAME}-migrate:1"),
        Request("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/administrator", passed),
        Request("ecs:TagResource", f"{_ECS}:task-definition/{NAME}-voice:1"),
        Request("secretsmanager:GetSecretValue", f"{_SECRET}/providers-123456"),
    ):
        assert not github["deploy"].allows(request), request
    assert not github["drift"].allows(Request("secretsmanager:GetSecretValue", f"{_SECRET}/providers-123456"))
    assert not github["drift"].allows(Request("s3:GetObject", f"arn:aws:s3:::{NAME}-assets-{ACCOUNT}/recording"))


def test_who_looks_for_drift_may_ask_what_runs(github: dict[str, Role], account: Account) -> None:  # noqa: F811
    asked = Asked(account)
    assert running.command([*account.arguments, "--digest"], account.opened) == 0
    assert asked.operations == {"ecs:DescribeServices", "ecs:DescribeTaskDefinition"}
    assert _refused(github["drift"], asked) == []


# That nothing was left out


def test_the_scripts_of_the_jobs_are_those_that_were_run() -> None:
    called = {
        (role, script)
        for file in WORKFLOWS.glob("*.yml")
        for role in re.findall(r"role-to-assume: \$\{\{ vars\.(\w+)_ROLE_ARN", file.read_text())
        for script in re.findall(r"python -m deploy\.scripts\.(\w+)", file.read_text())
    }
    # smoke asks the server and nothing of AWS.
    assert called == {
        ("DEPLOY", "deploy"), ("DEPLOY", "image"), ("DEPLOY", "scan"), ("DEPLOY", "smoke"), ("DRIFT", "running"),
    }  # fmt: skip


def test_each_call_in_the_text_of_these_scripts_was_made(deployments: Asked) -> None:
    files = ("deploy", "ecs", "image", "migrate", "one_off", "registry", "rollback", "scan", "task_definitions")
    text = "".join((ROOT / "deploy" / "scripts" / f"{name}.py").read_text() for name in files)
    written = set(re.findall(r'(?:_ecs|_ecr|_logs|client\("\w+"\))\.([a-z_]+)\(', text)) - {"get_paginator"}
    made = {re.sub(r"(?<!^)(?=[A-Z])", "_", name.partition(":")[2]).lower() for name in deployments.operations}
    assert written == made
    # By people alone, who have rights of their own.
    assert re.findall(r'get_paginator\("(\w+)"\)', text) == ["list_task_definitions"]


@pytest.mark.parametrize("role", ["deploy", "plan", "drift"])
def test_rights_exist_and_are_on_what_they_can_be_on(github: dict[str, Role], role: str) -> None:
    for statement in github[role].statements:
        for right in statement.actions:
            _is_right(right, statement.resources)
    for resource in {each for statement in github[role].statements for each in statement.resources} - {"*"}:
        assert any(
            can_be_of(resource, form)
            for statement in github[role].statements if resource in statement.resources
            for right in statement.actions
            for form in kinds(right) or []
        ), f"nothing is allowed on {resource}"  # fmt: skip


def _is_right(right: str, resources: Sequence[str]) -> None:
    forms = kinds(right)
    assert forms is not None, f"there is no right {right}"
    if resources == ["*"]:
        assert right in WITHOUT_RESOURCE | ON_ANYTHING.keys()
    else:
        assert any(can_be_of(resource, form) for resource in resources for form in forms), f"{right} is on nothing here"


def test_what_is_allowed_on_anything_has_no_narrower_form() -> None:
    assert [right for right in sorted(WITHOUT_RESOURCE) if kinds(right) != []] == []
    assert [right for right in ON_ANYTHING if not kinds(right)] == []


def test_the_reference_is_read() -> None:
    assert kinds("ecs:DeregisterTaskDefinition") == []
    assert kinds("ecs:Nothing") is None
    with pytest.raises(AssertionError, match="on nothing here"):
        _is_right("s3:GetObject", [f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/one"])
    with pytest.raises(AssertionError, match="on nothing here"):
        _is_right("ecs:DeregisterTaskDefinition", [f"{_ECS}:task-definition/one:*"])


# Who may take them


def _subjects(workflow: Any) -> dict[str, str]:
    """Role to the subject that a job shows which takes it."""
    found = {}
    for job in workflow["jobs"].values():
        for step in job.get("steps", []):
            if role := step.get("with", {}).get("role-to-assume"):
                environment = job.get("environment")
                # YAML 1.1 reads the key `on` as true.
                event = "pull_request" if "pull_request" in workflow[True] else "ref:refs/heads/main"
                found[re.sub(r".*vars\.(\w+)_ROLE_ARN.*", r"\1", role).lower()] = (
                    f"environment:{environment}" if environment else event
                )
    return found


def test_each_job_shows_what_its_role_trusts() -> None:
    shown: dict[str, str] = {}
    for file in sorted(WORKFLOWS.glob("*.yml")):
        shown |= _subjects(yaml.safe_load(file.read_text()))
    text = (ROOT / "deploy" / "terraform" / "modules" / "github_oidc" / "main.tf").read_text()
    trusted = dict(re.findall(r'^    (\w+) += "repo:\$\{var\.repository\}:(.+)"$', text, re.MULTILINE))
    assert {role: of.replace("${var.deploy_environment}", "production") for role, of in trusted.items()} == shown


def test_a_job_is_left_out_by_a_variable_that_is_known_before_it_starts() -> None:
    """Those of its environment are not."""
    for file in WORKFLOWS.glob("*.yml"):
        for name, job in yaml.safe_load(file.read_text())["jobs"].items():
            assert "vars." not in str(job.get("if", "")) or "environment" not in job, f"{file.name}: {name}"
