"""Production's whole life on the emulator: state and lock, made, unchanged, changed, destroyed. Mostly waiting.

What the provider waits for cannot be shortened: nearly three minutes for a database, one for a load balancer.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from deploy.policy.document import document
from deploy.policy.judge import judge
from deploy.policy.rules.changes import DATA
from tests.deploy.authorization import Role, roles
from tests.deploy.aws.calls import asked
from tests.deploy.aws.emulator import Emulator, emulator
from tests.deploy.aws.stack import VARIABLES, Stack, prepare
from tests.deploy.drift import changes_of
from tests.deploy.mutations import MUTATIONS, Copy
from tests.deploy.workflows import Checkout, steps_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

KNOWN_DRIFT = Path(__file__).parent / "aws" / "known_drift.json"
STATE_BUCKET = "voice-server-terraform-state-123456789012"
SECONDS = 900

# moto knows nothing of IAM Access Analyzer. Without protection, so that the end is seen too; the policy has to say so.
CYCLE = {**VARIABLES, "enable_access_analyzer": False, "deletion_protection": False}
BY_PROTECTION = {"load_balancer_is_protected", "database_is_protected", "bucket_is_protected"}


@pytest.fixture(scope="module")
def aws() -> Iterator[Emulator]:
    with emulator() as running:
        yield running


@pytest.fixture(scope="module")
def bootstrap(aws: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """The bucket of the states."""
    stack = prepare(tmp_path_factory.mktemp("bootstrap"), "bootstrap", aws, {})
    stack.terraform.init(stack.folder)
    stack.run("apply", "-no-color", "-auto-approve")
    return stack


@pytest.fixture(scope="module")
def production(aws: Emulator, bootstrap: Stack, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """Production, initialised as deploy/runbooks/first-deployment.md says, with its state in that bucket."""
    stack = prepare(tmp_path_factory.mktemp("production"), "environments/production", aws, CYCLE)
    stack = replace(stack, terraform=replace(stack.terraform, seconds=SECONDS))
    folder = stack.terraform.tree / stack.folder
    # What bootstrap says, and where the emulator is.
    endpoints = ", ".join(f'{service} = "{aws.url}"' for service in ("s3", "sts", "iam"))
    (folder / "backend.hcl").write_text(
        bootstrap.run("output", "-no-color", "-raw", "backend_hcl")
        + "use_path_style = true\nskip_credentials_validation = true\nskip_metadata_api_check = true\n"
        + f"skip_requesting_account_id = true\nendpoints = {{ {endpoints} }}\n"
    )
    stack.terraform.init(stack.folder, "-backend-config=backend.hcl")
    return stack


@pytest.fixture(scope="module")
def applied(production: Stack) -> Stack:
    """The same, made as it was planned."""
    production.run("plan", "-no-color", "-out=it.tfplan")
    said = production.run("apply", "-no-color", "it.tfplan")
    assert re.search(r"Apply complete! Resources: 2\d\d added, 0 changed, 0 destroyed", said), said[-500:]
    return production


@pytest.fixture(scope="module")
def state(applied: Stack) -> Any:
    return applied.state()


def _client(aws: Emulator, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=aws.url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def test_the_state_is_kept_encrypted_in_its_bucket(aws: Emulator, applied: Stack) -> None:
    kept = _client(aws, "s3").head_object(Bucket=STATE_BUCKET, Key="production/terraform.tfstate")

    assert kept["ServerSideEncryption"] == "aws:kms"
    assert kept["VersionId"] != "null"


def test_who_applies_at_the_same_time_is_refused(aws: Emulator, applied: Stack) -> None:
    """Terraform locks by an object that may not be there yet. Here is one of somebody else's."""
    s3, key = _client(aws, "s3"), "production/terraform.tfstate.tflock"
    lock = {"ID": "11111111-2222-3333-4444-555555555555", "Operation": "OperationTypeApply", "Who": "somebody@else"}
    s3.put_object(Bucket=STATE_BUCKET, Key=key, Body=json.dumps(lock).encode())

    refused = applied.ask("apply", "-no-color", "-auto-approve")

    assert refused.returncode == 1
    assert "Error acquiring the state lock" in refused.stdout
    assert "somebody@else" in refused.stdout
    s3.delete_object(Bucket=STATE_BUCKET, Key=key)


