"""How providers did on tenants' own accounts, of all tenants together: nobody learns from it who asks whom."""

from collections import Counter
from collections.abc import Iterable
from functools import reduce

from pipeline.providers.health import ProviderHealth


def together(counted: Iterable[ProviderHealth]) -> tuple[ProviderHealth, ...]:
    """One for each provider of each stage.

    What is no count is not in it: each account has a breaker of its own, and learns by itself when to hedge.
    """
    by_provider: dict[tuple[str, str], list[ProviderHealth]] = {}
    for each in counted:
        by_provider.setdefault((each.stage, each.provider), []).append(each)
    return tuple(reduce(_sum, found) for found in by_provider.values())


def _sum(one: ProviderHealth, other: ProviderHealth) -> ProviderHealth:
    buckets = zip(one.first_value_buckets, other.first_value_buckets, strict=True)
    return ProviderHealth(
        stage=one.stage,
        provider=one.provider,
        breaker="closed",
        times_opened=one.times_opened + other.times_opened,
        requests=one.requests + other.requests,
        hedges=one.hedges + other.hedges,
        hedges_won=one.hedges_won + other.hedges_won,
        failures=Counter(one.failures) + Counter(other.failures),
        failovers=one.failovers + other.failovers,
        takeovers=one.takeovers + other.takeovers,
        answers=one.answers + other.answers,
        first_value_seconds=one.first_value_seconds + other.first_value_seconds,
        first_value_buckets=tuple(mine + theirs for mine, theirs in buckets),
        hedge_after_seconds=None,
    )
