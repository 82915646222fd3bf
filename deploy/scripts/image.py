"""Build the image for every processor with Docker's buildx, push it under a tag that never moves, print its digest."""

import argparse
import base64
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from deploy.scripts.command import Context, Open, main, open_context, parser
from deploy.scripts.failures import DONE, Failed, Wrong
from deploy.scripts.registry import DIGEST

ROOT = Path(__file__).parents[2]
PLATFORMS = "linux/arm64,linux/amd64"
STDERR = 2
"""Where Docker tells what it does: nothing but the digest is for whoever reads our stdout."""
TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def tag(text: str) -> str:
    """For argparse: never latest, which would say something else tomorrow."""
    if text == "latest" or not TAG.fullmatch(text):
        raise ValueError
    return text


def run(context: Context, options: argparse.Namespace) -> int:
    """Gives the exit code. Raises Failed."""
    docker = shutil.which("docker")
    if docker is None:
        raise Wrong("docker is not installed. Install it with buildx, or let the workflow build the image.")
    _log_in(context, docker)
    image = f"{context.environment.repository_url}:{options.tag}"
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "image.json"
        command = [docker, "buildx", "build", "--platform", options.platforms, "--provenance=mode=max", "--sbom=true"]
        command += ["--push", "--tag", image, f"--metadata-file={told}", str(ROOT)]
        if subprocess.run(command, stdout=STDERR, check=False).returncode != 0:  # noqa: S603
            raise Failed(f"{image} was not built and pushed; Docker says why above. An existing tag cannot be reused.")
        found = json.loads(told.read_text()).get("containerimage.digest", "")
    if not DIGEST.fullmatch(found):
        raise Failed("Docker did not tell the digest of what it pushed. Update buildx.")
    context.say(found)
    return DONE


def _log_in(context: Context, docker: str) -> None:
    answer = context.session.client("ecr").get_authorization_token()["authorizationData"][0]
    user, _, password = base64.b64decode(answer["authorizationToken"]).decode().partition(":")
    host = context.environment.repository_url.partition("/")[0]
    command = [docker, "login", "--username", user, "--password-stdin", host]
    logged_in = subprocess.run(command, input=password, text=True, stdout=STDERR, check=False)  # noqa: S603
    if logged_in.returncode != 0:
        raise Failed(f"Docker cannot log in to {host}; it says why above. Check that its daemon runs.")


def command(arguments: Sequence[str] | None = None, opened: Open = open_context) -> int:
    """Gives the exit code."""
    made = parser("image", __doc__)
    made.add_argument("--tag", required=True, type=tag, metavar="COMMIT", help="such as $(git rev-parse HEAD)")
    made.add_argument("--platforms", default=PLATFORMS, help=f"default: {PLATFORMS}")
    return main(made, run, arguments, opened)


if __name__ == "__main__":
    sys.exit(command())
