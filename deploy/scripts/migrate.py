"""Run the migration once, as a task of its own, and tell how it ended."""

import argparse
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

from deploy.scripts.command import Context, Open, main, open_context, parser
from deploy.scripts.failures import DONE, Failed
from deploy.scripts.one_off import OneOff
from deploy.scripts.registry import Registry, digest
from deploy.scripts.task_definitions import TaskDefinitions, short

SECONDS = 1800.0
"""A migration may rebuild an index of a large table."""


def migrate(context: Context, definitions: TaskDefinitions, revision: str, database: str | None = None) -> None:
    """Run it with this revision, on another instance than its own if `database` names a host. Raises Failed."""
    environment, session = context.environment, context.session
    variables = {}
    if database is not None:
        variables["DATABASE_URL"] = _elsewhere(definitions.variable(revision, "DATABASE_URL"), database)
    context.say(f"Migrating with {short(revision)}{f' on {database}' if database else ''}.")
    tasks = OneOff(session.client("ecs"), session.client("logs"), environment)
    ended = tasks.run(revision, context.clock, seconds=SECONDS, variables=variables)
    if ended.exit_code == 0:
        context.say("The database is up to date.")
        return
    for line in ended.log:
        context.say(f"  | {line}")
    code = "without an exit code" if ended.exit_code is None else f"with exit code {ended.exit_code}"
    where = environment.log_groups["migrate"]
    raise Failed(f"The migration ended {code}. {ended.reason} Its log is in {where}; correct it and migrate again.")


def _elsewhere(url: str, host: str) -> str:
    parts = urlsplit(url)
    user, at, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user}{at}{host}:{parts.port or 5432}").geturl()


def run(context: Context, options: argparse.Namespace) -> int:
    """Gives the exit code. Raises Failed."""
    environment = context.environment
    definitions = TaskDefinitions(context.session.client("ecs"), environment.repository_url)
    revision = definitions.newest(environment.families["migrate"])
    if options.image_digest is not None:
        Registry(context.session.client("ecr"), environment.repository).require(options.image_digest)
        revision = definitions.with_image(revision, f"{environment.repository_url}@{options.image_digest}")
    migrate(context, definitions, revision, options.database_address)
    return DONE


def command(arguments: Sequence[str] | None = None, opened: Open = open_context) -> int:
    """Gives the exit code."""
    made = parser("migrate", __doc__)
    made.add_argument("--image-digest", type=digest, metavar="sha256:…", help="default: that of the newest revision")
    made.add_argument("--database-address", metavar="HOST", help="another instance, such as one that was restored")
    return main(made, run, arguments, opened)


if __name__ == "__main__":
    sys.exit(command())
