"""One environment of deploy/terraform, planned and applied on the emulator."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from tests.deploy.aws.emulator import Emulator
from tests.deploy.terraform import Terraform, copy_to

IMAGE = "sha256:" + 64 * "a"
# What every plan needs: the whole system, its services among it.
VARIABLES: Mapping[str, Any] = {
    "domain": "example.com",
    "create_zone": True,
    "alert_emails": ["oncall@example.com"],
    "deploy_services": True,
    "image_digest": IMAGE,
    "github_repository": "owner/voice-server",
    "state_bucket": "voice-server-terraform-state-123456789012",
    "state_kms_key_arn": "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555",
}
# A name cannot be turned into a bucket's address here; and what moto does not know, it answers with 500: the provider
# would ask again 25 times.
_PROVIDER = """
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  max_retries                 = 2
"""
_LOCAL_STATE = 'terraform {\n  backend "local" {}\n}\n'


@dataclass(frozen=True)
class Stack:
    """`folder` is that of the environment in Terraform's copy of the tree."""

    terraform: Terraform
    folder: str
    variables: Mapping[str, Any]

    def with_changed(self, **variables: Any) -> "Stack":
        """The same, with other variables."""
        return replace(self, variables={**self.variables, **variables})

    def run(self, *arguments: str) -> str:
        """What Terraform says. Raises AssertionError where it fails."""
        answer = self.ask(*arguments)
        assert answer.returncode == 0, f"terraform {arguments[0]} in {self.folder}:\n{answer.stdout[-6000:]}"
        return answer.stdout

    def ask(self, *arguments: str) -> CompletedProcess[str]:
        """The same, whether it fails or not."""
        if arguments[0] in ("plan", "apply", "destroy"):
            written = self.terraform.tree / self.folder / "emulator.auto.tfvars.json"
            written.write_text(json.dumps(self.variables))
        return self.terraform.run(self.folder, *arguments)

    def plan(self) -> Any:
        """The plan, as JSON. `apply("it.tfplan")` applies it."""
        self.run("plan", "-no-color", "-out=it.tfplan")
        return self._shown("it.tfplan")

    def state(self) -> Any:
        """The state, as JSON."""
        return self._shown()

    def _shown(self, *what: str) -> Any:
        # Warnings come first, in lines of their own.
        lines = self.run("show", "-no-color", "-json", *what).splitlines()
        return json.loads(next(line for line in lines if line.startswith("{")))


def prepare(folder: Path, root: str, aws: Emulator, variables: Mapping[str, Any]) -> Stack:
    """A copy below `folder` whose `root` keeps its state there and knows only the emulator; not yet initialised."""
    terraform = copy_to(folder)
    aliases = ("us_east_1", "backup") if "environments" in root else ()
    lines = ["", *(f'  alias = "{alias}"\n' for alias in aliases)]
    providers = "".join(f'provider "aws" {{\n{line}{_PROVIDER}}}\n' for line in lines)
    (terraform.tree / root / "emulator_override.tf").write_text(providers)
    return Stack(replace(terraform, extra=aws.environment), root, variables)


def prepare_with_local_state(folder: Path, environment: str, aws: Emulator) -> Stack:
    """An environment, initialised, that keeps its state in a file."""
    stack = prepare(folder, f"environments/{environment}", aws, VARIABLES)
    override = stack.terraform.tree / stack.folder / "backend_override.tf"
    override.write_text(_LOCAL_STATE)
    stack.terraform.init(stack.folder, "-reconfigure")
    return stack


def prepare_module(folder: Path, module: str, aws: Emulator, variables: Mapping[str, Any]) -> Stack:
    """One module by itself, initialised, that keeps its state in a file."""
    terraform = copy_to(folder)
    (terraform.tree / module / "emulator.tf").write_text(f'provider "aws" {{\n{_PROVIDER}}}\n')
    stack = Stack(replace(terraform, extra=aws.environment), module, variables)
    stack.terraform.init(stack.folder)
    return stack
