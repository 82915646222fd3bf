"""The configuration is formatted, and every module does what its own tests ask. Environments are planned elsewhere."""

import os
import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.deploy.terraform import MODULES, SOURCE, Terraform, copy_to, folders_with_tests, with_running_provider

pytestmark = pytest.mark.timeout(300)

TESTED = folders_with_tests()


@pytest.fixture(scope="module")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terraform]:
    # Whether the environments' lock files fit what is installed, and the modules' versions, their plans show.
    with with_running_provider(copy_to(tmp_path_factory.mktemp("deploy")), "bootstrap") as attached:
        yield attached


def _tests_of(terraform: Terraform, folder: str) -> None:
    terraform.init(folder)
    answer = terraform.run(folder, "test", "-no-color")
    assert answer.returncode == 0, answer.stdout
    passed = re.search(r"Success! (\d+) passed", answer.stdout)
    ran = int(passed[1]) if passed is not None else 0
    assert ran > 0, f"no test ran:\n{answer.stdout}"


@pytest.fixture(scope="module")
def running(request: pytest.FixtureRequest, terraform: Terraform) -> Iterator[dict[str, Future[None]]]:
    """The tests of every module that was asked for, one process a core."""
    wanted = [
        str(item.callspec.params["tested"])
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.path == Path(__file__) and "tested" in item.fixturenames
    ]
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        yield {folder: pool.submit(_tests_of, terraform, folder) for folder in wanted}
        pool.shutdown(cancel_futures=True)


def test_everything_is_formatted(terraform: Terraform) -> None:
    answer = terraform.run(".", "fmt", "-check", "-recursive", "-diff")

    assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize("tested", TESTED)
def test_a_module_does_what_its_tests_ask(running: dict[str, Future[None]], tested: str) -> None:
    running[tested].result()


def test_every_module_has_tests() -> None:
    modules = {str(path.relative_to(SOURCE)) for path in MODULES.iterdir() if path.is_dir()}

    assert modules <= set(TESTED)
