"""A deployment goes through, or everything runs again what ran before."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from deploy.scripts import deploy
from tests.deploy.scripts.conftest import NAME, Account


def _deploy(account: Account, *arguments: str, image: int = 1) -> int:
    return deploy.command([*account.arguments, "--image-digest", account.images[image], *arguments], account.opened)


def test_a_good_image_is_migrated_rolled_out_and_talked_to(account: Account, voice_server: str) -> None:
    account.talk_to(voice_server)
    assert _deploy(account) == 0
    assert account.running() == {"api": account.images[1], "voice": account.images[1]}
    said = "\n".join(account.said)
    assert "The database is up to date." in said
    assert "Understood" in said
    assert f'image_digest = "{account.images[1]}"' in said
    (migration,) = account.fargate.migrated
    assert account.fargate.image(migration["taskDefinition"]) == account.images[1]
    assert account.clock.waits, "it has waited for ECS"


def test_a_new_revision_differs_in_its_image_alone(account: Account) -> None:
    assert _deploy(account, "--without-turn") == 0
    ecs = account.fargate.session.client("ecs")
    old, new = (
        ecs.describe_task_definition(taskDefinition=f"{NAME}-voice:{number}", include=["TAGS"]) for number in (1, 2)
    )
    assert old["tags"] == new["tags"]
    assert _without_image(old["taskDefinition"]) == _without_image(new["taskDefinition"])


def _without_image(definition: dict[str, Any]) -> dict[str, Any]:
    own = ("taskDefinitionArn", "revision", "registeredAt", "registeredBy")
    content: dict[str, Any] = json.loads(json.dumps(definition, default=str))
    for name in own:
        content.pop(name, None)
    for container in content["containerDefinitions"]:
        del container["image"]
    return content


def test_the_same_again_changes_nothing(account: Account) -> None:
    assert _deploy(account, "--without-turn") == 0
    before = {family: account.revisions(family) for family in ("api", "voice", "migrate")}
    assert _deploy(account, "--without-turn") == 0
    assert {family: account.revisions(family) for family in ("api", "voice", "migrate")} == before
    assert any("runs already" in line for line in account.said)


@pytest.mark.parametrize(
    "told", ["(service voice) (task 1) failed container health checks.", "(service voice) is unhealthy in target-group"]
)
def test_tasks_that_fail_are_rolled_back_in_every_service(account: Account, told: str) -> None:
    account.fargate.unhealthy[account.images[1]] = told
    assert _deploy(account) == 3
    assert account.running() == {"api": account.images[0], "voice": account.images[0]}
    said = "\n".join(account.said)
    assert "circuit breaker" in said
    assert told in said
    assert "Rolled back" in said
    # Neither a later rollback nor Terraform finds what failed.
    assert account.revisions("voice") == [f"{NAME}-voice:1"]
    assert account.revisions("migrate") == [f"{NAME}-migrate:1"]


def test_a_role_that_may_not_deregister_rolls_back_all_the_same(account: Account) -> None:
    def refuse(**_params: object) -> None:
        told = {"Error": {"Code": "AccessDeniedException", "Message": "not authorized"}}
        raise ClientError(told, "DeregisterTaskDefinition")

    account.session.events.register("provide-client-params.ecs.DeregisterTaskDefinition", refuse)
    account.fargate.unhealthy[account.images[1]] = "unhealthy"
    assert _deploy(account) == 3
    assert account.running() == {"api": account.images[0], "voice": account.images[0]}
    assert any(line.startswith("Still registered") and f"{NAME}-voice:2" in line for line in account.said)


def test_what_is_refused_by_aws_is_one_line(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(**_params: object) -> None:
        told = {"Error": {"Code": "AccessDeniedException", "Message": "not authorized"}}
        raise ClientError(told, "RunTask")

    account.session.events.register("provide-client-params.ecs.RunTask", refuse)
    assert _deploy(account) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("deploy: AWS refused RunTask (AccessDeniedException)")


def test_another_deployment_is_not_run_into(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    account.fargate.stuck.add(account.images[0])
    assert _deploy(account) == 2
    assert "is under way" in capsys.readouterr().err
    assert account.fargate.migrated == []


def test_tasks_that_never_become_healthy_are_rolled_back(account: Account) -> None:
    account.fargate.stuck.add(account.images[1])
    assert _deploy(account, "--seconds", "300") == 3
    assert account.running() == {"api": account.images[0], "voice": account.images[0]}
    assert any("0 of 2 tasks run after 300 seconds" in line for line in account.said)


def test_old_tasks_that_somebody_talks_to_are_waited_for_and_then_left(account: Account) -> None:
    account.fargate.talkative = 1
    assert _deploy(account, "--without-turn", "--seconds", "600") == 0
    assert account.clock.now >= 590
    assert any("old tasks that somebody talks to" in line for line in account.said)


def test_a_failing_migration_rolls_nothing_out(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    account.fargate.migration_exit_code = 1
    account.fargate.migration_says = ["applying 0065", 'relation "people" does not exist']
    assert _deploy(account) == 1
    assert account.running() == {"api": account.images[0], "voice": account.images[0]}
    assert '  | relation "people" does not exist' in account.said
    told = capsys.readouterr().err
    assert "exit code 1" in told
    assert account.revisions("migrate") == [f"{NAME}-migrate:1"]
    assert "Nothing was rolled out" in told


def test_a_migration_that_never_ran_rolls_nothing_out(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    account.fargate.migration_exit_code = None
    account.fargate.migration_says = ["nothing"]
    assert _deploy(account) == 1
    assert account.running() == {"api": account.images[0], "voice": account.images[0]}
    assert "without an exit code" in capsys.readouterr().err


def test_a_spoken_turn_that_fails_is_rolled_back(account: Account) -> None:
    assert _deploy(account) == 3
    assert account.running() == {"api": account.images[0], "voice": account.images[0]}
    assert any("Nobody can talk to it" in line for line in account.said)


def test_an_image_that_is_not_there_begins_nothing(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    nowhere = f"sha256:{'0' * 64}"
    assert deploy.command([*account.arguments, "--image-digest", nowhere], account.opened) == 2
    assert "has no image" in capsys.readouterr().err
    assert account.fargate.migrated == []
    assert account.revisions("voice") == [f"{NAME}-voice:1"]


@pytest.mark.parametrize("wrong", ["latest", "voice-server:latest", "sha256:short"])
def test_what_is_no_digest_is_refused(account: Account, wrong: str) -> None:
    with pytest.raises(SystemExit):
        deploy.command([*account.arguments, "--image-digest", wrong], account.opened)


def test_without_a_key_a_public_server_is_not_begun_with(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    account.talk_to("https://api.example.com")
    assert _deploy(account) == 2
    assert "VOICE_SERVER_API_KEY is not set" in capsys.readouterr().err
    assert account.fargate.migrated == []


def test_outputs_of_another_environment_are_refused(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--environment", "staging", "--outputs", str(account.outputs), "--image-digest", account.images[1]]
    assert deploy.command(arguments, account.opened) == 2
    assert "staging was asked for" in capsys.readouterr().err


def test_ctrl_c_says_how_to_go_on(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    account.clock.sleep = interrupt  # type: ignore[method-assign]
    assert _deploy(account) == 130
    assert "Run the same command again" in capsys.readouterr().err
    assert account.running() == {"api": account.images[0], "voice": account.images[0]}
