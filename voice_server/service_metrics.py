"""What one task does, for CloudWatch: a line of metrics in the log each minute, where SERVICE_METRICS_NAMESPACE is set.

CloudWatch takes metrics out of lines of the embedded metric format by itself, so nothing has to be asked and no rights
are needed for it. Prometheus' view of the same is `metrics`; these are the few that alarms and autoscaling act on.
Source: "Specification: Embedded metric format" in the Amazon CloudWatch User Guide.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import orjson

from pipeline.events import Output, ReplyFinished, TurnMeasured
from voice_server.http.admission import Admission

PERIOD_SECONDS = 60.0
MAX_VALUES = 100
"""That one metric may have in one line."""
MAX_TURNS = 100_000
"""That are remembered between two lines: no server holds as many."""
_UNITS = {
    "ActiveSessions": "Count",
    "SessionsLimit": "Count",
    "SessionLoad": "Percent",
    "Turns": "Count",
    "FailedTurns": "Count",
    "SessionsRefused": "Count",
    "TurnSeconds": "Seconds",
}


class ServiceMetrics:
    """Counts for one task. It observes every conversation, and writes when it is told to."""

    def __init__(self, namespace: str, service: str, admission: Admission) -> None:
        """`service`: what tasks of the same kind are known by; the only dimension."""
        self._namespace = namespace
        self._service = service
        self._admission = admission
        self._turns: list[float] = []
        self._replies = 0
        self._failed = 0
        self._refused = 0

    def entered(self, event: object) -> None:
        """See Observer; nothing of what clients send is counted."""

    def left(self, output: Output) -> None:
        """See Observer."""
        if type(output) is TurnMeasured:
            ends = {span.name: span.end_seconds for span in output.spans}
            if "pause" in ends and "sent" in ends and len(self._turns) < MAX_TURNS:
                self._turns.append(round(ends["sent"], 3))
        elif type(output) is ReplyFinished:
            self._replies += 1
            self._failed += output.status == "failed"

    def ended(self, close_code: int) -> None:
        """See Observer."""

    async def run(self, write: Callable[[str], object]) -> None:
        """Give `write` what there is to say, each minute, until it is cancelled."""
        while True:
            await asyncio.sleep(PERIOD_SECONDS)
            for line in self.lines(time.time()):
                write(line)

    def lines(self, now: float) -> list[str]:
        """What happened since it was asked last. `now`: Unix time, in seconds."""
        refused = sum(self._admission.refused.values())
        values: dict[str, Any] = {
            "ActiveSessions": self._admission.count,
            "SessionsLimit": self._admission.limit,
            "SessionLoad": round(100 * self._admission.count / self._admission.limit, 1),
            "Turns": self._replies,
            "FailedTurns": self._failed,
            "SessionsRefused": refused - self._refused,
        }
        parts = (self._turns[start : start + MAX_VALUES] for start in range(0, len(self._turns), MAX_VALUES))
        lines = [self._line(now, values), *(self._line(now, {"TurnSeconds": part}) for part in parts)]
        self._turns, self._replies, self._failed, self._refused = [], 0, 0, refused
        return lines

    def _line(self, now: float, values: dict[str, Any]) -> str:
        metrics = [{"Name": name, "Unit": _UNITS[name]} for name in values]
        directive = {"Namespace": self._namespace, "Dimensions": [["Service"]], "Metrics": metrics}
        heading = {"Timestamp": round(now * 1000), "CloudWatchMetrics": [directive]}
        return orjson.dumps({"_aws": heading, "Service": self._service, **values}).decode()
