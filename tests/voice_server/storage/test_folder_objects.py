"""Objects in a folder: on the disk before they are acknowledged, seen by nobody else, gone without a trace."""

import os
import stat
from pathlib import Path

import pytest

from voice_server.storage.objects.interfaces import ObjectsUnavailable
from voice_server.storage.objects.links import Links
from voice_server.storage.objects.store import objects_at

LINKS = Links([b"x" * 32])


def files(folder: Path) -> list[str]:
    return sorted(str(each.relative_to(folder)) for each in folder.rglob("*"))


def mode(folder: Path) -> int:
    return stat.S_IMODE(folder.stat().st_mode)


async def test_the_folder_is_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "objects"
    async with objects_at(str(folder), LINKS) as objects:
        await objects.put("a/b", b"x", "text/plain")
    for each in (folder, folder / "objects", folder / "objects" / "a", folder / "types"):
        assert mode(each) == 0o700


async def test_objects_are_there_when_the_folder_is_opened_again(tmp_path: Path) -> None:
    async with objects_at(f"file://{tmp_path}", LINKS) as objects:
        await objects.put("a/b", b"x", "audio/wav")
    async with objects_at(str(tmp_path), LINKS) as objects:
        stored = await objects.get("a/b")
        assert stored is not None
        assert (await stored.read(), stored.content_type) == (b"x", "audio/wav")


async def test_an_object_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    sync, replace = os.fsync, Path.replace

    def noted_sync(descriptor: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        sync(descriptor)

    def noted_replace(self: Path, target: Path) -> Path:
        done.append(f"name of {target.relative_to(tmp_path)}")
        return replace(self, target)

    async with objects_at(str(tmp_path), LINKS) as objects:
        await objects.put("a", b"first", "text/plain")
        monkeypatch.setattr(os, "fsync", noted_sync)
        monkeypatch.setattr(Path, "replace", noted_replace)
        await objects.put("a", b"second", "text/plain")
    assert done == ["file", "file", "name of types/a", "folder", "name of objects/a", "folder"]


async def test_a_full_disk_is_said_and_keeps_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    async with objects_at(str(tmp_path), LINKS) as objects:
        await objects.put("a", b"before", "text/plain")
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(ObjectsUnavailable, match="No space left on device"):
            await objects.put("a", b"after", "text/plain")
        stored = await objects.get("a")
        assert stored is not None
        assert await stored.read() == b"before"
    assert not any("unfinished/" in each for each in files(tmp_path))


async def test_deleted_objects_leave_not_even_a_name(tmp_path: Path) -> None:
    async with objects_at(str(tmp_path), LINKS) as objects:
        await objects.put("people/anna/a.wav", b"x", "text/plain")
        await objects.put("people/bruno/b.wav", b"x", "text/plain")
        await objects.put("people/bruno/c/d.wav", b"x", "text/plain")
        await objects.delete(["people/anna/a.wav"])
        await objects.delete_prefix("people/bruno")
    assert files(tmp_path) == ["objects", "types", "unfinished"]


async def test_what_a_killed_process_left_unfinished_is_removed_a_day_later(tmp_path: Path) -> None:
    async with objects_at(str(tmp_path), LINKS):
        pass
    old, new = tmp_path / "unfinished" / "old", tmp_path / "unfinished" / "new"
    old.write_bytes(b"x")
    new.write_bytes(b"x")
    os.utime(old, (1.0, 1.0))
    async with objects_at(str(tmp_path), LINKS):
        assert [each.name for each in (tmp_path / "unfinished").iterdir()] == ["new"]


async def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ObjectsUnavailable, match="cannot be reached"):
        await objects_at(str(tmp_path / "file" / "objects"), LINKS).__aenter__()


@pytest.mark.parametrize(
    "url", ["", "relative/folder", "http://example.com/x", "s3://", "s3:///x", "s3://b?bucket=x", "file://host/x"]
)
def test_an_address_that_means_no_store_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="OBJECT_STORE_URL"):
        objects_at(url, LINKS)
