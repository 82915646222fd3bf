"""Deploy an image: migrate, update the services, wait, talk to it; and go back if any of that fails.

What is not said stays as Terraform made it: a new revision differs from the running one in its image alone.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence

from deploy.scripts.command import Context, Open, main, open_context, parser
from deploy.scripts.ecs import Cluster
from deploy.scripts.failures import DONE, ROLLED_BACK, Failed, Wrong
from deploy.scripts.migrate import migrate
from deploy.scripts.registry import Registry, digest
from deploy.scripts.rollback import roll_back, withdraw
from deploy.scripts.spoken_turn import KEY_VARIABLE, SpeechFailed, speak
from deploy.scripts.task_definitions import TaskDefinitions, short

SECONDS = 4200.0
"""Somebody who talks protects a task of the old revision for up to an hour."""
SPOKEN_SECONDS = 60.0


class Deployment:
    """One image on its way."""

    def __init__(self, context: Context, image_digest: str) -> None:
        environment, ecs = context.environment, context.session.client("ecs")
        self._context = context
        self._digest = image_digest
        self._image = f"{environment.repository_url}@{image_digest}"
        self._definitions = TaskDefinitions(ecs, environment.repository_url)
        self._cluster = Cluster(ecs, environment.cluster, environment.services)
        self._registry = Registry(context.session.client("ecr"), environment.repository)

    def run(self, *, seconds: float, url: str | None, api_key: str | None) -> int:
        """From the check of the image to the spoken turn. Gives the exit code. Raises Failed if nothing was rolled
        out, or the way back failed. `url`: whom to talk to; None: nobody."""
        self._registry.require(self._digest)
        before = self._cluster.running()
        # One of this image that was interrupted is gone on with.
        self._cluster.require_rest({n: r for n, r in before.items() if self._definitions.image(r) == self._image})
        migration = self._migrate()
        after = {name: self._definitions.with_image(revision, self._image) for name, revision in before.items()}
        self._tell(before, after)
        if problem := self._roll_out(after, seconds, url, api_key):
            return self._back(problem, before, after, migration)
        self._context.say(f"Deployed: {self._image}")
        self._context.say(f'Give Terraform the same before its next apply: image_digest = "{self._digest}"')
        return DONE

    def _migrate(self) -> Sequence[str]:
        """Gives the revision that was registered for it, if there was none yet. Raises Failed."""
        newest = self._definitions.newest(self._context.environment.families["migrate"])
        revision = self._definitions.with_image(newest, self._image)
        made = [] if revision == newest else [revision]
        try:
            migrate(self._context, self._definitions, revision)
        except Failed as error:
            withdraw(self._context, self._definitions, made)
            raise Failed(f"{error} Nothing was rolled out: the services run what they ran.") from error
        return made

    def _tell(self, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        for name, revision in sorted(after.items()):
            same = " (runs already)" if before[name] == revision else ""
            self._context.say(f"{name}: {short(before[name])} -> {short(revision)}{same}")
        earlier = " ".join(f"--revision {short(revision)}" for revision in sorted(before.values()))
        self._context.say(f"To go back by hand: rollback {earlier}")

    def _roll_out(self, after: Mapping[str, str], seconds: float, url: str | None, api_key: str | None) -> str:
        """Gives why it failed; empty if it did not."""
        self._cluster.update(after)
        self._context.say("ECS starts the new tasks.")
        found = self._cluster.wait(after, self._context.clock, seconds=seconds)
        if found.state == "failed":
            return found.reason
        self._context.say(f"Steady. {found.reason}".rstrip())
        if url is None:
            return ""
        try:
            turn = speak(url, api_key, seconds=SPOKEN_SECONDS)
        except SpeechFailed as error:
            return f"Nobody can talk to it: {error}"
        self._context.say(turn.told())
        return ""

    def _back(self, problem: str, before: Mapping[str, str], after: Mapping[str, str], migration: Sequence[str]) -> int:
        self._context.say(f"Failed. {problem}")
        if before == after:
            raise Failed(f"{problem} It ran already, so there is nothing to go back to: use rollback.")
        roll_back(self._context, self._cluster, self._definitions, before, left=[*after.values(), *migration])
        self._context.say("Rolled back: the services run what they ran. The database was not changed back.")
        return ROLLED_BACK


def run(context: Context, options: argparse.Namespace) -> int:
    """Gives the exit code. Raises Failed."""
    api_key = os.environ.get(KEY_VARIABLE)
    url = None if options.without_turn else context.environment.addresses["api"]
    if url is not None and not api_key and url.startswith("https://"):
        raise Wrong(f"{KEY_VARIABLE} is not set, so nobody can talk to {url}. Set it to one of the server's API_KEYS.")
    return Deployment(context, options.image_digest).run(seconds=options.seconds, url=url, api_key=api_key)


def command(arguments: Sequence[str] | None = None, opened: Open = open_context) -> int:
    """Gives the exit code: 0, 3 if it was rolled back, 1 if not even that, 2 if nothing was begun."""
    made = parser("deploy", __doc__)
    made.add_argument("--image-digest", required=True, type=digest, metavar="sha256:…", help="as `image` prints it")
    made.add_argument("--seconds", type=float, default=SECONDS, help="until the services have to be steady")
    made.add_argument("--without-turn", action="store_true", help="do not talk to it afterwards")
    return main(made, run, arguments, opened)


if __name__ == "__main__":
    sys.exit(command())
