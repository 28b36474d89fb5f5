"""python-zeroconf used as its documentation does: the same words as `lab.conformance.ours`, and SIGUSR2 and SIGTERM."""

import asyncio
import signal
import socket
import sys

import ifaddr
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from lab.conformance.service import OTHER_MODEL, Service
from protocol.discovery import SERVICE_TYPE


def _info(service: Service) -> AsyncServiceInfo:
    found = [each.ip for adapter in ifaddr.get_adapters() for each in adapter.ips if each.is_IPv4]
    return AsyncServiceInfo(
        SERVICE_TYPE,
        service.instance,
        addresses=[socket.inet_aton(str(each)) for each in found if not str(each).startswith("127.")],
        port=service.port,
        properties=service.advertisement.to_txt(),
        server=service.host,
    )


async def _announce(service: Service) -> None:
    ended, renamed = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    loop.add_signal_handler(signal.SIGUSR2, renamed.set)
    zeroconf = AsyncZeroconf()
    info = _info(service)
    await zeroconf.async_register_service(info, allow_name_change=True)
    async with asyncio.TaskGroup() as group:
        renaming = group.create_task(_rename(zeroconf, info, service, renamed))
        await ended.wait()
        renaming.cancel()
    await zeroconf.async_unregister_all_services()
    await zeroconf.async_close()


async def _rename(
    zeroconf: AsyncZeroconf, info: AsyncServiceInfo, service: Service, renamed: asyncio.Event
) -> None:
    await renamed.wait()
    await zeroconf.async_unregister_service(info)
    other = Service(service.gateway_id, OTHER_MODEL, service.port)
    await zeroconf.async_register_service(_info(other), allow_name_change=True)


if __name__ == "__main__":
    asyncio.run(_announce(Service(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