def test_no_secret_is_in_the_state(aws: Emulator, applied: Stack) -> None:
    """But for those of cache and CloudFront, which the provider takes in no other way."""
    kept = (
        _client(aws, "s3").get_object(Bucket=STATE_BUCKET, Key="production/terraform.tfstate")["Body"].read().decode()
    )
    secrets = _client(aws, "secretsmanager")

    def value(name: str) -> str:
        text: str = secrets.get_secret_value(SecretId=f"voice-server-production/{name}")["SecretString"]
        return text

    made_up = json.loads(value("app"))
    assert {name: len(text) for name, text in made_up.items()} == {
        "API_KEYS": 40,
        "METRICS_TOKEN": 40,
    }
    made_up["SECRET_KEY"] = value("secret-key-odd")
    assert len(made_up["SECRET_KEY"]) == 48
    assert [name for name, text in made_up.items() if text in kept] == []
    assert json.loads(value("providers")) == {"OPENAI_API_KEY": "", "ELEVENLABS_API_KEY": "", "SMTP_URL": ""}
    assert (len(value("cache")), len(value("cdn"))) == (64, 48)
    assert value("cache") in kept
    assert value("cdn") in kept


def test_what_was_made_keeps_to_the_policy(state: Any) -> None:
    """Everything is known now. What is said is what deletion_protection = false is for, wherever it matters."""
    found = judge(document(state))

    assert {finding.rule.name for finding in found} == BY_PROTECTION
    assert len(found) == 6


@pytest.fixture(scope="module")
def protected(state: Any) -> Any:
    """The same as if it had been made with protection."""
    copied = Copy(state)
    copied.put("aws_lb", enable_deletion_protection=True)
    copied.put("aws_db_instance", deletion_protection=True, skip_final_snapshot=False)
    for bucket in ("assets", "backups", "frontend", "logs"):
        copied.put("aws_s3_bucket", f"module.{bucket}.", force_destroy=False)
    assert judge(document(copied.document)) == []
    return copied.document


def test_every_rule_finds_in_a_state_what_breaks_it(protected: Any) -> None:
    for mutation in MUTATIONS:
        copied = Copy(protected)
        mutation.break_it(copied)
        assert {finding.rule.name for finding in judge(document(copied.document))} == {mutation.rule}, mutation.what


def test_a_second_plan_changes_nothing_but_what_the_emulator_forgets(applied: Stack) -> None:
    assert changes_of(applied.plan()) == json.loads(KNOWN_DRIFT.read_text())


# What GitHub's jobs see of it


@pytest.fixture
def checkout(applied: Stack, tmp_path: Path) -> Checkout:
    """As GitHub's runner has it, after this apply."""
    folder = applied.terraform.tree / applied.folder
    values = [f"{name} = {json.dumps(value)}" for name, value in applied.variables.items()]
    variables = {
        "TERRAFORM_OUTPUTS": applied.run("output", "-no-color", "-json"),
        "BACKEND_HCL": (folder / "backend.hcl").read_text(),
        "TFVARS": "\n".join(values),
    }
    return Checkout(tmp_path / "checkout", applied, variables)


@pytest.fixture
def github(state: Any) -> dict[str, Role]:
    return roles(document(state))


# Read by nobody here: the emulator's credentials are a user's, and everybody may know who they are.
WITHOUT_RIGHT = {"iam:GetUser", "sts:GetCallerIdentity"}
# Asked by the state's backend, whose calls are not logged, or by AWS' own services.
NOT_LOGGED = {"kms:Decrypt", "s3:GetObject"}
# What is there with other variables only, or not at all on the emulator.
NOT_THERE = {
    "access-analyzer:GetAnalyzer", "config:DescribeConfigurationRecorderStatus",
    "config:DescribeConfigurationRecorders", "config:DescribeDeliveryChannels", "ec2:DescribeManagedPrefixLists",
    "ec2:DescribeNetworkInterfaces", "ec2:GetManagedPrefixListEntries", "logs:DescribeResourcePolicies",
    "rds:DescribeDBInstanceAutomatedBackups", "route53:GetDNSSEC", "route53:GetQueryLoggingConfig",
    "route53:ListHostedZones",
}  # fmt: skip


def test_the_job_drift_finds_nothing_and_asks_for_nothing_but_its_rights(
    checkout: Checkout, github: dict[str, Role]
) -> None:
    said = checkout.run(steps_of("drift", "drift")[-1])

    assert (said.returncode, checkout.summary) == (0, ""), said.stdout[-3000:]
    done = asked(checkout.log) - WITHOUT_RIGHT
    assert sorted(done - github["drift"].actions) == []
    assert sorted(github["drift"].actions - done - NOT_LOGGED - NOT_THERE) == []
    assert sorted((NOT_LOGGED | NOT_THERE) & done) == []
    # Of those that the state has anyway, and of no other.
    assert set(re.findall(r"SecretId\W+[\w:-]+:secret:([\w/-]+)-\w{6}\W+VersionId", checkout.log.read_text())) == {
        "voice-server-production/cache", "voice-server-production/cdn",
    }  # fmt: skip


