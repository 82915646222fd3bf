"""Snapshots, and what is restored beside the original."""

from datetime import UTC, datetime
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
    assert _tags(snapshot) == {"Environment": "production", "Reason": "migration", "Purpose": "backup"}
    assert any(line.startswith("Ready") for line in database.said)


def test_the_same_snapshot_again_is_one(database: Account) -> None:
    for _ in range(2):
        assert backup.command([*database.arguments, "--label", "once"], database.opened) == 0
    assert len(_snapshots(database)) == 1


@pytest.fixture
def aged(database: Account) -> Account:
    """Five snapshots, each made a day after the one before; the first three and the last by the command."""
    rds = database.session.client("rds")
    for label in ("one", "two", "three"):
        assert backup.command([*database.arguments, "--label", label], database.opened) == 0
    rds.create_db_snapshot(DBSnapshotIdentifier=f"{NAME}-by-hand", DBInstanceIdentifier=NAME)
    days = {f"{NAME}-{label}": day for day, label in enumerate(("by-hand", "one", "two", "three", "four"), start=1)}

    def date(parsed: dict[str, Any], **_rest: Any) -> None:
        for each in parsed["DBSnapshots"]:
            day = days.get(each["DBSnapshotIdentifier"], 1)
            each["SnapshotCreateTime"] = datetime(2026, 1, day, 3, tzinfo=UTC)

    database.session.events.register("after-call.rds.DescribeDBSnapshots", date)
    return database


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ([], {"by-hand", "one", "two", "three", "four"}),
        (["--keep", "1"], {"by-hand", "four"}),
        (["--keep", "3"], {"by-hand", "two", "three", "four"}),
        (["--keep", "9"], {"by-hand", "one", "two", "three", "four"}),
        (["--days", "1"], {"by-hand", "three", "four"}),
        (["--days", "2"], {"by-hand", "two", "three", "four"}),
        (["--keep", "2", "--days", "2"], {"by-hand", "three", "four"}),
    ],
)
def test_what_was_made_here_long_ago_is_removed(aged: Account, asked: list[str], left: set[str]) -> None:
    assert backup.command([*aged.arguments, "--label", "four", *asked], aged.opened) == 0
    assert {one["DBSnapshotIdentifier"] for one in _snapshots(aged)} == {f"{NAME}-{label}" for label in left}
    told = {line.split()[1] for line in aged.said if line.startswith("Removed: ")}
    assert told == {f"{NAME}-{label}," for label in {"one", "two", "three"} - left}


def test_the_snapshot_that_was_asked_for_stays_however_old_it_is(aged: Account) -> None:
    assert backup.command([*aged.arguments, "--label", "one", "--keep", "1"], aged.opened) == 0
    assert {one["DBSnapshotIdentifier"] for one in _snapshots(aged)} == {f"{NAME}-one", f"{NAME}-by-hand"}


def test_another_databases_snapshots_and_those_under_way_stay(aged: Account) -> None:
    rds = aged.session.client("rds")
    rds.create_db_instance(
        DBInstanceIdentifier="other", DBInstanceClass="db.t4g.micro", Engine="postgres", AllocatedStorage=20,
        MasterUsername="postgres", MasterUserPassword="not-a-secret",
    )  # fmt: skip
    tags = [{"Key": "Purpose", "Value": "backup"}]
    rds.create_db_snapshot(DBSnapshotIdentifier="other-one", DBInstanceIdentifier="other", Tags=tags)

    def begin(parsed: dict[str, Any], **_rest: Any) -> None:
        for each in parsed["DBSnapshots"]:
            if each["DBSnapshotIdentifier"] == f"{NAME}-two":
                each["Status"] = "creating"

    aged.session.events.register("after-call.rds.DescribeDBSnapshots", begin)
    assert backup.command([*aged.arguments, "--label", "four", "--keep", "1"], aged.opened) == 0
    left = {one["DBSnapshotIdentifier"] for one in _snapshots(aged)}
    assert left == {"other-one", f"{NAME}-by-hand", f"{NAME}-two", f"{NAME}-four"}


@pytest.mark.parametrize("option", ["--keep", "--days"])
@pytest.mark.parametrize("number", ["0", "-1", "many"])
def test_to_keep_nothing_is_refused(database: Account, option: str, number: str) -> None:
    with pytest.raises(SystemExit):
        backup.command([*database.arguments, option, number], database.opened)
    assert _snapshots(database) == []


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
