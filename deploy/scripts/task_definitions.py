"""Revisions of task definitions: what a service runs, kept by ECS under a number that never changes its meaning."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from deploy.scripts.failures import Failed, Wrong

_CONTENT = (
    "family", "taskRoleArn", "executionRoleArn", "networkMode", "containerDefinitions", "volumes",
    "placementConstraints", "requiresCompatibilities", "cpu", "memory", "pidMode", "ipcMode", "proxyConfiguration",
    "runtimePlatform", "ephemeralStorage", "enableFaultInjection",
)  # fmt: skip
"""What is registered; the rest of a description ECS adds itself."""


def short(arn: str) -> str:
    """`FAMILY:NUMBER`, as people write it."""
    return arn.rpartition("/")[2]


def number(arn: str) -> int:
    """Of the revision."""
    return int(arn.rpartition(":")[2])


class TaskDefinitions:
    """Those of one account and region."""

    def __init__(self, ecs: Any, repository_url: str) -> None:
        """`ecs`: a client of boto3. `repository_url`: where the application's images are."""
        self._ecs = ecs
        self._repository = repository_url

    def image(self, revision: str) -> str:
        """The application's image in a revision."""
        return str(min(self._images(self._described(revision)["taskDefinition"])))

    def variable(self, revision: str, name: str) -> str:
        """A plain variable of the first container."""
        container = self._described(revision)["taskDefinition"]["containerDefinitions"][0]
        return str(next(one["value"] for one in container["environment"] if one["name"] == name))

    def newest(self, family: str) -> str:
        """ARN of the newest active revision. Raises Wrong."""
        try:
            return str(self._described(family)["taskDefinition"]["taskDefinitionArn"])
        except ClientError as error:
            raise Wrong(f"There is no task definition {family}. Apply Terraform with an image first.") from error

    def with_image(self, revision: str, image: str) -> str:
        """ARN of a revision that differs from this one in its image alone; registered only if it is not there yet."""
        found = self._described(revision)
        wanted = self._content(found["taskDefinition"])
        ours = self._images(wanted)
        for container in wanted["containerDefinitions"]:
            if container["image"] in ours:
                container["image"] = image
        newest = self._described(wanted["family"])["taskDefinition"]
        if self._content(newest) == wanted:
            return str(newest["taskDefinitionArn"])
        # With the same tags: what Terraform compares is to differ in nothing but the image.
        tags = {"tags": found["tags"]} if found.get("tags") else {}
        answer = self._ecs.register_task_definition(**wanted, **tags)
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def before(self, revision: str) -> str:
        """ARN of the active revision before this one. Raises Wrong."""
        family = short(revision).partition(":")[0]
        pages = self._ecs.get_paginator("list_task_definitions").paginate(familyPrefix=family, status="ACTIVE")
        arns: list[str] = [arn for page in pages for arn in page["taskDefinitionArns"]]
        # The prefix also finds families whose names begin alike.
        older = [arn for arn in arns if short(arn).partition(":")[0] == family and number(arn) < number(revision)]
        if not older:
            raise Wrong(f"There is no active revision before {short(revision)}. Deploy an image by its digest instead.")
        return str(max(older, key=number))

    def resolved(self, name: str) -> str:
        """ARN of `FAMILY:NUMBER`. Raises Wrong."""
        try:
            definition = self._described(name)["taskDefinition"]
        except ClientError as error:
            raise Wrong(f"There is no revision {name}. List them: aws ecs list-task-definitions.") from error
        if definition.get("status") != "ACTIVE":
            raise Wrong(f"{name} was deregistered: nothing new can run it. Deploy its image by the digest instead.")
        return str(definition["taskDefinitionArn"])

    def withdraw(self, revision: str) -> bool:
        """Deregister it, so that the newest is what runs. False: the role may not."""
        try:
            self._ecs.deregister_task_definition(taskDefinition=revision)
        except ClientError as error:
            if error.response["Error"]["Code"] != "AccessDeniedException":
                raise
            return False
        return True

    def _described(self, name: str) -> Any:
        return self._ecs.describe_task_definition(taskDefinition=name, include=["TAGS"])

    def _content(self, definition: Mapping[str, Any]) -> dict[str, Any]:
        content = {key: definition[key] for key in _CONTENT if definition.get(key) not in (None, [], "")}
        content["containerDefinitions"] = [dict(container) for container in content["containerDefinitions"]]
        return content

    def _images(self, definition: Mapping[str, Any]) -> set[str]:
        images = {container["image"] for container in definition["containerDefinitions"]}
        ours = {image for image in images if image.startswith((f"{self._repository}@", f"{self._repository}:"))}
        if not ours:
            raise Failed(f"{definition['family']} has no image of {self._repository}. Apply Terraform with one first.")
        return ours
