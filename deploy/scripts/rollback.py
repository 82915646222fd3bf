"""Have services run earlier revisions again: the ones before, or those that are named."""

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence

from deploy.scripts.command import Context, Open, main, open_context, parser
from deploy.scripts.ecs import Cluster
from deploy.scripts.failures import DONE, Failed, Wrong
from deploy.scripts.task_definitions import TaskDefinitions, short

SECONDS = 1800.0


def roll_back(
    context: Context, cluster: Cluster, definitions: TaskDefinitions, to: Mapping[str, str], left: Iterable[str]
) -> None:
    """Update, wait, and deregister what is left, so that neither a later rollback nor Terraform takes it for the one
    to run. Raises Failed if ECS does not become steady."""
    for name, revision in sorted(to.items()):
        context.say(f"Going back: {name} to {short(revision)}.")
    cluster.update(to)
    found = cluster.wait(cluster.running(), context.clock, seconds=SECONDS)
    if found.state == "failed":
        told = f"The way back is not steady either: {found.reason}"
        raise Failed(f"{told} See `aws ecs describe-services`; older revisions can be named with rollback --revision.")
    withdraw(context, definitions, sorted(set(left) - set(to.values())))


def withdraw(context: Context, definitions: TaskDefinitions, revisions: Sequence[str]) -> None:
    """Deregister revisions that are not to run."""
    kept = [short(revision) for revision in revisions if not definitions.withdraw(revision)]
    if kept:
        told = "the role may not deregister them, and Terraform's next plan will go by them"
        context.say(f"Still registered: {', '.join(kept)}; {told}.")


def run(context: Context, options: argparse.Namespace) -> int:
    """Gives the exit code. Raises Failed."""
    environment, ecs = context.environment, context.session.client("ecs")
    definitions = TaskDefinitions(ecs, environment.repository_url)
    cluster = Cluster(ecs, environment.cluster, environment.services)
    running = cluster.running()
    if options.revision:
        to = dict(_named(context, definitions, name) for name in options.revision)
    else:
        to = {name: definitions.before(revision) for name, revision in running.items()}
    cluster.require_rest(to)
    roll_back(context, cluster, definitions, to, left=[running[name] for name in to])
    for name, revision in sorted(to.items()):
        context.say(f"{name} runs {definitions.image(revision)}.")
    context.say("The database was not changed back. Give Terraform this digest as image_digest before its next apply.")
    return DONE


def _named(context: Context, definitions: TaskDefinitions, name: str) -> tuple[str, str]:
    family = name.partition(":")[0]
    services = {context.environment.families[service]: service for service in context.environment.services}
    if family not in services:
        raise Wrong(f"--revision {name}: no service runs {family}. Take one of {', '.join(sorted(services))}.")
    return services[family], definitions.resolved(name)


def command(arguments: Sequence[str] | None = None, opened: Open = open_context) -> int:
    """Gives the exit code."""
    made = parser("rollback", __doc__)
    told = "may be given for several services; default: of each service the one before the one that runs"
    made.add_argument("--revision", action="append", metavar="FAMILY:NUMBER", help=told)
    return main(made, run, arguments, opened)


if __name__ == "__main__":
    sys.exit(command())
