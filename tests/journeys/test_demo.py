"""The demo as a person starts it."""

import json
import signal

import aiohttp
import pytest

from tests.support.programs import run, running


@pytest.mark.req("S-FLOW-03", "S-GEN-01", "S-FAR-01", "S-FAR-02", "S-BIND-07", "S-DISC-06", "S-FW-14")
async def test_once_plays_the_stories_and_says_that_they_happened() -> None:
    code, out, err = await run("aiseg", "demo", "--once", "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert told["happened"]
    assert [step["name"] for step in told["steps"]] == [
        "announced", "registered", "account", "shown", "found", "linked", "seen",
        "blocked", "account", "not_found", "shown", "linked_by_hand", "seen",
        "released", "offered", "installed", "gone", "returned",
    ]  # fmt: skip
    times = [step["at_s"] for step in told["steps"]]
    assert times == sorted(times)
    assert "firmware 2.11" in told["steps"][-1]["en"]


async def test_it_serves_what_it_prints_and_ends_cleanly_on_ctrl_c() -> None:
    async with running("aiseg", "demo") as demo, aiohttp.ClientSession() as browser:
        assert set(demo.hello) >= {"panel", "phone", "cloud", "inbox", "mqtt", "console", "club"}
        for page in ("panel", "phone", "cloud", "inbox", "console", "club"):
            async with browser.get(str(demo.hello[page])) as answer:
                assert answer.status == 200, page
                assert "エミュレーター" in await answer.text(), page
        assert await demo.stop(signal.SIGINT) == 0


async def test_two_demos_live_side_by_side() -> None:
    async with running("aiseg", "demo") as first, running("aiseg", "demo") as second:
        addresses = {
            str(each.hello[name])
            for each in (first, second)
            for name in ("panel", "phone", "cloud", "club", "mqtt")
        }
        assert len(addresses) == 10


async def test_a_usage_error_is_a_sentence_and_code_2() -> None:
    code, _, err = await run("aiseg", "demo", "--twice")
    assert code == 2
    assert "No such option" in err
