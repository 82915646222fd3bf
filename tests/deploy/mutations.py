"""For each rule of the policy, changes of a good plan or state that break it and nothing else."""

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

# What a container is like where the plan does not know it yet.
CONTAINER = {
    "name": "voice",
    "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/voice-server-production@sha256:" + 64 * "a",
    "user": "10001",
    "readonlyRootFilesystem": True,
    "stopTimeout": 120,
    "linuxParameters": {"initProcessEnabled": True, "capabilities": {"add": [], "drop": ["ALL"]}},
    "environment": [
        {"name": "DATABASE_URL", "value": "postgresql://voice_server@database.example.com:5432/voice"},
        {"name": "SERVICE_METRICS_NAMESPACE", "value": "VoiceServer/voice-server-production"},
    ],
    "secrets": [{"name": "SECRET_KEY", "valueFrom": "arn:aws:secretsmanager:us-east-1:123456789012:secret:a:KEY::"}],
}


class Copy:
    """A plan or state, as parsed JSON, to be changed."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = copy.deepcopy(dict(document))

    @property
    def root(self) -> dict[str, Any]:
        values: dict[str, Any] = self.document.get("planned_values") or self.document["values"]
        return values["root_module"]

    def one(self, kind: str, part: str = "") -> dict[str, Any]:
        """Values of the first resource of a type by address, with this in its address."""
        found = [
            resource
            for module in _modules(self.root)
            for resource in module.get("resources", [])
            if resource["type"] == kind and part in resource["address"] and resource["mode"] == "managed"
        ]
        if not found:
            raise LookupError(f"no {kind} with {part!r} in its address")
        # Terraform shows modules in any order.
        values: dict[str, Any] = min(found, key=lambda each: each["address"]).setdefault("values", {})
        return values

    def all_values(self) -> list[dict[str, Any]]:
        """Values of every resource."""
        return [
            each["values"] for module in _modules(self.root) for each in module.get("resources", []) if "values" in each
        ]

    def put(self, kind: str, part: str = "", **values: Any) -> None:
        """Set arguments of it."""
        self.one(kind, part).update(values)

    def remove(self, kind: str, part: str = "") -> None:
        """Take the first such resource out."""
        gone = self.one(kind, part)
        for module in _modules(self.root):
            module["resources"] = [each for each in module.get("resources", []) if each.get("values") is not gone]

    def add(self, kind: str, **values: Any) -> None:
        """One more resource."""
        address = f"{kind}.added"
        self.root.setdefault("resources", []).append(
            {"address": address, "type": kind, "mode": "managed", "values": values}
        )

    def block(self, kind: str, name: str, part: str = "", **values: Any) -> None:
        """Set arguments in the first block of that name."""
        blocks = self.one(kind, part)[name]
        blocks[0] = blocks[0] | values

    def container(self, **values: Any) -> None:
        """Set parts of the voice task's container."""
        task = self.one("aws_ecs_task_definition", '"voice"')
        (container,) = json.loads(task.get("container_definitions", json.dumps([CONTAINER])))
        task["container_definitions"] = json.dumps([container | values])

    def variable(self, name: str, value: str) -> None:
        """One more plain variable of that container."""
        self.container(environment=[{"name": name, "value": value}])

    def statement(self, kind: str, part: str = "", argument: str = "policy", **statement: Any) -> None:
        """One more statement in a policy."""
        values = self.one(kind, part)
        if argument not in values and kind == "aws_s3_bucket_policy":
            raise LookupError("a policy that is not known before an apply cannot be added to: name another bucket")
        policy = json.loads(values.get(argument) or '{"Statement": []}')
        policy["Statement"].append(statement)
        values[argument] = json.dumps(policy)

    def change(self, address: str, *actions: str) -> None:
        """One more thing that the plan does."""
        kind = address.partition(".")[0]
        self.document.setdefault("resource_changes", []).append(
            {"address": address, "type": kind, "mode": "managed", "change": {"actions": list(actions)}}
        )


@dataclass(frozen=True)
class Mutation:
    """`break_it` breaks `rule`."""

    rule: str
    what: str
    break_it: Callable[[Copy], object]


def _modules(module: dict[str, Any]) -> list[dict[str, Any]]:
    return [module, *(inner for child in module.get("child_modules", []) for inner in _modules(child))]


