"""AWS for tests: moto in a process of its own. What it is told, it forgets when the process ends."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tests.services.missing import missing

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Emulator:
    """`url` answers for every service of AWS."""

    url: str

    @property
    def environment(self) -> Mapping[str, str]:
        """What leads Terraform's provider, boto3 and the like to it."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
        }


@contextmanager
def emulator() -> Iterator[Emulator]:
    """One, empty. Skips where moto is not installed."""
    if find_spec("moto") is None or find_spec("flask") is None:
        missing("There is no AWS to start: the package moto[server] is not installed.")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.deploy.aws.server"],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url, "moto did not start: python -m tests.deploy.aws.server says why"
        yield Emulator(url)
    finally:
        process.terminate()
        process.wait()
