"""The command `voice-server`: serve, migrate, operator, reseal, talk, check.

Exit codes: 0 well, 1 it could not be done, 2 it was asked for wrongly. Errors are one line each.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path

from voice_server import __version__
from voice_server.settings import NAMES, SECRETS, ServerSettings, SettingsError, read_settings

EXIT_FAILED = 1
EXIT_WRONG = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; gives its exit code."""
    options = _parser().parse_args(arguments)
    try:
        chosen = {"ROLES": options.roles} if getattr(options, "roles", None) else {}
        # The image listens on all addresses, and whoever migrates with it has no keys.
        settings = read_settings({**os.environ, **chosen}, listens=options.command in ("serve", "check"))
    except SettingsError as error:
        return _fail(str(error), EXIT_WRONG)
    commands = {
        "serve": _serve,
        "migrate": _migrate,
        "operator": _operator,
        "reseal": _reseal,
        "talk": _talk,
        "check": _check,
    }
    return commands[options.command](options, settings)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="voice-server", description="Voice conversations on your own machine.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="run the server; settings come from the environment and .env")
    serve.add_argument("--roles", metavar="ROLES", help="what it answers (default: ROLES, and without it everything)")
    migrate = commands.add_parser("migrate", help="bring the database up to date; many tasks may do so at once")
    operator = commands.add_parser("operator", help="give an account to somebody who runs the server, or promote one")
    migrate.add_argument(
        "--iam-user",
        metavar="NAME",
        help="let servers log in under this name with tokens of IAM instead of a password, at Amazon RDS",
    )
    operator.add_argument("email", metavar="EMAIL", help="the address; the password is asked for, or read from a pipe")
    reseal = commands.add_parser(
        "reseal", help="seal with the newest SECRET_KEY what an older one has sealed, so that it can be forgotten"
    )
    for command in (migrate, operator, reseal):
        command.add_argument(
            "--url",
            help="the database (default: DATABASE_URL, and without it the embedded one in DATA_DIR)",
        )
    talk = commands.add_parser("talk", help="talk to a server, with a recording, in writing or with the microphone")
    talk.add_argument("recording", nargs="?", type=Path, metavar="FILE", help="WAV or FLAC; none: the microphone")
    talk.add_argument("--out", type=Path, metavar="FILE", help="write the spoken answer to this WAV file")
    talk.add_argument("--text", help="ask this in writing instead of speaking")
    talk.add_argument("--url", help="the server (default: the one that these settings describe)")
    talk.add_argument("--key", help="a key of the server (default: the first of API_KEYS)")
    talk.add_argument("--assistant", default="galion", metavar="NAME", help="who answers (default: %(default)s)")
    commands.add_parser("check", help="show the settings that were found, without secrets")
    return parser


def _serve(_options: argparse.Namespace, settings: ServerSettings) -> int:
    # Imported here, because the other commands need neither the web server nor the providers, and start faster.
    from voice_server.banner import banner_lines  # noqa: PLC0415
    from voice_server.logs import configure_logs  # noqa: PLC0415
    from voice_server.server import StartFailed, open_server  # noqa: PLC0415

    configure_logs(settings.log_level, settings.log_format)

    async def serve() -> int:
        try:
            async with open_server(settings) as url:
                print("\n".join(banner_lines(settings, url)), flush=True)
                await asyncio.Event().wait()
        except StartFailed as error:
            return _fail(str(error), EXIT_FAILED)
        except SettingsError as error:
            return _fail(str(error), EXIT_WRONG)
        return 0

    return _run_until_stopped(serve())


def _migrate(options: argparse.Namespace, settings: ServerSettings) -> int:
    from voice_server.storage.opened import StorageFailed, open_address  # noqa: PLC0415 -- as above
    from voice_server.storage.postgres.login import ensure_login  # noqa: PLC0415
    from voice_server.storage.postgres.migrate import migrate  # noqa: PLC0415
    from voice_server.storage.postgres.migration import MigrationError  # noqa: PLC0415

    async def run() -> int:
        try:
            async with open_address(settings, options.url) as address:
                applied = await migrate(address)
                print("\n".join(f"applied {each.title}" for each in applied) or "The database is up to date.")
                if options.iam_user and await ensure_login(address, options.iam_user):
                    print(f"Servers may log in as {options.iam_user}.")
        except (StorageFailed, MigrationError) as error:
            return _fail(str(error), EXIT_FAILED)
        return 0

    return _run_until_stopped(run())


