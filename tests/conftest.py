"""What holds for all tests."""

import gc
import os
from collections.abc import Generator

import pytest
from hypothesis import settings

# The same examples on every run: a test that fails fails again, and one that passes has not been lucky.
settings.register_profile("deterministic", derandomize=True, deadline=None)
settings.load_profile("deterministic")

# Real servers, started by the run when the first test asks for them.
pytest_plugins = ("tests.services.asking", "tests.services.postgres", "tests.services.redis", "tests.services.s3")


def pytest_xdist_auto_num_workers() -> int | None:
    """For `-n auto`: the processors that this process may use. xdist's own count leaves out the threads of a core."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Nothing of what is collected becomes garbage: looking for that was a quarter of the time it took."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Describe a failure without collecting garbage meanwhile.

    To describe it, pytest parses a test file. What is collected in the middle of that may log a traceback, for which
    the same parser is entered again; Python before 3.11.8 and 3.12.2 then loses count of its depth, and the run ends
    with "AST constructor recursion depth mismatch" (https://github.com/python/cpython/issues/106905).
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return (yield)
    finally:
        if was_enabled:
            gc.enable()
