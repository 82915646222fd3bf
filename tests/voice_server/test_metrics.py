"""What is counted, how it reads, and who may read it."""

import json
from collections.abc import Mapping
from types import MappingProxyType

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pipeline.errors import ProviderTimeout
from pipeline.events import (
    GuessDropped,
    ReplyDucked,
    ReplyFinished,
    ReplyInterrupted,
    ReplyRestored,
    ReplyStarted,
    Span,
    TranscriptCompleted,
    TranscriptFailed,
    TurnMeasured,
    Waste,
)
from pipeline.providers.health import HealthRecord
from pipeline.providers.interfaces import Usage
from pipeline.settings import ReplyOptions
from tests.voice_server.full_server import KEY, FullServer, full_server
from voice_server.http.admission import Admission
from voice_server.metrics import Metrics
from voice_server.provider_metrics import MAX_CODES

TOKEN = "only-for-metrics"
STAGES = ("pause", "transcript", "first_token", "first_clause", "first_audio", "sent", "heard")


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, {"assistant": "tester", **labels})


def spans(*ends: float) -> tuple[Span, ...]:
    starts = (0.0, *ends)
    return tuple(Span(name, start, end) for name, start, end in zip(STAGES, starts, ends, strict=False))


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(["tester", "other"], Admission(3))


def test_a_turn_is_measured_as_a_whole_and_by_its_stages(metrics: Metrics) -> None:
    observer = metrics.observer("tester")
    observer.left(TurnMeasured("item_1", "resp_1", spans(0.12, 0.4, 0.7, 0.8, 1.0, 1.1, 1.15), 0.5))
    observer.left(TurnMeasured("item_2", "resp_2", spans(0.12, 0.6, 0.8, 0.9, 1.1, 1.3), 0.5))
    assert value(metrics, "voice_turn_seconds_count", until="sent") == 2
    assert value(metrics, "voice_turn_seconds_sum", until="sent") == pytest.approx(2.4)
    assert value(metrics, "voice_turn_seconds_sum", until="heard") == pytest.approx(1.15)
    assert value(metrics, "voice_turn_seconds_bucket", until="sent", le="1.2") == 1
    assert value(metrics, "voice_turn_stage_seconds_sum", stage="transcript") == pytest.approx(0.28 + 0.48)
    assert value(metrics, "voice_turn_committed_seconds_sum") == pytest.approx(1.0)
    assert value(metrics, "voice_guesses_released_total") == 1, "only the first was asked for before the commit"
    assert metrics.registry.get_sample_value("voice_turn_seconds_count", {"assistant": "other", "until": "sent"}) == 0


def test_an_answer_to_nothing_that_was_said_is_no_turn(metrics: Metrics) -> None:
    written = tuple(span for span in spans(0.1, 0.2, 0.3, 0.4, 0.5, 0.6) if span.name != "pause")
    metrics.observer("tester").left(TurnMeasured("item_1", "resp_1", written, 0.5))
    assert value(metrics, "voice_turn_seconds_count", until="sent") == 0
    assert value(metrics, "voice_turn_committed_seconds_count") == 0


def test_replies_interruptions_guesses_and_transcripts_are_counted(metrics: Metrics) -> None:
    observer = metrics.observer("tester")
    for output in (
        ReplyStarted("resp_1", ReplyOptions()),
        ReplyDucked("resp_1", "item_1"),
        ReplyRestored("resp_1", "item_1"),
        ReplyDucked("resp_1", "item_1"),
        ReplyInterrupted("resp_1", "item_1", 0.5, "secret words"),
        ReplyFinished("resp_1", "cancelled", "turn_detected", usage=Usage(10, 4, 3)),
        ReplyStarted("resp_2", ReplyOptions(), continues="resp_1"),
        ReplyFinished("resp_2", "completed"),
        ReplyFinished("resp_3", "failed", error=ProviderTimeout("Secret reason.")),
        GuessDropped("resp_4", Waste(1, 12, 40, 0.8)),
        GuessDropped("resp_5", Waste(1, 3, 0, 0.0)),
        TranscriptCompleted("item_2", "secret words", 1.0),
        TranscriptCompleted("item_3", "", 1.0),
        TranscriptFailed("item_4", ProviderTimeout("Secret reason.")),
    ):
        observer.left(output)
    observer.ended(1001)
    observer.ended(4321)
    assert value(metrics, "voice_ducks_total") == 2
    assert value(metrics, "voice_ducks_restored_total") == 1
    assert value(metrics, "voice_interruptions_total") == 1
    assert value(metrics, "voice_replies_continued_total") == 1
    for status, reason in (("cancelled", "turn_detected"), ("completed", ""), ("failed", "error")):
        assert value(metrics, "voice_replies_total", status=status, reason=reason) == 1
    assert value(metrics, "voice_guesses_dropped_total") == 2
    assert value(metrics, "voice_wasted_tokens_total") == 15
    assert value(metrics, "voice_wasted_characters_total") == 40
    assert value(metrics, "voice_wasted_audio_seconds_total") == pytest.approx(0.8)
    for outcome in ("words", "nothing", "failed"):
        assert value(metrics, "voice_transcripts_total", outcome=outcome) == 1
    for kind, count in (("input", 10), ("cached", 4), ("output", 3)):
        assert value(metrics, "voice_model_tokens_total", kind=kind) == count
    assert value(metrics, "voice_sessions_ended_total", reason="sent_away") == 1
    assert value(metrics, "voice_sessions_ended_total", reason="other") == 1


