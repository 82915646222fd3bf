"""How much silence ends a turn."""

from pipeline.settings import TurnDetection

EAGER_SILENCE_SECONDS = {"low": 0.9, "medium": 0.5, "auto": 0.5, "high": 0.3}
"""semantic_vad: silence by eagerness."""


def silence_before_commit(detection: TurnDetection) -> float:
    """Seconds of silence after which the user is surely done."""
    if detection.kind == "semantic_vad":
        return EAGER_SILENCE_SECONDS[detection.eagerness]
    return detection.silence_seconds
