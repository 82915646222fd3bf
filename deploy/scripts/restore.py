"""Restore the database into an instance of its own beside the original, which is never touched; or remove that."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from deploy.scripts.command import Context, Open, main, open_context, parser
from deploy.scripts.failures import DONE
from deploy.scripts.rds import Database, Instance

SECONDS = 7200.0


def run(context: Context, options: argparse.Namespace) -> int:
    """Gives the exit code. Raises Failed."""
    database = Database(context.session.client("rds"), context.environment.database)
    name = f"{database.scratch_prefix}{options.label}"
    if options.drop:
        gone = database.drop(name)
        context.say(f"{name}: RDS removes it." if gone else f"{name}: there is none.")
        if rest := [one for one in database.restored() if one != name]:
            context.say(f"Still there, and paid for: {', '.join(rest)}")
        return DONE
    database.restore(name, snapshot=options.snapshot, time=options.time)
    source = options.snapshot or (options.time.isoformat() if options.time else "the last moment there is")
    context.say(f"{name} from {source}: RDS works on it, which takes from minutes to an hour.")
    instance = database.wait_for_instance(name, context.clock, seconds=SECONDS)
    for line in _told(options, instance):
        context.say(line)
    return DONE


def _told(options: argparse.Namespace, instance: Instance) -> list[str]:
    common = f"--environment {options.environment}"
    return [
        f"Ready: {instance.identifier} at {instance.address}:{instance.port}. Nothing uses it, and it is paid for.",
        "Check it by the migration, which logs in, reads the schema and brings it up to date:",
        f"  python -m deploy.scripts.migrate {common} --database-address {instance.address}",
        "It logs in with the master's password of today. The instance has that of the moment it comes from: if RDS has",
        "  rotated it since, set it by `aws rds modify-db-instance --master-user-password` first.",
        f"Then remove it: python -m deploy.scripts.restore {common} --label {options.label} --drop",
    ]


def moment(text: str) -> datetime:
    """For argparse: ISO 8601 with a zone."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError
    return found.astimezone(UTC)


def command(arguments: Sequence[str] | None = None, opened: Open = open_context) -> int:
    """Gives the exit code."""
    made = parser("restore", __doc__)
    made.add_argument("--label", required=True, metavar="TEXT", help="end of the instance's name")
    source = made.add_mutually_exclusive_group()
    source.add_argument("--snapshot", metavar="NAME", help="as `backup` printed it")
    source.add_argument("--time", type=moment, metavar="2026-01-31T12:00:00Z", help="default: the last moment there is")
    source.add_argument("--drop", action="store_true", help="remove the instance of this label")
    return main(made, run, arguments, opened)


if __name__ == "__main__":
    sys.exit(command())
