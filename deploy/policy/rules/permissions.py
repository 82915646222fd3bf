"""Who may do what."""

from collections.abc import Iterator
from typing import Final

from deploy.policy.document import Document, Resource
from deploy.policy.rule import Rules
from deploy.policy.statements import Statement, has_wildcard, statements

RULES = Rules()

_IDENTITY_POLICIES: Final = ("aws_iam_role_policy", "aws_iam_policy", "aws_iam_user_policy", "aws_iam_group_policy")
_RESOURCE_POLICIES: Final = {
    "aws_kms_key": "policy",
    "aws_s3_bucket_policy": "policy",
    "aws_sns_topic_policy": "policy",
    "aws_cloudwatch_log_resource_policy": "policy_document",
    "aws_secretsmanager_secret_policy": "policy",
    "aws_ecr_repository_policy": "policy",
}
_SOURCES: Final = {"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "kms:encryptioncontext:aws:logs:arn"}

# Actions that AWS has no narrower form of: the tests hold this against AWS' reference.
WITHOUT_RESOURCE: Final = frozenset({
    "application-autoscaling:DescribeScalableTargets",
    "application-autoscaling:DescribeScalingPolicies",
    "cloudtrail:DescribeTrails",
    "config:DescribeDeliveryChannels",
    "ec2:DescribeAddresses",
    "ec2:DescribeAddressesAttribute",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeFlowLogs",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeManagedPrefixLists",
    "ec2:DescribeNatGateways",
    "ec2:DescribeNetworkAcls",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribePrefixLists",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroupRules",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeVpcs",
    "ecr:GetAuthorizationToken",
    "ecs:DeregisterTaskDefinition",
    "ecs:DescribeTaskDefinition",
    "elasticloadbalancing:DescribeCapacityReservation",
    "elasticloadbalancing:DescribeListenerAttributes",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeLoadBalancerAttributes",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeRules",
    "elasticloadbalancing:DescribeTags",
    "elasticloadbalancing:DescribeTargetGroupAttributes",
    "elasticloadbalancing:DescribeTargetGroups",
    "kms:ListAliases",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "route53:ListHostedZones",
    "secretsmanager:GetRandomPassword",
})  # fmt: skip

# Others that are allowed on anything, and why.
ON_ANYTHING: Final = {
    "ec2:GetManagedPrefixListEntries": "the list is AWS' own and is looked up by its name",
    "route53:GetHostedZone": "the zone is looked up by its name, the id is not known before",
    "route53:ListTagsForResource": "the zone is looked up by its name, the id is not known before",
}

# Services that say nothing of their source, so that a condition on it would keep them out; and to what.
WITHOUT_SOURCE: Final = {
    ("events.amazonaws.com", "aws_kms_key"): "EventBridge names no source to KMS",
    ("logdelivery.elasticloadbalancing.amazonaws.com", "aws_s3_bucket_policy"): "the path names the account instead",
}


@RULES.rule
def nobody_may_do_everything(document: Document) -> Iterator[Resource]:
    """No role may do everything, not even everything of one service."""
    for policy, statement in _identity_statements(document):
        if statement.allows and has_wildcard(statement):
            yield policy


@RULES.rule
def rights_name_what_they_are_on(document: Document) -> Iterator[Resource]:
    """A right on everything there is, is only for actions that AWS has no narrower form of."""
    for policy, statement in _identity_statements(document):
        narrower = set(statement.actions) - WITHOUT_RESOURCE - ON_ANYTHING.keys()
        if statement.allows and "*" in statement.resources and narrower:
            yield policy


@RULES.rule
def services_take_roles_for_this_account_only(document: Document) -> Iterator[Resource]:
    """A role that a service of AWS takes is bound to this account, or to what it takes it for."""
    for role, statement in _trust(document):
        if any(kind == "Service" for kind, _ in statement.principals) and not (_SOURCES & statement.condition_keys()):
            yield role


@RULES.rule
def workflows_take_roles_by_exact_subject(document: Document) -> Iterator[Resource]:
    """A role that an outside workflow takes names its subject and audience exactly, without wildcard."""
    for role, statement in _trust(document):
        for kind, provider in statement.principals:
            issuer = provider.rpartition("oidc-provider/")[2]
            subjects = statement.equals(f"{issuer}:sub")
            audiences = statement.equals(f"{issuer}:aud")
            if kind == "Federated" and (not subjects or not audiences or "*" in "".join([*subjects, *audiences])):
                yield role


@RULES.rule
def strangers_take_no_roles(document: Document) -> Iterator[Resource]:
    """No role is taken by everybody."""
    for role, statement in _trust(document):
        if any(kind == "AWS" and "*" in name for kind, name in statement.principals):
            yield role


@RULES.rule
def services_come_for_this_account_only(document: Document) -> Iterator[Resource]:
    """Where a key, bucket or topic lets a service in, it is bound to an account or a source."""
    for resource, statement in _resource_statements(document):
        for kind, name in statement.principals:
            if (
                kind == "Service"
                and (name, resource.type) not in WITHOUT_SOURCE
                and not _SOURCES & statement.condition_keys()
            ):
                yield resource


@RULES.rule
def nobody_is_let_in_unnamed(document: Document) -> Iterator[Resource]:
    """No key, bucket or topic lets everybody in."""
    for resource, statement in _resource_statements(document):
        if ("AWS", "*") in statement.principals:
            yield resource


def _identity_statements(document: Document) -> Iterator[tuple[Resource, Statement]]:
    for policy in document.of_type(*_IDENTITY_POLICIES):
        yield from ((policy, statement) for statement in statements(policy, "policy"))


def _trust(document: Document) -> Iterator[tuple[Resource, Statement]]:
    for role in document.of_type("aws_iam_role"):
        yield from ((role, each) for each in statements(role, "assume_role_policy") if each.allows)


def _resource_statements(document: Document) -> Iterator[tuple[Resource, Statement]]:
    for resource in document.of_type(*_RESOURCE_POLICIES):
        for statement in statements(resource, _RESOURCE_POLICIES[resource.type]):
            if statement.allows:
                yield resource, statement
