"""Objects as files of a folder that is nobody else's.

    objects/{key}     the bytes
    types/{key}       the content type, written first and removed last
    unfinished/       what is being written, or removed

A file is written beside the others, brought to the disk, and moved to its place: a reader finds it whole or not at all,
and so does whoever starts the server after a power cut.
"""

import asyncio
import os
import shutil
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import AbstractContextManager
from io import BufferedWriter
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

import obstore
from obstore.store import LocalStore

from voice_server.storage.objects.interfaces import Listed, check_content_type, check_key
from voice_server.storage.objects.links import Links
from voice_server.storage.objects.stored import FoundObject, list_objects, reaching

PATIENCE_SECONDS = 10.0
LEFT_BEHIND_SECONDS = 86_400.0
"""After this, what is unfinished was left behind by a process that ended."""
_ATTEMPTS = 5


class FolderObjects:
    """Objects in a folder."""

    def __init__(self, folder: Path, links: Links) -> None:
        self._folder = folder.absolute()
        self._objects = self._folder / "objects"
        self._types = self._folder / "types"
        self._unfinished = self._folder / "unfinished"
        self._links = links

    async def __aenter__(self) -> Self:
        """Make the folder. Raises ObjectsUnavailable if it cannot be written to."""
        with self._reaching():
            await asyncio.to_thread(self._open)
            self._store = LocalStore(self._objects)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """There is nothing to close."""

    async def put(self, key: str, data: bytes | AsyncIterator[bytes], content_type: str) -> None:
        """Keep an object; when this returns, it is on the disk."""
        check_key(key)
        check_content_type(content_type)
        unfinished = self._unfinished / uuid4().hex
        try:
            if isinstance(data, bytes):
                with self._reaching():
                    await asyncio.to_thread(_write, unfinished, data)
            else:
                await self._write_pieces(unfinished, data)
            with self._reaching():
                await asyncio.to_thread(self._place, key, unfinished, content_type)
        finally:
            unfinished.unlink(missing_ok=True)

    async def get(self, key: str) -> FoundObject | None:
        """The object, if there is one."""
        check_key(key)
        with self._reaching():
            content_type = await asyncio.to_thread(self._content_type, key)
            if content_type is None:
                return None
            try:
                meta = await obstore.head_async(self._store, key)
            except FileNotFoundError:
                return None  # It was deleted meanwhile.
        return FoundObject(
            meta["size"], content_type, self._store, key, meta["e_tag"], str(self._folder), PATIENCE_SECONDS
        )

    async def delete(self, keys: Iterable[str]) -> None:
        """Remove objects."""
        checked = [check_key(key) for key in keys]
        with self._reaching():
            await asyncio.to_thread(self._delete, checked)

    async def delete_prefix(self, prefix: str) -> None:
        """Remove everything under `prefix/`."""
        check_key(prefix)
        with self._reaching():
            await asyncio.to_thread(self._delete_folders, prefix)

    def list(self, prefix: str) -> AsyncGenerator[Listed, None]:
        """Everything under `prefix/`."""
        return list_objects(self._store, check_key(prefix), str(self._folder), PATIENCE_SECONDS)

    async def link(self, key: str, seconds: int, filename: str | None = None) -> str:
        """An address of this server that leads to the object for so long."""
        return self._links.make(key, seconds, filename)

    def _reaching(self) -> AbstractContextManager[None]:
        return reaching(str(self._folder), PATIENCE_SECONDS)

    def _open(self) -> None:
        for folder in (self._folder, self._objects, self._types, self._unfinished):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
        for left in self._unfinished.iterdir():
            if time.time() - left.stat().st_mtime > LEFT_BEHIND_SECONDS:
                _remove(left)

    def _content_type(self, key: str) -> str | None:
        """That of an object that is there."""
        if not (self._objects / key).is_file():
            return None
        try:
            return (self._types / key).read_text()
        except FileNotFoundError:
            return None

    async def _write_pieces(self, path: Path, pieces: AsyncIterator[bytes]) -> None:
        with self._reaching():
            file = await asyncio.to_thread(path.open, "wb")
        try:
            async for piece in pieces:
                with self._reaching():
                    await asyncio.to_thread(file.write, piece)
            with self._reaching():
                await asyncio.to_thread(_sync, file)
        finally:
            file.close()

    def _place(self, key: str, unfinished: Path, content_type: str) -> None:
        unfinished_type = unfinished.with_suffix(".type")
        _write(unfinished_type, content_type.encode())
        self._move(unfinished_type, self._types / key)
        self._move(unfinished, self._objects / key)

    def _move(self, source: Path, target: Path) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                _make_folder(target.parent)
                source.replace(target)
                _sync_folder(target.parent)
            except FileNotFoundError:
                # Somebody removed the last object of the folder meanwhile, and the folder with it.
                if attempt == _ATTEMPTS:
                    raise
            else:
                return

    def _delete(self, keys: Iterable[str]) -> None:
        for key in keys:
            for root in (self._objects, self._types):
                try:
                    (root / key).unlink()
                except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError):
                    if (root / key).is_file():
                        raise
                    continue
                _tidy((root / key).parent, root)

    def _delete_folders(self, prefix: str) -> None:
        for root in (self._objects, self._types):
            removed = self._unfinished / uuid4().hex
            if not (root / prefix).is_dir():
                continue
            # Gone in one step; then it may take its time.
            (root / prefix).replace(removed)
            _tidy((root / prefix).parent, root)
            _remove(removed)


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        _sync(file)


def _sync(file: BufferedWriter) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return  # Somebody removed what was in it meanwhile, and brings that to the disk.
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_folder(folder: Path) -> None:
    """Make it and those above it, so that they are there after a power cut."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    _sync_folder(folder.parent)


def _tidy(folder: Path, root: Path) -> None:
    """Remove folders in which there is nothing any longer: their names say something, too."""
    while folder != root:
        try:
            folder.rmdir()
        except FileNotFoundError:
            pass  # Somebody else removed it; whether the one above is empty now is to be seen.
        except OSError:
            break  # Something is in it.
        folder = folder.parent
    _sync_folder(folder)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
