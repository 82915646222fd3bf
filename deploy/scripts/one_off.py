"""A task that runs once and ends: its exit code, and what it wrote last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from deploy.scripts.clock import Clock, poll
from deploy.scripts.environment import Environment
from deploy.scripts.failures import Failed

LOOK_SECONDS = 5.0
LOG_LINES = 20


@dataclass(frozen=True)
class Ended:
    """A task that is over."""

    exit_code: int | None
    """None: its container never ran."""
    reason: str
    log: tuple[str, ...]
    """Its last lines."""


class OneOff:
    """Runs the task definition of the migration, or a service's with another command."""

    def __init__(self, ecs: Any, logs: Any, environment: Environment, container: str = "migrate") -> None:
        """`ecs`, `logs`: clients of boto3. `container`: `migrate`, or the service."""
        self._ecs = ecs
        self._logs = logs
        self._environment = environment
        self._container = container

    def run(
        self,
        revision: str,
        clock: Clock,
        *,
        seconds: float,
        variables: Mapping[str, str] | None = None,
        command: Sequence[str] = (),
    ) -> Ended:
        """Run it to its end, with its own command if there is no other. Raises Failed if it cannot start, or takes
        longer."""
        task = self._start(revision, variables or {}, command)

        def ended() -> Mapping[str, Any] | None:
            answer = self._ecs.describe_tasks(cluster=self._environment.cluster, tasks=[task])
            found: Mapping[str, Any] | None = next(iter(answer["tasks"]), None)
            return found if found is not None and found["lastStatus"] in ("STOPPED", "DELETED") else None

        stopped = poll(ended, clock, every=LOOK_SECONDS, seconds=seconds)
        if stopped is None:
            raise Failed(f"The task {task} still runs after {seconds:g} seconds. Look at its log; it was not stopped.")
        container = stopped["containers"][0]
        reason = " ".join(filter(None, (stopped.get("stoppedReason"), container.get("reason"))))
        return Ended(container.get("exitCode"), reason, self._log(task.rpartition("/")[2]))

    def _start(self, revision: str, variables: Mapping[str, str], command: Sequence[str]) -> str:
        override: dict[str, Any] = {}
        if variables:
            override["environment"] = [{"name": name, "value": variables[name]} for name in variables]
        if command:
            override["command"] = list(command)
        network = {
            "subnets": list(self._environment.subnets),
            "securityGroups": list(self._environment.security_groups),
            "assignPublicIp": "DISABLED",
        }
        answer = self._ecs.run_task(
            cluster=self._environment.cluster,
            taskDefinition=revision,
            launchType="FARGATE",
            count=1,
            networkConfiguration={"awsvpcConfiguration": network},
            overrides={"containerOverrides": [{"name": self._container, **override}]} if override else {},
        )
        if not answer["tasks"]:
            reason = ", ".join(str(failure.get("reason")) for failure in answer["failures"])
            raise Failed(f"ECS starts no task of {revision}: {reason}. Check capacity and network.")
        return str(answer["tasks"][0]["taskArn"])

    def _log(self, task: str) -> tuple[str, ...]:
        """Empty: it wrote nothing."""
        group, stream = self._environment.log_groups[self._container], f"{self._container}/{self._container}/{task}"
        try:
            answer = self._logs.get_log_events(logGroupName=group, logStreamName=stream, limit=LOG_LINES)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            return ()
        return tuple(event["message"] for event in answer["events"])