async def read(server: FullServer, headers: Mapping[str, str] = MappingProxyType({})) -> dict[str, float]:
    """Every sample as it reads."""
    async with server.http.get("/metrics", headers=headers) as answer:
        assert answer.status == 200
        text = await answer.text()
    samples = [each for family in text_string_to_metric_families(text) for each in family.samples]
    return {
        f"{each.name}{json.dumps(each.labels, sort_keys=True) if each.labels else ''}": each.value for each in samples
    }


async def test_a_conversation_is_seen_from_outside_and_none_of_its_words() -> None:
    async with full_server(max_sessions=1) as server, server.http.ws_connect("/v1/realtime?model=other") as socket:
        content = [{"type": "input_text", "text": "very secret question"}]
        item = {"type": "message", "role": "user", "content": content}
        await socket.send_json({"type": "conversation.item.create", "item": item})
        await socket.send_json({"type": "response.create"})
        while (await socket.receive_json())["type"] != "response.done":
            pass
        async with server.http.get("/v1/realtime", headers={"Upgrade": "websocket"}) as answer:
            assert answer.status == 503
        samples = await read(server)
        async with server.http.get("/metrics") as answer:
            text = await answer.text()
    assert samples['voice_replies_total{"assistant": "other", "reason": "", "status": "completed"}'] == 1
    assert (samples["voice_sessions_open"], samples["voice_sessions_limit"]) == (1, 1)
    assert samples["voice_sessions_admitted_total"] == 1
    assert samples['voice_sessions_refused_total{"reason": "full"}'] == 1
    assert samples['voice_sessions_refused_total{"reason": "overloaded"}'] == 0
    assert samples["voice_overloaded"] == 0
    assert samples["voice_event_loop_lag_seconds_count"] >= 0
    assert samples["process_resident_memory_bytes"] > 0
    assert samples["process_cpu_seconds_total"] > 0
    for secret in ("secret", "morning", "sess_", "item_", "resp_"):
        assert secret not in text


async def test_providers_tell_how_they_are_doing() -> None:
    record = HealthRecord("TTS", "elevenlabs")
    record.requests, record.hedges, record.hedges_won, record.failovers, record.takeovers = 9, 3, 2, 4, 1
    record.answered(0.15)
    record.answered(7.0)
    for number in range(MAX_CODES + 5):
        record.failures[f"code_{number}"] = 2
    async with full_server(health=lambda: (record.snapshot(),)) as server:
        samples = await read(server)
    of = '{"account": "server", "provider": "elevenlabs", "stage": "TTS"}'
    assert samples[f"voice_provider_requests_total{of}"] == 9
    assert samples[f"voice_provider_hedges_total{of}"] == 3
    assert samples[f"voice_provider_hedges_won_total{of}"] == 2
    assert samples[f"voice_provider_failovers_total{of}"] == 4
    assert samples[f"voice_provider_takeovers_total{of}"] == 1
    assert samples['voice_provider_breaker{"provider": "elevenlabs", "stage": "TTS"}'] == 0
    assert samples[f"voice_provider_first_value_seconds_count{of}"] == 2
    assert samples[f"voice_provider_first_value_seconds_sum{of}"] == pytest.approx(7.15)
    bucket = '{"account": "server", "le": "0.2", "provider": "elevenlabs", "stage": "TTS"}'
    assert samples[f"voice_provider_first_value_seconds_bucket{bucket}"] == 1
    failures = {name: count for name, count in samples.items() if name.startswith("voice_provider_failures_total")}
    assert len(failures) == MAX_CODES + 1
    assert sum(failures.values()) == 2 * (MAX_CODES + 5)


async def test_the_format_is_the_one_that_was_asked_for() -> None:
    async with full_server() as server:
        async with server.http.get("/metrics", headers={"Accept": "application/openmetrics-text"}) as answer:
            assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
            assert (await answer.text()).endswith("# EOF\n")
        async with server.http.get("/metrics") as answer:
            assert answer.headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("keys", "token", "shown", "status"),
    [
        ((), "", None, 200),
        ((), "", "anything", 200),
        ((KEY,), "", None, 401),
        ((KEY,), "", "wrong", 401),
        ((KEY,), "", KEY, 200),
        ((KEY,), TOKEN, None, 401),
        ((KEY,), TOKEN, KEY, 200),
        ((KEY,), TOKEN, TOKEN, 200),
        ((), TOKEN, None, 401),
        ((), TOKEN, "wrong", 401),
        ((), TOKEN, TOKEN, 200),
    ],
)
async def test_who_may_read(keys: tuple[str, ...], token: str, shown: str | None, status: int) -> None:
    headers = {"Authorization": f"Bearer {shown}"} if shown else {}
    async with full_server(api_keys=keys, metrics_token=token) as server:
        async with server.http.get("/metrics", headers=headers) as answer:
            assert answer.status == status
        if shown == TOKEN:
            async with server.http.get("/v1/models", headers=headers) as answer:
                assert answer.status == (401 if keys else 200), "it opens nothing else"
