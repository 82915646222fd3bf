"""Who can reach what."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from deploy.policy.document import UNKNOWN, Document, Resource
from deploy.policy.rule import Rules
from deploy.policy.statements import statements

RULES = Rules()

_WORLD: Final = ("0.0.0.0/0", "::/0")
_WEB_PORTS: Final = (80, 443)


@RULES.rule
def world_reaches_the_web_only(document: Document) -> Iterator[Resource]:
    """The world is let in on ports 80 and 443 of the load balancer, and nowhere else."""
    for rule in document.of_type("aws_vpc_security_group_ingress_rule"):
        is_web = rule["from_port"] in _WEB_PORTS and rule["to_port"] == rule["from_port"]
        if _is_world(rule.values) and not (is_web and _is_load_balancers(rule["security_group_id"], document)):
            yield rule
    for group in document.of_type("aws_security_group"):
        # Once it is applied, a rule of its own shows in the group's list too; then the load balancer's are known.
        inline = group["ingress"] if isinstance(group["ingress"], list) else []
        if any(_is_world(each) for each in inline) and (
            group["id"] is UNKNOWN or group["id"] not in _of_load_balancers(document)
        ):
            yield group
    for rule in document.of_type("aws_security_group_rule"):
        if rule["type"] == "ingress" and _is_world(rule.values):
            yield rule


@RULES.rule
def default_security_group_is_closed(document: Document) -> Iterator[Resource]:
    """Each network's default security group is taken over and has no rules."""
    closed = list(document.of_type("aws_default_security_group"))
    for network in document.of_type("aws_vpc"):
        if not document.companions(network, "aws_default_security_group", "vpc_id", "id"):
            yield network
    yield from (group for group in closed if any(group[rules] not in (UNKNOWN, None, []) for rules in _DIRECTIONS))


@RULES.rule
def nothing_gets_a_public_address_by_itself(document: Document) -> Iterator[Resource]:
    """No subnet gives public addresses to what starts in it."""
    yield from (subnet for subnet in document.of_type("aws_subnet") if subnet.has_not("map_public_ip_on_launch", False))


@RULES.rule
def endpoints_are_restricted(document: Document) -> Iterator[Resource]:
    """An endpoint to an AWS service has a policy that names whose, or what, it leads to."""
    for endpoint in document.of_type("aws_vpc_endpoint"):
        if endpoint.is_unset("policy") or any(
            statement.allows
            and "*" in statement.resources
            and not {"aws:principalaccount", "aws:principalorgid"} & statement.condition_keys()
            for statement in statements(endpoint, "policy")
        ):
            yield endpoint


_DIRECTIONS: Final = ("ingress", "egress")


def _is_world(rule: Mapping[str, Any]) -> bool:
    return any(network in json.dumps(rule) for network in _WORLD)


def _is_load_balancers(group: Any, document: Document) -> bool:
    """Whether a security group is, or before an apply may be, a load balancer's."""
    groups = _of_load_balancers(document)
    return group is UNKNOWN or UNKNOWN in groups or group in groups


def _of_load_balancers(document: Document) -> list[Any]:
    of_each = [each["security_groups"] for each in document.of_type("aws_lb")]
    return [group for groups in of_each for group in (groups if isinstance(groups, list) else [UNKNOWN])]
