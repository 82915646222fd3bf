"""What IAM would say: what is asked of AWS, held against the policy of who asks."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any

from deploy.policy.document import Document
from deploy.policy.statements import Statement, statements

ACCOUNT = "123456789012"
REGION = "us-east-1"

# Operations of AWS' interfaces whose right has another name.
_OTHER_NAMES = {
    "budgets:DescribeBudget": "budgets:ViewBudget",
    "budgets:DescribeNotificationsForBudget": "budgets:ViewBudget",
    "budgets:DescribeSubscribersForNotification": "budgets:ViewBudget",
    "s3:GetBucketAccelerateConfiguration": "s3:GetAccelerateConfiguration",
    "s3:GetBucketCors": "s3:GetBucketCORS",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:GetBucketReplication": "s3:GetReplicationConfiguration",
    "s3:GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectsV2": "s3:ListBucket",
}
_OTHER_PREFIXES = {"elbv2": "elasticloadbalancing"}


def action(service: str, operation: str) -> str:
    """The right to an operation; `service` as botocore calls it."""
    plain = f"{_OTHER_PREFIXES.get(service, service)}:{operation}"
    return _OTHER_NAMES.get(plain, plain)


@dataclass(frozen=True)
class Request:
    """One that IAM decides on."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Role:
    """A role, by the statements of its policies."""

    statements: Sequence[Statement]

    def allows(self, request: Request) -> bool:
        """Whether a statement allows it, and none denies it."""
        fitting = [each for each in self.statements if _fits(each, request)]
        return bool(fitting) and all(each.allows for each in fitting)

    @property
    def actions(self) -> set[str]:
        """All that it may do to anything."""
        return {each for statement in self.statements for each in statement.actions}

    def without(self, taken: str) -> "Role":
        """The same, without a right."""
        return Role([replace(each, actions=[one for one in each.actions if one != taken]) for each in self.statements])


def roles(found: Document) -> dict[str, Role]:
    """Name of a policy of the module github_oidc to the role that has it."""
    policies = [each for each in found.of_type("aws_iam_role_policy") if each["name"] in ("deploy", "plan", "drift")]
    return {each["name"]: Role(list(statements(each, "policy"))) for each in policies}


def _fits(statement: Statement, request: Request) -> bool:
    return (
        any(fnmatchcase(request.action, pattern) for pattern in statement.actions)
        and any(fnmatchcase(request.resource, pattern) for pattern in statement.resources)
        and all(_holds(*condition, request) for condition in statement.conditions)
    )


def _holds(operator: str, key: str, values: Sequence[str], request: Request) -> bool:
    assert operator in ("StringEquals", "ArnEquals"), f"say what {operator} means"
    context = {name.lower(): value for name, value in request.context.items()}
    return context.get(key) in values


# What scripts ask


def requests(service: str, operation: str, params: Mapping[str, Any]) -> list[Request]:
    """What IAM is asked when a script calls this. Raises AssertionError for an operation that nobody has looked at."""
    asked = action(service, operation)
    assert asked in _RESOURCES, f"say in {__name__} what {asked} is on"
    found = [Request(asked, *on) for on in _RESOURCES[asked](params)]
    return [*found, *_MORE.get(asked, _nothing)(params)]


def _nothing(_params: Mapping[str, Any]) -> Iterator[Request]:
    yield from ()


def _arn(service: str, name: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}"


def _anything(_params: Mapping[str, Any]) -> Iterator[tuple[str]]:
    yield ("*",)


def _repository(params: Mapping[str, Any]) -> Iterator[tuple[str]]:
    yield (_arn("ecr", f"repository/{params['repositoryName']}"),)


def _services(params: Mapping[str, Any]) -> Iterator[tuple[str]]:
    for service in params.get("services") or [params["service"]]:
        yield (_arn("ecs", f"service/{params['cluster']}/{service}"),)


def _run(params: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, str]]]:
    yield params["taskDefinition"], {"ecs:cluster": _arn("ecs", f"cluster/{params['cluster']}")}


def _family(params: Mapping[str, Any]) -> Iterator[tuple[str]]:
    # AWS has not numbered it yet.
    yield (_arn("ecs", f"task-definition/{params['family']}:*"),)


def _registered(params: Mapping[str, Any]) -> Iterator[Request]:
    ((family,),) = _family(params)
    if params.get("tags"):
        yield Request("ecs:TagResource", family, {"ecs:CreateAction": "RegisterTaskDefinition"})
    for name in ("executionRoleArn", "taskRoleArn"):
        if name in params:
            yield Request("iam:PassRole", params[name], {"iam:PassedToService": "ecs-tasks.amazonaws.com"})


_RESOURCES: Mapping[str, Callable[[Mapping[str, Any]], Iterator[Any]]] = {
    "ecr:GetAuthorizationToken": _anything,
    "ecr:BatchGetImage": _repository,
    "ecr:DescribeImages": _repository,
    "ecs:DeregisterTaskDefinition": _anything,
    "ecs:DescribeServices": _services,
    "ecs:DescribeTaskDefinition": _anything,
    "ecs:DescribeTasks": lambda params: ((task,) for task in params["tasks"]),
    "ecs:RegisterTaskDefinition": _family,
    "ecs:RunTask": _run,
    "ecs:UpdateService": _services,
    "logs:GetLogEvents": lambda params: iter(
        [(_arn("logs", f"log-group:{params['logGroupName']}:log-stream:{params['logStreamName']}"),)]
    ),
}
_MORE: Mapping[str, Callable[[Mapping[str, Any]], Iterator[Request]]] = {"ecs:RegisterTaskDefinition": _registered}


# AWS' reference


@cache
def _reference() -> Mapping[str, Any]:
    """AWS' service authorization reference, as cfn-lint brings it."""
    text = (files("cfnlint") / "data" / "AdditionalSpecs" / "Policies.json").read_text()
    found: Mapping[str, Any] = json.loads(text)
    return found


def kinds(of: str) -> list[str] | None:
    """Forms of ARNs that a right can be given on; empty: on nothing narrower than anything; None: there is no such
    right."""
    service, _, name = of.partition(":")
    known = _reference().get(service, {"Actions": {}, "Resources": {}})
    actions = {each.lower(): rights for each, rights in known["Actions"].items()}
    if name.lower() not in actions:
        return None
    named = {each.lower(): formats["ARNFormats"] for each, formats in known["Resources"].items()}
    return [form for kind in actions[name.lower()].get("Resources", []) for form in named.get(kind.lower(), [])]


def can_be_of(resource: str, form: str) -> bool:
    """Whether a resource of a statement, with its wildcards, can be an ARN of a form of the reference."""
    ours, theirs = resource.split(":", 5), form.replace(".*", "*").split(":", 5)
    if len(ours) < 6 or ours[2] != theirs[2]:
        return False
    one, other = (text[5].partition("*")[0].partition("$")[0] for text in (ours, theirs))
    return one.startswith(other) or other.startswith(one)
