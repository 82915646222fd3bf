"""Make a snapshot of the database, and wait until it can be restored."""

import argparse
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from deploy.scripts.command import Context, Open, main, open_context, parser
from deploy.scripts.failures import DONE, Wrong
from deploy.scripts.rds import Database

SECONDS = 3600.0
_LABEL = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def run(context: Context, options: argparse.Namespace) -> int:
    """Gives the exit code. Raises Failed."""
    label = options.label or datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    if not _LABEL.fullmatch(label):
        raise Wrong(f"--label {label}: RDS takes lower-case letters and digits, with single hyphens between.")
    database = Database(context.session.client("rds"), context.environment.database)
    name = f"{database.identifier}-{label}"
    database.snapshot(name, options.reason)
    context.say(f"Snapshot {name} of {database.identifier}: RDS works on it.")
    snapshot = database.wait_for_snapshot(name, context.clock, seconds=SECONDS)
    context.say(f"Ready: {name}, {snapshot['AllocatedStorage']} GB. It is kept until somebody deletes it.")
    return DONE


def command(arguments: Sequence[str] | None = None, opened: Open = open_context) -> int:
    """Gives the exit code."""
    made = parser("backup", __doc__)
    made.add_argument("--label", metavar="TEXT", help="end of its name; default: the time, in UTC")
    made.add_argument("--reason", default="by hand", metavar="TEXT", help="its tag Reason")
    return main(made, run, arguments, opened)


if __name__ == "__main__":
    sys.exit(command())
