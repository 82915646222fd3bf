"""Seal with the newest SECRET_KEY what an older one has sealed, as a task of its own; the last step of a rotation."""

import argparse
import sys
from collections.abc import Sequence

from deploy.scripts.command import Context, Open, main, open_context, parser
from deploy.scripts.ecs import Cluster
from deploy.scripts.failures import DONE, Failed
from deploy.scripts.one_off import OneOff
from deploy.scripts.task_definitions import short

SECONDS = 600.0
COMMAND = ("voice-server", "reseal")


def run(context: Context, _options: argparse.Namespace) -> int:
    """Gives the exit code. Raises Failed."""
    environment, session = context.environment, context.session
    running = Cluster(session.client("ecs"), environment.cluster, environment.services).running()
    # All services have the same secrets and the same database.
    service = min(running)
    context.say(f"Sealing anew with {short(running[service])}.")
    tasks = OneOff(session.client("ecs"), session.client("logs"), environment, service)
    ended = tasks.run(running[service], context.clock, seconds=SECONDS, command=COMMAND)
    for line in ended.log:
        context.say(f"  | {line}")
    if ended.exit_code != 0:
        code = "without an exit code" if ended.exit_code is None else f"with exit code {ended.exit_code}"
        where = environment.log_groups[service]
        raise Failed(
            f"It ended {code}. {ended.reason} Its log is in {where}; no key may be replaced before it ends well."
        )
    return DONE


def command(arguments: Sequence[str] | None = None, opened: Open = open_context) -> int:
    """Gives the exit code."""
    return main(parser("reseal", __doc__), run, arguments, opened)


if __name__ == "__main__":
    sys.exit(command())
