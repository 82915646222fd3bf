"""Database and cache."""

from collections.abc import Iterator
from typing import Final

from deploy.policy.document import UNKNOWN, Document, Resource
from deploy.policy.rule import Rules

RULES = Rules()

_DATABASE: Final = "aws_db_instance"
_CACHE: Final = "aws_elasticache_replication_group"
_COPIES: Final = "aws_db_instance_automated_backups_replication"
_BACKUP_DAYS: Final = 7
_MOST_BACKUP_DAYS: Final = 30


@RULES.rule
def database_is_encrypted(document: Document) -> Iterator[Resource]:
    """The database is encrypted with our key."""
    for database in document.of_type(_DATABASE):
        if database["storage_encrypted"] is not True or database.is_unset("kms_key_id"):
            yield database


@RULES.rule
def database_is_private(document: Document) -> Iterator[Resource]:
    """The database has no public address."""
    yield from (each for each in document.of_type(_DATABASE) if each["publicly_accessible"] is not False)


@RULES.rule
def database_asks_for_tls(document: Document) -> Iterator[Resource]:
    """The database refuses connections without TLS."""
    for group in document.of_type("aws_db_parameter_group"):
        forced = {each["name"]: each["value"] for each in group["parameter"]}.get("rds.force_ssl")
        if forced != "1":
            yield group


@RULES.rule
def database_password_is_nobodys(document: Document) -> Iterator[Resource]:
    """RDS makes, keeps and rotates the master's password; the application logs in by IAM."""
    for database in document.of_type(_DATABASE):
        if (
            database["manage_master_user_password"] is not True
            or database["iam_database_authentication_enabled"] is not True
            or database["password"] not in (None, "", UNKNOWN)
        ):
            yield database


@RULES.rule
def database_stands_in_two_zones(document: Document) -> Iterator[Resource]:
    """In production, the database has a standby in another zone."""
    yield from (each for each in document.of_type(_DATABASE) if each.is_production and each["multi_az"] is not True)


@RULES.rule
def database_is_backed_up(document: Document) -> Iterator[Resource]:
    """Every day is backed up; in production a week back, and no more than 30 days, for erased people are in them."""
    for database in document.of_type(_DATABASE):
        least = _BACKUP_DAYS if database.is_production else 1
        if not least <= database["backup_retention_period"] <= _MOST_BACKUP_DAYS:
            yield database


@RULES.rule
def backups_elsewhere_are_kept_alike(document: Document) -> Iterator[Resource]:
    """Copies of backups in another region have a key of ours there, and go as the backups do."""
    for copies in document.of_type(_COPIES):
        if copies.is_unset("kms_key_id") or copies["retention_period"] > _MOST_BACKUP_DAYS:
            yield copies


@RULES.rule
def database_is_protected(document: Document) -> Iterator[Resource]:
    """In production, nothing deletes the database by mistake, and who deletes it leaves a snapshot."""
    for database in document.of_type(_DATABASE):
        if database.is_production and (
            database["deletion_protection"] is not True or database["skip_final_snapshot"] is not False
        ):
            yield database


@RULES.rule
def cache_is_encrypted(document: Document) -> Iterator[Resource]:
    """The cache is encrypted with our key where it lies, and speaks TLS only."""
    for cache in document.of_type(_CACHE):
        if (
            cache["at_rest_encryption_enabled"] not in (True, "true")
            or cache.is_unset("kms_key_id")
            or cache["transit_encryption_enabled"] is not True
            or cache.has_not("transit_encryption_mode", "required")
        ):
            yield cache


@RULES.rule
def cache_asks_for_a_password(document: Document) -> Iterator[Resource]:
    """The cache lets in who knows its password, or a group of users."""
    for cache in document.of_type(_CACHE):
        if cache.is_unset("auth_token") and cache.is_unset("user_group_ids"):
            yield cache


@RULES.rule
def cache_stands_in_two_zones(document: Document) -> Iterator[Resource]:
    """In production, a replica of the cache takes over from another zone."""
    for cache in document.of_type(_CACHE):
        if cache.is_production and not (
            cache["multi_az_enabled"] is True
            and cache["automatic_failover_enabled"] is True
            and cache["num_cache_clusters"] >= 2
        ):
            yield cache
