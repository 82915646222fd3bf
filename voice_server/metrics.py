"""What the server counts and measures, as Prometheus reads it at `GET /metrics`.

Labels are names of assistants, stages, providers and outcomes: all bounded, none of them anybody's words. What each
metric means and what to alarm on is in docs/operations.md.
"""

import hmac
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from pipeline.events import (
    GuessDropped,
    Output,
    ReplyDucked,
    ReplyFinished,
    ReplyInterrupted,
    ReplyRestored,
    ReplyStarted,
    TranscriptCompleted,
    TranscriptFailed,
    TurnMeasured,
)
from pipeline.latency import STAGES
from voice_server.access.roles import require
from voice_server.auth import Authenticator
from voice_server.http.admission import REFUSALS, Admission
from voice_server.http.errors import ApiError

_TURN_BUCKETS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5, 2.0, 3.0, 4.0, 6.0, 10.0)
_STAGE_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0, 10.0)
_LAG_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
_ENDS = {1000: "left", 1001: "sent_away", 1006: "lost", 1008: "too_slow", 1011: "failed"}
"""Close codes of WebSockets, in a word; a client may send any other."""
_TOTALS = ("sent", "heard")
"""Stages whose ends are the answer's first sound, as the server and as the user knows it."""


# When each counter began: a series more for every one of them, which nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """All of them. One object per server, with a registry of its own."""

    def __init__(self, assistants: Iterable[str], admission: Admission) -> None:
        """`assistants`: their names, so that what never happened is 0 instead of missing."""
        self.registry = CollectorRegistry()
        self._lag = Histogram(
            "voice_event_loop_lag_seconds",
            "How late the event loop woke a task that had slept for 50 ms.",
            buckets=_LAG_BUCKETS,
            registry=self.registry,
        )
        self._recent_lag = Gauge(
            "voice_event_loop_lag_recent_seconds",
            "What 95 % of the wakes of the last 5 s stayed within; newcomers are refused by it.",
            registry=self.registry,
        )
        self._families = _Families(self.registry)
        self._of_assistants = {name: _OfAssistant(self._families, name) for name in assistants}
        self.add(partial(_of_admission, admission))
        ProcessCollector(registry=self.registry)

    def note_lag(self, late_seconds: float, recent_seconds: float) -> None:
        """Take note of one wake of the event loop, and of `RecentLag` with it."""
        self._lag.observe(late_seconds)
        self._recent_lag.set(recent_seconds)

    def observer(self, assistant: str) -> "SessionMetrics":
        """Counts what one session with this assistant does."""
        return SessionMetrics(self._of_assistants[assistant], self._families)

    def add(self, collect: Callable[[], Iterable[Metric]]) -> None:
        """Show what somebody else counts; asked for it whenever somebody looks."""
        self.registry.register(_Collected(collect))


