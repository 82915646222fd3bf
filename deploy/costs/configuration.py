"""What an environment consists of: the defaults of its variables, and what a `.tfvars` file says instead."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hcl2

ENVIRONMENTS = Path(__file__).parents[1] / "terraform" / "environments"


@dataclass(frozen=True, slots=True)
class Service:
    """One of the ECS services."""

    cpu: int
    """CPU units; 1024 is a vCPU."""
    memory: int
    """MiB."""
    tasks: int
    """That always run."""
    is_spot: bool


@dataclass(frozen=True, slots=True)
class Configuration:
    """Variables of an environment, by name."""

    variables: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        """Raises KeyError for a variable that the environment does not have."""
        return self.variables[name]

    @property
    def services(self) -> Mapping[str, Service]:
        """Those that run."""
        return {
            name: Service(each["cpu"], each["memory"], each["min"], bool(each.get("spot", False)))
            for name, each in self.variables["services"].items()
        }

    def with_changed(self, **variables: Any) -> "Configuration":
        """The same but for these. Raises KeyError for a variable that the environment does not have."""
        unknown = variables.keys() - self.variables.keys()
        if unknown:
            raise KeyError(f"no such variable: {', '.join(sorted(unknown))}")
        return Configuration({**self.variables, **variables})


def read_configuration(environment: str = "production", tfvars: Path | None = None) -> Configuration:
    """The defaults of `environments/ENVIRONMENT`, changed by this file.

    Raises OSError if there is no such file, KeyError if it names a variable that the environment does not have.
    """
    with (ENVIRONMENTS / environment / "variables.tf").open() as file:
        blocks = _plain(hcl2.load(file))["variable"]
    defaults = {name: body.get("default") for block in blocks for name, body in block.items()}
    configuration = Configuration(defaults)
    if tfvars is None:
        return configuration
    with tfvars.open() as file:
        return configuration.with_changed(**_plain(hcl2.load(file)))


def _plain(value: Any) -> Any:
    """Without the quotes that the parser keeps around strings, and without its own marks."""
    if isinstance(value, dict):
        return {_plain(key): _plain(each) for key, each in value.items() if not str(key).startswith("__")}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, str) and len(value) >= 2 and value[0] == value[-1] == '"':
        return value[1:-1]
    return value
