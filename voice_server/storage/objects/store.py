"""Which kind of store an address means."""

import os
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from voice_server.storage.objects.bucket import BucketObjects
from voice_server.storage.objects.folder import FolderObjects
from voice_server.storage.objects.interfaces import Objects
from voice_server.storage.objects.links import Links
from voice_server.storage.objects.signing import Place


def objects_at(url: str, links: Links) -> Objects:
    """The objects at OBJECT_STORE_URL, to be opened with `async with`.

    `/a/folder` or `file:///a/folder`: a folder, whose links are signed by `links`. `s3://bucket/prefix`: a bucket; its
    region and endpoint are those of `?region=…&endpoint=https://…`, else of AWS_REGION and AWS_ENDPOINT_URL, as for all
    of Amazon's tools. Raises ValueError for anything else.
    """
    parts = urlsplit(url)
    if parts.scheme in ("", "file") and parts.path.startswith("/") and not parts.netloc:
        return FolderObjects(Path(unquote(parts.path)), links)
    if parts.scheme == "s3" and parts.netloc:
        return BucketObjects(_place(parts.netloc, parts.path, parse_qs(parts.query, strict_parsing=bool(parts.query))))
    raise ValueError("OBJECT_STORE_URL is a folder like /data/objects or a bucket like s3://bucket/prefix.")


def _place(bucket: str, path: str, query: dict[str, list[str]]) -> Place:
    if unknown := query.keys() - {"region", "endpoint"}:
        raise ValueError(f"OBJECT_STORE_URL knows region and endpoint, not {', '.join(sorted(unknown))}.")
    environment = os.environ
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1"
    endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL") or ""
    return Place(
        bucket,
        path.strip("/"),
        query.get("region", [region])[-1],
        query.get("endpoint", [endpoint])[-1].rstrip("/"),
    )