class _Families:
    """The metrics that have the label `assistant`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, meaning: str, *labels: str) -> Counter:
            return Counter(name, meaning, ("assistant", *labels), registry=registry)

        def histogram(name: str, meaning: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(name, meaning, ("assistant", *labels), buckets=buckets, registry=registry)

        self.turn = histogram(
            "voice_turn_seconds", "From the user's last word to the answer's first sound.", _TURN_BUCKETS, "until"
        )
        self.stage = histogram("voice_turn_stage_seconds", "Where that time went.", _STAGE_BUCKETS, "stage")
        self.committed = histogram(
            "voice_turn_committed_seconds", "From the user's last word to the end of the turn.", _STAGE_BUCKETS
        )
        self.ahead = counter("voice_guesses_released_total", "Replies that were begun before the turn was over.")
        self.dropped = counter("voice_guesses_dropped_total", "Replies that were prepared for nothing.")
        self.wasted_tokens = counter("voice_wasted_tokens_total", "That models had written of dropped replies.")
        self.wasted_characters = counter("voice_wasted_characters_total", "That voices were given of dropped replies.")
        self.wasted_audio = counter("voice_wasted_audio_seconds_total", "That voices had made of dropped replies.")
        self.replies = counter("voice_replies_total", "Replies that ended.", "status", "reason")
        self.interruptions = counter("voice_interruptions_total", "Replies that speech stopped.")
        self.ducks = counter("voice_ducks_total", "Replies that were played quietly: somebody might be speaking.")
        self.restored = counter("voice_ducks_restored_total", "Those that went on, because it was nothing.")
        self.continued = counter("voice_replies_continued_total", "Replies that went on after a false stop.")
        self.transcripts = counter("voice_transcripts_total", "Utterances that were transcribed.", "outcome")
        self.tokens = counter("voice_model_tokens_total", "That vendors told to have used.", "kind")
        self.ended = counter("voice_sessions_ended_total", "Conversations that ended.", "reason")


class _OfAssistant:
    """The children of one assistant, looked up once: a lookup by labels costs more than the counting."""

    def __init__(self, families: _Families, name: str) -> None:
        self.name = name
        self.turn = {until: families.turn.labels(name, until) for until in _TOTALS}
        self.stage = {stage: families.stage.labels(name, stage) for stage in STAGES}
        self.committed = families.committed.labels(name)
        self.ahead = families.ahead.labels(name)
        self.dropped = families.dropped.labels(name)
        self.wasted_tokens = families.wasted_tokens.labels(name)
        self.wasted_characters = families.wasted_characters.labels(name)
        self.wasted_audio = families.wasted_audio.labels(name)
        self.interruptions = families.interruptions.labels(name)
        self.ducks = families.ducks.labels(name)
        self.restored = families.restored.labels(name)
        self.continued = families.continued.labels(name)
        self.transcripts = {
            outcome: families.transcripts.labels(name, outcome) for outcome in ("words", "nothing", "failed")
        }
        self.tokens = {kind: families.tokens.labels(name, kind) for kind in ("input", "cached", "output")}


class SessionMetrics:
    """Counts what one session does. Most of what leaves is audio, for which it costs one look into a dictionary."""

    def __init__(self, of: _OfAssistant, families: _Families) -> None:
        self._of = of
        self._families = families
        self._count: dict[type, Callable[..., None]] = {
            TurnMeasured: self._turn,
            ReplyStarted: self._started,
            ReplyFinished: self._finished,
            GuessDropped: self._dropped,
            ReplyInterrupted: lambda _: of.interruptions.inc(),
            ReplyDucked: lambda _: of.ducks.inc(),
            ReplyRestored: lambda _: of.restored.inc(),
            TranscriptCompleted: self._transcribed,
            TranscriptFailed: lambda _: of.transcripts["failed"].inc(),
        }

    def entered(self, event: object) -> None:
        """See Observer; nothing of what clients send is counted."""

    def left(self, output: Output) -> None:
        """See Observer."""
        count = self._count.get(type(output))
        if count is not None:
            count(output)

    def ended(self, close_code: int) -> None:
        """See Observer."""
        self._families.ended.labels(self._of.name, _ENDS.get(close_code, "other")).inc()

    def _turn(self, turn: TurnMeasured) -> None:
        of = self._of
        ends = {span.name: span.end_seconds for span in turn.spans}
        if "pause" not in ends:
            # An answer to something written, or a greeting: there was no last word to count from.
            return
        for span in turn.spans:
            if span.name in of.stage:
                of.stage[span.name].observe(span.end_seconds - span.start_seconds)
        for until, histogram in of.turn.items():
            if until in ends:
                histogram.observe(ends[until])
        of.committed.observe(turn.committed_seconds)
        if ends.get("transcript", math.inf) < turn.committed_seconds:
            # The model was asked before the turn was over, and what it wrote was kept.
            of.ahead.inc()

    def _started(self, reply: ReplyStarted) -> None:
        if reply.continues is not None:
            self._of.continued.inc()

    def _finished(self, reply: ReplyFinished) -> None:
        reason = reply.reason or ("error" if reply.error else "")
        self._families.replies.labels(self._of.name, reply.status, reason).inc()
        if reply.usage:
            self._of.tokens["input"].inc(reply.usage.input_tokens)
            self._of.tokens["cached"].inc(reply.usage.cached_tokens)
            self._of.tokens["output"].inc(reply.usage.output_tokens)

    def _dropped(self, guess: GuessDropped) -> None:
        of = self._of
        of.dropped.inc()
        of.wasted_tokens.inc(guess.waste.tokens)
        of.wasted_characters.inc(guess.waste.characters)
        of.wasted_audio.inc(guess.waste.audio_seconds)

    def _transcribed(self, transcript: TranscriptCompleted) -> None:
        self._of.transcripts["words" if transcript.text else "nothing"].inc()


@dataclass(frozen=True, slots=True, eq=False)
class _Collected(Collector):
    collect: Callable[[], Iterable[Metric]]


def _of_admission(admission: Admission) -> Iterator[Metric]:
    yield GaugeMetricFamily("voice_sessions_open", "Conversations that go on.", admission.count)
    yield GaugeMetricFamily("voice_sessions_limit", "MAX_SESSIONS.", admission.limit)
    yield CounterMetricFamily("voice_sessions_admitted", "Conversations that were let in.", admission.admitted)
    refused = CounterMetricFamily("voice_sessions_refused", "Those that were sent away.", labels=["reason"])
    for reason in REFUSALS:
        refused.add_metric([reason], admission.refused[reason])
    yield refused
    late = "1 while newcomers are refused because the event loop is late."
    yield GaugeMetricFamily("voice_overloaded", late, admission.is_overloaded)


class MetricsPage:
    """The endpoint. It wants a key as soon as there is one, be it for everything or for this alone."""

    def __init__(self, registry: CollectorRegistry, authenticator: Authenticator, token: str) -> None:
        """`token`: opens this endpoint and nothing else; empty: there is none."""
        self._registry = registry
        self._authenticator = authenticator
        self._token = token.encode()

    def routes(self) -> list[web.RouteDef]:
        """Where it is reached."""
        return [web.get("/metrics", self.show)]

    async def show(self, request: web.Request) -> web.Response:
        """Everything, as text for Prometheus or OpenMetrics, as the client wishes."""
        if not self._shows_token(request):
            require(await self._authenticator.authorize(request), "operator")
            if self._token and not self._authenticator.needs_key:
                message = "Send `Authorization: Bearer TOKEN` with the server's METRICS_TOKEN."
                raise ApiError(401, "invalid_api_key", message, headers={"WWW-Authenticate": "Bearer"})
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(self._registry), headers={"Content-Type": content_type})

    def _shows_token(self, request: web.Request) -> bool:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        given = token.strip().encode(errors="surrogateescape")
        return bool(self._token) and scheme.lower() == "bearer" and hmac.compare_digest(given, self._token)
