"""Services of an ECS cluster, and what becomes of a deployment of theirs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from deploy.scripts.clock import Clock, poll
from deploy.scripts.failures import Failed, Wrong
from deploy.scripts.task_definitions import short

_AT_ONCE = 10
"""Services in one request."""
_EVENTS = 3
LOOK_SECONDS = 10.0


@dataclass(frozen=True)
class Verdict:
    """Of ECS, its circuit breaker and its alarms, on a deployment."""

    state: Literal["under way", "steady", "failed"]
    reason: str = ""


def verdict(service: Mapping[str, Any], revision: str) -> Verdict:
    """What a description of a service says of its deployment of a revision."""
    deployments = service["deployments"]
    primary = next((one for one in deployments if one["status"] == "PRIMARY"), None)
    if primary is None:
        return Verdict("under way")
    if primary["taskDefinition"] != revision:
        # ECS takes a deployment back by making another one of the revision before the primary.
        own = next((one for one in deployments if one["taskDefinition"] == revision), primary)
        return Verdict("failed", _reason(service, own))
    if primary.get("rolloutState") == "FAILED":
        return Verdict("failed", _reason(service, primary))
    if primary.get("rolloutState") == "COMPLETED" and primary["runningCount"] >= primary["desiredCount"]:
        return Verdict("steady")
    return Verdict("under way")


def _reason(service: Mapping[str, Any], deployment: Mapping[str, Any]) -> str:
    told = [deployment.get("rolloutStateReason", "")]
    told += [event["message"] for event in service.get("events", [])[:_EVENTS]]
    return " ".join(part for part in told if part) or "ECS says no reason"


class Cluster:
    """The services that run the application."""

    def __init__(self, ecs: Any, name: str, services: Sequence[str]) -> None:
        """`ecs`: a client of boto3."""
        self._ecs = ecs
        self.name = name
        self.services = services

    def running(self) -> dict[str, str]:
        """Service to the ARN of the revision that it is to run. Raises Wrong."""
        if not self.services:
            raise Wrong("Terraform has made no services yet. Set deploy_services = true and apply.")
        return {service["serviceName"]: service["taskDefinition"] for service in self._described()}

    def require_rest(self, wanted: Mapping[str, str]) -> None:
        """Raises Wrong while another deployment than one of `wanted` is under way."""
        for service in self._described():
            name, revision = service["serviceName"], service["taskDefinition"]
            if verdict(service, revision).state == "under way" and wanted.get(name) != revision:
                raise Wrong(f"A deployment of {short(revision)} to {name} is under way. Wait until it has ended.")

    def update(self, revisions: Mapping[str, str]) -> None:
        """Have each service run its revision; where it does already, nothing happens."""
        running = self.running()
        for name, revision in revisions.items():
            if running[name] != revision:
                self._ecs.update_service(cluster=self.name, service=name, taskDefinition=revision)

    def wait(self, revisions: Mapping[str, str], clock: Clock, *, seconds: float) -> Verdict:
        """Until all are steady, one has failed, or so long. Steady is also who only waits for tasks of the old
        revision: somebody still talks to them, and ECS stops them when their protection ends."""

        def look() -> Verdict | None:
            verdicts = {service["serviceName"]: self._verdict(service, revisions) for service in self._described()}
            for name, found in verdicts.items():
                if found.state == "failed":
                    return Verdict("failed", f"{name}: {found.reason}")
            return Verdict("steady") if all(found.state == "steady" for found in verdicts.values()) else None

        found = poll(look, clock, every=LOOK_SECONDS, seconds=seconds)
        return found or self._late(revisions, seconds)

    def _late(self, revisions: Mapping[str, str], seconds: float) -> Verdict:
        waiting = []
        for service in self._described():
            primary = next(one for one in service["deployments"] if one["status"] == "PRIMARY")
            if primary["runningCount"] < primary["desiredCount"] or self._verdict(service, revisions).state == "failed":
                counts = f"{primary['runningCount']} of {primary['desiredCount']} tasks run"
                return Verdict("failed", f"{service['serviceName']}: {counts} after {seconds:g} seconds.")
            if others := sum(one["runningCount"] for one in service["deployments"] if one is not primary):
                waiting.append(f"{service['serviceName']} still has {others} old tasks that somebody talks to")
        return Verdict("steady", "; ".join(waiting))

    def _verdict(self, service: Mapping[str, Any], revisions: Mapping[str, str]) -> Verdict:
        return verdict(service, revisions[service["serviceName"]])

    def _described(self) -> Iterator[Mapping[str, Any]]:
        for start in range(0, len(self.services), _AT_ONCE):
            names = list(self.services[start : start + _AT_ONCE])
            answer = self._ecs.describe_services(cluster=self.name, services=names)
            if answer["failures"]:
                lost = ", ".join(f"{one.get('arn')} ({one.get('reason')})" for one in answer["failures"])
                raise Failed(f"ECS does not know {lost}. Give the outputs of the Terraform that is applied.")
            yield from answer["services"]
