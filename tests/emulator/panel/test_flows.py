"""The page order and what was typed, without a browser."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.panel.flows import (
    FAMILY_FIELDS,
    PLACE_FIELDS,
    Flow,
    Linking,
    Registering,
    missing,
    read_family,
    read_place,
)
from emulator.registration import RegistrationRun
from protocol.areas import Place, areas, municipalities, prefectures
from protocol.problems import ANSWER_MISSING, PAGE_STALE, PLACE_UNKNOWN, Problem
from protocol.registering import Consent, Family, Registration

EXAMPLE = {"prefecture": "大阪府", "area": "大阪府", "municipality": "門真市"}
FAMILY = {"household_size": "4", "building_type": "detached", "energy_used": "electricity_and_gas"}
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
REGISTRATION = Registration(
    gateway_id="0123456789ab", epoch=1, registered_at=NOW, mqtt_password="x", mqtt_host="h", mqtt_port=1
)


@pytest.mark.req("S-REG-30")
@pytest.mark.parametrize("kind", [Registering, Linking])
@given(data=st.data())
def test_no_page_can_be_seen_before_those_before_it_are_done(kind: type[Flow], data: st.DataObject) -> None:
    flow, done = kind(), set[str]()
    for page in data.draw(st.lists(st.sampled_from(kind.PAGES), max_size=30)):
        allowed = flow.first_allowed(page)
        assert set(kind.PAGES[: kind.PAGES.index(allowed)]) <= done
        if allowed == page and page != kind.PAGES[-1]:
            assert flow.passed(page) == kind.PAGES[kind.PAGES.index(page) + 1]
            done.add(page)


@pytest.mark.req("S-REG-32")
def test_after_decide_there_is_only_the_end() -> None:
    flow = Registering(reached=8, registered=REGISTRATION)
    assert {flow.first_allowed(page) for page in Registering.PAGES} == {"done"}
    assert flow.is_over()


@pytest.mark.req("S-REG-18")
def test_a_child_that_does_not_fit_its_new_parent_is_cleared() -> None:
    flow = Registering()
    flow.keep(EXAMPLE, PLACE_FIELDS)
    assert flow.typed == EXAMPLE
    flow.keep({"prefecture": "京都府"}, PLACE_FIELDS)
    assert flow.typed == {"prefecture": "京都府", "area": "", "municipality": ""}


@given(
    st.dictionaries(
        st.sampled_from(PLACE_FIELDS), st.text(max_size=50) | st.sampled_from(list(EXAMPLE.values()))
    )
)
def test_whatever_is_sent_only_a_real_place_is_kept_whole(form: dict[str, str]) -> None:
    flow = Registering()
    flow.keep(form, PLACE_FIELDS)
    if not missing(flow.typed, PLACE_FIELDS):
        assert read_place(flow.typed).is_real()


@pytest.mark.req("S-REG-30")
def test_changing_an_answer_makes_what_follows_it_due_again() -> None:
    flow = Registering(reached=Registering.PAGES.index("check"))
    flow.keep({"household_size": "5"}, FAMILY_FIELDS)
    assert flow.first_allowed("check") == "settings"


@pytest.mark.req("S-REG-17")
def test_every_offered_place_is_accepted() -> None:
    for prefecture in prefectures():
        for area in areas(prefecture.ja):
            town = municipalities(prefecture.ja, area.ja)[0].ja
            typed = {"prefecture": prefecture.ja, "area": area.ja, "municipality": town}
            assert read_place(typed) == Place(**typed)


@pytest.mark.req("S-REG-18")
@pytest.mark.parametrize("town", ["堺", "千代田区", "x" * 41])
def test_a_town_that_is_not_there_is_refused(town: str) -> None:
    with pytest.raises(Problem) as refused:
        read_place(EXAMPLE | {"municipality": town})
    assert refused.value.kind is PLACE_UNKNOWN


@pytest.mark.req("S-REG-16", "S-LC-10")
@pytest.mark.parametrize("name", [*PLACE_FIELDS, *FAMILY_FIELDS])
def test_an_empty_answer_is_missing(name: str) -> None:
    assert missing(EXAMPLE | FAMILY | {name: ""}, PLACE_FIELDS + FAMILY_FIELDS) == [name]


@pytest.mark.parametrize(
    "answer",
    [{"household_size": "0"}, {"household_size": "²"}, {"building_type": "castle"}, {"energy_used": "4"}],
)
def test_an_answer_that_was_not_offered_is_refused(answer: dict[str, str]) -> None:
    assert read_family(FAMILY) == Family(
        household_size=4, building_type="detached", energy_used="electricity_and_gas"
    )
    with pytest.raises(Problem) as refused:
        read_family(FAMILY | answer)
    assert refused.value.kind is ANSWER_MISSING


def test_answers_exist_only_when_every_page_was_answered() -> None:
    flow = Registering(
        consent=Consent(terms_version="x", agreed_at=NOW),
        place=Place(**EXAMPLE),
        family=read_family(FAMILY),
        run=RegistrationRun("123456", None, "run-0123456789abcdef"),
    )
    assert flow.answers().replacing == 0
    for name in ("consent", "place", "family", "run"):
        whole, empty = getattr(flow, name), None
        setattr(flow, name, empty)
        with pytest.raises(Problem) as stale:
            flow.answers()
        assert stale.value.kind is PAGE_STALE
        setattr(flow, name, whole)
