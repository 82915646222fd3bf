"""Tasks and services."""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from deploy.policy.document import UNKNOWN, Document, Resource
from deploy.policy.rule import Rules

RULES = Rules()

_STOP_SECONDS: Final = range(30, 121)
_SECRET_NAME: Final = re.compile(r"PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|PRIVATE|(?:^|_)(?:API_?)?KEYS?$")
_PASSWORD_IN_URL: Final = re.compile(r"://[^/@\s:]*:[^/@\s]+@")
_RANDOM_LOOKING: Final = re.compile(r"[A-Za-z0-9+/_=-]{20,}")
_BITS_OF_RANDOM: Final = 3.8


@RULES.rule
def image_is_one_image(document: Document) -> Iterator[Resource]:
    """A task names its image by a digest or a tag, and never by latest."""
    for task, container in _containers(document):
        _, _, name = container["image"].rpartition("/")
        if ":" not in name or name.endswith(":latest"):
            yield task


@RULES.rule
def secrets_are_no_plain_environment(document: Document) -> Iterator[Resource]:
    """What is secret comes from Secrets Manager: no plain variable is named or looks like a secret."""
    for task, container in _containers(document):
        if any(_is_secret(each["name"], each.get("value", "")) for each in container.get("environment", [])):
            yield task


@RULES.rule
def tasks_are_not_root(document: Document) -> Iterator[Resource]:
    """Containers run as a user without rights, by number, and without more capabilities."""
    for task, container in _containers(document):
        user = str(container.get("user", "")).partition(":")[0]
        added = container.get("linuxParameters", {}).get("capabilities", {}).get("add", [])
        if not user.isdigit() or int(user) == 0 or container.get("privileged") or added:
            yield task


@RULES.rule
def tasks_cannot_change_themselves(document: Document) -> Iterator[Resource]:
    """The container's root file system is read-only."""
    yield from (task for task, each in _containers(document) if each.get("readonlyRootFilesystem") is not True)


@RULES.rule
def tasks_get_time_to_drain(document: Document) -> Iterator[Resource]:
    """Between SIGTERM and SIGKILL there are 30 to 120 seconds, the most that Fargate gives."""
    yield from (task for task, each in _containers(document) if each.get("stopTimeout") not in _STOP_SECONDS)


@RULES.rule
def tasks_have_networks_of_their_own(document: Document) -> Iterator[Resource]:
    """Each task has its own network interface, which security groups hold for."""
    yield from (each for each in document.of_type("aws_ecs_task_definition") if each["network_mode"] != "awsvpc")


@RULES.rule
def services_have_no_public_address(document: Document) -> Iterator[Resource]:
    """Tasks are reached through the load balancer only."""
    for service in document.of_type("aws_ecs_service"):
        if (service.block("network_configuration") or {}).get("assign_public_ip") is not False:
            yield service


@RULES.rule
def failed_deployments_are_taken_back(document: Document) -> Iterator[Resource]:
    """A deployment that fails, or that alarms ring for, goes back to the version before."""
    for service in document.of_type("aws_ecs_service"):
        for block in ("deployment_circuit_breaker", "alarms"):
            watch = service.block(block) or {}
            if watch.get("enable") is not True or watch.get("rollback") is not True:
                yield service


@RULES.rule
def deployments_keep_all_tasks(document: Document) -> Iterator[Resource]:
    """No deployment runs fewer tasks than there should be."""
    for service in document.of_type("aws_ecs_service"):
        if service["deployment_minimum_healthy_percent"] not in (100, UNKNOWN):
            yield service


@RULES.rule
def zones_are_not_rebalanced(document: Document) -> Iterator[Resource]:
    """Nothing stops a task that somebody talks to, only to spread tasks more evenly."""
    for service in document.of_type("aws_ecs_service"):
        if service["availability_zone_rebalancing"] != "DISABLED":
            yield service


@RULES.rule
def nobody_enters_a_task(document: Document) -> Iterator[Resource]:
    """There is no shell into running tasks: people talk there."""
    yield from (each for each in document.of_type("aws_ecs_service") if each["enable_execute_command"] is True)


def _containers(document: Document) -> Iterator[tuple[Resource, Mapping[str, Any]]]:
    for task in document.of_type("aws_ecs_task_definition"):
        definitions = task["container_definitions"]
        if isinstance(definitions, str):
            yield from ((task, container) for container in json.loads(definitions))


def _is_secret(name: str, value: str) -> bool:
    return (
        _SECRET_NAME.search(name.upper()) is not None
        or _PASSWORD_IN_URL.search(value) is not None
        or any(_bits(part) > _BITS_OF_RANDOM and _is_mixed(part) for part in _RANDOM_LOOKING.findall(value))
    )


def _bits(text: str) -> float:
    """Entropy of a character of this text, in bits."""
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())


def _is_mixed(text: str) -> bool:
    """Whether letters and digits change places as in no word."""
    return len(re.findall(r"[0-9](?=[A-Za-z])|[A-Za-z](?=[0-9])|[a-z](?=[A-Z])", text)) > len(text) / 5
