"""`python -m voice_server.health_check`: whether the server of this container is alive; exit code 0 or 1.

For images, which have no `curl`. It asks `GET /health` at PORT.
"""

import os
import sys
import urllib.error
import urllib.request

SECONDS = 2.0


def main() -> int:
    """Gives the exit code."""
    url = f"http://127.0.0.1:{os.environ.get('PORT') or 8080}/health"
    try:
        with urllib.request.urlopen(url, timeout=SECONDS):
            return 0
    except (OSError, urllib.error.HTTPError) as error:
        print(f"{url}: {error}", file=sys.stderr)  # noqa: T201 -- what Docker and ECS show
        return 1


if __name__ == "__main__":
    sys.exit(main())
