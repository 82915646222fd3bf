"""Buckets. What a bucket is, is said by resources beside it."""

from collections.abc import Iterator
from typing import Any, Final

from deploy.policy.document import UNKNOWN, Document, Resource
from deploy.policy.rule import Rules
from deploy.policy.statements import statements

RULES = Rules()

_BLOCKS: Final = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
_NONCURRENT_DAYS: Final = 30


@RULES.rule
def bucket_is_private(document: Document) -> Iterator[Resource]:
    """Each bucket has all four blocks against being public."""
    for bucket in document.of_type("aws_s3_bucket"):
        beside = _beside(document, bucket, "aws_s3_bucket_public_access_block")
        if not any(all(each[block] is True for block in _BLOCKS) for each in beside):
            yield bucket


@RULES.rule
def bucket_is_encrypted(document: Document) -> Iterator[Resource]:
    """Each bucket encrypts what is put into it, with our key, or with S3's where AWS can write to nothing else."""
    for bucket in document.of_type("aws_s3_bucket"):
        beside = _beside(document, bucket, "aws_s3_bucket_server_side_encryption_configuration")
        by = [
            default
            for each in beside
            for rule in each["rule"]
            for default in rule["apply_server_side_encryption_by_default"]
        ]
        if not by or not all(_has_key(default, document, bucket) for default in by):
            yield bucket


@RULES.rule
def bucket_keeps_versions(document: Document) -> Iterator[Resource]:
    """Each bucket keeps versions, so that a mistake can be taken back."""
    for bucket in document.of_type("aws_s3_bucket"):
        beside = _beside(document, bucket, "aws_s3_bucket_versioning")
        if not any((each.block("versioning_configuration") or {}).get("status") == "Enabled" for each in beside):
            yield bucket


@RULES.rule
def bucket_forgets_versions(document: Document) -> Iterator[Resource]:
    """Each bucket forgets what was deleted or replaced within 30 days, everywhere in it."""
    for bucket in document.of_type("aws_s3_bucket"):
        beside = _beside(document, bucket, "aws_s3_bucket_lifecycle_configuration")
        if not any(_forgets(rule) for each in beside for rule in each["rule"]):
            yield bucket


@RULES.rule
def bucket_speaks_tls_only(document: Document) -> Iterator[Resource]:
    """Each bucket's policy refuses everybody who comes without TLS."""
    for bucket in document.of_type("aws_s3_bucket"):
        policies = _beside(document, bucket, "aws_s3_bucket_policy")
        # Before an apply a policy that names what does not exist yet is not known.
        if not any(policy["policy"] is UNKNOWN or _refuses_without_tls(policy) for policy in policies):
            yield bucket


@RULES.rule
def bucket_owns_what_is_in_it(document: Document) -> Iterator[Resource]:
    """Each bucket's owner owns its objects; access control lists are off."""
    for bucket in document.of_type("aws_s3_bucket"):
        beside = _beside(document, bucket, "aws_s3_bucket_ownership_controls")
        if not any((each.block("rule") or {}).get("object_ownership") == "BucketOwnerEnforced" for each in beside):
            yield bucket


@RULES.rule
def bucket_is_protected(document: Document) -> Iterator[Resource]:
    """In production, a bucket with something in it cannot be deleted."""
    for bucket in document.of_type("aws_s3_bucket"):
        if bucket.is_production and bucket["force_destroy"] is not False:
            yield bucket


def _beside(document: Document, bucket: Resource, kind: str) -> list[Resource]:
    return document.companions(bucket, kind, "bucket", "bucket", "id")


def _has_key(default: Any, document: Document, bucket: Resource) -> bool:
    algorithm = default.get("sse_algorithm", UNKNOWN)
    if algorithm in ("aws:kms", UNKNOWN):
        return default.get("kms_master_key_id", UNKNOWN) not in (None, "")
    # Load balancers write to no bucket with a key of ours.
    return algorithm == "AES256" and _takes_logs(document, bucket)


def _takes_logs(document: Document, bucket: Resource) -> bool:
    return any(
        ("Service", "logdelivery.elasticloadbalancing.amazonaws.com") in statement.principals
        for policy in _beside(document, bucket, "aws_s3_bucket_policy")
        for statement in statements(policy, "policy")
    )


def _forgets(rule: Any) -> bool:
    everywhere = all(
        not (each.get("prefix") or each.get("tag") or each.get("and")) for each in rule.get("filter") or []
    ) and not rule.get("prefix")
    old = rule.get("noncurrent_version_expiration") or []
    return (
        rule["status"] == "Enabled"
        and everywhere
        and any(
            0 < each["noncurrent_days"] <= _NONCURRENT_DAYS and not each.get("newer_noncurrent_versions")
            for each in old
        )
    )


def _refuses_without_tls(policy: Resource) -> bool:
    return any(
        not statement.allows
        and ("AWS", "*") in statement.principals
        and "s3:*" in statement.actions
        and ("Bool", "aws:securetransport", ["false"]) in statement.conditions
        and any(resource.endswith("/*") for resource in statement.resources)
        for statement in statements(policy, "policy")
    )
