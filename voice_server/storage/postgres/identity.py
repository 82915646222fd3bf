"""As whom PostgreSQL's programs run: they refuse to run as root."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_NAMESPACE = ("--user", "--map-user=1000", "--map-group=1000", "--")
_NOBODY = "nobody"


class NoIdentity(Exception):
    """There is nobody whom the programs could run as. The message says why, in one line."""


@dataclass(frozen=True)
class Identity:
    """What goes before a command, and what `subprocess` is told besides."""

    prefix: Sequence[str] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


def identity_for(folder: Path, program: Path) -> Identity:
    """Whom `program` can run as to work in `folder`, which exists. Raises NoIdentity.

    An ordinary user: as oneself. Root: as the owner of the folder, if that is somebody else; as oneself in a user
    namespace in which root is called something else; and where such namespaces are forbidden, as nobody, who gets the
    folder.
    """
    if os.geteuid() != 0:
        return Identity()
    owner = folder.stat()
    if owner.st_uid == 0:
        if namespace := _namespace():
            return Identity(namespace)
        nobody = pwd.getpwnam(_NOBODY)
        _give(folder, nobody.pw_uid, nobody.pw_gid)
        owner = folder.stat()
    identity = Identity(options={"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []})
    for path, access in ((program, "-x"), (folder, "-w")):
        if subprocess.run(["test", access, path], **identity.options, check=False).returncode:  # noqa: S603, S607
            raise NoIdentity(
                f"PostgreSQL does not run as root, and the user {owner.st_uid} cannot reach {path}: start voice-server "
                "as an ordinary user, set DATA_DIR to a folder that everybody can reach, or set DATABASE_URL"
            )
    return identity


def _namespace() -> Sequence[str]:
    """What goes before a command to run it in a user namespace; empty where that is forbidden."""
    program = shutil.which("unshare")
    if program is None:
        return ()
    command = (program, *_NAMESPACE)
    worked = subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0  # noqa: S603
    return command if worked else ()


def _give(folder: Path, user: int, group: int) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user, group, follow_symlinks=False)
