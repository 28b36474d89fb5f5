import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.topics import Topic, read_topic


def test_a_topic_is_written_and_read_back() -> None:
    topic = Topic("0123456789ab", 3, "telemetry")
    assert str(topic) == "aiseg/0123456789ab/3/telemetry"
    assert read_topic(str(topic)) == topic


@pytest.mark.parametrize(
    "text",
    ["", "aiseg/+/1/telemetry", "aiseg/0123456789AB/1/telemetry", "aiseg/0123456789ab/01/telemetry",
     "aiseg/0123456789ab/1/cmd", "aiseg/0123456789ab/1/telemetry/", "aiseg/0123456789ab/１/telemetry"],
)  # fmt: skip
def test_anything_else_is_not_one_of_ours(text: str) -> None:
    assert read_topic(text) is None


@given(st.text())
def test_reading_never_fails(text: str) -> None:
    topic = read_topic(text)
    assert topic is None or str(topic) == text
