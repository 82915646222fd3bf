"""Steps of GitHub's workflows, run here as they are written."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.aws.stack import Stack
from tests.deploy.terraform import environment, plugin_arguments

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"


def steps_of(workflow: str, job: str) -> list[dict[str, Any]]:
    """The steps of a job that run something."""
    found = yaml.safe_load((WORKFLOWS / f"{workflow}.yml").read_text())["jobs"][job]
    folder = found.get("defaults", {}).get("run", {}).get("working-directory", ".")
    return [{"working-directory": folder, **step} for step in found["steps"] if "run" in step]


@dataclass
class Checkout:
    """What a runner has: the repository, with a copy of Terraform's tree that knows only the emulator."""

    folder: Path
    stack: Stack
    variables: Mapping[str, str] = field(default_factory=dict)
    """Of GitHub, by name."""

    def __post_init__(self) -> None:
        left_out = shutil.ignore_patterns(".terraform", "*.tfplan", "backend.hcl", "*.auto.tfvars.json")
        tree = self.folder / "deploy" / "terraform"
        shutil.copytree(self.stack.terraform.tree, tree, ignore=left_out)
        # What was added for the emulator is no less well formatted than the rest.
        subprocess.run([self.stack.terraform.program, "fmt", "-recursive"], cwd=tree, check=True, capture_output=True)
        (self.folder / ".venv").symlink_to(sys.prefix)

    @property
    def summary(self) -> str:
        """What steps have told."""
        file = self.folder / "summary.md"
        return file.read_text() if file.exists() else ""

    @property
    def log(self) -> Path:
        """Of the provider."""
        return self.folder / "provider.log"

    def run(self, step: Mapping[str, Any]) -> "subprocess.CompletedProcess[str]":
        """One step, as GitHub's runner would."""
        values = {name: self._value(text) for name, text in step.get("env", {}).items()}
        program = Path(self.stack.terraform.program).parent
        given = {
            "PATH": f"{program}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"),
            "TF_CLI_ARGS_init": " ".join(plugin_arguments()),
            "TF_LOG_PROVIDER": "DEBUG",
            "TF_LOG_PATH": str(self.log),
        }
        shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"]
        return subprocess.run(
            [*shell, step["run"]] if step.get("shell") == "bash" else ["bash", "-e", "-c", step["run"]],
            cwd=self.folder / step["working-directory"],
            env=environment() | dict(self.stack.terraform.extra) | given | dict(self.variables) | values,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=self.stack.terraform.seconds,
            check=False,
        )

    def _value(self, text: str) -> str:
        name = text.removeprefix("${{ vars.").removesuffix(" }}")
        return self.variables[name] if text.startswith("${{") else text
