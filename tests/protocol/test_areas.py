from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from protocol.areas import Name, Place, areas, is_place, municipalities, prefectures

# Number of municipalities (special wards of Tokyo included) by prefecture, as the Ministry of Internal Affairs and
# Communications counts them since October 2018; not taken from the file under test.
COUNTS = {
    "北海道": 179, "青森県": 40, "岩手県": 33, "宮城県": 35, "秋田県": 25, "山形県": 35, "福島県": 59,
    "茨城県": 44, "栃木県": 25, "群馬県": 35, "埼玉県": 63, "千葉県": 54, "東京都": 62, "神奈川県": 33,
    "新潟県": 30, "富山県": 15, "石川県": 19, "福井県": 17, "山梨県": 27, "長野県": 77, "岐阜県": 42,
    "静岡県": 35, "愛知県": 54, "三重県": 29, "滋賀県": 19, "京都府": 26, "大阪府": 43, "兵庫県": 41,
    "奈良県": 39, "和歌山県": 30, "鳥取県": 19, "島根県": 19, "岡山県": 27, "広島県": 23, "山口県": 19,
    "徳島県": 24, "香川県": 17, "愛媛県": 20, "高知県": 34, "福岡県": 60, "佐賀県": 20, "長崎県": 21,
    "熊本県": 45, "大分県": 18, "宮崎県": 26, "鹿児島県": 43, "沖縄県": 41,
}  # fmt: skip
IN_TWO_AREAS = [
    "北見市", "八雲町", "仙台市", "栗原市", "大崎市", "大和町", "郡山市",
    "天栄村", "塩尻市", "豊田市", "大津市", "五條市", "佐世保市", "西海市",
]  # fmt: skip
ROWS = [
    (prefecture, area, municipality)
    for prefecture in prefectures()
    for area in areas(prefecture.ja)
    for municipality in municipalities(prefecture.ja, area.ja)
]


def in_prefecture(prefecture: str) -> list[str]:
    return [town.ja for area in areas(prefecture) for town in municipalities(prefecture, area.ja)]


def test_there_are_47_prefectures_in_official_order() -> None:
    assert [name.ja for name in prefectures()] == list(COUNTS)


@pytest.mark.req("S-REG-17", "S-REG-20")
def test_the_manuals_example_is_offered_and_shown_joined() -> None:
    assert areas("大阪府") == (Name("大阪府", "Osaka Prefecture"),)
    assert Name("門真市", "Kadoma City") in municipalities("大阪府", "大阪府")
    place = Place(prefecture="大阪府", area="大阪府", municipality="門真市")
    assert place.is_real()
    assert place.joined() == "大阪府-大阪府-門真市"


@pytest.mark.parametrize(("prefecture", "count"), COUNTS.items())
def test_every_prefecture_has_all_its_municipalities(prefecture: str, count: int) -> None:
    assert len(set(in_prefecture(prefecture))) == count


def test_only_municipalities_that_lie_in_two_areas_stand_twice() -> None:
    twice = [name for pref in COUNTS for name, times in Counter(in_prefecture(pref)).items() if times > 1]
    assert sorted(twice) == sorted(IN_TWO_AREAS)


@pytest.mark.req("S-REG-17")
def test_each_list_depends_on_its_parent() -> None:
    assert [area.ja for area in areas("東京都")] == ["東京地方", "伊豆諸島北部", "伊豆諸島南部", "小笠原諸島"]
    assert [area.ja for area in areas("福島県")] == ["中通り", "浜通り", "会津"]
    assert [town.ja for town in municipalities("東京都", "小笠原諸島")] == ["小笠原村"]
    assert municipalities("東京都", "会津") == ()
    assert municipalities("大阪府", "北部") == ()
    assert municipalities("京都府", "北部") != municipalities("兵庫県", "北部")


@pytest.mark.req("S-REG-18")
@pytest.mark.parametrize(
    ("prefecture", "area", "municipality"),
    [
        ("東京都", "小笠原諸島", "千代田区"),
        ("京都府", "南部", "舞鶴市"),
        ("大阪府", "大阪府", "京都市"),
        ("大阪府", "", "門真市"),
        ("", "大阪府", "門真市"),
        ("大阪府", "大阪府", ""),
        ("Osaka", "Osaka Prefecture", "Kadoma City"),
    ],
)
def test_a_municipality_outside_its_area_is_no_place(prefecture: str, area: str, municipality: str) -> None:
    assert not is_place(prefecture, area, municipality)
    assert not Place(prefecture=prefecture, area=area, municipality=municipality).is_real()


@pytest.mark.req("S-REG-17")
@given(st.sampled_from(ROWS))
def test_whatever_the_lists_offer_is_a_place(row: tuple[Name, Name, Name]) -> None:
    prefecture, area, municipality = row
    place = Place(prefecture=prefecture.ja, area=area.ja, municipality=municipality.ja)
    assert place.is_real()


@pytest.mark.req("S-REG-18")
@given(st.sampled_from(ROWS), st.sampled_from(ROWS))
def test_a_municipality_under_another_parent_is_a_place_only_if_offered_there(
    parents: tuple[Name, Name, Name], child: tuple[Name, Name, Name]
) -> None:
    prefecture, area, _ = parents
    offered = [name.ja for name in municipalities(prefecture.ja, area.ja)]
    assert is_place(prefecture.ja, area.ja, child[2].ja) == (child[2].ja in offered)


@given(st.text(max_size=8), st.text(max_size=8))
def test_an_unknown_parent_has_no_children(prefecture: str, area: str) -> None:
    assert prefecture in COUNTS or areas(prefecture) == municipalities(prefecture, area) == ()


def test_names_are_written_out_in_both_languages() -> None:
    for names in ROWS:
        for name in names:
            assert name.ja == name.ja.strip() != ""
            assert name.en.isascii()
            assert name.en == name.en.strip() != ""


def test_no_list_offers_a_name_twice() -> None:
    assert len(set(ROWS)) == len(ROWS) == 1741 + len(IN_TWO_AREAS)


def test_every_municipality_is_a_city_town_village_or_ward() -> None:
    wards = {town.ja for _, _, town in ROWS if town.ja.endswith("区")}
    assert len(wards) == 23
    assert all(town.ja.endswith(("市", "町", "村", "区")) for _, _, town in ROWS)
    assert all(town.en.endswith((" City", " Town", " Village")) for _, _, town in ROWS)


def test_a_place_takes_text_only_and_not_too_long() -> None:
    with pytest.raises(ValidationError):
        Place.model_validate({"prefecture": "大阪府", "area": "大阪府", "municipality": 27223})
    with pytest.raises(ValidationError):
        Place(prefecture="府" * 41, area="大阪府", municipality="門真市")
