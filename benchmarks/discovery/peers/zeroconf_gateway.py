"""A gateway announced by python-zeroconf as its documentation shows it: `… ADDRESS PORT HOST NAME KEY=VALUE…`."""

import asyncio
import socket
import sys

from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from benchmarks.discovery.peers.asking import SERVICE_TYPE, say


async def announce(address: str, port: int, host: str, name: str, txt: dict[str, str]) -> None:
    """Announce until the process ends."""
    service = AsyncServiceInfo(
        SERVICE_TYPE,
        f"{name}.{SERVICE_TYPE}",
        addresses=[socket.inet_aton(address)],
        port=port,
        properties=txt,
        server=host,
    )
    zeroconf = AsyncZeroconf()
    await (await zeroconf.async_register_service(service))
    say({})
    await asyncio.Event().wait()


if __name__ == "__main__":
    _, at, number, host_name, instance, *pairs = sys.argv
    asyncio.run(announce(at, int(number), host_name, instance, dict(pair.split("=", 1) for pair in pairs)))
