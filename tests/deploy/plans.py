"""Plans of the environments on the emulator: each made once a run, for all processes of it."""

import fcntl
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.aws.emulator import emulator
from tests.deploy.aws.stack import prepare_with_local_state

PlanOf = Callable[[str], Any]


@pytest.fixture(scope="session")
def plan_of(tmp_path_factory: pytest.TempPathFactory) -> PlanOf:
    """From an environment's name to its plan from nothing, as JSON."""
    base = tmp_path_factory.getbasetemp()
    # Each process of a distributed run has a folder of its own in that of the run.
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def plan(environment: str) -> Any:
        made = shared / f"plan-{environment}.json"
        with (shared / f"plan-{environment}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                made.write_text(json.dumps(_planned(tmp_path_factory.mktemp(environment), environment)))
        return json.loads(made.read_text())

    return plan


def _planned(folder: Path, environment: str) -> Any:
    with emulator() as aws:
        return prepare_with_local_state(folder, environment, aws).plan()
