"""Which runs may be compared with which: those of one file, with the same scenario, profile and number of sessions."""

from benchmarks.peers.targets import PACKAGES
from benchmarks.report.evidence import Evidence, Run


def find(evidence: Evidence, document: int, name: str, scenario: str, profile: str, sessions: int) -> Run | None:
    """A run; the last one if there are several."""
    wanted = (document, name, scenario, profile, sessions)
    runs = [run for run in evidence.runs if (run.document, run.name, run.scenario, run.profile, run.sessions) == wanted]
    return runs[-1] if runs else None


def same(evidence: Evidence, run: Run, name: str) -> Run | None:
    """The run of another target under the same conditions."""
    return find(evidence, run.document, name, run.scenario, run.profile, run.sessions)


def best_peer(evidence: Evidence, run: Run) -> Run | None:
    """The quickest peer with its default settings under the same conditions."""
    runs = [other for name in PACKAGES if (other := same(evidence, run, name))]
    timed = [(value, other.number) for other in runs if (value := evidence.value(other.path("voice_to_voice", "p50")))]
    return evidence.runs[min(timed)[1]] if timed else None
