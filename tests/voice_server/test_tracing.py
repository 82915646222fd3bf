"""Spans of turns, as a collector gets them over OTLP/HTTP."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from pipeline.errors import ProviderTimeout
from pipeline.events import Output, ReplyFinished, Span, TurnMeasured, UtteranceCommitted, Waste
from tests.voice_server.full_server import full_server
from voice_server import tracing
from voice_server.tracing import Tracing, open_tracing

SPANS = (Span("pause", 0.0, 0.12), Span("transcript", 0.12, 0.5), Span("sent", 0.5, 0.9))
TURN = TurnMeasured("item_1", "resp_1", SPANS, 0.6, Waste(1, 12))
PROVIDERS = {"stt": "listener", "llm": "thinker", "tts": "speaker", "account": "server"}
COMMITTED = UtteranceCommitted("item_1", None)


class Collector:
    """Takes spans."""

    def __init__(self) -> None:
        self.requests: list[ExportTraceServiceRequest] = []

    async def take(self, request: web.Request) -> web.Response:
        assert request.content_type == "application/x-protobuf"
        self.requests.append(ExportTraceServiceRequest.FromString(await request.read()))
        return web.Response(content_type="application/x-protobuf")

    @property
    def spans(self) -> list[ProtoSpan]:
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def turns(self) -> list[ProtoSpan]:
        return [span for span in self.spans if span.name == "voice.turn"]

    def stages_of(self, turn: ProtoSpan) -> list[ProtoSpan]:
        return [span for span in self.spans if span.parent_span_id == turn.span_id]


@asynccontextmanager
async def collecting() -> AsyncIterator[tuple[Collector, str]]:
    collector = Collector()
    app = web.Application()
    app.add_routes([web.post("/v1/traces", collector.take)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield collector, f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def attributes(span: ProtoSpan) -> dict[str, object]:
    return {each.key: getattr(each.value, str(each.value.WhichOneof("value"))) for each in span.attributes}


def tracing_to(endpoint: str) -> AbstractAsyncContextManager[Tracing]:
    return open_tracing(endpoint)


async def told(outputs: Sequence[Output], *, leaves: bool = False) -> Collector:
    """What a collector gets of a session in which this left it."""
    async with collecting() as (collector, endpoint):
        async with tracing_to(endpoint) as spans:
            observer = spans.observer("sess_1", "tester", PROVIDERS)
            for output in outputs:
                observer.left(output)
            if leaves:
                observer.ended(1000)
        return collector


async def test_a_turn_is_a_span_whose_children_are_its_stages() -> None:
    before = time.time()
    collector = await told([COMMITTED, TURN, ReplyFinished("resp_1", "completed")])
    after = time.time()
    (turn,) = collector.turns()
    assert attributes(turn) == {
        "voice.session": "sess_1",
        "voice.assistant": "tester",
        "voice.provider.stt": "listener",
        "voice.provider.llm": "thinker",
        "voice.provider.tts": "speaker",
        "voice.provider.account": "server",
        "voice.item": "item_1",
        "voice.reply": "resp_1",
        "voice.reply.status": "completed",
        "voice.turn.committed_seconds": 0.6,
        "voice.turn.wasted_guesses": 1,
        "voice.turn.wasted_tokens": 12,
    }
    began_at = turn.start_time_unix_nano
    assert before - 0.6 <= began_at / 1e9 + 1e-6
    assert began_at / 1e9 <= after - 0.6 + 1e-6, "the turn was committed 0.6 s after the last word"
    assert turn.end_time_unix_nano - began_at == pytest.approx(0.9e9, abs=1000)
    stages = collector.stages_of(turn)
    assert [stage.name for stage in stages] == ["pause", "transcript", "sent"]
    for stage, span in zip(stages, SPANS, strict=True):
        assert stage.start_time_unix_nano - began_at == pytest.approx(span.start_seconds * 1e9, abs=1000)
        assert stage.end_time_unix_nano - began_at == pytest.approx(span.end_seconds * 1e9, abs=1000)
    assert {span.trace_id for span in collector.spans} == {turn.trace_id}
    assert not turn.parent_span_id


async def test_the_order_of_times_and_end_does_not_matter() -> None:
    collector = await told([COMMITTED, ReplyFinished("resp_1", "completed"), TURN])
    assert len(collector.turns()) == 1
    assert len(collector.stages_of(collector.turns()[0])) == 3


async def test_each_turn_is_a_trace_of_its_own() -> None:
    second = TurnMeasured("item_2", "resp_2", SPANS, 0.6)
    collector = await told(
        [
            *(COMMITTED, TURN, ReplyFinished("resp_1", "completed")),
            *(UtteranceCommitted("item_2", "item_1"), second, ReplyFinished("resp_2", "cancelled", "turn_detected")),
        ]
    )
    assert len({turn.trace_id for turn in collector.turns()}) == 2
    assert [attributes(turn)["voice.reply.status"] for turn in collector.turns()] == ["completed", "cancelled"]


async def test_a_reply_that_fails_before_it_is_heard_is_a_failed_turn() -> None:
    failed = ReplyFinished("resp_1", "failed", error=ProviderTimeout("Secret details."))
    cases: list[tuple[list[Output], bool]] = [
        ([COMMITTED, failed], True),
        ([COMMITTED, failed, UtteranceCommitted("item_2", None)], False),
    ]
    for outputs, leaves in cases:
        collector = await told(outputs, leaves=leaves)
        (turn,) = collector.turns()
        assert turn.status.code == Status.STATUS_CODE_ERROR
        assert attributes(turn)["voice.error"] == "provider_timeout"
        assert "Secret" not in str(collector.requests)


async def test_a_turn_that_is_under_way_when_the_client_leaves_is_told() -> None:
    collector = await told([COMMITTED, TURN], leaves=True)
    assert [attributes(turn)["voice.reply.status"] for turn in collector.turns()] == ["cancelled"]


async def test_what_never_becomes_a_turn_is_forgotten() -> None:
    outputs: list[Output] = [UtteranceCommitted(f"item_{number}", None) for number in range(1000)]
    outputs += [ReplyFinished(f"resp_{number}", "completed") for number in range(1000)]
    async with collecting() as (collector, endpoint), tracing_to(endpoint) as spans:
        observer = spans.observer("sess_1", "tester", PROVIDERS)
        for output in outputs:
            observer.left(output)
        assert len(observer._committed_at) <= tracing.MAX_WAITING
        assert len(observer._finished) <= tracing.MAX_WAITING
    assert not collector.spans


async def test_a_collector_that_is_not_there_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "FLUSH_SECONDS", 0.2)
    async with tracing_to("http://127.0.0.1:9") as spans:
        observer = spans.observer("sess_1", "tester", PROVIDERS)
        observer.left(TURN)
        observer.left(ReplyFinished("resp_1", "completed"))


async def test_the_service_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for given, name in ((None, "voice-server"), ("my-voices", "my-voices")):
        if given:
            monkeypatch.setenv("OTEL_SERVICE_NAME", given)
        collector = await told([COMMITTED, TURN, ReplyFinished("resp_1", "completed")])
        names = {
            each.key: each.value.string_value for each in collector.requests[0].resource_spans[0].resource.attributes
        }
        assert names["service.name"] == name


async def test_a_server_traces_where_an_endpoint_is_set_and_tells_no_words() -> None:
    async with collecting() as (collector, endpoint):
        async with (
            full_server(otel_exporter_otlp_endpoint=endpoint) as server,
            server.http.ws_connect("/v1/realtime") as socket,
        ):
            manual = {"type": "realtime", "audio": {"input": {"turn_detection": None}}}
            await socket.send_json({"type": "session.update", "session": manual})
            await socket.send_json({"type": "input_audio_buffer.append", "audio": "AAAA" * 6400})
            await socket.send_json({"type": "input_audio_buffer.commit"})
            await socket.send_json({"type": "response.create"})
            while (await socket.receive_json())["type"] != "response.done":
                pass
        (turn,) = collector.turns()
        assert attributes(turn)["voice.assistant"] == "tester"
        assert attributes(turn)["voice.provider.llm"] == "scripted"
        assert attributes(turn)["voice.provider.account"] == "server"
        assert collector.stages_of(turn)
        for words in ("hello", "Good morning", "You are tester"):
            assert words not in str(collector.requests)
