"""The announcer between real hosts: avahi sees it, switches know it, and it lives with what is not in any RFC.

What RFC 6762 and RFC 6763 ask for is in test_conformance.py.
"""

import random
import re
import signal
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lab.home import Home
from lab.network.plan import Plan
from lab.node import Node
from lab.program import Program
from tests.emulator.mdns.bench import INSTANCE, PTR, TYPE, A, pointer, query, response
from tests.lab.avahi import avahi
from tests.lab.conditions.probes import GROUP, PORT, Listener
from tests.support.rights import NOT_ALLOWED, may_make_networks

pytestmark = pytest.mark.skipif(not may_make_networks(), reason=NOT_ALLOWED)

NAME = "AiSEG MKN702 (6789ab)"
AS_AVAHI_WRITES_IT = r"AiSEG\032MKN702\032\0406789ab\041"
ALL_FRAMES = 3
IP_RECVTTL = 12  # Linux
ROUTER_ALERT = bytes([58, 0, 5, 2])
WITHOUT_RAW_SOCKETS = """
import ctypes
kernel, header, rights = ctypes.CDLL(None), (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
assert kernel.capget(header, rights) == 0
rights[0] &= ~(1 << 13)  # CAP_NET_RAW
assert kernel.capset(header, rights) == 0
"""
GATEWAY = (sys.executable, "-m", "lab.conformance.ours", "0123456789ab", "MKN702", "8081", "eth0")


@pytest.fixture
def home() -> Iterator[Home]:
    with Home(Plan(bare=True).with_node("gateway").with_node("neighbour")) as home:
        yield home


def wait_for(gateway: Program, pattern: str) -> str:
    """Read what the gateway tells until a line matches; return that line's name."""
    while line := gateway.read_line().rstrip("\n"):
        if re.fullmatch(pattern, line):
            return line.partition(" ")[2]
    raise AssertionError(f"the gateway ended without telling {pattern!r}")


@pytest.mark.req("S-DISC-14")
def test_avahi_sees_the_gateway_as_the_contract_says(home: Home, tmp_path: Path) -> None:
    with home.gateway.running(*GATEWAY) as process, avahi(home.neighbour, tmp_path) as seen:
        wait_for(process, f"announced {re.escape(NAME)}")
        (fields,) = seen.wait_until_found({AS_AVAHI_WRITES_IT}).values()
        assert fields[:3] == ["aiseg-0123456789ab.local", home.gateway.address, "8081"]
        text = re.findall(r'"([^"]*)"', fields[3])[::-1]  # avahi-browse prints the last first
        assert text == [
            "txtvers=1",
            "id=0123456789ab",
            "model=MKN702",
            "fw=2.10",
            "api=/api/v1",
            "reg=0",
            "busy=0",
        ]
        assert seen.found(ip_version=6).keys() == {AS_AVAHI_WRITES_IT}
        process.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + 5
        while '"reg=1"' not in seen.found()[AS_AVAHI_WRITES_IT][3]:
            assert time.monotonic() < deadline, "the change is not seen"
        process.terminate()
        assert process.wait(5) == 0
        seen.wait_until_found(set())


def test_avahi_on_the_same_machine_shares_the_port(home: Home, tmp_path: Path) -> None:
    with avahi(home.gateway, tmp_path) as seen, home.gateway.running(*GATEWAY) as process:
        wait_for(process, f"announced {re.escape(NAME)}")
        seen.wait_until_found({AS_AVAHI_WRITES_IT})


def test_a_port_that_another_program_keeps_for_itself_is_waited_for(home: Home) -> None:
    with home.gateway.open_socket(socket.AF_INET, socket.SOCK_DGRAM) as greedy:
        greedy.bind((home.gateway.address, 5353))
        home.gateway.run("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6")
        with home.gateway.running(*GATEWAY) as process:
            wait_for(process, "unavailable .*")
            greedy.close()
            wait_for(process, "announced .*")


def test_after_kill_9_nothing_is_left_and_the_name_is_free(home: Home) -> None:
    for _ in range(2):
        with home.gateway.running(*GATEWAY) as process:
            assert wait_for(process, "announced .*") == NAME
            process.kill()
            assert process.wait(5) == -signal.SIGKILL
        assert "5353" not in home.gateway.run("ss", "-ulnH")


