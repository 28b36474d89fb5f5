"""The popup of old firmware, until the AiSEG was updated at its panel (p21, p3-p5)."""

import pytest

from tests.browser.conftest import OpenPhone
from tests.browser.home import Home
from tests.support.waiting import until

FATHER = "father@example.jp"
NEW = "2.11"


@pytest.mark.req("S-BIND-17", "S-BIND-18", "S-FW-16")
async def test_old_firmware_stands_before_the_top_screen_until_the_update(
    home: Home, open_phone: OpenPhone
) -> None:
    await home.open_account(FATHER)
    async with open_phone(home) as holder:
        await holder.register(FATHER, "お父さん")
        await home.publish(NEW)
        for path in ("/", "/timeline"):
            await holder.open(path)
            await holder.is_at("/firmware")
        await holder.see("お使いのAiSEGのファームウェアバージョンが最新ではありません。")
        await holder.tap("詳細")
        await holder.see("AiSEGのファームウェアは、AiSEG画面から更新する必要があります。")
        await holder.tap("もう一度確認する")
        await holder.is_at("/firmware")

        await home.program.gateway.start_update(NEW)
        await until(lambda: home.program.is_up and home.firmware == NEW, "the new firmware")

        async def is_told() -> bool:
            gateways = (await home.overview()).gateways
            return [each.firmware for each in gateways] == [NEW]

        await until(is_told, "the cloud to hear of it")
        await holder.tap("もう一度確認する")
        await holder.is_at("/timeline")
