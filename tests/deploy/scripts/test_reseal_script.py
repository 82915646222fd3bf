"""The last step of a rotation, in a task of the service that runs."""

import pytest

from deploy.scripts import reseal
from tests.deploy.scripts.conftest import NAME, Account


def test_the_server_seals_anew_with_the_keys_of_what_runs(account: Account) -> None:
    account.fargate.migration_says = ["tenants' keys: 1 sealed anew, 0 that no secret here opens"]
    assert reseal.command(account.arguments, account.opened) == 0
    (asked,) = account.fargate.migrated
    assert asked["taskDefinition"].endswith(f"{NAME}-api:1")
    assert asked["overrides"] == {"containerOverrides": [{"name": "api", "command": ["voice-server", "reseal"]}]}
    assert asked["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] == "DISABLED"
    assert any("1 sealed anew" in line for line in account.said)


@pytest.mark.parametrize(("exit_code", "told"), [(1, "with exit code 1"), (None, "without an exit code")])
def test_what_could_not_be_opened_forbids_to_replace_a_key(
    account: Account, capsys: pytest.CaptureFixture[str], exit_code: int | None, told: str
) -> None:
    account.fargate.migration_exit_code = exit_code
    account.fargate.migration_says = ["tenants' keys: 0 sealed anew, 1 that no secret here opens"]
    assert reseal.command(account.arguments, account.opened) == 1
    said = capsys.readouterr().err
    assert told in said
    assert "no key may be replaced" in said
    assert any("1 that no secret here opens" in line for line in account.said)
