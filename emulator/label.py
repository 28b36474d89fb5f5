"""The label on the side of the case, for a terminal: what a person needs to find and to link this gateway."""

import io
from collections.abc import Sequence

import segno

from emulator.gateway import Gateway


def label(gateway: Gateway, urls: Sequence[str]) -> str:
    """Return the label as text: model, device code with QR, addresses and what is announced."""
    identity, announced = gateway.identity, gateway.advertisement()
    drawing = io.StringIO()
    segno.make_qr(identity.device_code).terminal(drawing, compact=True)
    txt = " ".join(f"{key}={value}" for key, value in announced.to_txt().items())
    return "\n".join(
        [
            f"AiSEG {announced.model} ({identity.gateway_id[-6:]})   非公式エミュレーター / unofficial emulator",
            f"機器コード / device code   {identity.device_code}",
            drawing.getvalue().rstrip("\n"),
            *(f"AiSEG画面 / panel          {url}/" for url in urls),
            f"mDNS                       {announced.instance_name} at {announced.host_name.rstrip('.')}",
            f"TXT                        {txt}",
        ]
    )


def label_document(gateway: Gateway, urls: Sequence[str]) -> dict[str, object]:
    """Return the label for programs (`--json`)."""
    announced = gateway.advertisement()
    return {
        "gateway_id": gateway.identity.gateway_id,
        "model": announced.model,
        "device_code": gateway.identity.device_code,
        "panel": [f"{url}/" for url in urls],
        "name": announced.instance_name,
        "host": announced.host_name.rstrip("."),
        "txt": announced.to_txt(),
    }
