"""A page as a person without a script has it before them."""

import pytest

from lab.people.page import Page
from lab.people.seeing import panel_screens, phone_screens, read_result
from phone_client.searching.advice import ADVICE, CAUSES

pytestmark = pytest.mark.rules

FORM = """
<html><head><title>t</title></head><body><header><h1>スマートフォンの登録</h1><a href="/menu">メニュー</a></header><main>
<form method="post" action="/register"><input type="hidden" name="token" value="t-1">
<label class="field"><span><span aria-hidden="true">⑪</span>ニックネーム</span><input name="nickname" value=""></label>
<label class="field"><span>世帯人数</span><select name="size"><option value="">-</option><option value="4">4人</option></select></label>
<label class="tick"><input type="checkbox" name="replacing" value="1"> はい</label>
<p hidden role="alert">unseen</p>
<button name="go" value="on"><span aria-hidden="true">②</span>登録</button><button name="go" value="back">戻る</button>
<button disabled>だめ</button></form>
<details><summary>詳しく</summary><form method="post" action="/search"><button name="go" value="harder">1つずつ確認する</button></form></details>
<a class="tile" href="/status"><svg><text>x</text></svg><span class="label">登録状況確認</span><span class="lead">わからない</span></a>
</main></body></html>
"""


def page(text: str = FORM, path: str = "/register", status: int = 200) -> Page:
    return Page(text, f"http://127.0.0.1:8082{path}", status)


def test_a_button_sends_its_form_as_it_stands_and_itself() -> None:
    way = page().way("登録")
    assert way
    assert (way.method, way.address) == ("POST", "/register")
    assert way.fields == {"token": "t-1", "nickname": "", "size": "", "go": "on"}


def test_a_button_comes_before_a_link_of_the_same_name() -> None:
    text = '<main><a href="?tab=log-in">Log in</a><form method="post"><button>Log in</button></form></main>'
    way = page(text).way("Log in")
    assert way
    assert way.method == "POST"


def test_a_tile_is_known_by_how_it_begins() -> None:
    way = page().way("登録状況確認")
    assert way
    assert (way.method, way.address) == ("GET", "/status")


def test_the_main_part_comes_before_what_stands_on_every_page() -> None:
    assert [each.label for each in page().ways] == [
        "登録",
        "戻る",
        "1つずつ確認する",
        "登録状況確認 わからない",
        "メニュー",
    ]


def test_ways_on_are_those_that_are_to_be_seen() -> None:
    assert [each.label for each in page().ways_on] == ["登録", "戻る", "登録状況確認 わからない"]


def test_a_field_is_found_by_its_label_and_a_list_says_what_it_offers() -> None:
    assert page().field("ニックネーム") == "nickname"
    assert page().field("機器コード") is None
    assert page().choices("size")["4人"] == "4"


def test_what_is_hidden_is_not_said() -> None:
    assert page().title == "スマートフォンの登録"
    assert page().complaint == ""
    assert "unseen" not in page().words
    assert "⑪" not in page().words


def test_a_page_that_loads_itself_again_moves() -> None:
    assert not page().moves
    assert page('<head><noscript><meta http-equiv="refresh" content="2"></noscript></head>').moves


@pytest.mark.parametrize(
    ("path", "main", "screens"),
    [
        ("/start", "", {"start"}),
        ("/search", "", {"searching"}),
        ("/search/result", '<button name="gateway_id" value="1">次へ</button>', {"found"}),
        ("/search/result", "<p role=alert>AiSEGが見つかりませんでした</p>", {"not_found"}),
        ("/register", "<p role=alert>1～10文字</p>", {"type_code"}),
        ("/confirm", "", {"confirm"}),
        ("/timeline", "", {"timeline"}),
        (
            "/timeline",
            "<p role=status>こちらで、スマートフォンでの操作が完了しました。ご利用いただけます。</p>",
            {"timeline", "registered"},
        ),
        ("/menu", "", set()),
    ],
)
def test_the_app_s_screens(path: str, main: str, screens: set[str]) -> None:
    assert phone_screens(page(f"<body><h1>x</h1><main>{main}</main></body>", path)) == screens


def test_no_connection_is_a_screen_of_its_own_wherever_it_comes_up() -> None:
    text = "<body><h1>サーバーに接続できません</h1><main><p role=alert>x</p></main></body>"
    assert phone_screens(page(text, "/timeline", 503)) == {"no_connection"}


@pytest.mark.parametrize(
    ("path", "main", "screens"),
    [
        ("/", "", {"home"}),
        ("/", '<dd data-state="cloud" data-is="off">未接続</dd>', {"home", "cloud_offline"}),
        ("/link-code", '<span class="groups"><span>1234</span></span>', {"link_code"}),
        ("/status", '<label><span>機器コード</span><input name="device_code"></label>', set()),
        ("/status", "<p>サーバーサービスに登録されています。</p>", {"status"}),
        ("/update/progress", '<section data-update="installing"></section>', {"updating"}),
        ("/update/progress", '<section data-update="none"></section>', set()),
    ],
)
def test_the_panel_s_screens(path: str, main: str, screens: set[str]) -> None:
    assert panel_screens(page(f"<body><h1>x</h1><main>{main}</main></body>", path)) == screens


def test_what_a_search_in_vain_says_is_read_from_its_page() -> None:
    advice, doubt = ADVICE["client_isolation"].ja, CAUSES["gateway_off"].ja
    text = f"""<main><section><p role="alert">AiSEGが見つかりませんでした</p></section><section><p><strong>{advice}</strong></p>
    <ul class="evidence"><li>{doubt}</li></ul>
    <details><ul class="evidence"><li>1個送信</li></ul><p class="digits hint">client_isolation</p></details></section></main>"""
    result = read_result(page(text, "/search/result"))
    assert result
    assert (result.found, result.code, result.could_also_be) == ((), "client_isolation", ("gateway_off",))
    assert (result.advice, result.evidence) == (advice, ("1個送信",))


def test_what_is_odd_about_a_find_is_known_by_its_sentence() -> None:
    text = f"""<main><section class="card tip"><p>{ADVICE["mdns_blocked"].en}</p></section>
    <dl><dd>AiSEG MKN700</dd></dl><button name="gateway_id" value="0123456789ab">Next</button></main>"""
    result = read_result(page(text, "/search/result"))
    assert result
    assert result.code == "mdns_blocked"
    assert result.found == ({"gateway_id": "0123456789ab", "model": "MKN700"},)
