"""What a plan may do to what is there."""

from collections.abc import Iterator
from typing import Final

from deploy.policy.document import Change, Document
from deploy.policy.rule import Rules

RULES = Rules()

DATA: Final = frozenset(
    {
        "aws_db_instance",
        "aws_elasticache_replication_group",
        "aws_s3_bucket",
        "aws_secretsmanager_secret",
        "aws_kms_key",
        "aws_ecr_repository",
        "aws_route53_zone",
        "aws_cloudtrail",
    }
)


@RULES.rule
def data_outlives_a_plan(document: Document) -> Iterator[Change]:
    """No plan deletes or replaces what holds data, keys, images, the zone or the trail of audit."""
    yield from (change for change in document.changes if change.type in DATA and "delete" in change.actions)
