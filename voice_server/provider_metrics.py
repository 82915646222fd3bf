"""How the providers are doing, as Prometheus reads it: what `pipeline.providers.health` says, without a change."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from pipeline.providers.health import FIRST_VALUE_BUCKETS, ProviderHealth

LABELS = ("stage", "provider")
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


def provider_metrics(providers: Sequence[ProviderHealth]) -> Iterator[Metric]:
    """Every provider of every stage at this moment."""
    for name, (meaning, count) in _COUNTERS.items():
        counter = CounterMetricFamily(name, meaning, labels=LABELS)
        for each in providers:
            counter.add_metric((each.stage, each.provider), count(each))
        yield counter
    yield _failures(providers)
    breaker = GaugeMetricFamily("voice_provider_breaker", "0 closed: asked, 1 half open, 2 open.", labels=LABELS)
    for each in providers:
        breaker.add_metric((each.stage, each.provider), _BREAKER[each.breaker])
    yield breaker
    yield _first_values(providers)


def _failures(providers: Sequence[ProviderHealth]) -> Metric:
    failures = CounterMetricFamily("voice_provider_failures", "By the code of the error.", labels=(*LABELS, "code"))
    for each in providers:
        codes = list(each.failures)
        for code in codes[:MAX_CODES]:
            failures.add_metric((each.stage, each.provider, code), each.failures[code])
        if len(codes) > MAX_CODES:
            others = sum(each.failures[code] for code in codes[MAX_CODES:])
            failures.add_metric((each.stage, each.provider, "other"), others)
    return failures


def _first_values(providers: Sequence[ProviderHealth]) -> Metric:
    meaning = "From when its first value was due to that value."
    seconds = HistogramMetricFamily("voice_provider_first_value_seconds", meaning, labels=LABELS)
    for each in providers:
        buckets = [
            (str(bound), float(count))
            for bound, count in zip(FIRST_VALUE_BUCKETS, each.first_value_buckets, strict=True)
        ]
        buckets.append(("+Inf", float(each.answers)))
        seconds.add_metric((each.stage, each.provider), buckets, each.first_value_seconds)
    return seconds
