"""Which words of a changing transcript are shown."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.utterance import ShownWords

versions = st.lists(st.lists(st.sampled_from(["a", "b", "c"]), max_size=8).map(" ".join), max_size=12)


@given(versions)
def test_only_what_two_versions_agree_on_and_nothing_twice(versions: list[str]) -> None:
    words, shown, previous = ShownWords(), "", list[str]()
    for version in versions:
        delta = words.more(version)
        new = version.split()
        agreed = 0
        while agreed < min(len(new), len(previous)) and new[agreed] == previous[agreed]:
            agreed += 1
        if delta:
            assert len((shown + delta).split()) == agreed
            assert (shown + delta).split()[len(shown.split()) :] == new[len(shown.split()) : agreed]
        else:
            assert agreed <= len(shown.split())
        shown, previous = shown + delta, new


def test_words_are_separated_by_one_space() -> None:
    words = ShownWords()
    deltas = [words.more(text) for text in ("what", "what is", "what is two", "what is two")]
    assert deltas == ["", "what", " is", " two"]
