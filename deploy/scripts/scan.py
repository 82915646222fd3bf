"""Wait until the registry has scanned an image, for each platform it was built for, and refuse what is critical."""

import argparse
import sys
from collections.abc import Sequence

from deploy.scripts.command import Context, Open, main, open_context, parser
from deploy.scripts.failures import DONE, Failed
from deploy.scripts.registry import Registry, digest

SECONDS = 900.0


def run(context: Context, options: argparse.Namespace) -> int:
    """Gives the exit code. Raises Failed."""
    registry = Registry(context.session.client("ecr"), context.environment.repository)
    refused = []
    # What ECR scans is an image for one platform, never the list of them.
    for platform, image in registry.platforms(options.image_digest).items():
        findings = registry.findings(image, context.clock, seconds=SECONDS)
        told = ", ".join(f"{count} {severity.lower()}" for severity, count in sorted(findings.items()))
        context.say(f"{platform}: {told or 'nothing found'}")
        if findings.get("CRITICAL"):
            refused.append(platform)
    if refused:
        raise Failed(f"Critical findings in {', '.join(refused)}: it is not deployed. Rebuild on a newer base image.")
    return DONE


def command(arguments: Sequence[str] | None = None, opened: Open = open_context) -> int:
    """Gives the exit code."""
    made = parser("scan", __doc__)
    made.add_argument("--image-digest", required=True, type=digest, metavar="sha256:…", help="as `image` prints it")
    return main(made, run, arguments, opened)


if __name__ == "__main__":
    sys.exit(command())
