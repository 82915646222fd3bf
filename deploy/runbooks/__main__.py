"""`python -m deploy.runbooks`: write the computed parts of the runbooks anew."""

import argparse
import sys

from deploy.costs.prices import UnknownPrice
from deploy.runbooks.tables import pages_as_computed


def main() -> int:
    """Gives the exit code: 0; with --check 1 if a page is not what is computed; 2 if it cannot be."""
    parser = argparse.ArgumentParser(prog="python -m deploy.runbooks", description="Compute the runbooks' tables anew.")
    parser.add_argument("--check", action="store_true", help="change nothing, and name the pages that would change")
    options = parser.parse_args()
    try:
        pages = pages_as_computed()
    except (OSError, ValueError, UnknownPrice) as error:
        print(f"deploy.runbooks: {error}", file=sys.stderr)
        return 2
    changed = [path for path, text in pages.items() if path.read_text() != text]
    for path in changed:
        print(path.name)
        if not options.check:
            path.write_text(pages[path])
    return 1 if changed and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
