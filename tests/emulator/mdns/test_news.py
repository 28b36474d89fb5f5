"""What the kernel tells of links and addresses, in a network of this process's own."""

import socket
import subprocess

import pytest

from emulator.mdns.news import News
from tests.support.rights import NOT_ALLOWED, may_make_networks
from tests.support.waiting import until

pytestmark = [pytest.mark.adapters, pytest.mark.skipif(not may_make_networks(), reason=NOT_ALLOWED)]


async def test_a_link_that_was_down_for_a_moment_is_told() -> None:
    news = News()
    try:
        assert news.read() is None
        ip("link", "add", "news0", "type", "veth", "peer", "name", "news1")
        ip("link", "set", "news0", "up")
        ip("link", "set", "news1", "up")
        index = socket.if_nametoindex("news0")
        await until(lambda: news.read() is not None, "the link")
        ip("link", "set", "news1", "down")
        ip("link", "set", "news1", "up")
        lost: list[int] = []

        def is_lost() -> bool:
            lost.extend(news.read() or ())
            return index in lost

        await until(is_lost, "the moment without a carrier")
    finally:
        news.close()
        ip("link", "delete", "news0")


async def test_an_address_is_news_and_no_link_is_lost() -> None:
    news = News()
    try:
        ip("address", "add", "127.0.0.77/8", "dev", "lo")
        await until(lambda: news.read() == set(), "the address")
    finally:
        news.close()
        ip("address", "delete", "127.0.0.77/8", "dev", "lo")


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)