def test_the_job_drift_tells_what_somebody_changed(aws: Emulator, checkout: Checkout) -> None:
    logs, group = _client(aws, "logs"), {"logGroupName": "/voice-server-production/voice"}
    kept = logs.describe_log_groups(logGroupNamePrefix=group["logGroupName"])["logGroups"][0]["retentionInDays"]
    logs.put_retention_policy(**group, retentionInDays=1)

    said = checkout.run(steps_of("drift", "drift")[-1])

    logs.put_retention_policy(**group, retentionInDays=kept)
    assert said.returncode == 2, said.stdout[-3000:]
    changed = 'update module.stack.module.application.aws_cloudwatch_log_group.service["voice"]'
    assert checkout.summary == f"Production differs from Terraform:\n- {changed}\n"


def test_the_job_plan_asks_for_nothing_but_its_rights(checkout: Checkout, github: dict[str, Role]) -> None:
    said = checkout.run(steps_of("plan", "plan")[0])

    assert said.returncode == 0, said.stdout[-3000:]
    done = asked(checkout.log) - WITHOUT_RIGHT
    assert sorted(done - github["plan"].actions) == []


@pytest.fixture(scope="module")
def changed(applied: Stack) -> tuple[Stack, Any, str]:
    """A new image, three ways out instead of one, more tasks: the stack, the plan, and what Terraform said to it."""
    services = {
        "voice": {"roles": ["voice"], "cpu": 512, "memory": 1024, "min": 3, "max": 12},
        "api": {"roles": ["api", "auth", "users", "analytics"], "cpu": 256, "memory": 512, "min": 2, "max": 5},
    }
    stack = applied.with_changed(image_digest="sha256:" + 64 * "b", nat_gateway_count=3, services=services)
    plan = stack.plan()
    return stack, plan, stack.run("apply", "-no-color", "it.tfplan")


def test_a_change_leaves_the_data_alone(changed: tuple[Stack, Any, str]) -> None:
    _, plan, _ = changed
    kinds = {each["address"]: each["type"] for each in plan["resource_changes"]}
    touched = changes_of(plan)

    assert [address for address in touched if kinds[address] in DATA and address not in _known_drift()] == []
    assert "data_outlives_a_plan" not in {finding.rule.name for finding in judge(document(plan))}


def test_a_change_does_what_was_asked_for(aws: Emulator, changed: tuple[Stack, Any, str]) -> None:
    ecs = _client(aws, "ecs")
    cluster = "voice-server-production"
    (voice,) = ecs.describe_services(cluster=cluster, services=["voice"])["services"]
    task = ecs.describe_task_definition(taskDefinition=voice["taskDefinition"])["taskDefinition"]
    targets = _client(aws, "application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")
    gateways = _client(aws, "ec2").describe_nat_gateways()["NatGateways"]

    assert task["containerDefinitions"][0]["image"].endswith("@sha256:" + 64 * "b")
    assert {each["ResourceId"]: (each["MinCapacity"], each["MaxCapacity"]) for each in targets["ScalableTargets"]} == {
        f"service/{cluster}/voice": (3, 12),
        f"service/{cluster}/api": (2, 5),
    }
    assert len([each for each in gateways if each["State"] == "available"]) == 3


def test_back_to_one_way_out(changed: tuple[Stack, Any, str]) -> None:
    stack, _, _ = changed
    fewer = stack.with_changed(nat_gateway_count=1)

    plan = fewer.plan()
    fewer.run("apply", "-no-color", "it.tfplan")

    deleted = {address.rpartition("module.vpc.")[2] for address, what in changes_of(plan).items() if what == ["delete"]}
    assert deleted >= {f"aws_{kind}[{number}]" for kind in ("eip.nat", "nat_gateway.main") for number in (1, 2)}
    assert {finding.rule.name for finding in judge(document(plan))} == BY_PROTECTION


def test_the_end_leaves_nothing(aws: Emulator, changed: tuple[Stack, Any, str]) -> None:
    stack, _, _ = changed
    said = stack.with_changed(nat_gateway_count=1).run("destroy", "-no-color", "-auto-approve")

    assert re.search(r"Destroy complete! Resources: 2\d\d destroyed", said), said[-500:]
    assert "values" not in stack.state()
    buckets = {bucket["Name"] for bucket in _client(aws, "s3").list_buckets()["Buckets"]}
    assert buckets == {STATE_BUCKET}
    assert _client(aws, "rds").describe_db_instances()["DBInstances"] == []


def _known_drift() -> dict[str, list[str]]:
    known: dict[str, list[str]] = json.loads(KNOWN_DRIFT.read_text())
    return known
