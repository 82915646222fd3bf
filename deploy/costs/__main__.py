"""`python -m deploy.costs [ENVIRONMENT] [--tfvars FILE] [--minutes N]`: what a month costs."""

import argparse
import sys
from pathlib import Path

from deploy.costs.configuration import ENVIRONMENTS, read_configuration
from deploy.costs.prices import UnknownPrice, read_prices
from deploy.costs.report import month, plans, readme, switches
from deploy.costs.usage import Usage


def main() -> int:
    """Gives the exit code: 0, or 2 with a line that says what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m deploy.costs", description="What a month on AWS costs.")
    names = sorted(folder.name for folder in ENVIRONMENTS.iterdir() if folder.is_dir())
    parser.add_argument("environment", nargs="?", default="production", choices=names)
    parser.add_argument("--tfvars", type=Path, metavar="FILE", help="values of variables, instead of the defaults")
    parser.add_argument("--minutes", type=float, metavar="N", help="minutes of conversation (default: 5000)")
    parser.add_argument("--switches", action="store_true", help="also what each switch saves")
    parser.add_argument("--plans", action="store_true", help="also the first plans, put right")
    parser.add_argument("--readme", action="store_true", help="the tables of README.md, and nothing else")
    options = parser.parse_args()
    prices = read_prices()
    if options.readme:
        print(readme(prices))
        return 0
    usage = Usage()
    if options.minutes is not None:
        usage = usage.grown_to(options.minutes)
    try:
        configuration = read_configuration(options.environment, options.tfvars)
        print(f"Prices of {prices.date}, {prices.region}, {prices.hours:g} hours.\n")
        print(month(configuration, usage, prices))
        if options.switches:
            print(f"\n{switches(configuration, usage, prices)}")
    except (OSError, KeyError, UnknownPrice) as error:
        print(f"deploy.costs: {error.args[0] if isinstance(error, KeyError) else error}", file=sys.stderr)
        return 2
    if options.plans:
        print(f"\n{plans(prices)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
