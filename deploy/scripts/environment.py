"""What is where: the outputs of Terraform for one environment, of which none is secret."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.scripts.failures import Wrong

FOLDER = Path(__file__).parents[1] / "terraform" / "environments"
VARIABLE = "TERRAFORM_OUTPUTS"
TERRAFORM_SECONDS = 120.0


@dataclass(frozen=True)
class Environment:
    """One that is applied."""

    name: str
    """Prefix of all names, `voice-server-production`."""
    region: str
    cluster: str
    services: tuple[str, ...]
    families: Mapping[str, str]
    """Service, and `migrate`, to the family of its task definitions."""
    log_groups: Mapping[str, str]
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    """Of the migration."""
    repository_url: str
    database: str
    """Identifier of the instance."""
    addresses: Mapping[str, str]
    """api, dashboard and others, to the URL each is reached at."""

    @property
    def repository(self) -> str:
        """Name of the image repository."""
        return self.repository_url.partition("/")[2]


def read_environment(name: str, outputs: Path | None) -> Environment:
    """From a file, else from the variable TERRAFORM_OUTPUTS, else from Terraform itself. Raises Wrong."""
    text, source = _text(name, outputs)
    try:
        values = {key: output["value"] for key, output in json.loads(text).items()}
        read = _environment(values)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        what = f"{source} is not what `terraform output -json` prints ({type(error).__name__}: {error})"
        raise Wrong(f"{what}. Apply the environment, then write its outputs anew.") from error
    if not read.name.endswith(f"-{name}"):
        raise Wrong(f"{source} is of {read.name}, and {name} was asked for. Give the outputs of {name}.")
    return read


def _text(name: str, outputs: Path | None) -> tuple[str, str]:
    if outputs is not None:
        try:
            return outputs.read_text(), str(outputs)
        except OSError as error:
            raise Wrong(f"{outputs} cannot be read ({error.strerror}). Write it: terraform output -json.") from error
    if text := os.environ.get(VARIABLE, ""):
        return text, VARIABLE
    return _asked(name), f"terraform output of {name}"


def _asked(name: str) -> str:
    terraform = shutil.which("terraform")
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name) or not (FOLDER / name).is_dir():
        known = ", ".join(sorted(path.name for path in FOLDER.iterdir() if path.is_dir()))
        raise Wrong(f"--environment: there is no {name}. Take one of {known}.")
    if terraform is None:
        raise Wrong(f"terraform is not installed, and neither --outputs nor {VARIABLE} is given. Give one of them.")
    command = [terraform, f"-chdir={FOLDER / name}", "output", "-json"]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=TERRAFORM_SECONDS, check=False)  # noqa: S603
    if answer.returncode != 0:
        reason = " ".join(answer.stderr.split())[-300:]
        raise Wrong(
            f"terraform does not tell the outputs of {name}: {reason} Run `terraform init` there, or --outputs."
        )
    return answer.stdout


def _environment(values: Mapping[str, Any]) -> Environment:
    network = values["migrate_network"]
    return Environment(
        name=values["name"],
        region=values["region"],
        cluster=values["cluster_name"],
        services=tuple(values["service_names"]),
        families=dict(values["task_families"]),
        log_groups=dict(values["log_group_names"]),
        subnets=tuple(network["subnets"]),
        security_groups=tuple(network["security_groups"]),
        repository_url=values["repository_url"],
        database=values["database_identifier"],
        addresses=dict(values["addresses"]),
    )