_IDENTITY = "aws_iam_role_policy"
_ROLE = "aws_iam_role"
_TRUST = "assume_role_policy"
_ISSUER = "token.actions.githubusercontent.com"
_GITHUB = f"arn:aws:iam::123456789012:oidc-provider/{_ISSUER}"
_BEHAVIOUR = "default_cache_behavior"
_FORWARDED = "ordered_cache_behavior"
_ENCRYPTION = "aws_s3_bucket_server_side_encryption_configuration"
_LIFECYCLE = "aws_s3_bucket_lifecycle_configuration"
_BLOCKS = "aws_s3_bucket_public_access_block"


def _first_rule(copied: Copy, **values: Any) -> None:
    copied.block(_LIFECYCLE, "rule", "assets", **values)


def _github(copied: Copy, **conditions: Any) -> None:
    copied.statement(
        _ROLE,
        "github_oidc",
        _TRUST,
        Effect="Allow",
        Action="sts:AssumeRoleWithWebIdentity",
        Principal={"Federated": _GITHUB},
        Condition=conditions,
    )


def _in(copied: Copy, kind: str, **statement: Any) -> None:
    copied.statement(kind, "", "policy", Effect="Allow", Action="x:Y", Resource="arn:aws:x", **statement)


def _may(copied: Copy, **statement: Any) -> None:
    copied.statement(_IDENTITY, "flow_log", Effect="Allow", **statement)


def _server(copied: Copy, **configuration: Any) -> None:
    """Set how CloudFront asks the load balancer."""
    origins = copied.one("aws_cloudfront_distribution")["origin"]
    (server,) = [origin for origin in origins if origin["custom_origin_config"]]
    server["custom_origin_config"][0] |= configuration


def _limit(copied: Copy, **values: Any) -> None:
    """Set arguments of a limit that counts addresses out of a header."""
    rules = copied.one("aws_wafv2_web_acl")["rule"]
    (rule,) = [each for each in rules if each["name"] == "sign-ins-per-viewer"]
    rule["statement"][0]["rate_based_statement"][0] |= values


