"""The error screen of the search (manual p21), and what looks harder: told first, done only by a tap."""

import pytest
from playwright.async_api import expect

from protocol.discovery import DEFAULT_PORT
from tests.browser.conftest import OpenPhone
from tests.browser.home import Home
from tests.browser.phone_person import PhonePerson
from tests.phone_client.gateway_double import GATEWAY_ID, GatewayDouble, serving

FATHER = "father@example.jp"


async def find_nothing(holder: PhonePerson) -> None:
    await holder.home.open_account(FATHER)
    holder.home.program.announcer.mute()
    await holder.log_in(FATHER)
    await holder.search()
    await holder.is_told("AiSEGが見つかりませんでした")


@pytest.mark.req("S-DISC-04", "S-DISC-15", "S-UI-03")
@pytest.mark.parametrize("script", [True, False])
async def test_looking_harder_is_told_before_it_is_done_and_finds_the_gateway(
    home: Home, open_phone: OpenPhone, script: bool
) -> None:
    async with (
        open_phone(home, limit_s=4, java_script_enabled=script) as holder,
        serving(GatewayDouble(port=DEFAULT_PORT)) as gateway,
    ):
        await find_nothing(holder)
        await holder.see("次のどれであるかは、ここからは区別できません")
        button = holder.page.get_by_role("button", name="1つずつ確認する")
        await expect(button).to_be_hidden()
        await holder.page.get_by_text("探し方を広げる").click()
        await holder.see("ご自宅のネットワークでのみご利用ください。")
        assert gateway.requests == []
        await button.click()
        if script:
            await expect(holder.page.get_by_role("progressbar")).to_have_attribute("value", "100")
            await expect(holder.page.get_by_role("status")).to_contain_text("1つずつ確認しています")
        await holder.is_at("/search/result")
        await holder.see("AiSEGが見つかりました")
        await holder.see("UDP 5353番（mDNS）が遮断されています")
        await holder.see(GATEWAY_ID[-6:])
        await holder.tap("次へ")
        await holder.is_at("/terms")
