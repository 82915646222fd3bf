"""One call of a stage: several providers may be asked for it, and what one of them gives is passed on.

The candidates are asked in their order, those whose circuit breaker is open last:

- one that fails, or gives nothing in time, is followed by the next; it may still win while that one is awaited;
- beside one that takes longer than it usually does, a second request is sent, the hedge: to the same provider, which
  has the same voice and the same quality, or to the next one if this one's last call failed already;
- a hedge that stalls too has a last one, which goes to the next provider if there is one: it is not a single call's bad
  luck any more;
- one that is asked again after it was left alone runs beside the next, which is ready if it fails.

The first that gives a value that binds wins, and all others are closed: what was passed on cannot be taken back.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Generic, Protocol, TypeVar

from pipeline.deadlines import Deadlines
from pipeline.errors import ProviderError, ProviderSaidNothing, ProviderTimeout, ProviderUnavailable
from pipeline.providers.attempt import Attempt
from pipeline.providers.health import HealthRecord

OWN_FAULTS = frozenset(("unsupported_language", "provider_refused", "provider_voice_unknown"))
"""Codes of errors that tell nothing about the provider's health: it was asked for what it cannot do."""
FLUENCY_CREDIT_SECONDS = 1.0
"""Speech, or time to speak the text, that a provider can be ahead of the time it takes: what a client holds at most."""
LOCAL_SECONDS = 10.0
"""For a provider on this machine, if there is no other left: it does not stall, it is busy."""
MOST_HEDGES = 2
MOST_TAKEOVERS = 3
"""How often one call may go on with another request after an answer that broke off."""
CLOCK_SECONDS = 1e-6
"""A timer may be so much too early."""
LATE_SECONDS = 0.01
"""A timer that is later tells that this process has more to do than it can."""
LATE_STEPS = 5
"""From the request to its answer the event loop is waited for so many times, each as long as for the timer."""
OVERLOADED_SECONDS = 0.1
"""If this process has cost so much, a provider that gave nothing in time may well have answered."""
MOST_LATE_SECONDS = 1.0
"""That a provider is given in one call because of that: if it does stall, somebody else must be asked in the end."""

_log = logging.getLogger(__name__)

_Value = TypeVar("_Value")
_Provider = TypeVar("_Provider")
_Asked_contra = TypeVar("_Asked_contra", contravariant=True)


class Weight(IntEnum):
    """What a value means for the other requests."""

    NOTHING = 0
    """No answer at all, although it is the last value."""
    PREVIEW = 1
    """Worth passing on, but another may still be quicker."""
    SETTLES = 2
    """It answers what was due: the others are closed. If this one fails later, another may still be asked."""
    BINDS = 3
    """It cannot be taken back."""
    ENDS = 4
    """It binds, and is the last."""


@dataclass(frozen=True, slots=True)
class Candidate(Generic[_Provider]):
    """A provider that may be asked."""

    provider: _Provider
    name: str
    health: HealthRecord
    is_local: bool = False
    """It works on this machine and is worse than the others: a second request would only slow down the first, and it is
    not asked as long as a better one may answer."""


class Work(Protocol[_Asked_contra, _Value]):
    """What one call is about."""

    what: str
    """Begins a sentence, such as `Speech-to-text`."""
    due_at: float | None
    """Since when the next answer is due; None: it is not."""
    tells_latency: bool
    """Whether the answer that is due has to be found first, so that it tells how quick a provider is."""

    @property
    def extra_seconds(self) -> float:
        """What every deadline of this call is longer by."""
        ...

    def ask(self, provider: _Asked_contra) -> AsyncGenerator[_Value, None]:
        """Begin anew, with what has not been answered yet."""
        ...

    def weight(self, value: _Value) -> Weight:
        """What this value means."""
        ...

    def passed_on(self, value: _Value) -> _Value:
        """The value is given to the consumer now; as what?"""
        ...

    def seconds(self, value: _Value) -> float:
        """How long it takes to hear it."""
        ...

    def owes(self) -> bool:
        """Whether the provider that is being listened to has to give something now."""
        ...

    def is_complete(self) -> bool:
        """Whether everything was passed on that had to be."""
        ...

    def may_go_on(self) -> bool:
        """Whether another provider can take over from exactly where this one has ended."""
        ...


