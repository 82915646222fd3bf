"""Images in the registry, each by its digest: a tag says nothing of what runs."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from deploy.scripts.clock import Clock, poll
from deploy.scripts.failures import Failed, Wrong

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
LOOK_SECONDS = 10.0
_LISTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_MANIFESTS = (
    *_LISTS,
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_SCANNED = ("COMPLETE", "ACTIVE")
_PENDING = ("", "PENDING", "IN_PROGRESS")


def digest(text: str) -> str:
    """For argparse."""
    if not DIGEST.fullmatch(text):
        raise ValueError
    return text


class Registry:
    """One repository."""

    def __init__(self, ecr: Any, repository: str) -> None:
        """`ecr`: a client of boto3."""
        self._ecr = ecr
        self._repository = repository

    def require(self, image: str) -> None:
        """Raises Wrong if there is no image of this digest."""
        try:
            self._described(image)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ImageNotFoundException":
                raise
            raise Wrong(f"{self._repository} has no image {image}. Push it first, and take its digest.") from error

    def platforms(self, image: str) -> Mapping[str, str]:
        """`linux/arm64` and others, to the digest of the image for it; of an image for one platform, itself."""
        answer = self._ecr.batch_get_image(
            repositoryName=self._repository, imageIds=[{"imageDigest": image}], acceptedMediaTypes=list(_MANIFESTS)
        )
        if not answer["images"]:
            raise Wrong(f"{self._repository} has no image {image}. Push it first, and take its digest.")
        manifest = json.loads(answer["images"][0]["imageManifest"])
        if manifest.get("mediaType") not in _LISTS:
            return {"the image": image}
        # What a build attests has no platform, and nothing in it that could be scanned.
        found = [part for part in manifest["manifests"] if part["platform"]["os"] != "unknown"]
        return {f"{part['platform']['os']}/{part['platform']['architecture']}": part["digest"] for part in found}

    def findings(self, image: str, clock: Clock, *, seconds: float) -> Mapping[str, int]:
        """Severity to how many, as soon as the scan is complete. Raises Failed if that does not come."""

        def complete() -> Mapping[str, int] | None:
            described = self._described(image)
            state = described.get("imageScanStatus", {}).get("status", "")
            if state in _SCANNED:
                return dict(described.get("imageScanFindingsSummary", {}).get("findingSeverityCounts", {}))
            if state in _PENDING:
                return None
            told = described["imageScanStatus"].get("description", "")
            raise Failed(f"ECR cannot scan {image} ({state}): {told} Look at the image's base.")

        found = poll(complete, clock, every=LOOK_SECONDS, seconds=seconds)
        if found is None:
            raise Failed(f"ECR has not scanned {image} within {seconds:g} seconds. Turn on scanning, or wait longer.")
        return found

    def _described(self, image: str) -> Any:
        answer = self._ecr.describe_images(repositoryName=self._repository, imageIds=[{"imageDigest": image}])
        details: Sequence[Any] = answer["imageDetails"]
        return details[0]
