"""What all commands share: whom they talk to, how they end, and in which words."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from deploy.scripts.clock import Clock, RealClock
from deploy.scripts.environment import Environment, read_environment
from deploy.scripts.failures import INTERRUPTED, Failed


def say(line: str) -> None:
    """Told at once: who watches a pipeline waits for each line."""
    print(line, flush=True)


@dataclass(frozen=True)
class Context:
    """What is around a command."""

    environment: Environment
    session: boto3.Session
    clock: Clock = field(default_factory=RealClock)
    say: Callable[[str], None] = say


Run = Callable[[Context, argparse.Namespace], int]
Open = Callable[[Environment], Context]


def parser(name: str, description: str | None) -> argparse.ArgumentParser:
    """With what every command takes."""
    made = argparse.ArgumentParser(prog=f"python -m deploy.scripts.{name}", description=description)
    made.add_argument("--environment", required=True, metavar="NAME", help="production or staging")
    made.add_argument(
        "--outputs",
        type=Path,
        metavar="FILE",
        help="what `terraform output -json` gave; else the variable TERRAFORM_OUTPUTS, else Terraform is asked",
    )
    return made


def open_context(environment: Environment) -> Context:
    """The account that the credentials around belong to, in the environment's region."""
    return Context(environment, boto3.Session(region_name=environment.region))


def main(made: argparse.ArgumentParser, run: Run, arguments: Sequence[str] | None, opened: Open) -> int:
    """Gives the exit code."""
    options = made.parse_args(arguments)
    try:
        return run(opened(read_environment(options.environment, options.outputs)), options)
    except Failed as error:
        _complain(made, str(error))
        return error.exit_code
    except ClientError as error:
        code, told = error.response["Error"]["Code"], error.response["Error"]["Message"]
        _complain(made, f"AWS refused {error.operation_name} ({code}): {told} Check the role and the region.")
    except BotoCoreError as error:
        _complain(made, f"AWS cannot be asked: {error}. Check credentials, region and network.")
    except KeyboardInterrupt:
        _complain(made, "interrupted; nothing that had begun was taken back. Run the same command again to go on.")
        return INTERRUPTED
    return Failed.exit_code


def _complain(made: argparse.ArgumentParser, message: str) -> None:
    print(f"{made.prog.rpartition('.')[2]}: {' '.join(message.split())}", file=sys.stderr, flush=True)