class Race(Generic[_Provider, _Value]):
    """The requests of one call."""

    def __init__(
        self,
        work: Work[_Provider, _Value],
        candidates: Sequence[Candidate[_Provider]],
        deadlines: Deadlines,
        news: asyncio.Event,
    ) -> None:
        """`news` is set by whatever changes what is due."""
        self._work = work
        self._candidates = candidates
        self._deadlines = deadlines
        self._news = news
        self._time = asyncio.get_running_loop().time
        self._waiting: list[Candidate[_Provider]] = []
        """Who can still be asked, in order."""
        self._attempts: list[Attempt[_Value]] = []
        """Who was asked and may still answer, in order."""
        self._cancelled: list[asyncio.Task[None]] = []
        self._leader: Candidate[_Provider] | None = None
        """Who was asked last, hedges aside."""
        self._leader_asked_at = 0.0
        self._hedges_left = MOST_HEDGES
        self._takeovers_left = MOST_TAKEOVERS
        self._chosen: Attempt[_Value] | None = None
        self._is_bound = False
        self._silent_since: float | None = None
        self._credit_seconds = 0.0
        self._late_seconds = 0.0
        """Of the time that was waited, what this process has cost and not the provider."""
        self._is_over = False

    async def values(self) -> AsyncGenerator[_Value, None]:
        """What the winner gives. Raises ProviderError if nobody can, or if the winner fails and nobody can go on."""
        self._line_up()
        try:
            self._ask_next()
            while not self._is_over:
                self._news.clear()
                self._take_stock()
                arrived = self._arrived()
                for value in arrived:
                    yield value
                if not arrived and not self._is_over:
                    await self._wait()
        finally:
            self._close(self._attempts)
            await asyncio.gather(*self._cancelled, return_exceptions=True)

    # --- who is asked ---

    def _line_up(self, last: HealthRecord | None = None) -> None:
        """All candidates, those that are left alone and the one that has just failed behind the others."""
        now = self._time()

        def reluctance(candidate: Candidate[_Provider]) -> tuple[bool, float]:
            breaker = candidate.health.breaker
            return candidate.health is last, 0.0 if breaker.allows(now) else max(breaker.retry_at, now)

        self._waiting = sorted(self._candidates, key=reluctance)
        first = self._candidates.index(self._waiting[0])
        for passed_over in self._candidates[:first]:
            passed_over.health.failovers += 1

    def _ask_next(self) -> None:
        candidate = self._waiting.pop(0)
        candidate.health.budget.earn()
        self._leader, self._leader_asked_at = candidate, self._time()
        attempt = self._ask(candidate, is_hedge=False)
        if attempt.is_probe and self._waiting:
            # The user does not pay for the probe: the next is asked at once, and its answer is there if this fails.
            self._hedges_left = 0
            self._ask(self._waiting.pop(0), is_hedge=True)

    def _ask(self, candidate: Candidate[_Provider], *, is_hedge: bool) -> Attempt[_Value]:
        candidate.health.requests += 1
        candidate.health.hedges += is_hedge
        stream = self._work.ask(candidate.provider)
        attempt = Attempt(candidate.name, candidate.health, stream, self._news, is_hedge=is_hedge)
        self._attempts.append(attempt)
        return attempt

    def _hedge_if_affordable(self) -> None:
        """Send another request beside those that do not answer, if somebody is worth it."""
        leader = self._leader
        if not self._hedges_left or leader is None:
            return
        is_suspect = leader.health.breaker.is_suspect or self._hedges_left < MOST_HEDGES
        self._hedges_left -= 1
        now = self._time()
        others = (other for other in self._waiting if not other.is_local and other.health.breaker.allows(now))
        better = next(others, None) if is_suspect else None
        if (better is None and leader.is_local) or not leader.health.budget.spend():
            return
        if better is not None:
            self._waiting.remove(better)
        self._ask(better or leader, is_hedge=True)

    # --- what has happened ---

    def _take_stock(self) -> None:
        """Act on every failure and every deadline. Raises ProviderError when there is nothing left to try."""
        for attempt in [attempt for attempt in self._attempts if attempt.has_ended]:
            self._has_ended(attempt)
        if self._is_over:
            return
        if self._chosen is not None and not self._is_bound and self._work.due_at is not None:
            # What it settled was not the end, and the next answer is due.
            self._chosen = None
        if self._chosen is not None:
            self._watch(self._chosen)
        elif self._work.due_at is not None:
            if self._is_past(self._hedge_at()):
                self._hedge_if_affordable()
            if self._is_past(self._give_up_at()):
                self._miss()

    def _has_ended(self, attempt: Attempt[_Value]) -> None:
        if attempt is self._chosen and attempt.error is None and self._work.is_complete():
            self._is_over = True
            return
        if attempt.error is not None and not isinstance(attempt.error, ProviderError):
            raise attempt.error
        if attempt.error is None and self._chosen is None and self._work.is_complete():
            self._is_over = True
            return
        error = attempt.error or ProviderUnavailable(f"{self._work.what} ({attempt.name}) ended before it was done.")
        self._lose(attempt, error)

    def _lose(self, attempt: Attempt[_Value], error: ProviderError) -> None:
        """An attempt has failed; go on without it. Raises the error if that is not possible."""
        self._count_failure(attempt, error)
        self._attempts.remove(attempt)
        self._close([attempt])
        if attempt is self._chosen:
            self._replace_chosen(attempt, error)
        elif any(not other.has_missed for other in self._attempts):
            # Somebody else is still on it, and has time left.
            return
        elif self._waiting:
            attempt.health.failovers += 1
            self._ask_next()
        elif not self._attempts and error.retryable and error.code not in ("provider_timeout", "provider_rate_limited"):
            self._hedge_if_affordable()
        if not self._attempts and not self._is_over:
            raise error

    def _replace_chosen(self, attempt: Attempt[_Value], error: ProviderError) -> None:
        if (self._is_bound and not self._work.may_go_on()) or not self._takeovers_left:
            raise error
        self._takeovers_left -= 1
        self._chosen, self._is_bound, self._silent_since = None, False, None
        if self._work.is_complete():
            self._is_over = True
            return
        self._hedges_left = MOST_HEDGES
        self._line_up(last=attempt.health)
        if len(self._candidates) > 1:
            attempt.health.failovers += 1
        self._waiting[0].health.takeovers += 1
        self._ask_next()

    def _miss(self) -> None:
        """Nobody has answered in time."""
        error = self._too_late("gave nothing", self._deadlines.first_seconds + self._work.extra_seconds)
        missed = {attempt.health: attempt for attempt in reversed(self._attempts) if not attempt.has_missed}
        for attempt in missed.values():
            self._count_failure(attempt, error)
        for attempt in self._attempts:
            attempt.has_missed = True
        if not self._waiting:
            raise self._too_late("gave nothing", self._time() - (self._work.due_at or 0.0))
        if self._leader is not None:
            self._leader.health.failovers += 1
        self._ask_next()

    def _watch(self, attempt: Attempt[_Value]) -> None:
        """Notice a winner that stopped, or is too slow to be listened to."""
        if not self._work.owes():
            self._silent_since = None
        elif attempt.values:
            return
        elif self._silent_since is None:
            self._silent_since = self._time()
        elif self._is_past(self._patience_ends_at(self._silent_since)):
            stopped = self._is_past(self._silent_since + self._deadlines.idle_seconds)
            missing = "stopped in the middle" if stopped else "was too slow to be listened to"
            self._lose(attempt, self._too_late(missing, self._deadlines.idle_seconds))

    def _too_late(self, missing: str, seconds: float) -> ProviderTimeout:
        names = ", ".join(dict.fromkeys(attempt.name for attempt in self._attempts))
        return ProviderTimeout(
            f"{self._work.what} ({names}) {missing} for {seconds:.3g} s. The provider may be overloaded; try again."
        )

    def _count_failure(self, attempt: Attempt[_Value], error: ProviderError) -> None:
        if attempt.has_missed and attempt is not self._chosen:
            return
        _log.warning("%s (%s) failed: %s", self._work.what, attempt.name, error.message)
        attempt.health.failures[error.code] += 1
        breaker = attempt.health.breaker
        if error.code in OWN_FAULTS:
            if attempt.is_probe:
                breaker.probe_was_broken_off()
            return
        if error.code == "provider_timeout" and self._is_overloaded:
            # Nothing is known of it; to leave it alone would send every conversation to others.
            if attempt.is_probe:
                breaker.probe_was_broken_off()
        else:
            breaker.failed(self._time(), retry_after_seconds=error.retry_after_seconds, is_probe=attempt.is_probe)
        attempt.is_probe = False

    # --- what has arrived ---

    def _arrived(self) -> list[_Value]:
        """The next value to pass on, if there is one."""
        for attempt in [self._chosen] if self._chosen is not None else list(self._attempts):
            while attempt.values and not self._is_held_back(attempt):
                value = attempt.take()
                weight = self._work.weight(value)
                if self._chosen is None and weight is Weight.NOTHING:
                    self._news.set()
                    self._lose(attempt, ProviderSaidNothing(f"{self._work.what} ({attempt.name}) gave no words."))
                    return []
                if self._chosen is None and weight >= Weight.SETTLES:
                    self._choose(attempt)
                if attempt in (self._chosen, self._attempts[0]):
                    self._is_bound = self._is_bound or weight >= Weight.BINDS
                    self._is_over = weight is Weight.ENDS
                    self._count_fluency(value)
                    return [self._work.passed_on(value)]
        return []

    def _is_held_back(self, attempt: Attempt[_Value]) -> bool:
        """Whether a probe is given the time that it usually takes, before another's answer is used."""
        first = self._attempts[0]
        if self._chosen is not None or attempt is first or not first.is_probe or first.has_missed:
            return False
        return self._work.due_at is not None and not self._is_past(self._hedge_at())

    def _choose(self, winner: Attempt[_Value]) -> None:
        now = self._time()
        self._chosen = winner
        self._credit_seconds = 0.0
        self._silent_since = None
        due_at = self._work.due_at if self._work.tells_latency else None
        if due_at is not None:
            winner.health.answered(now - max(due_at, winner.asked_at))
        winner.health.breaker.succeeded(now)
        winner.is_probe = False
        winner.health.hedges_won += winner.is_hedge
        winner.is_hedge = False
        for loser in [attempt for attempt in self._attempts if attempt is not winner]:
            if due_at is not None and not loser.is_hedge:
                loser.health.latency.took_at_least(now - max(due_at, loser.asked_at))
            was_beaten = loser.health is not winner.health and not loser.is_hedge and not loser.has_missed
            if was_beaten and not self._is_overloaded:
                # It had as long as it usually takes, and another answered.
                loser.health.failures["overtaken"] += 1
                loser.health.breaker.failed(now, is_probe=loser.is_probe)
                loser.is_probe = False
            self._close([loser])
        self._attempts = [winner]

    def _count_fluency(self, value: _Value) -> None:
        waited = self._time() - self._silent_since if self._silent_since is not None else 0.0
        credit = self._credit_seconds - waited + self._work.seconds(value)
        self._credit_seconds = min(credit, FLUENCY_CREDIT_SECONDS)
        self._silent_since = None

    # --- when something is due ---

    def _is_past(self, moment: float) -> bool:
        return self._time() >= moment - CLOCK_SECONDS

    def _due_at(self) -> float:
        return max(self._work.due_at or 0.0, self._leader_asked_at)

    def _hedge_at(self) -> float:
        latest = self._deadlines.hedge_seconds
        usual = self._leader.health.latency.hedge_seconds(latest) if self._leader else latest
        # A hedge has as much time as the request that it helps out.
        asked_at = self._attempts[-1].asked_at if self._attempts else 0.0
        return max(self._due_at(), asked_at) + usual + self._extra_seconds

    def _give_up_at(self) -> float:
        """When the next is asked; if there is none, when the call fails."""
        first = self._due_at() + self._deadlines.first_seconds + self._extra_seconds
        if self._waiting:
            return first
        last_seconds = self._deadlines.last_seconds
        if self._leader is not None and self._leader.is_local:
            last_seconds = max(last_seconds, LOCAL_SECONDS)
        return max(first, (self._work.due_at or 0.0) + last_seconds + self._extra_seconds)

    @property
    def _is_overloaded(self) -> bool:
        return self._late_seconds >= OVERLOADED_SECONDS

    @property
    def _extra_seconds(self) -> float:
        return self._work.extra_seconds + self._late_seconds

    def _patience_ends_at(self, silent_since: float) -> float:
        behind = self._credit_seconds + self._deadlines.idle_seconds
        return silent_since + min(self._deadlines.idle_seconds, behind) + self._late_seconds

    def _deadline(self) -> float | None:
        if self._chosen is not None:
            return self._patience_ends_at(self._silent_since) if self._silent_since is not None else None
        if self._work.due_at is None:
            return None
        may_hedge = self._hedges_left > 0 or self._is_anything_held_back()
        return min(self._hedge_at(), self._give_up_at()) if may_hedge else self._give_up_at()

    def _is_anything_held_back(self) -> bool:
        return any(attempt.values and self._is_held_back(attempt) for attempt in self._attempts)

    async def _wait(self) -> None:
        deadline = self._deadline()
        limit = asyncio.timeout_at(deadline)
        try:
            async with limit:
                await self._news.wait()
        except TimeoutError:
            if deadline is None or not limit.expired():
                raise
            self._note_lateness(self._time() - deadline)

    def _note_lateness(self, seconds: float) -> None:
        """A provider is not slow because we are: to ask others then would only be more to do."""
        if seconds > LATE_SECONDS:
            self._late_seconds = min(self._late_seconds + LATE_STEPS * seconds, MOST_LATE_SECONDS)

    def _close(self, attempts: Sequence[Attempt[_Value]]) -> None:
        for attempt in attempts:
            if attempt.is_probe:
                attempt.health.breaker.probe_was_broken_off()
            self._cancelled.append(attempt.cancel())
