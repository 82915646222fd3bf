"""The database instance: snapshots of it, and other instances that are made from its past."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from deploy.scripts.clock import Clock, poll
from deploy.scripts.failures import Failed, Wrong

LOOK_SECONDS = 15.0
PURPOSE = {"Key": "Purpose", "Value": "restore-check"}
"""What marks an instance that may be removed again."""
BACKUP = {"Key": "Purpose", "Value": "backup"}
"""What marks a snapshot that may be."""


@dataclass(frozen=True)
class Instance:
    """One that is available."""

    identifier: str
    address: str
    port: int


class Database:
    """The instance of an environment, which nothing here changes."""

    def __init__(self, rds: Any, identifier: str) -> None:
        """`rds`: a client of boto3."""
        self._rds = rds
        self.identifier = identifier

    @property
    def scratch_prefix(self) -> str:
        """How the names of restored instances begin."""
        return f"{self.identifier}-restore-"

    def snapshot(self, name: str, reason: str) -> None:
        """Begin one, with the tags of the instance; if it is there already, nothing happens. Raises Wrong."""
        tags = [tag for tag in self._original()["TagList"] if not tag["Key"].startswith("aws:")]
        tags = [tag for tag in tags if tag["Key"] not in ("Reason", BACKUP["Key"])]
        tags += [{"Key": "Reason", "Value": reason}, BACKUP]
        try:
            self._rds.create_db_snapshot(DBSnapshotIdentifier=name, DBInstanceIdentifier=self.identifier, Tags=tags)
        except ClientError as error:
            if _code(error) not in ("DBSnapshotAlreadyExists", "DBSnapshotAlreadyExistsFault"):
                raise

    def wait_for_snapshot(self, name: str, clock: Clock, *, seconds: float) -> Mapping[str, Any]:
        """Until it can be restored. Raises Failed."""

        def look() -> Mapping[str, Any] | None:
            found: Mapping[str, Any] = self._rds.describe_db_snapshots(DBSnapshotIdentifier=name)["DBSnapshots"][0]
            if found["Status"] in ("failed", "incompatible-restore"):
                raise Failed(f"The snapshot {name} is {found['Status']}. Make another one; see the events of RDS.")
            return found if found["Status"] == "available" else None

        snapshot = poll(look, clock, every=LOOK_SECONDS, seconds=seconds)
        if snapshot is None:
            raise Failed(f"The snapshot {name} is not ready after {seconds:g} seconds; RDS goes on. Look again later.")
        return snapshot

    def snapshots_made_here(self) -> Sequence[Mapping[str, Any]]:
        """Those of this instance that can be restored and that `snapshot` has made, the newest first."""
        asked = {"DBInstanceIdentifier": self.identifier, "SnapshotType": "manual"}
        pages = self._rds.get_paginator("describe_db_snapshots").paginate(**asked)
        found = [each for page in pages for each in page["DBSnapshots"]]
        ours = [each for each in found if each["Status"] == "available" and BACKUP in each["TagList"]]
        return sorted(ours, key=lambda each: each["SnapshotCreateTime"], reverse=True)

    def drop_snapshot(self, snapshot: Mapping[str, Any]) -> None:
        """Remove one of those. Raises Wrong for any other snapshot."""
        name = snapshot["DBSnapshotIdentifier"]
        if BACKUP not in snapshot["TagList"]:
            raise Wrong(f"{name} has no tag {BACKUP['Key']}={BACKUP['Value']}: it was not made here.")
        self._rds.delete_db_snapshot(DBSnapshotIdentifier=name)

    def restore(self, name: str, *, snapshot: str | None, time: datetime | None) -> None:
        """Begin an instance of the same network, key and parameters: of a snapshot, else of a moment, else of the
        last moment that there is. If there is one of this name already, nothing happens. Raises Wrong."""
        self._require_scratch(name)
        if self._found(name) is not None:
            return
        original = self._original()
        settings = self._settings(original, name)
        if snapshot is not None:
            self._rds.restore_db_instance_from_db_snapshot(DBSnapshotIdentifier=snapshot, **settings)
            return
        moment: dict[str, Any] = {"UseLatestRestorableTime": True} if time is None else {"RestoreTime": time}
        settings["TargetDBInstanceIdentifier"] = settings.pop("DBInstanceIdentifier")
        self._rds.restore_db_instance_to_point_in_time(SourceDBInstanceIdentifier=self.identifier, **moment, **settings)

    def wait_for_instance(self, name: str, clock: Clock, *, seconds: float) -> Instance:
        """Until it answers. Raises Failed."""

        def look() -> Mapping[str, Any] | None:
            found = self._found(name)
            if found is None or found["DBInstanceStatus"] in ("failed", "incompatible-network", "incompatible-restore"):
                state = "gone" if found is None else found["DBInstanceStatus"]
                raise Failed(f"The instance {name} is {state}. See the events of RDS; remove it with --drop.")
            return found if found["DBInstanceStatus"] == "available" else None

        instance = poll(look, clock, every=LOOK_SECONDS, seconds=seconds)
        if instance is None:
            raise Failed(f"The instance {name} is not ready after {seconds:g} seconds; RDS goes on. Run this again.")
        return Instance(name, instance["Endpoint"]["Address"], instance["Endpoint"]["Port"])

    def drop(self, name: str) -> bool:
        """Begin to remove a restored instance. False: there is none. Raises Wrong for any other instance."""
        self._require_scratch(name)
        found = self._found(name)
        if found is None:
            return False
        if PURPOSE not in found["TagList"]:
            raise Wrong(
                f"{name} has no tag {PURPOSE['Key']}={PURPOSE['Value']}: it was not made here. Remove it by hand."
            )
        if found["DBInstanceStatus"] != "deleting":
            self._rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True, DeleteAutomatedBackups=True)
        return True

    def restored(self) -> Sequence[str]:
        """Names of the instances that were restored and are still there."""
        pages = self._rds.get_paginator("describe_db_instances").paginate()
        names = [one["DBInstanceIdentifier"] for page in pages for one in page["DBInstances"]]
        return sorted(name for name in names if name.startswith(self.scratch_prefix))

    def _settings(self, original: Mapping[str, Any], name: str) -> dict[str, Any]:
        return {
            "DBInstanceIdentifier": name,
            "DBInstanceClass": original["DBInstanceClass"],
            "DBSubnetGroupName": original["DBSubnetGroup"]["DBSubnetGroupName"],
            "VpcSecurityGroupIds": [group["VpcSecurityGroupId"] for group in original["VpcSecurityGroups"]],
            "DBParameterGroupName": original["DBParameterGroups"][0]["DBParameterGroupName"],
            "EnableIAMDatabaseAuthentication": bool(original.get("IAMDatabaseAuthenticationEnabled")),
            "MultiAZ": False,
            "PubliclyAccessible": False,
            "DeletionProtection": False,
            "Tags": [tag for tag in original["TagList"] if not tag["Key"].startswith("aws:")] + [PURPOSE],
        }

    def _require_scratch(self, name: str) -> None:
        if not name.startswith(self.scratch_prefix) or name == self.scratch_prefix:
            raise Wrong(f"{name} is no name of a restored instance. It has to begin with {self.scratch_prefix}.")

    def _original(self) -> Mapping[str, Any]:
        found = self._found(self.identifier)
        if found is None:
            raise Wrong(f"There is no database instance {self.identifier}. Check region and outputs.")
        return found

    def _found(self, name: str) -> Mapping[str, Any] | None:
        try:
            answer = self._rds.describe_db_instances(DBInstanceIdentifier=name)
        except ClientError as error:
            if _code(error) not in ("DBInstanceNotFound", "DBInstanceNotFoundFault"):
                raise
            return None
        instance: Mapping[str, Any] = answer["DBInstances"][0]
        return instance


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])
