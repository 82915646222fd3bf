"""How the providers are doing: read `health()` of a stage or of the catalog whenever it is to be shown.

Each provider of each stage has one record for all conversations. It decides nothing by itself; `ProviderHealth` is what
it says at one moment: a frozen value with counters that only grow (so that they can be exported as they are), the state
of the circuit breaker, and a histogram of the seconds to the first value.
"""

import asyncio
import bisect
import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from pipeline.providers.circuit_breaker import CircuitBreaker, State
from pipeline.providers.hedging import HedgeBudget, ObservedLatency

Stage = Literal["STT", "LLM", "TTS"]

LARGEST_HEDGED_SHARES: Mapping[Stage, float] = MappingProxyType({"STT": 0.25, "LLM": 0.15, "TTS": 0.25})
"""Hedges per call, in the long run. One more utterance or first clause costs a fraction of a cent; a model is sent the
whole conversation each time."""
FIRST_VALUE_BUCKETS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0)
"""Upper bounds of the histogram, in seconds."""


@dataclass(frozen=True, slots=True)
class ProviderHealth:
    """One provider of one stage, since the server started."""

    stage: Stage
    provider: str
    breaker: State
    """`closed`: it is asked. `open`: it is left alone. `half_open`: the next call finds out whether it works again."""
    times_opened: int
    requests: int
    """Sent to it, hedges included."""
    hedges: int
    """Of them: sent beside another request that did not answer."""
    hedges_won: int
    """Of them: answered first."""
    failures: Mapping[str, int]
    """By the code of the error, such as `provider_timeout`."""
    failovers: int
    """How often another provider was asked because this one failed, did not answer or was left alone."""
    takeovers: int
    """How often this one went on with a speech that had broken off."""
    answers: int
    """How many first values `first_value_seconds` and `first_value_buckets` count."""
    first_value_seconds: float
    """All together, from when the value was due: the request, the end of the audio, the first clause."""
    first_value_buckets: tuple[int, ...]
    """How many took at most so long as each of `FIRST_VALUE_BUCKETS`; cumulative."""
    hedge_after_seconds: float | None
    """After how long a request to it is hedged now; None: too little is known of it yet."""


class HealthRecord:
    """What is known of one provider of one stage. Shared by all conversations."""

    def __init__(self, stage: Stage, provider: str) -> None:
        self._stage: Stage = stage
        self._provider = provider
        self.breaker = CircuitBreaker()
        self.latency = ObservedLatency(LARGEST_HEDGED_SHARES[stage])
        self.budget = HedgeBudget(LARGEST_HEDGED_SHARES[stage])
        self.requests = 0
        self.hedges = 0
        self.hedges_won = 0
        self.failovers = 0
        self.takeovers = 0
        self.failures: Counter[str] = Counter()
        self._seconds = 0.0
        self._buckets = [0] * (len(FIRST_VALUE_BUCKETS) + 1)

    def answered(self, seconds: float) -> None:
        """It gave a first value so long after that was due."""
        self.latency.took(seconds)
        self._seconds += seconds
        self._buckets[bisect.bisect_left(FIRST_VALUE_BUCKETS, seconds)] += 1

    def snapshot(self) -> ProviderHealth:
        """How it is now."""
        hedge_seconds = self.latency.hedge_seconds(float("inf"))
        return ProviderHealth(
            stage=self._stage,
            provider=self._provider,
            breaker=self.breaker.state(asyncio.get_running_loop().time()),
            times_opened=self.breaker.times_opened,
            requests=self.requests,
            hedges=self.hedges,
            hedges_won=self.hedges_won,
            failures=MappingProxyType(dict(self.failures)),
            failovers=self.failovers,
            takeovers=self.takeovers,
            answers=sum(self._buckets),
            first_value_seconds=self._seconds,
            first_value_buckets=tuple(itertools.accumulate(self._buckets[:-1])),
            hedge_after_seconds=hedge_seconds if hedge_seconds != float("inf") else None,
        )