def test_one_shot_and_direct_questions_are_answered_with_ttl_255(home: Home) -> None:
    with home.gateway.running(*GATEWAY) as process, one_shot(home.neighbour) as asker:
        wait_for(process, "announced .*")
        asker.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
        for to in (GROUP, home.gateway.address):
            asker.sendto(query((TYPE, PTR), id_=4711), (to, PORT))
            data, ((_, _, ttl),), *_ = asker.recvmsg(9000, 64)
            assert (data[:2], struct.unpack("@i", ttl)) == ((4711).to_bytes(2), (255,))


@pytest.mark.parametrize(
    ("others", "rights"),
    [(0, ""), (1, ""), (0, WITHOUT_RAW_SOCKETS)],
    ids=["alone", "with another program in the group", "without the right to raw sockets"],
)
def test_switches_that_forget_are_told_again(home: Home, others: int, rights: str) -> None:
    """The kernel reports a membership when it begins, not while it lasts, and once a machine."""
    program = (
        f"{rights}\n"
        "import sys; from emulator.mdns.interfaces import find_links; from emulator.mdns.sockets import LinkSockets\n"
        "sockets = [LinkSockets(link) for link in find_links(['eth0']).values()]\n"
        "print('in the group', flush=True)\n"
        "for _ in sys.stdin:\n"
        "    for each in sockets: each.rejoin()"
    )
    with (
        home.neighbour.open_socket(socket.AF_PACKET, socket.SOCK_RAW) as tap,
        ExitStack() as stack,
    ):
        tap.bind(("eth0", ALL_FRAMES))
        for _ in range(others):
            stack.enter_context(Listener(home, "gateway"))
        process = stack.enter_context(home.gateway.running(sys.executable, "-c", program))
        assert process.read_line() == "in the group\n"
        assert reports(tap, 2.5)[4]
        assert reports(tap, 0.5) == {4: 0, 6: 0}
        process.stdin.write("again\n")
        process.stdin.flush()
        assert all(reports(tap, 2).values())


def reports(tap: socket.socket, seconds: float) -> Counter[int]:
    """Count reports about the two groups (IGMP and MLD) that pass within `seconds`, by IP version."""
    deadline = time.monotonic() + seconds
    count = Counter({4: 0, 6: 0})
    while (left := deadline - time.monotonic()) > 0:
        tap.settimeout(left)
        try:
            frame = tap.recv(2000)
        except TimeoutError:
            break
        count[4] += frame[23] == socket.IPPROTO_IGMP and bytes([224, 0, 0, 251]) in frame[34:]
        count[6] += (
            frame[54:58] == ROUTER_ALERT and bytes.fromhex("ff0200000000000000000000000000fb") in frame[62:]
        )
    return count


def test_a_flood_of_broken_packets_is_survived_in_bounded_memory(home: Home) -> None:
    noise = random.Random(1)
    telling = ("sh", "-c", 'echo $$; exec "$@"', "sh", *GATEWAY)
    with home.gateway.running(*telling) as process, one_shot(home.neighbour) as asker:
        status = f"/proc/{process.read_line().strip()}/status"
        wait_for(process, "announced .*")
        before = memory_kb(home.gateway, status)
        with Listener(home, "neighbour") as wire:
            aim(wire.socket)
            for _ in range(10_000):
                packet = bytearray(
                    noise.choice([query((TYPE, PTR)), query((INSTANCE, A)), response(pointer())])
                )
                packet[noise.randrange(len(packet))] = noise.randrange(256)
                wire.socket.sendto(packet, (GROUP, PORT))
        assert any(is_answered(asker) for _ in range(5))
        assert memory_kb(home.gateway, status) - before < 5_000


def aim(sock: socket.socket) -> None:
    """Let it send to the group as responders do."""
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("@8xi", 2))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)


def one_shot(node: Node) -> socket.socket:
    asker = node.open_socket(socket.AF_INET, socket.SOCK_DGRAM)
    aim(asker)
    asker.settimeout(2)
    return asker


def is_answered(asker: socket.socket) -> bool:
    asker.sendto(query((TYPE, PTR), id_=1), (GROUP, PORT))
    try:
        return bool(asker.recv(9000))
    except TimeoutError:
        return False


def memory_kb(node: Node, status: str) -> int:
    """Return how much memory a program occupies, by its file in /proc."""
    return int(node.run("grep", "VmRSS", status).split()[1])
