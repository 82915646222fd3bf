"""Terraform over a copy of deploy/terraform: the working tree gets no plugin links, states or lock files."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.services.missing import missing

SOURCE = Path(__file__).resolve().parents[2] / "deploy" / "terraform"
MODULES = SOURCE / "modules"
SECONDS = 280
_LEFT_OUT = shutil.ignore_patterns(".terraform", "*.tfstate*", "*.tfplan", "terraform.tfvars", "backend.hcl")
_UNREACHABLE = ("Failed to query available provider packages", "Failed to install provider", "Could not connect to")


def folders_with_tests() -> list[str]:
    """Folders of deploy/terraform that hold tests, as `modules/kms`, in the order of their names."""
    return sorted({str(file.parent.parent.relative_to(SOURCE)) for file in SOURCE.rglob("tests/*.tftest.hcl")})


def environment() -> dict[str, str]:
    """What Terraform runs under: no questions, no calls home, no credentials, no configuration of the machine."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "TF_")) or name == "TF_PLUGIN_CACHE_DIR"
    }
    # The provider's schema is most of what lies in memory: collecting it again and again is a third of the time.
    return kept | {
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "CHECKPOINT_DISABLE": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "GOGC": "400",
    }


def _plugin_folder() -> Path | None:
    """A folder that holds the provider already: TERRAFORM_PLUGIN_DIR, or where systems have such folders.

    None: Terraform downloads it.
    """
    named = os.environ.get("TERRAFORM_PLUGIN_DIR")
    if named:
        return Path(named)
    usual = [Path.home() / ".terraform.d" / "plugins"]
    usual += [Path(shared) / "terraform" / "plugins" for shared in ("/usr/local/share", "/usr/share")]
    usual += sorted(Path("/opt").glob("*"))
    return next((folder for folder in usual if any(folder.glob("*/hashicorp/aws"))), None)


def plugin_arguments() -> list[str]:
    """What tells `terraform init` where the provider is, if it is here already."""
    folder = _plugin_folder()
    return [] if folder is None else [f"-plugin-dir={folder}"]


@dataclass(frozen=True)
class Terraform:
    """Terraform in one copy of the tree.

    `program` is its path, `tree` the copy of deploy/terraform, `extra` what it finds in its environment besides, and
    `seconds` how long a run may take.
    """

    program: str
    tree: Path
    extra: Mapping[str, str] = field(default_factory=dict)
    seconds: float = SECONDS

    def run(self, folder: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run it in a folder of the copy. Does not raise on failure: the caller says what failing means."""
        return subprocess.run(
            [self.program, *arguments],
            cwd=self.tree / folder,
            env=environment() | dict(self.extra),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=self.seconds,
            check=False,
        )

    def init(self, folder: str, *backend: str) -> None:
        """Install provider and modules for a folder. A committed lock file has to fit what is installed.

        `backend` are arguments that say what is done about the state's; without, nothing.
        """
        arguments = ["init", "-no-color", *(backend or ["-backend=false"]), *plugin_arguments()]
        if (self.tree / folder / ".terraform.lock.hcl").exists():
            arguments.append("-lockfile=readonly")
        answer = self.run(folder, *arguments)
        if answer.returncode != 0 and not plugin_arguments() and any(sign in answer.stdout for sign in _UNREACHABLE):
            missing("the AWS provider cannot be downloaded; name a folder that holds it in TERRAFORM_PLUGIN_DIR")
        assert answer.returncode == 0, f"terraform init in {folder}:\n{answer.stdout}"


def copy_to(folder: Path) -> Terraform:
    """A copy of deploy/terraform below `folder`, and Terraform for it. Skips where there is no Terraform."""
    program = shutil.which("terraform")
    if program is None:
        missing("terraform is not installed")
    tree = folder / "terraform"
    shutil.copytree(SOURCE, tree, ignore=_LEFT_OUT)
    return Terraform(program, tree)


@contextmanager
def with_running_provider(terraform: Terraform, folder: str) -> Iterator[Terraform]:
    """Terraform that talks to one provider, that of `folder`, for as long as this lasts.

    By itself it starts the provider anew for each step of each test, some hundred times, which is most of what those
    cost. For people who debug a provider, it takes one that runs. What it then no longer looks at is the version.
    """
    terraform.init(folder)
    # Below registry, name space, name, version and platform, of which the last may be a link.
    (provider,) = (terraform.tree / folder / ".terraform" / "providers").glob("*/*/*/*/*/terraform-provider-aws_*")
    process = subprocess.Popen(
        [str(provider), "-debug"],
        env=environment(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        said = (re.search(r"TF_REATTACH_PROVIDERS='(.+)'", line) for line in process.stdout)
        address = next(filter(None, said), None)
        assert address is not None, f"the provider did not start: {provider} -debug says why"
        yield replace(terraform, extra={**terraform.extra, "TF_REATTACH_PROVIDERS": address[1]})
    finally:
        process.terminate()
        process.wait()
