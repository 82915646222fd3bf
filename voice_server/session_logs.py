"""Session logs on disk, for developers: one file of JSON lines per conversation, see `pipeline.session_log`.

They hold everything that is said. Files are written by a thread; when the disk does not keep up, a log ends early with
a line that says so, because a conversation does not wait and a log with holes cannot be replayed.
"""

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Self, TextIO

import structlog
from prometheus_client.core import CounterMetricFamily, Metric

from pipeline.events import Input, Output
from pipeline.session_log import Closed, Entered, Fact, Left, Opened, write
from voice_server.wire.session_config import SessionConfig

MAX_WAITING = 10_000
"""Facts of all sessions that wait to be written: some seconds of a hundred conversations."""
MAX_FACTS = 1_000_000
"""Of one session: hours of it."""
CLOSE_SECONDS = 5.0
"""How long a server that stops waits for the disk."""

_log = structlog.get_logger(__name__)


class SessionLogs:
    """The folder, and the thread that writes into it. `async with` runs it."""

    def __init__(self, folder: Path, *, with_audio: bool) -> None:
        self.cut_short = 0
        """Logs that ended early."""
        self._folder = folder
        self._with_audio = with_audio
        self._waiting: SimpleQueue[tuple[str, Fact] | None] = SimpleQueue()
        self._files: dict[str, TextIO] = {}
        # A daemon, so that a disk that hangs does not keep the server from stopping.
        self._thread = threading.Thread(target=self._write_all, name="session-logs", daemon=True)

    async def __aenter__(self) -> Self:
        """Raises OSError if the folder cannot be made."""
        await asyncio.to_thread(self._folder.mkdir, mode=0o700, parents=True, exist_ok=True)
        self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._waiting.put(None)
        await asyncio.to_thread(self._thread.join, CLOSE_SECONDS)
        if self._thread.is_alive():
            _log.warning("session logs lost", waiting=self._waiting.qsize())

    def observer(self, config: SessionConfig) -> "SessionLogWriter":
        """Writes down one session."""
        return SessionLogWriter(self, config)

    def metrics(self) -> Iterator[Metric]:
        """For Prometheus."""
        yield CounterMetricFamily("voice_session_logs_cut_short", "Session logs that ended early.", self.cut_short)

    def put(self, session_id: str, fact: Fact) -> bool:
        """Have it written; False if too much waits. The end of a log is always taken."""
        if self._waiting.qsize() >= MAX_WAITING and not isinstance(fact, Closed):
            return False
        self._waiting.put((session_id, fact))
        return True

    def _write_all(self) -> None:
        while (each := self._waiting.get()) is not None:
            try:
                self._write(*each)
            except Exception:
                # One log is lost, be it for a full disk or a value that cannot be written; the others go on.
                _log.exception("session log not written", session=each[0])
                self.cut_short += 1
                self._close(each[0])
        for session_id in list(self._files):
            self._close(session_id)

    def _write(self, session_id: str, fact: Fact) -> None:
        if isinstance(fact, Opened):
            moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(fact.began_at))
            path = self._folder / f"{moment}-{session_id}.jsonl"
            # Nobody else on the machine may read what was said.
            self._files[session_id] = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w")
        file = self._files.get(session_id)
        if file is None:
            return
        file.write(write(fact, with_audio=self._with_audio) + "\n")
        if isinstance(fact, Closed):
            self._close(session_id)

    def _close(self, session_id: str) -> None:
        file = self._files.pop(session_id, None)
        if file is None:
            return
        try:
            file.close()
        except OSError:
            _log.exception("session log not closed", session=session_id)


class SessionLogWriter:
    """Writes down one session, as long as it can be written down without a gap."""

    def __init__(self, logs: SessionLogs, config: SessionConfig) -> None:
        self._logs = logs
        self._session_id = config.session_id
        self._began_at = _now()
        self._facts = 0
        self._is_open = True
        self._put(Opened(config.session_id, config.model, config.settings, time.time()))

    def entered(self, event: Input) -> None:
        """See Observer."""
        if self._is_open:
            self._put(Entered(_now() - self._began_at, event))

    def left(self, output: Output) -> None:
        """See Observer."""
        if self._is_open:
            self._put(Left(_now() - self._began_at, output))

    def ended(self, close_code: int) -> None:
        """See Observer."""
        if self._is_open:
            self._put(Closed(_now() - self._began_at, f"closed with {close_code}"))

    def _put(self, fact: Fact) -> None:
        self._facts += 1
        if self._facts <= MAX_FACTS and self._logs.put(self._session_id, fact):
            return
        self._is_open = False
        self._logs.cut_short += 1
        reason = "the log is full" if self._facts > MAX_FACTS else "the disk did not keep up"
        self._logs.put(self._session_id, Closed(_now() - self._began_at, f"cut short: {reason}"))
        _log.warning("session log cut short", session=self._session_id, reason=reason)


def _now() -> float:
    return asyncio.get_running_loop().time()
