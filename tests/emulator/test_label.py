import pytest

from emulator.gateway import Gateway
from emulator.label import label, label_document

pytestmark = pytest.mark.adapters


async def test_the_label_says_what_a_person_needs(gateway: Gateway) -> None:
    text = label(gateway, ["http://127.0.0.1:8081"])
    for fact in (
        "MKN702",
        gateway.identity.gateway_id[-6:],
        gateway.identity.device_code,
        "http://127.0.0.1:8081/",
        f"aiseg-{gateway.identity.gateway_id}.local",
        "reg=0",
        "▀",
    ):
        assert fact in text


async def test_the_label_for_programs_holds_the_same(gateway: Gateway) -> None:
    document = label_document(gateway, ["http://127.0.0.1:8081"])
    assert document["device_code"] == gateway.identity.device_code
    assert document["panel"] == ["http://127.0.0.1:8081/"]
