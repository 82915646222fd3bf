"""Everything that is stored anywhere, as bytes: what a search for a text has to go through."""

import asyncio
import io
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import asyncpg
from redis.asyncio import from_url

from tests.services.s3 import Bucket


async def of_postgres(url: str) -> dict[str, bytes]:
    """All columns of all tables, as COPY gives them to a dump."""
    connection = await asyncpg.connect(url)
    try:
        names = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        found = {}
        for row in names:
            into = io.BytesIO()
            await connection.copy_from_table(row["tablename"], output=into)
            found[f"postgres/{row['tablename']}"] = into.getvalue()
        return found
    finally:
        await connection.close()


async def of_redis(url: str) -> dict[str, bytes]:
    """All keys with their values, of whatever kind."""
    found = {}
    async with from_url(url) as redis:
        async for key in redis.scan_iter():
            match kind := await redis.type(key):
                case b"string":
                    value: object = await redis.get(key)
                case b"zset":
                    value = await redis.zrange(key, 0, -1)
                case b"hash":
                    value = await redis.hgetall(key)
                case b"list":
                    value = await redis.lrange(key, 0, -1)
                case b"set":
                    value = await redis.smembers(key)
                case _:
                    raise AssertionError(f"{key!r} is of the kind {kind!r}, which nobody searches")
            found[f"redis/{key.decode()}"] = key + b"\n" + repr(value).encode()
    return found


async def of_bucket(bucket: Bucket) -> dict[str, bytes]:
    """All versions of all objects, by their keys."""
    listed = (await asyncio.to_thread(bucket.request, "GET", "?versions")).decode()
    found = {}
    for block in re.findall(r"<(?:Version|DeleteMarker)>(.*?)</(?:Version|DeleteMarker)>", listed, re.DOTALL):
        key = re.search("<Key>(.*?)</Key>", block)
        version = re.search("<VersionId>(.*?)</VersionId>", block)
        assert key is not None
        assert version is not None
        body = b""
        if "<Size>" in block:
            body = await asyncio.to_thread(bucket.request, "GET", f"/{quote(key[1])}?versionId={version[1]}")
        found[f"bucket/{key[1]}/{version[1]}"] = key[1].encode() + b"\n" + body
    return found


def of_folder(folder: Path) -> dict[str, bytes]:
    """All files with their names."""
    return {
        f"disk/{path}": str(path).encode() + b"\n" + path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def places(everything: dict[str, bytes], texts: Iterable[str]) -> dict[str, list[str]]:
    """Where each of these texts is found."""
    return {
        text: found
        for text in texts
        if (found := sorted(place for place, data in everything.items() if text.encode() in data))
    }