MUTATIONS = (
    Mutation(
        "world_reaches_the_web_only",
        "another port",
        lambda it: it.put("aws_vpc_security_group_ingress_rule", "alb_https", from_port=22, to_port=22),
    ),
    Mutation(
        "world_reaches_the_web_only",
        "a range",
        lambda it: it.put("aws_vpc_security_group_ingress_rule", "alb_http", to_port=443),
    ),
    Mutation(
        "world_reaches_the_web_only",
        "IPv6 to the database",
        lambda it: it.put("aws_vpc_security_group_ingress_rule", "database_from_service", cidr_ipv6="::/0"),
    ),
    Mutation(
        "world_reaches_the_web_only",
        "another group",
        lambda it: (
            it.put("aws_lb", security_groups=["sg-balancer"]),
            it.put("aws_vpc_security_group_ingress_rule", "alb_http", security_group_id="sg-balancer"),
            it.put("aws_vpc_security_group_ingress_rule", "alb_https", security_group_id="sg-database"),
            it.put("aws_security_group", "alb", ingress=[]),
        ),
    ),
    Mutation(
        "world_reaches_the_web_only",
        "inline",
        lambda it: it.add(
            "aws_security_group", id="sg-1", ingress=[{"cidr_blocks": ["0.0.0.0/0"], "from_port": 443}], egress=[]
        ),
    ),
    Mutation(
        "world_reaches_the_web_only",
        "the older kind of rule",
        lambda it: it.add("aws_security_group_rule", type="ingress", cidr_blocks=["0.0.0.0/0"], from_port=443),
    ),
    Mutation(
        "default_security_group_is_closed",
        "a rule",
        lambda it: it.put("aws_default_security_group", ingress=[{"self": True, "protocol": "-1"}]),
    ),
    Mutation(
        "default_security_group_is_closed",
        "left alone",
        lambda it: it.remove("aws_default_security_group"),
    ),
    Mutation(
        "nothing_gets_a_public_address_by_itself",
        "a public subnet",
        lambda it: it.put("aws_subnet", "public", map_public_ip_on_launch=True),
    ),
    Mutation("endpoints_are_restricted", "no policy", lambda it: it.put("aws_vpc_endpoint", "s3", policy=None)),
    Mutation(
        "endpoints_are_restricted",
        "everything",
        lambda it: it.statement(
            "aws_vpc_endpoint", "s3", Effect="Allow", Principal="*", Action="s3:GetObject", Resource="*"
        ),
    ),
    Mutation(
        "plain_http_only_redirects",
        "an answer",
        lambda it: it.block("aws_lb_listener", "default_action", "http", type="fixed-response", redirect=[]),
    ),
    Mutation(
        "tls_is_1_2_at_least_and_1_3_where_possible",
        "an old policy",
        lambda it: it.put("aws_lb_listener", "https", ssl_policy="ELBSecurityPolicy-2016-08"),
    ),
    Mutation(
        "tls_is_1_2_at_least_and_1_3_where_possible",
        "at CloudFront",
        lambda it: it.block("aws_cloudfront_distribution", "viewer_certificate", minimum_protocol_version="TLSv1"),
    ),
    Mutation("websockets_outlive_their_pings", "the default", lambda it: it.put("aws_lb", idle_timeout=60)),
    Mutation(
        "load_balancer_refuses_smuggled_requests",
        "headers",
        lambda it: it.put("aws_lb", drop_invalid_header_fields=False),
    ),
    Mutation(
        "load_balancer_refuses_smuggled_requests",
        "only watching",
        lambda it: it.put("aws_lb", desync_mitigation_mode="monitor"),
    ),
    Mutation("load_balancer_keeps_a_log", "off", lambda it: it.block("aws_lb", "access_logs", enabled=False)),
    Mutation("load_balancer_is_protected", "off", lambda it: it.put("aws_lb", enable_deletion_protection=False)),
    Mutation(
        "firewall_stands_before_the_load_balancer",
        "away",
        lambda it: it.remove("aws_wafv2_web_acl_association"),
    ),
    Mutation(
        "firewall_stands_before_the_load_balancer",
        "before something else",
        lambda it: (
            it.put("aws_lb", arn="arn:aws:balancer"),
            it.put("aws_wafv2_web_acl_association", resource_arn="arn:aws:other"),
        ),
    ),
    Mutation(
        "drain_ends_before_fargate_kills",
        "the default",
        lambda it: it.put("aws_lb_target_group", deregistration_delay="300"),
    ),
    Mutation(
        "page_comes_over_https",
        "HTTP too",
        lambda it: it.block("aws_cloudfront_distribution", _BEHAVIOUR, viewer_protocol_policy="allow-all"),
    ),
    Mutation(
        "page_comes_over_https",
        "an origin over HTTP",
        lambda it: _server(it, origin_protocol_policy="http-only"),
    ),
    Mutation(
        "tls_is_1_2_at_least_and_1_3_where_possible",
        "from CloudFront to the load balancer",
        lambda it: _server(it, origin_ssl_protocols=["TLSv1", "TLSv1.2"]),
    ),
    Mutation(
        "keys_are_not_sent_in_the_open",
        "sent on",
        lambda it: it.block("aws_cloudfront_distribution", _FORWARDED, viewer_protocol_policy="redirect-to-https"),
    ),
    Mutation(
        "answers_of_a_server_are_not_kept",
        "as the page's files",
        lambda it: it.block(
            "aws_cloudfront_distribution", _FORWARDED, cache_policy_id="658327ea-f89d-4fab-a63d-7e88639e58f6"
        ),
    ),
    Mutation(
        "answers_of_a_server_are_not_kept",
        "for a time that the behaviour says",
        lambda it: it.block("aws_cloudfront_distribution", _FORWARDED, cache_policy_id=None, default_ttl=60),
    ),
    Mutation(
        "refusals_of_a_server_stay_refusals",
        "the page for everything that is not found",
        lambda it: it.put(
            "aws_cloudfront_distribution", custom_error_response=[{"error_code": 404, "response_code": 200}]
        ),
    ),
    Mutation(
        "nobody_chooses_what_they_are_counted_as",
        "the header of proxies",
        lambda it: _limit(it, forwarded_ip_config=[{"header_name": "X-Forwarded-For", "fallback_behavior": "MATCH"}]),
    ),
    Mutation(
        "nobody_chooses_what_they_are_counted_as",
        "whoever asks",
        lambda it: _limit(it, scope_down_statement=[]),
    ),
    Mutation("database_is_encrypted", "not at all", lambda it: it.put("aws_db_instance", storage_encrypted=False)),
    Mutation("database_is_encrypted", "by AWS' key", lambda it: it.put("aws_db_instance", kms_key_id=None)),
    Mutation("database_is_private", "public", lambda it: it.put("aws_db_instance", publicly_accessible=True)),
    Mutation("database_asks_for_tls", "off", lambda it: it.put("aws_db_parameter_group", parameter=[])),
    Mutation(
        "database_password_is_nobodys",
        "ours",
        lambda it: it.put("aws_db_instance", manage_master_user_password=None),
    ),
    Mutation("database_password_is_nobodys", "given", lambda it: it.put("aws_db_instance", password="hunter2")),
    Mutation(
        "database_password_is_nobodys",
        "no IAM",
        lambda it: it.put("aws_db_instance", iam_database_authentication_enabled=False),
    ),
    Mutation("database_stands_in_two_zones", "one zone", lambda it: it.put("aws_db_instance", multi_az=False)),
    Mutation("database_is_backed_up", "too short", lambda it: it.put("aws_db_instance", backup_retention_period=6)),
    Mutation("database_is_backed_up", "too long", lambda it: it.put("aws_db_instance", backup_retention_period=35)),
    Mutation(
        "backups_elsewhere_are_kept_alike",
        "RDS' own key",
        lambda it: it.add("aws_db_instance_automated_backups_replication", kms_key_id=None, retention_period=7),
    ),
    Mutation(
        "backups_elsewhere_are_kept_alike",
        "for longer",
        lambda it: it.add(
            "aws_db_instance_automated_backups_replication",
            kms_key_id="arn:aws:kms:us-west-2::key/1",
            retention_period=35,
        ),
    ),
    Mutation("database_is_protected", "off", lambda it: it.put("aws_db_instance", deletion_protection=False)),
    Mutation("database_is_protected", "no snapshot", lambda it: it.put("aws_db_instance", skip_final_snapshot=True)),
    Mutation(
        "cache_is_encrypted",
        "at rest",
        lambda it: it.put("aws_elasticache_replication_group", at_rest_encryption_enabled="false"),
    ),
    Mutation(
        "cache_is_encrypted",
        "TLS preferred",
        lambda it: it.put("aws_elasticache_replication_group", transit_encryption_mode="preferred"),
    ),
    Mutation(
        "cache_is_encrypted",
        "no TLS",
        lambda it: it.put("aws_elasticache_replication_group", transit_encryption_enabled=False),
    ),
    Mutation(
        "cache_is_encrypted",
        "by AWS' key",
        lambda it: it.put("aws_elasticache_replication_group", kms_key_id=None),
    ),
    Mutation(
        "cache_asks_for_a_password",
        "none",
        lambda it: it.put("aws_elasticache_replication_group", auth_token=None, user_group_ids=None),
    ),
    Mutation(
        "cache_stands_in_two_zones",
        "one node",
        lambda it: it.put("aws_elasticache_replication_group", num_cache_clusters=1),
    ),
    Mutation(
        "cache_stands_in_two_zones",
        "no failover",
        lambda it: it.put("aws_elasticache_replication_group", automatic_failover_enabled=False),
    ),
    *(
        Mutation("bucket_is_private", block, lambda it, block=block: it.put(_BLOCKS, "assets", **{block: False}))  # type: ignore[misc]
        for block in ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
    ),
    Mutation("bucket_is_private", "nothing", lambda it: it.remove(_BLOCKS, "logs")),
    Mutation("bucket_is_encrypted", "not at all", lambda it: it.remove(_ENCRYPTION, "backups")),
    Mutation(
        "bucket_is_encrypted",
        "by S3's key",
        lambda it: it.put(
            _ENCRYPTION,
            "assets",
            rule=[{"apply_server_side_encryption_by_default": [{"sse_algorithm": "AES256", "kms_master_key_id": ""}]}],
        ),
    ),
    Mutation(
        "bucket_keeps_versions",
        "suspended",
        lambda it: it.block("aws_s3_bucket_versioning", "versioning_configuration", "assets", status="Suspended"),
    ),
    Mutation("bucket_forgets_versions", "never", lambda it: _first_rule(it, noncurrent_version_expiration=[])),
    Mutation(
        "bucket_forgets_versions",
        "late",
        lambda it: _first_rule(it, noncurrent_version_expiration=[{"noncurrent_days": 31}]),
    ),
    Mutation(
        "bucket_forgets_versions",
        "but for the newest",
        lambda it: _first_rule(
            it, noncurrent_version_expiration=[{"noncurrent_days": 7, "newer_noncurrent_versions": 1}]
        ),
    ),
    Mutation("bucket_forgets_versions", "in a part", lambda it: _first_rule(it, filter=[{"prefix": "some/"}])),
    Mutation("bucket_forgets_versions", "disabled", lambda it: _first_rule(it, status="Disabled")),
    Mutation("bucket_speaks_tls_only", "no policy", lambda it: it.remove("aws_s3_bucket_policy", "assets")),
    Mutation(
        "bucket_speaks_tls_only",
        "another one",
        lambda it: it.put("aws_s3_bucket_policy", "assets", policy='{"Statement": []}'),
    ),
    Mutation(
        "bucket_owns_what_is_in_it",
        "whoever wrote it",
        lambda it: it.block("aws_s3_bucket_ownership_controls", "rule", "assets", object_ownership="ObjectWriter"),
    ),
    Mutation("bucket_is_protected", "force", lambda it: it.put("aws_s3_bucket", "assets", force_destroy=True)),
    Mutation(
        "everything_has_our_key",
        "a log",
        lambda it: it.put("aws_cloudwatch_log_group", "flow", kms_key_id=None),
    ),
    Mutation("everything_has_our_key", "a topic", lambda it: it.put("aws_sns_topic", kms_master_key_id="")),
    Mutation("everything_has_our_key", "a secret", lambda it: it.put("aws_secretsmanager_secret", kms_key_id=None)),
    Mutation("everything_has_our_key", "the trail", lambda it: it.put("aws_cloudtrail", kms_key_id=None)),
    Mutation("logs_end", "never", lambda it: it.put("aws_cloudwatch_log_group", "flow", retention_in_days=0)),
    Mutation(
        "images_are_encrypted",
        "by AWS' key",
        lambda it: it.block("aws_ecr_repository", "encryption_configuration", encryption_type="AES256"),
    ),
    Mutation(
        "images_stay_what_they_were",
        "tags move",
        lambda it: it.put("aws_ecr_repository", image_tag_mutability="MUTABLE"),
    ),
    Mutation(
        "images_stay_what_they_were",
        "no scan",
        lambda it: it.block("aws_ecr_repository", "image_scanning_configuration", scan_on_push=False),
    ),
    Mutation("keys_rotate", "never", lambda it: it.put("aws_kms_key", enable_key_rotation=False)),
    Mutation(
        "trail_sees_every_region",
        "one region",
        lambda it: it.put("aws_cloudtrail", is_multi_region_trail=False),
    ),
    Mutation(
        "trail_sees_every_region",
        "files unguarded",
        lambda it: it.put("aws_cloudtrail", enable_log_file_validation=False),
    ),
    Mutation("image_is_one_image", "latest", lambda it: it.container(image="registry.example.com/voice:latest")),
    Mutation("image_is_one_image", "nothing", lambda it: it.container(image="registry.example.com:5000/voice")),
    Mutation(
        "secrets_are_no_plain_environment",
        "by its name",
        lambda it: it.variable("OPENAI_API_KEY", "x"),
    ),
    Mutation(
        "secrets_are_no_plain_environment",
        "in a URL",
        lambda it: it.variable("DATABASE_URL", "postgresql://voice:hunter2@db.example.com/voice"),
    ),
    Mutation(
        "secrets_are_no_plain_environment",
        "by its look",
        lambda it: it.variable("SETTING", "q7Rk2Vx9LmP4sT8wZ1aB6cD3eF5gH0jK"),
    ),
    Mutation("tasks_are_not_root", "root", lambda it: it.container(user="0:0")),
    Mutation("tasks_are_not_root", "by name", lambda it: it.container(user="root")),
    Mutation("tasks_are_not_root", "privileged", lambda it: it.container(privileged=True)),
    Mutation(
        "tasks_are_not_root",
        "a capability",
        lambda it: it.container(linuxParameters={"capabilities": {"add": ["SYS_PTRACE"]}}),
    ),
    Mutation(
        "tasks_cannot_change_themselves",
        "writable",
        lambda it: it.container(readonlyRootFilesystem=False),
    ),
    Mutation("tasks_get_time_to_drain", "the default", lambda it: it.container(stopTimeout=None)),
    Mutation("tasks_get_time_to_drain", "too long", lambda it: it.container(stopTimeout=121)),
    Mutation(
        "tasks_have_networks_of_their_own",
        "a bridge",
        lambda it: it.put("aws_ecs_task_definition", network_mode="bridge"),
    ),
    Mutation(
        "services_have_no_public_address",
        "one",
        lambda it: it.block("aws_ecs_service", "network_configuration", assign_public_ip=True),
    ),
    Mutation(
        "failed_deployments_are_taken_back",
        "kept",
        lambda it: it.block("aws_ecs_service", "deployment_circuit_breaker", rollback=False),
    ),
    Mutation("failed_deployments_are_taken_back", "no alarms", lambda it: it.put("aws_ecs_service", alarms=[])),
    Mutation(
        "deployments_keep_all_tasks",
        "half",
        lambda it: it.put("aws_ecs_service", deployment_minimum_healthy_percent=50),
    ),
    Mutation(
        "zones_are_not_rebalanced",
        "they are",
        lambda it: it.put("aws_ecs_service", availability_zone_rebalancing="ENABLED"),
    ),
    Mutation("nobody_enters_a_task", "a shell", lambda it: it.put("aws_ecs_service", enable_execute_command=True)),
    Mutation("nobody_may_do_everything", "everything", lambda it: _may(it, Action="*", Resource="arn:aws:s3:::a")),
    Mutation("nobody_may_do_everything", "a service", lambda it: _may(it, Action=["s3:*"], Resource="arn:aws:s3:::a")),
    Mutation(
        "nobody_may_do_everything", "all but", lambda it: _may(it, NotAction="iam:PassRole", Resource="arn:aws:s3:::a")
    ),
    Mutation("rights_name_what_they_are_on", "all", lambda it: _may(it, Action=["s3:GetObject"], Resource="*")),
    Mutation(
        "rights_name_what_they_are_on",
        "all but",
        lambda it: _may(it, Action="s3:GetObject", NotResource="arn:aws:s3:::a"),
    ),
    Mutation(
        "rights_name_what_they_are_on",
        "among others",
        lambda it: _may(it, Action=["ecr:GetAuthorizationToken", "ecr:PutImage"], Resource=["*"]),
    ),
    Mutation(
        "services_take_roles_for_this_account_only",
        "for anybody",
        lambda it: it.statement(
            _ROLE,
            "flow_log",
            _TRUST,
            Effect="Allow",
            Action="sts:AssumeRole",
            Principal={"Service": "vpc-flow-logs.amazonaws.com"},
        ),
    ),
    Mutation(
        "workflows_take_roles_by_exact_subject",
        "any branch",
        lambda it: _github(
            it, StringEquals={f"{_ISSUER}:aud": "sts.amazonaws.com"}, StringLike={f"{_ISSUER}:sub": "repo:o/r:*"}
        ),
    ),
    Mutation(
        "workflows_take_roles_by_exact_subject",
        "a star",
        lambda it: _github(
            it, StringEquals={f"{_ISSUER}:aud": "sts.amazonaws.com", f"{_ISSUER}:sub": "repo:o/r:ref:refs/heads/*"}
        ),
    ),
    Mutation(
        "workflows_take_roles_by_exact_subject",
        "any audience",
        lambda it: _github(it, StringEquals={f"{_ISSUER}:sub": "repo:o/r:environment:production"}),
    ),
    Mutation(
        "strangers_take_no_roles",
        "everybody",
        lambda it: it.statement(
            _ROLE, "flow_log", _TRUST, Effect="Allow", Action="sts:AssumeRole", Principal={"AWS": "*"}
        ),
    ),
    Mutation(
        "services_come_for_this_account_only",
        "the key",
        lambda it: _in(it, "aws_kms_key", Principal={"Service": "cloudtrail.amazonaws.com"}),
    ),
    Mutation(
        "services_come_for_this_account_only",
        "the topic",
        lambda it: _in(it, "aws_sns_topic_policy", Principal={"Service": "events.amazonaws.com"}),
    ),
    Mutation(
        "nobody_is_let_in_unnamed",
        "a bucket",
        lambda it: _in(it, "aws_s3_bucket_policy", Principal="*"),
    ),
    *(
        Mutation("data_outlives_a_plan", kind, lambda it, kind=kind: it.change(f"{kind}.main", "delete"))  # type: ignore[misc]
        for kind in (
            "aws_db_instance",
            "aws_elasticache_replication_group",
            "aws_s3_bucket",
            "aws_secretsmanager_secret",
            "aws_kms_key",
            "aws_ecr_repository",
            "aws_route53_zone",
            "aws_cloudtrail",
        )
    ),
    Mutation(
        "data_outlives_a_plan",
        "replaced",
        lambda it: it.change("aws_db_instance.main", "create", "delete"),
    ),
)
