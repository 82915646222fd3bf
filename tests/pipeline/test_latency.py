"""The waterfall of a turn."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.latency import STAGES, Waterfall


@given(st.lists(st.tuples(st.sampled_from(STAGES), st.floats(0.0, 100.0)), min_size=1), st.floats(0.0, 50.0))
def test_the_spans_follow_each_other_and_add_up(marks: list[tuple[str, float]], ended_at: float) -> None:
    waterfall = Waterfall("item", "resp", ended_at)
    first: dict[str, float] = {}
    for stage, now in marks:
        waterfall.mark(stage, now)
        first.setdefault(stage, now)
    spans = waterfall.measured().spans
    assert [span.name for span in spans] == [stage for stage in STAGES if stage in first]
    assert spans[0].start_seconds == 0.0
    for one, following in itertools.pairwise(spans):
        assert one.end_seconds == following.start_seconds
    assert all(span.end_seconds >= span.start_seconds for span in spans)
    total = sum(span.end_seconds - span.start_seconds for span in spans)
    assert total == pytest.approx(spans[-1].end_seconds)
    assert total == pytest.approx(max(0.0, *(now - ended_at for now in first.values())))
