"""How many people need how many tasks: from minutes of speech to conversations at once, tasks and connections.

What was measured, and what is assumed, is said at each constant; capacity.md says it to people.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.costs.configuration import Configuration, read_configuration

TFVARS = Path(__file__).with_name("growth")

MEASURED_SESSIONS_A_CORE = 50
"""Measured (README.md): with fifty on one core p95 is 1.11 s, below the 2 s of the alarm; with a hundred 1.63."""
MOST_LOAD = 0.7
"""Autoscaling holds SessionLoad at 70 percent (modules/application/scaling.tf)."""
BUSIEST_HOUR = 0.15
"""Assumed: the share of a day's speech that falls into its busiest hour."""
DAYS = 30
DEVIATIONS = 3
"""Assumed: calls come independently, so that the number at once is Poisson's; three deviations above the mean."""
CONNECTIONS_A_TASK = 5
"""Of PostgreSQL, at most: so many Terraform gives a task where the class has room (modules/application/tasks.tf)."""
LEAST_CONNECTIONS_A_TASK = 2
"""With less Terraform refuses the services' `max`."""
CONNECTIONS_KEPT = 10
"""For the migration, for people, and what RDS keeps for itself."""
DEPLOYING = 2
"""A deployment starts every task anew beside the old ones (200 percent)."""
MOST_CONNECTIONS = 0.8
"""Of what the instance takes; above it the alarm rings (modules/monitoring/alarms.tf)."""
CONNECTIONS_A_GIB = 80
"""Assumed from RDS' formula, memory / 9,531,392 bytes, less what the system keeps."""
MEMORY_GIB: Mapping[str, int] = {
    "db.t4g.micro": 1,
    "db.t4g.small": 2,
    "db.t4g.medium": 4,
    "db.m7g.large": 8,
    "db.r7g.large": 16,
    "db.r7g.xlarge": 32,
}


@dataclass(frozen=True, slots=True)
class Step:
    """One size of the system."""

    people: int
    """Who use it in a month."""
    minutes_each: float
    """Of conversation, in that month."""
    tfvars: str | None
    """File in growth/; None: the defaults."""

    @property
    def minutes(self) -> float:
        """All people's, in a month."""
        return self.people * self.minutes_each

    @property
    def at_once(self) -> int:
        """Conversations at once that have to be held: the busiest hour's mean, and three deviations."""
        mean = self.minutes / DAYS * BUSIEST_HOUR / 60
        return math.ceil(mean + DEVIATIONS * math.sqrt(mean))

    def configuration(self) -> Configuration:
        """Production with this step's values. Raises OSError, KeyError."""
        return read_configuration("production", None if self.tfvars is None else TFVARS / self.tfvars)


STEPS = (
    Step(50, 10, None),
    Step(200, 10, None),
    Step(500, 10, None),
    Step(1_000, 10, None),
    Step(10_000, 10, "10000.tfvars"),
    Step(100_000, 10, "100000.tfvars"),
    Step(100_000, 60, "100000-talkative.tfvars"),
)
"""The first three are the months of the 90 days; ten minutes each are 5,000 minutes of 500 people."""


def sessions_a_task(cpu_units: int) -> int:
    """What one task holds at 100 percent: a process uses one core, so more than 1024 units add nothing."""
    return math.floor(MEASURED_SESSIONS_A_CORE * min(cpu_units / 1024, 1.0))


def voice_tasks(at_once: int, cpu_units: int, zones: int = 3) -> int:
    """How many hold so many conversations at 70 percent, and all of them with one zone away; two at least."""
    each = sessions_a_task(cpu_units)
    with_all = at_once / (MOST_LOAD * each)
    without_a_zone = at_once / each * zones / (zones - 1)
    return max(2, math.ceil(with_all), math.ceil(without_a_zone))


def most_connections(instance_class: str) -> int:
    """That a database of this class takes. Raises KeyError."""
    return MEMORY_GIB[instance_class] * CONNECTIONS_A_GIB


def connections_a_task(instance_class: str, most_tasks: int) -> int:
    """That each may open where there may be so many tasks, without a deployment. Raises KeyError."""
    room = (most_connections(instance_class) - CONNECTIONS_KEPT) / (DEPLOYING * most_tasks)
    return min(CONNECTIONS_A_TASK, math.floor(room))


def connections(tasks: int, each: int) -> int:
    """That so many tasks may open while a deployment replaces them all."""
    return tasks * each * DEPLOYING


def most_tasks(instance_class: str, each: int = CONNECTIONS_A_TASK) -> int:
    """That a database of this class serves through a deployment, without the alarm. Raises KeyError."""
    return math.floor(MOST_CONNECTIONS * most_connections(instance_class) / (each * DEPLOYING))
