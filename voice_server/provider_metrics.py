"""How the providers are doing, as Prometheus reads it: what `pipeline.providers.health` says, without a change."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from pipeline.providers.health import FIRST_VALUE_BUCKETS, ProviderHealth

LABELS = ("stage", "provider", "account")
Account = Literal["server", "tenant"]
"""On whose account a provider was asked: the operator's, or one of all tenants' own. Which tenant's is not told."""
MAX_CODES = 20
"""Of errors, of one provider: those that come up first keep their names, all others are `other`."""
_BREAKER = {"closed": 0, "half_open": 1, "open": 2}
_COUNTERS: Mapping[str, tuple[str, Callable[[ProviderHealth], int]]] = {
    "voice_provider_requests": ("Sent to it, hedges included.", lambda each: each.requests),
    "voice_provider_hedges": ("Sent beside another that did not answer.", lambda each: each.hedges),
    "voice_provider_hedges_won": ("Hedges that answered first.", lambda each: each.hedges_won),
    "voice_provider_failovers": ("Another was asked instead.", lambda each: each.failovers),
    "voice_provider_takeovers": ("It went on with a speech that had broken off.", lambda each: each.takeovers),
    "voice_provider_breaker_opened": ("It was left alone for a while.", lambda each: each.times_opened),
}


def provider_metrics(of_server: Sequence[ProviderHealth], of_tenants: Sequence[ProviderHealth]) -> Iterator[Metric]:
    """Every provider of every stage at this moment. `of_tenants`: all tenants together."""
    told: dict[tuple[str, str, Account], ProviderHealth] = {}
    told |= {(each.stage, each.provider, "server"): each for each in of_server}
    told |= {(each.stage, each.provider, "tenant"): each for each in of_tenants}
    for name, (meaning, count) in _COUNTERS.items():
        counter = CounterMetricFamily(name, meaning, labels=LABELS)
        for labels, each in told.items():
            counter.add_metric(labels, count(each))
        yield counter
    yield _failures(told)
    # Each of the tenants' accounts has its own: together they are neither open nor closed.
    breaker = GaugeMetricFamily(
        "voice_provider_breaker", "The server's: 0 closed: asked, 1 half open, 2 open.", labels=LABELS[:2]
    )
    for each in of_server:
        breaker.add_metric((each.stage, each.provider), _BREAKER[each.breaker])
    yield breaker
    yield _first_values(told)


def _failures(told: Mapping[tuple[str, str, Account], ProviderHealth]) -> Metric:
    failures = CounterMetricFamily("voice_provider_failures", "By the code of the error.", labels=(*LABELS, "code"))
    for labels, each in told.items():
        codes = list(each.failures)
        for code in codes[:MAX_CODES]:
            failures.add_metric((*labels, code), each.failures[code])
        if len(codes) > MAX_CODES:
            others = sum(each.failures[code] for code in codes[MAX_CODES:])
            failures.add_metric((*labels, "other"), others)
    return failures


def _first_values(told: Mapping[tuple[str, str, Account], ProviderHealth]) -> Metric:
    meaning = "From when its first value was due to that value."
    seconds = HistogramMetricFamily("voice_provider_first_value_seconds", meaning, labels=LABELS)
    for labels, each in told.items():
        buckets = [
            (str(bound), float(count))
            for bound, count in zip(FIRST_VALUE_BUCKETS, each.first_value_buckets, strict=True)
        ]
        buckets.append(("+Inf", float(each.answers)))
        seconds.add_metric(labels, buckets, each.first_value_seconds)
    return seconds
