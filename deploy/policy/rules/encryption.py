"""Keys, and what has to be encrypted with one of ours."""

from collections.abc import Iterator
from typing import Final

from deploy.policy.document import UNKNOWN, Document, Resource
from deploy.policy.rule import Rules

RULES = Rules()

# Type to the argument that names its key.
_KEY_OF: Final = {
    "aws_cloudwatch_log_group": "kms_key_id",
    "aws_sns_topic": "kms_master_key_id",
    "aws_secretsmanager_secret": "kms_key_id",
    "aws_cloudtrail": "kms_key_id",
}


@RULES.rule
def everything_has_our_key(document: Document) -> Iterator[Resource]:
    """Logs, topics, secrets and trails are encrypted with our key."""
    yield from (each for kind, key in _KEY_OF.items() for each in document.of_type(kind) if each.is_unset(key))


@RULES.rule
def logs_end(document: Document) -> Iterator[Resource]:
    """Each log group forgets: for ever is no retention."""
    for group in document.of_type("aws_cloudwatch_log_group"):
        if group["retention_in_days"] in (None, 0):
            yield group


@RULES.rule
def images_are_encrypted(document: Document) -> Iterator[Resource]:
    """Images are encrypted with our key."""
    for repository in document.of_type("aws_ecr_repository"):
        encryption = repository.block("encryption_configuration") or {}
        if encryption.get("encryption_type") != "KMS" or encryption.get("kms_key", UNKNOWN) in (None, ""):
            yield repository


@RULES.rule
def images_stay_what_they_were(document: Document) -> Iterator[Resource]:
    """A tag names the same image for ever, and each image is scanned when it is pushed."""
    for repository in document.of_type("aws_ecr_repository"):
        scanning = repository.block("image_scanning_configuration") or {}
        if repository["image_tag_mutability"] != "IMMUTABLE" or scanning.get("scan_on_push") is not True:
            yield repository


@RULES.rule
def keys_rotate(document: Document) -> Iterator[Resource]:
    """Each key that encrypts is replaced every year, and can be brought back for a week at least."""
    for key in document.of_type("aws_kms_key"):
        encrypts = key["key_usage"] == "ENCRYPT_DECRYPT"
        window = key["deletion_window_in_days"]
        if (encrypts and key["enable_key_rotation"] is not True) or (isinstance(window, int) and window < 7):
            yield key


@RULES.rule
def trail_sees_every_region(document: Document) -> Iterator[Resource]:
    """The trail covers every region and shows when its files were touched."""
    for trail in document.of_type("aws_cloudtrail"):
        if trail["is_multi_region_trail"] is not True or trail["enable_log_file_validation"] is not True:
            yield trail
