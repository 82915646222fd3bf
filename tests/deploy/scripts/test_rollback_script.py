"""Going back by hand."""

import pytest

from deploy.scripts import deploy, migrate, rollback, running
from tests.deploy.scripts.conftest import NAME, Account


def _deploy(account: Account, image: int) -> None:
    arguments = [*account.arguments, "--image-digest", account.images[image], "--without-turn"]
    assert deploy.command(arguments, account.opened) == 0


def test_the_revision_before_runs_again_and_the_left_one_is_gone(account: Account) -> None:
    _deploy(account, 1)
    assert rollback.command(account.arguments, account.opened) == 0
    assert account.running() == {"api": account.images[0], "voice": account.images[0]}
    assert account.revisions("api") == [f"{NAME}-api:1"]
    assert any("image_digest" in line for line in account.said)


def test_a_deployment_that_failed_is_not_what_a_rollback_goes_to(account: Account) -> None:
    account.fargate.unhealthy[account.images[1]] = "unhealthy"
    arguments = [*account.arguments, "--image-digest", account.images[1]]
    assert deploy.command(arguments, account.opened) == 3
    _deploy(account, 2)
    assert rollback.command(account.arguments, account.opened) == 0
    assert account.running() == {"api": account.images[0], "voice": account.images[0]}


def test_a_named_revision_of_one_service(account: Account) -> None:
    _deploy(account, 1)
    _deploy(account, 2)
    named = ["--revision", f"{NAME}-voice:1"]
    assert rollback.command([*account.arguments, *named], account.opened) == 0
    assert account.running() == {"api": account.images[2], "voice": account.images[0]}


def test_nothing_before_is_said(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    assert rollback.command(account.arguments, account.opened) == 2
    assert "no active revision before" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["other-family:1", f"{NAME}-voice:99"])
def test_a_revision_that_is_not_there_is_refused(
    account: Account, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert rollback.command([*account.arguments, "--revision", name], account.opened) == 2
    assert name.partition(":")[0] in capsys.readouterr().err


def test_what_runs_can_be_asked_for(account: Account) -> None:
    _deploy(account, 1)
    account.said.clear()
    assert running.command([*account.arguments, "--digest"], account.opened) == 0
    assert account.said == [account.images[1]]


def test_a_migration_alone_on_an_instance_that_was_restored(account: Account) -> None:
    arguments = ["--database-address", "restored.internal"]
    assert migrate.command([*account.arguments, *arguments], account.opened) == 0
    (asked,) = account.fargate.migrated
    (override,) = asked["overrides"]["containerOverrides"]
    url = "postgresql://restored.internal:5432/voice?sslmode=verify-full"
    assert override == {"name": "migrate", "environment": [{"name": "DATABASE_URL", "value": url}]}
    network = asked["networkConfiguration"]["awsvpcConfiguration"]
    assert network["assignPublicIp"] == "DISABLED"
