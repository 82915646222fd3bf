"""`python -m deploy.policy FILE...`: judge plans or states that `terraform show -json` wrote.

Exits with 0 where all is well, 1 with a line for each resource that breaks a rule, 2 for what is no plan or state.
"""

import argparse
import sys
from pathlib import Path

from deploy.policy.document import NotADocument, read_document
from deploy.policy.judge import RULES, judge


def main() -> int:
    """Gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m deploy.policy", description="Judge a plan before it is applied.")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="what `terraform show -json PLAN` printed")
    parser.add_argument("--rules", action="store_true", help="print the rules")
    options = parser.parse_args()
    if options.rules:
        for rule in RULES:
            print(f"{rule.name}: {rule.sentence}")
        return 0
    if not options.files:
        parser.error("name at least one file")
    broken = False
    for path in options.files:
        try:
            findings = judge(read_document(path))
        except (OSError, NotADocument) as error:
            print(f"deploy.policy: {error}", file=sys.stderr)
            return 2
        for finding in findings:
            print(finding)
        broken = broken or bool(findings)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
