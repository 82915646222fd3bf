"""An account to deploy into: an emulator of AWS in this process, and what Terraform would have made there.

The emulator keeps what it is told and starts nothing. What ECS would do with that, `Fargate` here adds to its answers.
"""

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import boto3
import pytest

from deploy.scripts.command import Context, Open
from deploy.scripts.environment import Environment
from tests.acceptance.command import Command, address_of

NAME = "voice-server-production"
REGION = "us-east-1"


@pytest.fixture(scope="session")
def _emulator() -> Iterator[str]:
    # Imported here, because this takes longer than the other tests of a run that needs none of it.
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(_emulator: str, monkeypatch: pytest.MonkeyPatch) -> boto3.Session:
    """A session in an empty account."""
    for name, value in {
        "AWS_ENDPOINT_URL": _emulator,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "MOTO_ECS_SERVICE_RUNNING": "2",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_CA_BUNDLE", "AWS_SESSION_TOKEN", "TERRAFORM_OUTPUTS"):
        monkeypatch.delenv(name, raising=False)
    with urlopen(Request(f"{_emulator}/moto-api/reset", method="POST"), timeout=30):
        pass
    return boto3.Session(region_name=REGION)


@dataclass
class Time:
    """Passes only where somebody waits."""

    now: float = 0.0
    waits: list[float] = field(default_factory=list)

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


class Fargate:
    """What starts the tasks that the emulator only writes down."""

    def __init__(self, session: boto3.Session) -> None:
        self.session = boto3.Session(region_name=REGION)
        """Sees the emulator as it is."""
        self.unhealthy: dict[str, str] = {}
        """Image whose tasks fail, to what ECS says of that."""
        self.stuck: set[str] = set()
        """Images whose tasks do not become healthy, and do not fail either."""
        self.talkative = 0
        """Old tasks that somebody talks to."""
        self.migration_exit_code: int | None = 0
        self.migration_says: list[str] = ["0001_people.sql", "done"]
        self.migrated: list[dict[str, Any]] = []
        """Requests to run the migration, or another command."""
        self._good: dict[str, str] = {}
        self._looks: dict[str, int] = {}
        session.events.register("after-call.ecs.DescribeServices", self._deployments)
        session.events.register("provide-client-params.ecs.RunTask", self._note)
        session.events.register("after-call.ecs.RunTask", self._log)
        session.events.register("after-call.ecs.DescribeTasks", self._exit)

    def image(self, revision: str) -> str:
        """Digest of the image of a revision."""
        found = self.session.client("ecs").describe_task_definition(taskDefinition=revision)["taskDefinition"]
        return str(found["containerDefinitions"][0]["image"]).rpartition("@")[2]

    def _deployments(self, parsed: dict[str, Any], **_rest: Any) -> None:
        for service in parsed["services"]:
            name, revision = service["serviceName"], service["taskDefinition"]
            image = self.image(revision)
            self._looks[revision] = self._looks.get(revision, 0) + 1
            if image in self.stuck or (self._looks[revision] == 1 and name in self._good):
                service["deployments"] = [_deployment("PRIMARY", revision, "IN_PROGRESS", running=0)]
            elif image in self.unhealthy:
                good = self._good[name]
                ecs = self.session.client("ecs")
                ecs.update_service(cluster=NAME, service=name, taskDefinition=good)
                service["taskDefinition"] = good
                reason = "ECS deployment circuit breaker: tasks failed to start."
                service["deployments"] = [
                    _deployment("PRIMARY", good, "IN_PROGRESS"),
                    _deployment("ACTIVE", revision, "FAILED", reason, running=0),
                ]
                service["events"] = [{"id": "1", "message": self.unhealthy[image]}]
            elif self.talkative and self._good.get(name, revision) != revision:
                old = _deployment("ACTIVE", self._good[name], "COMPLETED", running=self.talkative)
                service["deployments"] = [_deployment("PRIMARY", revision, "IN_PROGRESS"), old]
            else:
                self._good[name] = revision
                service["deployments"] = [_deployment("PRIMARY", revision, "COMPLETED")]

    def _note(self, params: dict[str, Any], **_rest: Any) -> None:
        self.migrated.append(params)

    def _log(self, parsed: dict[str, Any], **_rest: Any) -> None:
        task = parsed["tasks"][0]["taskArn"].rpartition("/")[2]
        overridden = self.migrated[-1].get("overrides", {}).get("containerOverrides", [])
        container = overridden[0]["name"] if overridden else "migrate"
        logs, group, stream = self.session.client("logs"), f"/{NAME}/{container}", f"{container}/{container}/{task}"
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line} for line in self.migration_says]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)

    def _exit(self, parsed: dict[str, Any], **_rest: Any) -> None:
        for task in parsed["tasks"]:
            container = task["containers"][0]
            container.pop("exitCode", None)
            if task["lastStatus"] == "STOPPED" and self.migration_exit_code is not None:
                container["exitCode"] = self.migration_exit_code


def _deployment(status: str, revision: str, state: str, reason: str = "", running: int = 2) -> dict[str, Any]:
    return {
        "id": revision, "status": status, "taskDefinition": revision,
        "rolloutState": state, "rolloutStateReason": reason,
        "desiredCount": 2, "runningCount": running, "pendingCount": 0, "failedTasks": 0,
    }  # fmt: skip


