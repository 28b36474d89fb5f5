"""The gateway's device API, as the phone uses it: two questions, never a code, password or token."""

from ipaddress import IPv6Address, ip_address
from typing import Final

from phone_client.exchange import Exchange, Request, Server
from phone_client.gateway_http import GatewayHttp
from protocol.device_api import Device, ShownLinkCode
from protocol.discovery import API_PATH
from protocol.problems import LINK_CODE_NOT_SHOWN, NOT_FOUND, Problem

LIMIT_S: Final = 2.0


class GatewayClient:
    """Asks gateways by address and port."""

    def __init__(self) -> None:
        self._exchange = Exchange(GatewayHttp())

    async def device(self, address: str, port: int) -> Device:
        """Return who is at `address`.

        Raises:
            UnreachableError: nobody, or not an AiSEG.
            Problem: it says no.
        """
        return await self._exchange.ask(_at(address, port), Request("GET", f"{API_PATH}/device"), Device)

    async def shown_link_code(self, address: str, port: int) -> str | None:
        """Return the link code that the panel shows right now, or None.

        Raises:
            UnreachableError: the gateway did not answer.
        """
        request = Request("GET", f"{API_PATH}/link-code")
        try:
            return (await self._exchange.ask(_at(address, port), request, ShownLinkCode)).link_code
        except Problem as problem:
            if problem.kind in (LINK_CODE_NOT_SHOWN, NOT_FOUND):
                return None
            raise


def _at(address: str, port: int) -> Server:
    host = f"[{address}]" if isinstance(ip_address(address), IPv6Address) else address
    return Server(f"AiSEG {host}:{port}", f"http://{host}:{port}", LIMIT_S)
