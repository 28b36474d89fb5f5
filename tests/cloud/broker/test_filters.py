import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.broker.filters import any_covers, covers, has_wildcard, is_topic, read_filter

level = st.sampled_from(["", "a", "b", "$x"])
topics = st.lists(level, min_size=1, max_size=4).map("/".join).filter(bool)
patterns = st.builds(
    lambda front, last: "/".join([*front, last]),
    st.lists(st.sampled_from(["", "a", "b", "+", "$x"]), max_size=3),
    st.sampled_from(["a", "b", "+", "#"]),
)


@pytest.mark.parametrize(
    ("pattern", "topic", "matches"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/b/c", False),
        ("a/+", "a/b", True),
        ("a/+", "a", False),
        ("a/+", "a/", True),
        ("a/+", "a/b/c", False),
        ("a/#", "a", True),  # §4.7.1.2: the parent too
        ("a/#", "a/b/c", True),
        ("#", "a/b", True),
        ("#", "$SYS/x", False),
        ("+/x", "$SYS/x", False),
        ("$SYS/#", "$SYS/x", True),
        ("a/#", "b", False),
    ],
)
def test_matching(pattern: str, topic: str, matches: bool) -> None:
    assert covers(pattern, topic) is matches


@pytest.mark.parametrize(
    ("allowed", "asked", "covered"),
    [
        ("a/+", "a/+", True),
        ("a/+", "a/#", False),
        ("a/b", "a/+", False),
        ("a/b", "#", False),
        ("a/#", "a/#", True),
        ("a/#", "a/+/c", True),
        ("+/+", "+", False),
        ("#", "$share/g/a", False),
    ],
)
def test_a_right_covers_only_narrower_filters(allowed: str, asked: str, covered: bool) -> None:
    assert covers(allowed, asked) is covered


@given(patterns, patterns, topics)
def test_what_a_covered_filter_matches_the_right_matches_too(allowed: str, asked: str, topic: str) -> None:
    if covers(allowed, asked) and covers(asked, topic):
        assert covers(allowed, topic)


def test_nothing_allowed_covers_nothing() -> None:
    assert not any_covers((), "a")
    assert any_covers(("b", "a"), "a")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a/#/b",
        "a#",
        "a+/b",
        "+a",
        "a\0b",
        "$share/g",
        "$share/g/",
        "$share//a",
        "$share/+/a",
        "$share/g/a#",
    ],
)
def test_unsound_filters(text: str) -> None:
    assert read_filter(text) is None


@pytest.mark.parametrize("text", ["a", "#", "+/+", "a//b", "/", "$SYS/#", "$shared/a"])
def test_plain_filters(text: str) -> None:
    assert read_filter(text) == (None, text)


def test_shared_filters_are_taken_apart() -> None:
    assert read_filter("$share/ingest/aiseg/+/+/telemetry") == ("ingest", "aiseg/+/+/telemetry")


def test_topics_and_wildcards() -> None:
    assert is_topic("a/b")
    assert not any(map(is_topic, ("", "a/+", "#", "a\0")))
    assert has_wildcard("a/+")
    assert not has_wildcard("a/b")
