"""The tables of the runbooks that hold money or capacities, as Markdown. Each has a name and a place in one page."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.costs.bill import KEYS_OF_STATES, infrastructure, providers, total
from deploy.costs.configuration import read_configuration
from deploy.costs.prices import PriceList, read_prices
from deploy.costs.usage import Usage
from deploy.runbooks.growth import (
    LEAST_CONNECTIONS_A_TASK,
    MEMORY_GIB,
    MOST_LOAD,
    STEPS,
    TFVARS,
    Step,
    connections,
    connections_a_task,
    most_connections,
    most_tasks,
    sessions_a_task,
    voice_tasks,
)

PAGES = Path(__file__).parent
VOICE_SHARE = 0.75
"""Of all tasks, assumed."""


@dataclass(frozen=True, slots=True)
class Table:
    """One computed part of a page, between `<!-- computed: NAME -->` and `<!-- /computed -->`."""

    name: str
    page: str
    text: Callable[[PriceList], str]

    def written_in(self, page: str, prices: PriceList) -> str:
        """The page with this part computed anew. Raises ValueError if the page has no place for it."""
        before, begins, rest = page.partition(f"<!-- computed: {self.name} -->\n")
        _, ends, after = rest.partition("<!-- /computed -->")
        if not begins or not ends:
            raise ValueError(f"{self.page} has no place for {self.name}")
        return f"{before}{begins}{self.text(prices)}\n{ends}{after}"


def first_days(prices: PriceList) -> str:
    """What runs after each step of a first deployment, and what that costs."""
    configuration = read_configuration()
    lines = infrastructure(configuration, Usage(), prices)
    # Alarms of the services come with them; that is under a dollar and left with the rest.
    tasks = total([line for line in lines if line.name.startswith("Fargate")])
    everything = total(lines)
    states = KEYS_OF_STATES * prices["key_month"]
    zone = prices["hosted_zone_month"]
    minute = total(providers(Usage(), prices)) / Usage().voice_minutes
    rows = [
        (
            "1 account, 2 domain",
            zone if not configuration["create_zone"] else 0.0,
            "the hosted zone; the domain itself is the registrar's",
        ),
        ("4 states", states, "the key; the bucket's few kB are nothing"),
        ("5 everything but the services", everything - tasks - zone - states, "also while nobody talks"),
        ("8 services", tasks, "4 tasks"),
    ]
    body = [(step, f"{month:,.2f}", f"{month * 24 / prices.hours:,.2f}", what) for step, month, what in rows]
    sum_of_all = sum(month for _, month, _ in rows)
    body.append(("**Sum**", f"**{sum_of_all:,.2f}**", f"**{sum_of_all * 24 / prices.hours:,.2f}**", ""))
    said = f"A minute of conversation costs {minute:.3f} USD at the providers, the smoke test's turn a fraction of it."
    return "\n".join([*_table(("from step", "USD a month", "USD a day", "for"), body), "", said])


def growth(prices: PriceList) -> str:
    """Each step: people, conversations, tasks, data stores, money."""
    data = ("database", "connections, deploying", "cache")
    money = ("AWS, USD", "providers, USD", "together, USD")
    heading = ("people", "minutes each", "at once", "voice tasks needed", "run", "of vCPU", *data, *money)
    return "\n".join(_table(heading, [_step(step, prices) for step in STEPS]))


def commands(_prices: PriceList) -> str:
    """Those that print each step's bill."""
    return "\n".join(["```sh", *(f"python -m deploy.costs{_options(step)}" for step in STEPS), "```"])


def values(_prices: PriceList) -> str:
    """The files of the steps that are not the defaults."""
    files = [step.tfvars for step in STEPS if step.tfvars is not None]
    parts = [
        f"[growth/{name}](growth/{name}):\n\n```hcl\n{(TFVARS / name).read_text().rstrip()}\n```" for name in files
    ]
    return "\n\n".join(parts)


def one_database(_prices: PriceList) -> str:
    """How far each class of database goes by its connections."""
    rows = []
    for name in MEMORY_GIB:
        most = most_tasks(name)
        voice = math.floor(most * VOICE_SHARE)
        held = f"{int(voice * MOST_LOAD * sessions_a_task(1024)):,}"
        rows.append((name, f"{most_tasks(name, LEAST_CONNECTIONS_A_TASK)}", f"{most}", f"{voice}", held))
    heading = ("database", "tasks of 2", "tasks of 5", "of them voice", "conversations at once")
    return "\n".join(_table(heading, rows))


TABLES = (
    Table("first days", "first-deployment.md", first_days),
    Table("growth", "capacity.md", growth),
    Table("commands", "capacity.md", commands),
    Table("values", "capacity.md", values),
    Table("one database", "capacity.md", one_database),
)


def pages_as_computed() -> Mapping[Path, str]:
    """Each page that has computed parts, with them computed anew. Raises ValueError, OSError, UnknownPrice."""
    prices = read_prices()
    pages: dict[Path, str] = {}
    for table in TABLES:
        path = PAGES / table.page
        pages[path] = table.written_in(pages.get(path) or path.read_text(), prices)
    return pages


def _step(step: Step, prices: PriceList) -> Sequence[str]:
    configuration, usage = step.configuration(), Usage().grown_to(step.minutes)
    services = configuration.services
    voice = services["voice"]
    database, most = (
        configuration["database_instance_class"],
        sum(each["max"] for each in configuration["services"].values()),
    )
    opened = connections(sum(each.tasks for each in services.values()), connections_a_task(database, most))
    aws, others = total(infrastructure(configuration, usage, prices)), total(providers(usage, prices))
    return (
        f"{step.people:,}",
        f"{step.minutes_each:g}",
        f"{step.at_once:,}",
        f"{voice_tasks(step.at_once, voice.cpu)}",
        f"{voice.tasks}",
        f"{voice.cpu / 1024:g}",
        database,
        f"{opened} of {most_connections(database)}",
        f"{1 + configuration['cache_replica_count']} x {configuration['cache_node_type']}",
        f"{aws:,.2f}",
        f"{others:,.2f}",
        f"{aws + others:,.2f}",
    )


def _options(step: Step) -> str:
    file = "" if step.tfvars is None else f" --tfvars {TFVARS.relative_to(PAGES.parents[1])}/{step.tfvars}"
    return f"{file} --minutes {step.minutes:.0f}"


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    numbers = ("USD", "minutes", "people", "at once", "tasks", "run", "vCPU", "voice")
    lines = ["---:" if any(each in name for each in numbers) else "---" for name in heading]
    return [f"| {' | '.join(heading)} |", f"|{'|'.join(lines)}|", *(f"| {' | '.join(row)} |" for row in rows)]
