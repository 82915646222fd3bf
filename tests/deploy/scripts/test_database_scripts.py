"""Snapshots, and what is restored beside the original."""

from typing import Any

import pytest

from deploy.scripts import backup, restore
from tests.deploy.scripts.conftest import NAME, Account


@pytest.fixture
def database(account: Account) -> Account:
    """The account with its database."""
    ec2, rds = account.session.client("ec2"), account.session.client("rds")
    subnets = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]][:2]
    groups = [one["GroupId"] for one in ec2.describe_security_groups()["SecurityGroups"]][:1]
    rds.create_db_subnet_group(DBSubnetGroupName=NAME, DBSubnetGroupDescription="data", SubnetIds=subnets)
    rds.create_db_parameter_group(
        DBParameterGroupName=f"{NAME}-postgres17", DBParameterGroupFamily="postgres17", Description="own"
    )
    rds.create_db_instance(
        DBInstanceIdentifier=NAME, DBInstanceClass="db.t4g.micro", Engine="postgres", AllocatedStorage=20,
        MasterUsername="postgres", MasterUserPassword="not-a-secret", DBSubnetGroupName=NAME,
        VpcSecurityGroupIds=groups, DBParameterGroupName=f"{NAME}-postgres17", EnableIAMDatabaseAuthentication=True,
        BackupRetentionPeriod=7, Tags=[{"Key": "Environment", "Value": "production"}],
    )  # fmt: skip
    return account


def _instances(account: Account) -> dict[str, dict[str, Any]]:
    found = account.session.client("rds").describe_db_instances()["DBInstances"]
    return {one["DBInstanceIdentifier"]: one for one in found}


def _snapshots(account: Account) -> list[dict[str, Any]]:
    """Those that somebody asked for."""
    found = account.session.client("rds").describe_db_snapshots()["DBSnapshots"]
    return [one for one in found if not one["DBSnapshotIdentifier"].startswith("rds:")]


def _tags(of: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in of["TagList"]}


def test_a_snapshot_has_the_tags_and_the_reason(database: Account) -> None:
    arguments = ["--label", "before-0065", "--reason", "migration"]
    assert backup.command([*database.arguments, *arguments], database.opened) == 0
    (snapshot,) = _snapshots(database)
    assert snapshot["DBSnapshotIdentifier"] == f"{NAME}-before-0065"
    assert _tags(snapshot) == {"Environment": "production", "Reason": "migration"}
    assert any(line.startswith("Ready") for line in database.said)


def test_the_same_snapshot_again_is_one(database: Account) -> None:
    for _ in range(2):
        assert backup.command([*database.arguments, "--label", "once"], database.opened) == 0
    assert len(_snapshots(database)) == 1


def test_a_label_that_rds_would_refuse_is_refused(database: Account, capsys: pytest.CaptureFixture[str]) -> None:
    assert backup.command([*database.arguments, "--label", "Two Words"], database.opened) == 2
    assert "lower-case letters" in capsys.readouterr().err


@pytest.mark.parametrize("source", [["--snapshot", f"{NAME}-one"], ["--time", "2026-01-31T12:00:00+00:00"], []])
def test_what_is_restored_stands_beside_the_original(database: Account, source: list[str]) -> None:
    assert backup.command([*database.arguments, "--label", "one"], database.opened) == 0
    before = _instances(database)[NAME]
    asked: list[dict[str, Any]] = []
    for operation in ("RestoreDBInstanceFromDBSnapshot", "RestoreDBInstanceToPointInTime"):
        database.session.events.register(
            f"provide-client-params.rds.{operation}", lambda params, **_: asked.append(params)
        )
    assert restore.command([*database.arguments, "--label", "check", *source], database.opened) == 0
    restored = _instances(database)[f"{NAME}-restore-check"]
    groups = {group["VpcSecurityGroupId"] for group in before["VpcSecurityGroups"]}
    assert {group["VpcSecurityGroupId"] for group in restored["VpcSecurityGroups"]} == groups
    assert restored["DBSubnetGroup"]["DBSubnetGroupName"] == NAME
    # The emulator leaves out what is false.
    assert (asked[0]["PubliclyAccessible"], asked[0]["DeletionProtection"], asked[0]["MultiAZ"]) == (False,) * 3
    assert _tags(restored)["Purpose"] == "restore-check"
    after = _instances(database)[NAME]
    assert after | {"LatestRestorableTime": None} == before | {"LatestRestorableTime": None}
    assert any("--database-address" in line for line in database.said)


def test_restoring_again_is_the_same_instance_and_dropping_removes_it(database: Account) -> None:
    assert backup.command([*database.arguments, "--label", "one"], database.opened) == 0
    arguments = [*database.arguments, "--label", "check"]
    for _ in range(2):
        assert restore.command([*arguments, "--snapshot", f"{NAME}-one"], database.opened) == 0
    assert set(_instances(database)) == {NAME, f"{NAME}-restore-check"}
    for _ in range(2):
        assert restore.command([*arguments, "--drop"], database.opened) == 0
    assert set(_instances(database)) == {NAME}


def test_what_was_not_restored_here_is_not_removed(database: Account, capsys: pytest.CaptureFixture[str]) -> None:
    database.session.client("rds").create_db_instance(
        DBInstanceIdentifier=f"{NAME}-restore-mine", DBInstanceClass="db.t4g.micro", Engine="postgres",
        AllocatedStorage=20, MasterUsername="postgres", MasterUserPassword="not-a-secret",
    )  # fmt: skip
    arguments = [*database.arguments, "--label", "mine", "--drop"]
    assert restore.command(arguments, database.opened) == 2
    assert "was not made here" in capsys.readouterr().err
    assert f"{NAME}-restore-mine" in _instances(database)


def test_there_is_no_label_for_the_original(database: Account, capsys: pytest.CaptureFixture[str]) -> None:
    assert restore.command([*database.arguments, "--label", "", "--drop"], database.opened) == 2
    assert "no name of a restored instance" in capsys.readouterr().err
    assert set(_instances(database)) == {NAME}


def test_a_time_without_a_zone_is_refused(database: Account) -> None:
    with pytest.raises(SystemExit):
        restore.command([*database.arguments, "--label", "x", "--time", "2026-01-31T12:00:00"], database.opened)
