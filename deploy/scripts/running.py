"""Tell what the services run: for Terraform's image_digest, and for people."""

import argparse
import sys
from collections.abc import Sequence

from deploy.scripts.command import Context, Open, main, open_context, parser
from deploy.scripts.ecs import Cluster
from deploy.scripts.failures import DONE, Failed
from deploy.scripts.task_definitions import TaskDefinitions, short


def run(context: Context, options: argparse.Namespace) -> int:
    """Gives the exit code. Raises Failed."""
    environment, ecs = context.environment, context.session.client("ecs")
    definitions = TaskDefinitions(ecs, environment.repository_url)
    running = Cluster(ecs, environment.cluster, environment.services).running()
    images = {name: definitions.image(revision) for name, revision in sorted(running.items())}
    if not options.digest:
        for name, image in images.items():
            context.say(f"{name}: {short(running[name])}, {image}")
        return DONE
    digests = {image.rpartition("@")[2] if "@" in image else "" for image in images.values()}
    if len(digests) != 1 or "" in digests:
        raise Failed(f"There is not one digest that all services run: {', '.join(images.values())}. Deploy one.")
    context.say(digests.pop())
    return DONE


def command(arguments: Sequence[str] | None = None, opened: Open = open_context) -> int:
    """Gives the exit code."""
    made = parser("running", __doc__)
    made.add_argument("--digest", action="store_true", help="nothing but the digest that all of them run")
    return main(made, run, arguments, opened)


if __name__ == "__main__":
    sys.exit(command())