@dataclass
class Account:
    """Production, as Terraform leaves it."""

    session: boto3.Session
    fargate: Fargate
    clock: Time
    outputs: Path
    images: list[str]
    """Digests: of what runs, and of what may be deployed."""
    said: list[str] = field(default_factory=list)

    @property
    def opened(self) -> Open:
        """For a command."""

        def opened(environment: Environment) -> Context:
            return Context(environment, self.session, self.clock, self.said.append)

        return opened

    @property
    def arguments(self) -> list[str]:
        """That every command takes."""
        return ["--environment", "production", "--outputs", str(self.outputs)]

    def running(self) -> dict[str, str]:
        """Service to the digest that it is to run."""
        found = self.fargate.session.client("ecs").describe_services(cluster=NAME, services=["api", "voice"])
        return {one["serviceName"]: self.fargate.image(one["taskDefinition"]) for one in found["services"]}

    def revisions(self, family: str) -> list[str]:
        """`FAMILY:NUMBER` of those that are active."""
        ecs = self.fargate.session.client("ecs")
        arns = ecs.list_task_definitions(familyPrefix=f"{NAME}-{family}", status="ACTIVE")["taskDefinitionArns"]
        return [arn.rpartition("/")[2] for arn in arns]

    def talk_to(self, url: str) -> None:
        """The server is reached there."""
        values = json.loads(self.outputs.read_text())
        values["addresses"]["value"] |= {"api": url.rstrip("/"), "dashboard": url.rstrip("/")}
        self.outputs.write_text(json.dumps(values))


@pytest.fixture
def account(aws: boto3.Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    """Two services that run an image, and another image."""
    monkeypatch.delenv("VOICE_SERVER_API_KEY", raising=False)
    url, images = _images(aws)
    ec2, ecs = aws.client("ec2"), aws.client("ecs")
    subnets = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]][:2]
    groups = [one["GroupId"] for one in ec2.describe_security_groups()["SecurityGroups"]][:1]
    for group in ("api", "migrate", "voice"):
        aws.client("logs").create_log_group(logGroupName=f"/{NAME}/{group}")
    ecs.create_cluster(clusterName=NAME)
    for family in ("api", "voice", "migrate"):
        ecs.register_task_definition(**_task_definition(family, f"{url}@{images[0]}"))
    for service in ("api", "voice"):
        network = {"awsvpcConfiguration": {"subnets": subnets, "securityGroups": groups}}
        ecs.create_service(
            cluster=NAME, serviceName=service, taskDefinition=f"{NAME}-{service}", desiredCount=2,
            launchType="FARGATE", networkConfiguration=network,
        )  # fmt: skip
    values = {
        "name": NAME, "region": REGION, "cluster_name": NAME, "service_names": ["api", "voice"],
        "task_families": {name: f"{NAME}-{name}" for name in ("api", "migrate", "voice")},
        "log_group_names": {name: f"/{NAME}/{name}" for name in ("api", "migrate", "voice")},
        "migrate_network": {"subnets": subnets, "security_groups": groups},
        "repository_url": url, "database_identifier": NAME,
        "addresses": {"api": "http://127.0.0.1:9", "dashboard": "http://127.0.0.1:9"},
    }  # fmt: skip
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps({name: {"value": value, "sensitive": False} for name, value in values.items()}))
    return Account(aws, Fargate(aws), Time(), outputs, images)


def _images(aws: boto3.Session) -> tuple[str, list[str]]:
    ecr = aws.client("ecr")
    url = ecr.create_repository(repositoryName=NAME)["repository"]["repositoryUri"]
    kind = "application/vnd.oci.image.manifest.v1+json"
    digests = []
    for tag in ("one", "two", "three"):
        manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, "config": {"digest": tag}, "layers": []})
        # Told, because the emulator takes every image for the same.
        digest = f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}"
        ecr.put_image(
            repositoryName=NAME, imageManifest=manifest, imageManifestMediaType=kind, imageTag=tag, imageDigest=digest
        )
        digests.append(digest)
    return url, digests


def _task_definition(family: str, image: str) -> dict[str, Any]:
    url = "postgresql://database.internal:5432/voice?sslmode=verify-full"
    container = {
        "name": family, "image": image, "essential": True, "user": "10001", "readonlyRootFilesystem": True,
        "stopTimeout": 120, "memory": 512, "cpu": 256, "environment": [{"name": "DATABASE_URL", "value": url}],
        "secrets": [{"name": "SECRET_KEY", "valueFrom": "arn:aws:secretsmanager:us-east-1:123456789012:secret:app"}],
    }  # fmt: skip
    return {
        "family": f"{NAME}-{family}", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
        "cpu": "256", "memory": "512", "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
        "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        "volumes": [{"name": "data"}], "containerDefinitions": [container],
        "tags": [{"key": "Environment", "value": "production"}],
    }  # fmt: skip


@pytest.fixture(scope="session")
def voice_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The real server, in a process of its own, with its embedded providers."""
    command = Command(tmp_path_factory.mktemp("voice-server"))
    address, _ = address_of(command.start("serve", PORT="0", LOG_LEVEL="error"))
    yield address
    command.stop_all()
