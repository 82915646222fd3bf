"""The report: one file, from which everything in it can be computed again."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import orjson
import pytest

from benchmarks import measures
from benchmarks.report import goals, page
from benchmarks.report.evidence import Document, Evidence, read, read_report
from tests.benchmarks.comparisons import comparison, endpointing, plain, run, turn

STAGES = [["pause", 0, 300], ["transcript", 300, 500], ["first_token", 500, 900], ["heard", 900, 1000]]


def everything() -> dict[str, Any]:
    slow = plain("this", 40, 1.2)
    slow["client"]["was_bottleneck"] = True
    staged = run("this", [turn(0, number, 1.0 + 0.01 * number, spans=STAGES) for number in range(3)])
    failing = [turn(0, 0, 1.6), turn(0, 1, 1.7, failure="<b>no answer</b>"), turn(0, 2, 1.5, gaps=2)]
    cut = [turn(0, 0, 1.0), turn(0, 1, -1.0), turn(0, 2, 0.9)]
    over = [turn(0, 0, 1.0), turn(0, 1, 1.1, kind="interruption", events=[[112.2, "speech_started"]])]
    over[1]["arrivals"].insert(0, [112.15, 0.1, 0.0, 0])
    sound = [turn(0, 0, 1.0), turn(0, 1, 1.1, kind="sound", arrivals=[], events=[[112.2, "duck"], [112.6, "restore"]])]
    return comparison(
        staged, plain("this", 10, 1.1), slow, plain("sequential", 1, 2.0), run("pipecat", failing),
        plain("livekit", 1, 1.4), run("this", cut, scenario="hesitant", profile="zero"),
        run("this", over, scenario="barge-in"), run("this", sound, scenario="sounds"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return Evidence([Document("results.json", everything()), Document("endpointing.json", endpointing())])


@pytest.fixture(scope="module")
def written(evidence: Evidence) -> str:
    return page.page(evidence)


class Reader(HTMLParser):
    """What is on a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.words.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_every_figure_can_be_computed_again_from_the_page_alone(written: str) -> None:
    again = read_report(written)
    figures = [one for one in Reader(written).named("a") if one.get("class") == "figure"]
    assert len(figures) > 100
    for one in figures:
        assert again.value(one["data-path"] or "") == pytest.approx(float(one["data-value"] or "nan"), rel=1e-12)


def test_the_data_in_the_page_are_the_raw_results_themselves(evidence: Evidence, written: str) -> None:
    again = read_report(written)
    for document, same in zip(evidence.documents, again.documents, strict=True):
        assert (same.name, same.content) == (document.name, orjson.loads(orjson.dumps(document.content)))
    turns, noted = again.runs[0].fields["turns"], again.runs[0].fields["requests"]
    # From the raw events, and not from what was derived from them before.
    derived = measures.derive(turns, noted, again.runs[0].fields["answer_words"])
    p50 = measures.percentiles(map(measures.voice_to_voice, derived))
    assert p50 is not None
    assert p50["p50"] == pytest.approx(1010)
    assert again.value("run|0|voice_to_voice|p50") == p50["p50"]
    assert again.value("run|0|voice_to_voice|p50 / run|3|voice_to_voice|p50") == pytest.approx(1.01 / 2.01)


def test_every_link_leads_somewhere(written: str) -> None:
    reader = Reader(written)
    names = [attributes["id"] for _, attributes in reader.elements if attributes.get("id")]
    assert len(names) == len(set(names))
    links = {one["href"] for one in reader.named("a")}
    assert links
    assert all(link and link.startswith("#") and link[1:] in names for link in links)


def test_nothing_comes_from_outside(written: str) -> None:
    reader = Reader(written)
    assert reader.open == []
    for _, attributes in reader.elements:
        assert "src" not in attributes
    assert not reader.named("link")
    outside = set(re.findall(r"https?://[^\s\"'<]+", written)) - {"http://www.w3.org/2000/svg"}
    assert not outside
    assert "@import" not in written
    assert "url(" not in written


def test_what_went_wrong_is_said(written: str) -> None:
    words = " ".join(Reader(written).words)
    assert "the callers were the bottleneck" in words
    assert "turns failed: 1 × <b>no answer</b>" in words
    assert "a <processor>" in words
    assert "<b>no answer" not in written


