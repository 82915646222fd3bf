"""Where the time of a turn goes, from the user's last word to the first sound of the answer."""

from dataclasses import dataclass, field

from pipeline.events import Span, TurnMeasured, Waste

STAGES = ("pause", "transcript", "first_token", "first_clause", "first_audio", "sent", "heard")
"""In order: the pause was noticed, its transcript known, the model's first token and first speakable clause written,
the first samples of the voice made, sent (not before the turn was surely over), and played by the client."""


@dataclass(slots=True)
class Waterfall:
    """The marks of one turn, in seconds of any steady clock."""

    item_id: str
    reply_id: str
    speech_ended_at: float
    committed_at: float = 0.0
    """When the turn was surely over."""
    waste: Waste = field(default_factory=Waste)
    """What earlier guesses at the same turn cost."""
    _marks: dict[str, float] = field(default_factory=dict)

    def mark(self, stage: str, now: float) -> None:
        """A stage is complete. Only the first mark of a stage counts."""
        self._marks.setdefault(stage, now)

    def __contains__(self, stage: str) -> bool:
        return stage in self._marks

    def measured(self) -> TurnMeasured:
        """The spans, without gaps: a stage that was complete before the one it follows took no time of its own."""
        spans = []
        start = 0.0
        for stage in STAGES:
            if stage in self._marks:
                end = max(start, self._marks[stage] - self.speech_ended_at)
                spans.append(Span(stage, start, end))
                start = end
        committed_seconds = max(0.0, self.committed_at - self.speech_ended_at)
        return TurnMeasured(self.item_id, self.reply_id, tuple(spans), committed_seconds, self.waste)
