"""Recordings as files in a folder: they survive a restart, and are deleted when they are old or there are too many."""

import asyncio
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

from pipeline.items import new_id
from voice_server.auth import Principal
from voice_server.storage.interfaces import Recording
from voice_server.storage.memory import RECORDING_PATH, RECORDING_SECONDS

MAX_FOLDER_BYTES = 1024 * 1024 * 1024
_ENDINGS = {"audio/wav": ".wav", "audio/mpeg": ".mp3"}
_TYPES = {ending: content_type for content_type, ending in _ENDINGS.items()}
_ID = re.compile(r"audio_[0-9a-f]{20}")


class FolderRecordings:
    """Recordings in one folder that is nobody else's."""

    def __init__(
        self, folder: Path, *, max_bytes: int = MAX_FOLDER_BYTES, now: Callable[[], float] = time.time
    ) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._now = now

    async def open(self) -> None:
        """Make the folder if it is missing, and see that it can be written to. Raises OSError."""
        await asyncio.to_thread(self._open)

    async def add(self, recording: Recording, _owner: Principal, _conversation_id: str) -> str:
        """Keep a recording (WAV or MP3) and give its address."""
        recording_id = new_id("audio")
        await asyncio.to_thread(self._write, recording_id, recording)
        return RECORDING_PATH + recording_id

    async def get(self, recording_id: str) -> Recording | None:
        """The recording, if it is still kept."""
        if not _ID.fullmatch(recording_id):
            return None
        return await asyncio.to_thread(self._read, recording_id)

    def _open(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        probe = self._folder / ".writable"
        probe.touch()
        probe.unlink()
        self._forget()

    def _write(self, recording_id: str, recording: Recording) -> None:
        path = self._folder / (recording_id + _ENDINGS[recording.content_type])
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(recording.data)
        os.utime(unfinished, (self._now(), self._now()))
        unfinished.rename(path)
        self._forget()

    def _read(self, recording_id: str) -> Recording | None:
        for ending, content_type in _TYPES.items():
            path = self._folder / (recording_id + ending)
            try:
                if self._now() - path.stat().st_mtime < RECORDING_SECONDS:
                    return Recording(path.read_bytes(), content_type)
            except FileNotFoundError:
                continue
        return None

    def _forget(self) -> None:
        """Delete what is too old, then the oldest until the rest fits."""
        found = sorted((path.stat().st_mtime, path.stat().st_size, path) for path in self._folder.glob("audio_*"))
        size = sum(each[1] for each in found)
        for changed, bytes_, path in found:
            if size <= self._max_bytes and self._now() - changed < RECORDING_SECONDS:
                return
            path.unlink(missing_ok=True)
            size -= bytes_