def test_goals_show_what_was_measured_whether_or_not_it_is_enough(evidence: Evidence, written: str) -> None:
    table = written[written.index("<caption>Goals and what") : written.index("Not in these results")]
    rows = {row[: row.index("</th>")]: row for row in table.split('<th scope="row">')[1:]}
    sequential = rows["seed, one session: p50 to one stage after the other"]
    assert ">0.50</a>" in sequential
    assert ">reached<" in sequential
    peer = rows["seed, one session: p50 to the better peer with default settings"]
    assert ">0.72</a>" in peer
    assert "peer: livekit" in peer
    assert ">missed<" in rows["seed, one session: above the floor, p95"]
    cut_in = table[table.index("hesitant speakers: cut in") :]
    assert ">33.3 %</a>" in cut_in
    assert "fault matrix" in written[written.index("Not in these results") :]


def test_stalls_and_prepared_answers_are_compared_with_the_runs_without() -> None:
    stalled = plain("this", 1, 1.3, faults=["half-open:speech::5%"])
    result = comparison(plain("this", 1, 1.0), stalled, plain("this-unprepared", 1, 1.4))
    evidence = Evidence([Document("results.json", result)])
    found = {goal.what: evidence.value(path) for part in goals.PARTS for goal, path, _ in part(evidence)}
    assert found[goals.STALLS.what] == pytest.approx(1319.8 - 1019)
    assert not goals.STALLS.reached_by(1319.8 - 1019)
    assert found[goals.SAVED.what] == pytest.approx(400)
    assert goals.SAVED.reached_by(400)


def test_charts_have_titles_and_tables_captions(written: str) -> None:
    reader = Reader(written)
    assert len(reader.named("svg")) >= 8
    assert all(one["role"] == "img" and one["aria-label"] for one in reader.named("svg"))
    assert len(reader.named("caption")) == len(reader.named("table"))
    assert all(one.get("scope") for one in reader.named("th"))
    assert "nan" not in " ".join(one["points"] or "" for one in reader.named("polyline"))


def test_runs_of_different_files_are_not_compared() -> None:
    ours, theirs = comparison(plain("this", 1, 1.0)), comparison(plain("sequential", 1, 2.0))
    written = page.page(Evidence([Document("a.json", ours), Document("b.json", theirs)]))
    pairs = re.findall(r'data-path="run\|(\d+)\|[^"]* / run\|(\d+)\|', written)
    assert pairs
    assert all(first == second for first, second in pairs)


def test_the_capacity_of_what_was_measured_well_is_in_it(written: str) -> None:
    words = " ".join(Reader(written).words)
    assert "Left out: 40 sessions: the callers were the bottleneck" in words
    assert "1,000,000" in words
    assert "no run with" not in words
    assert "livekit, plain, seed (results.json)" in words


def test_the_command_writes_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results, curve, out = tmp_path / "results.json", tmp_path / "endpointing.json", tmp_path / "out" / "report.html"
    results.write_bytes(orjson.dumps(everything()))
    curve.write_bytes(orjson.dumps(endpointing()))
    page.main([str(results), str(curve), "-o", str(out)])
    assert "report.html: " in capsys.readouterr().out
    assert out.read_text() == page.page(read([results, curve]))


def test_other_files_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.json"
    other.write_text('{"name": "something"}')
    with pytest.raises(SystemExit):
        page.main([str(other), "-o", str(tmp_path / "report.html")])
    assert "other.json is no result" in capsys.readouterr().err
    with pytest.raises(ValueError, match="no data"):
        read_report("<html></html>")


def test_a_run_without_any_answer_is_shown_too() -> None:
    silent = [turn(session, 0, 1.0, failure="no answer", arrivals=[]) for session in range(5)]
    nobody = plain("this", 1, 1.0) | {"turns": [], "sessions": 9, "failed_sessions": ["no connection"]}
    runs = [run("this", silent), run("this", silent, scenario="hesitant", profile="zero"), nobody]
    words = " ".join(Reader(page.page(Evidence([Document("results.json", comparison(*runs))]))).words)
    assert "turns failed: 5 × no answer" in words
    assert "sessions failed: 1, the first: no connection" in words
