"""What each switch saves or costs in a month, and what it gives up."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from deploy.costs.bill import infrastructure, total
from deploy.costs.configuration import Configuration
from deploy.costs.prices import PriceList
from deploy.costs.usage import Usage

SELF_HOSTED_MACHINE = "gpu_g4dn.xlarge_hour"


@dataclass(frozen=True, slots=True)
class Saving:
    """One switch."""

    switch: str
    dollars: float
    """Less in a month; negative: more."""
    gives_up: str


def savings(of: Configuration, usage: Usage, prices: PriceList) -> Iterator[Saving]:
    """Each switch alone, against this configuration."""
    now = total(infrastructure(of, usage, prices))

    def by(switch: str, gives_up: str, **variables: object) -> Saving:
        return Saving(switch, now - total(infrastructure(of.with_changed(**variables), usage, prices)), gives_up)

    def services(**change: object) -> dict[str, object]:
        return {name: {**service, **change} for name, service in of["services"].items()}

    if of["nat_gateway_count"] != 1:
        yield by("1 NAT gateway", "its zone can take the way out along", nat_gateway_count=1)
    yield by("A NAT gateway in each zone", "nothing: it adds protection", nat_gateway_count=of["zone_count"])
    yield by("4 interface endpoints", "nothing: AWS is reached without NAT", interface_endpoints=["a", "b", "c", "d"])
    yield by("PostgreSQL in one zone", "a zone that fails means hours until a restore", database_multi_az=False)
    yield by("Backups in another region", "nothing: it adds protection", backup_region="us-west-2")
    yield by("Valkey without a replica", "rate limits and live copies are lost with the node", cache_replica_count=0)
    yield by("Fargate Spot for all", "tasks end with two minutes' notice", services=services(spot=True))
    yield by("x86 instead of ARM64", "nothing: it costs more", cpu_architecture="X86_64")
    yield by("One task a service", "a task that fails is away until the next has started", services=services(min=1))
    yield by("No Container Insights", "figures of single tasks", container_insights="disabled")
    yield by("No firewall", "managed rules and limits by address", enable_waf=False)
    yield by("No GuardDuty", "signs of a break-in", enable_guardduty=False)
    yield _savings_plan(of, usage, prices)
    yield from _self_hosted(usage, prices)


def _savings_plan(of: Configuration, usage: Usage, prices: PriceList) -> Saving:
    compute = sum(line.dollars for line in infrastructure(of, usage, prices) if line.name.startswith("Fargate"))
    saved = compute * (1 - prices["compute_savings_plan_share"])
    return Saving("Compute Savings Plan, a year", saved, "the freedom to run less; Fargate has no reserved instances")


def _self_hosted(usage: Usage, prices: PriceList) -> Iterator[Saving]:
    machine = prices.month(SELF_HOSTED_MACHINE)
    paid: dict[str, Callable[[], float]] = {
        "Speech to text": lambda: usage.voice_minutes * prices["stt_minute"],
        "Text to speech": lambda: usage.spoken_characters_thousands * prices["tts_thousand_characters"],
    }
    for what, cost in paid.items():
        times = machine / cost()
        remark = f"{machine:,.0f} for a machine with a GPU; pays from {times:.1f} times this usage on"
        yield Saving(f"{what} on a machine of one's own", cost() - machine, remark)