def _operator(options: argparse.Namespace, settings: ServerSettings) -> int:
    from voice_server.accounts.operators import OperatorRefused, ask_password, make_operator  # noqa: PLC0415 -- as above
    from voice_server.storage.opened import StorageFailed, open_address  # noqa: PLC0415
    from voice_server.storage.postgres.database import Database, StorageUnavailable  # noqa: PLC0415
    from voice_server.storage.postgres.migrate import migrate  # noqa: PLC0415
    from voice_server.storage.postgres.migration import MigrationError  # noqa: PLC0415

    async def run(password: str) -> int:
        try:
            async with open_address(settings, options.url) as address:
                await migrate(address)
                async with Database.open(address) as database:
                    await make_operator(database, options.email, password)
        except (StorageFailed, MigrationError, StorageUnavailable, OperatorRefused) as error:
            return _fail(str(error), EXIT_FAILED)
        print(f"{options.email} is an operator now.")
        return 0

    try:
        return _run_until_stopped(run(ask_password()))
    except OperatorRefused as error:
        return _fail(str(error), EXIT_WRONG)


def _reseal(options: argparse.Namespace, settings: ServerSettings) -> int:
    from voice_server.accounts import signing_keys  # noqa: PLC0415 -- as above
    from voice_server.mail import outbox  # noqa: PLC0415
    from voice_server.storage.opened import StorageFailed, open_address, secrets_of  # noqa: PLC0415
    from voice_server.storage.postgres.database import Database, StorageUnavailable  # noqa: PLC0415
    from voice_server.storage.resealing import reseal  # noqa: PLC0415
    from voice_server.storage.sealed import Sealed  # noqa: PLC0415
    from voice_server.tenants import secrets  # noqa: PLC0415

    async def run() -> int:
        lost = 0
        try:
            async with open_address(settings, options.url) as address, Database.open(address) as database:
                sealed = Sealed(await secrets_of(settings))
                for rows in (secrets.SEALED_ROWS, signing_keys.SEALED_ROWS, outbox.SEALED_ROWS):
                    resealed = await reseal(database, sealed, rows)
                    print(f"{rows.called}: {resealed.done} sealed anew, {resealed.lost} that no secret here opens")
                    lost += resealed.lost
        except (StorageFailed, StorageUnavailable) as error:
            return _fail(str(error), EXIT_FAILED)
        except SettingsError as error:
            return _fail(str(error), EXIT_WRONG)
        if lost:
            return _fail("SECRET_KEY_BEFORE: the secret that sealed the rest is not among them; add it.", EXIT_FAILED)
        print("Nothing needs the secrets behind the newest any more.")
        return 0

    return _run_until_stopped(run())


def _talk(options: argparse.Namespace, settings: ServerSettings) -> int:
    from voice_client.talk import TalkOptions, talk  # noqa: PLC0415 -- as above

    if options.recording is not None and options.text is not None:
        return _fail("Give a recording or --text, not both.", EXIT_WRONG)
    if options.text is not None and not options.text.strip():
        return _fail("--text is empty; write the question behind it.", EXIT_WRONG)
    key = options.key or (settings.api_keys[0] if settings.api_keys else None)
    url = options.url or f"http://{'127.0.0.1' if settings.host == '0.0.0.0' else settings.host}:{settings.port}"  # noqa: S104 -- compared
    wishes = TalkOptions(url, key, options.recording, options.text, options.out, options.assistant)
    return _run_until_stopped(talk(wishes))


def _check(_options: argparse.Namespace, settings: ServerSettings) -> int:
    for name in NAMES:
        value = getattr(settings, name.lower())
        if name in SECRETS:
            value = "(set)" if value else "(not set)"
        elif isinstance(value, tuple):
            value = ",".join(value)
        print(f"{name}={'' if value is None else value}")
    return 0


def _run_until_stopped(work: Coroutine[None, None, int]) -> int:
    """Run it until it ends or somebody stops it with Ctrl-C or SIGTERM, which is no error."""

    async def run() -> int:
        task = asyncio.ensure_future(work)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(number, task.cancel)
        await asyncio.wait([task])
        return 0 if task.cancelled() else task.result()

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(run())


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 -- does not exist on every system
    except ImportError:
        return None
    return uvloop.new_event_loop


def _fail(message: str, code: int) -> int:
    print(f"voice-server: {message}", file=sys.stderr)
    return code
