"""The two plans that this deployment began from, with their figures put right where arithmetic or prices contradict."""

from collections.abc import Sequence
from dataclasses import dataclass

from deploy.costs.prices import PriceList


@dataclass(frozen=True, slots=True)
class Position:
    """One line of a plan."""

    name: str
    planned: float
    """Dollars a month, as it was written."""
    corrected: float
    why: str = ""


def _fargate(tasks: int, vcpu: float, gb: float, prices: PriceList) -> float:
    return tasks * (vcpu * prices.month("fargate_x86_vcpu_hour") + gb * prices.month("fargate_x86_gb_hour"))


def booking_plan(prices: PriceList) -> Sequence[Position]:
    """100 restaurants: about 177 dollars, 2 tasks at the least."""
    gateways = 2 * (prices.month("nat_gateway_hour") + prices.month("public_ipv4_hour"))
    compute = _fargate(2, 0.5, 1, prices)
    ten = _fargate(10, 0.5, 1, prices)
    return (
        Position("Fargate, 2 tasks of 0.5 vCPU and 1 GB", 25, compute, f"10 tasks are {ten:.2f}, not 125"),
        Position("PostgreSQL, Multi-AZ", 35, 35),
        Position("Redis", 20, 20),
        Position("Load balancer", 18, 18),
        Position("Route 53", 2, 2),
        Position("CloudWatch", 15, 15),
        Position("Firewall", 12, 12),
        Position("2 NAT gateways", 32, gateways, "32 is the price of one; the addresses are paid for too"),
        Position("S3", 5, 5),
        Position("Secrets", 3, 3),
        Position("CloudFront", 10, 10),
    )


def science_plan(prices: PriceList) -> Sequence[Position]:
    """500 people, 5,000 minutes: 472 dollars of infrastructure, in a budget of 1,000."""
    compute = _fargate(7, 0.25, 0.5, prices) + _fargate(2, 0.5, 1, prices)
    gateways = 3 * prices.month("nat_gateway_hour") + 100 * prices["nat_gateway_gb"]
    addresses = 3 * prices.month("public_ipv4_hour")
    database = 2 * (prices.month("db.t4g.micro_hour") + 20 * prices["database_storage_gb_month"])
    positions = (
        Position("Fargate, 9 tasks", 165, compute, "7 of 0.25 vCPU and 0.5 GB, 2 of 0.5 and 1"),
        Position("PostgreSQL, db.t4g.micro, Multi-AZ", 25, database, "with 20 GB in both zones"),
        Position("Redis, 2 x cache.t4g.micro", 25, 25),
        Position("Load balancer", 25, 25),
        Position("CloudFront", 5, 5),
        Position("S3", 5, 5),
        Position("Secrets", 4, 4),
        Position("Logs", 5, 5),
        Position("3 NAT gateways, 100 GB", 110, gateways + addresses, "with their addresses"),
        Position("Route 53", 1, 1),
        Position("Backups", 3, 3),
        Position("Data transfer", 9, 0, "the first 100 GB are free"),
    )
    tenth = sum(position.corrected for position in positions) / 10
    return (*positions, Position("Contingency, 10 %", 90, tenth, "10 % of the planned 382 would be 38.20"))
