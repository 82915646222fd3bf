"""Load balancer, firewall, content delivery."""

from collections.abc import Iterator
from typing import Any, Final

from deploy.policy.document import UNKNOWN, Document, Resource
from deploy.policy.rule import Rules

RULES = Rules()

_TLS_13: Final = "ELBSecurityPolicy-TLS13-1-2-"
_CACHING_DISABLED: Final = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
_OLDEST_TLS_OF_CDN: Final = ("TLSv1.2_2021", "TLSv1.2_2025", "TLSv1.3_2025")


@RULES.rule
def plain_http_only_redirects(document: Document) -> Iterator[Resource]:
    """A listener without TLS does nothing but send to HTTPS."""
    for listener in document.of_type("aws_lb_listener"):
        if listener["protocol"] == "HTTP" and not all(_redirects(action) for action in listener["default_action"]):
            yield listener


@RULES.rule
def tls_is_1_2_at_least_and_1_3_where_possible(document: Document) -> Iterator[Resource]:
    """Listeners speak TLS 1.3, and 1.2 to those who cannot; CloudFront nothing older either, to neither side."""
    for listener in document.of_type("aws_lb_listener"):
        policy = listener["ssl_policy"]
        if listener["protocol"] == "HTTPS" and not (isinstance(policy, str) and policy.startswith(_TLS_13)):
            yield listener
    for distribution in document.of_type("aws_cloudfront_distribution"):
        certificate = distribution.block("viewer_certificate") or {}
        asked = [set(server["custom_origin_config"][0]["origin_ssl_protocols"]) for server in _servers(distribution)]
        if certificate.get("minimum_protocol_version") not in _OLDEST_TLS_OF_CDN or any(
            not spoken <= {"TLSv1.2", "TLSv1.3"} for spoken in asked
        ):
            yield distribution


@RULES.rule
def websockets_outlive_their_pings(document: Document) -> Iterator[Resource]:
    """The load balancer's idle timeout is over 60 seconds: conversations have silences."""
    yield from (each for each in document.of_type("aws_lb") if not _number(each["idle_timeout"], 61, 4000))


@RULES.rule
def load_balancer_refuses_smuggled_requests(document: Document) -> Iterator[Resource]:
    """The load balancer drops invalid headers and does not pass ambiguous requests on."""
    for balancer in document.of_type("aws_lb"):
        if balancer["drop_invalid_header_fields"] is not True or balancer["desync_mitigation_mode"] == "monitor":
            yield balancer


@RULES.rule
def load_balancer_keeps_a_log(document: Document) -> Iterator[Resource]:
    """The load balancer logs who asked for what."""
    yield from (
        each for each in document.of_type("aws_lb") if (each.block("access_logs") or {}).get("enabled") is not True
    )


@RULES.rule
def load_balancer_is_protected(document: Document) -> Iterator[Resource]:
    """In production, nothing deletes the load balancer by mistake."""
    for balancer in document.of_type("aws_lb"):
        if balancer.is_production and balancer["enable_deletion_protection"] is not True:
            yield balancer


@RULES.rule
def firewall_stands_before_the_load_balancer(document: Document) -> Iterator[Resource]:
    """Each load balancer of production has a firewall."""
    for balancer in document.of_type("aws_lb"):
        if balancer.is_production and not document.companions(
            balancer, "aws_wafv2_web_acl_association", "resource_arn", "arn"
        ):
            yield balancer


@RULES.rule
def drain_ends_before_fargate_kills(document: Document) -> Iterator[Resource]:
    """A target leaves the load balancer within 110 seconds: Fargate kills after 120."""
    yield from (
        each for each in document.of_type("aws_lb_target_group") if not _number(each["deregistration_delay"], 1, 110)
    )


@RULES.rule
def page_comes_over_https(document: Document) -> Iterator[Resource]:
    """CloudFront answers over HTTPS only, and asks its origins over HTTPS only."""
    for distribution in document.of_type("aws_cloudfront_distribution"):
        if any(each["viewer_protocol_policy"] == "allow-all" for each in _behaviours(distribution)) or any(
            server["custom_origin_config"][0]["origin_protocol_policy"] != "https-only"
            for server in _servers(distribution)
        ):
            yield distribution


@RULES.rule
def keys_are_not_sent_in_the_open(document: Document) -> Iterator[Resource]:
    """What CloudFront passes on to a server it takes over HTTPS only: who is sent on to it has shown a key already."""
    for distribution in document.of_type("aws_cloudfront_distribution"):
        if any(each["viewer_protocol_policy"] != "https-only" for each in _passed_on(distribution)):
            yield distribution


@RULES.rule
def answers_of_a_server_are_not_kept(document: Document) -> Iterator[Resource]:
    """CloudFront caches nothing that a server answers: it would tell one person what is another's."""
    for distribution in document.of_type("aws_cloudfront_distribution"):
        if any(each.get("cache_policy_id") != _CACHING_DISABLED for each in _passed_on(distribution)):
            yield distribution


@RULES.rule
def refusals_of_a_server_stay_refusals(document: Document) -> Iterator[Resource]:
    """Before a server, CloudFront puts no page in the place of errors."""
    for distribution in document.of_type("aws_cloudfront_distribution"):
        if _servers(distribution) and distribution["custom_error_response"]:
            yield distribution


@RULES.rule
def nobody_chooses_what_they_are_counted_as(document: Document) -> Iterator[Resource]:
    """The firewall counts addresses out of a header only where our CloudFront shows its secret, and never out of
    X-Forwarded-For, of which it takes the first, which anybody may have written."""
    for acl in document.of_type("aws_wafv2_web_acl"):
        limits = [limit for rule in acl["rule"] for each in rule["statement"] for limit in each["rate_based_statement"]]
        forwarded = [limit for limit in limits if limit["aggregate_key_type"] == "FORWARDED_IP"]
        if any(not _shows_the_secret(limit) or _is_anybodys(limit) for limit in forwarded):
            yield acl


def _behaviours(distribution: Resource) -> list[Any]:
    return [*distribution["default_cache_behavior"], *(distribution["ordered_cache_behavior"] or [])]


def _servers(distribution: Resource) -> list[Any]:
    """Its origins that are no buckets."""
    return [origin for origin in distribution["origin"] if origin.get("custom_origin_config")]


def _passed_on(distribution: Resource) -> list[Any]:
    servers = {server["origin_id"] for server in _servers(distribution)}
    return [each for each in _behaviours(distribution) if each["target_origin_id"] in servers]


def _shows_the_secret(limit: Any) -> bool:
    wanted = [
        each for scope in limit["scope_down_statement"] for both in scope["and_statement"] for each in both["statement"]
    ]
    return any(each["regex_pattern_set_reference_statement"] for each in wanted)


def _is_anybodys(limit: Any) -> bool:
    return any(each["header_name"].lower() == "x-forwarded-for" for each in limit["forwarded_ip_config"])


def _redirects(action: Any) -> bool:
    return action["type"] == "redirect" and all(to["protocol"] == "HTTPS" for to in action["redirect"])


def _number(value: Any, least: int, most: int) -> bool:
    """Whether a known value is a number between these; some arguments are numbers in quotes."""
    return value is UNKNOWN or least <= int(value) <= most
