"""Lines of metrics for CloudWatch."""

import asyncio
import json
from typing import Any

import pytest

from pipeline.errors import ProviderTimeout
from pipeline.events import ReplyFinished, Span, TurnMeasured
from tests.virtual_time import in_virtual_time
from voice_server.http.admission import Admission
from voice_server.http.errors import ApiError
from voice_server.service_metrics import MAX_VALUES, PERIOD_SECONDS, ServiceMetrics

NOW = 1_790_000_000.5


def turn(sent_seconds: float, first: str = "pause") -> TurnMeasured:
    spans = (Span(first, 0.0, 0.1), Span("sent", 0.1, sent_seconds))
    return TurnMeasured("item_1", "resp_1", spans, 0.5)


@pytest.fixture
def admission() -> Admission:
    return Admission(4)


@pytest.fixture
def metrics(admission: Admission) -> ServiceMetrics:
    return ServiceMetrics("VoiceServer/test", "voice", admission)


def told(metrics: ServiceMetrics) -> list[dict[str, Any]]:
    return [json.loads(line) for line in metrics.lines(NOW)]


def test_a_line_says_how_full_the_task_is_and_how_the_minute_went(
    metrics: ServiceMetrics, admission: Admission
) -> None:
    metrics.left(turn(0.9124))
    metrics.left(turn(0.2, first="transcript"))
    metrics.left(ReplyFinished("resp_1", "completed"))
    metrics.left(ReplyFinished("resp_2", "failed", error=ProviderTimeout("nothing came")))
    with admission.conversation():
        counted, turns = told(metrics)

    assert counted["_aws"]["Timestamp"] == 1_790_000_000_500
    (directive,) = counted["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "VoiceServer/test"
    assert directive["Dimensions"] == [["Service"]]
    assert {metric["Name"]: counted[metric["Name"]] for metric in directive["Metrics"]} == {
        "ActiveSessions": 1,
        "SessionsLimit": 4,
        "SessionLoad": 25.0,
        "Turns": 2,
        "FailedTurns": 1,
        "SessionsRefused": 0,
    }
    assert counted["Service"] == turns["Service"] == "voice"
    assert turns["TurnSeconds"] == [0.912], "an answer to something written has no last word to count from"


def test_the_next_minute_begins_anew(metrics: ServiceMetrics, admission: Admission) -> None:
    metrics.left(turn(0.9))
    metrics.left(ReplyFinished("resp_1", "completed"))
    admission.limit = 0
    with pytest.raises(ApiError), admission.conversation():
        pass
    admission.limit = 4
    first = told(metrics)
    (second,) = told(metrics)
    assert (first[0]["Turns"], first[0]["SessionsRefused"]) == (1, 1)
    assert (second["Turns"], second["SessionsRefused"]) == (0, 0)


def test_a_line_has_as_many_values_as_are_allowed(metrics: ServiceMetrics) -> None:
    for _ in range(MAX_VALUES + 1):
        metrics.left(turn(1.0))
    assert [len(each["TurnSeconds"]) for each in told(metrics)[1:]] == [MAX_VALUES, 1]


@in_virtual_time
async def test_lines_are_written_each_minute_until_the_end() -> None:
    metrics = ServiceMetrics("VoiceServer/test", "voice", Admission(4))
    written: list[str] = []
    writing = asyncio.create_task(metrics.run(written.append))
    await asyncio.sleep(2.5 * PERIOD_SECONDS)
    writing.cancel()
    await asyncio.wait([writing])
    assert len(written) == 2
