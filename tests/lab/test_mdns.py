"""The announcer between real hosts: avahi sees it, switches know it, and it lives with what is not in any RFC.

What RFC 6762 and RFC 6763 ask for is in test_conformance.py.
"""

import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from tests.emulator.mdns.bench import INSTANCE, PTR, TYPE, A, pointer, query, response
from tests.lab.avahi import avahi
from tests.lab.wire import Heard, Wire
from tests.support.namespaces import Host, hosts_on_a_bridge

NAME = "AiSEG MKN702 (6789ab)"
AS_AVAHI_WRITES_IT = r"AiSEG\032MKN702\032\0406789ab\041"
ALL_FRAMES = 3
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
def lan() -> Iterator[list[Host]]:
    with hosts_on_a_bridge(3) as hosts:
        yield hosts


def wait_for(gateway: subprocess.Popen[str], pattern: str) -> str:
    """Read what the gateway tells until a line matches; return that line's name."""
    assert gateway.stdout
    for line in gateway.stdout:
        if re.fullmatch(pattern, line.rstrip("\n")):
            return line.rstrip("\n").partition(" ")[2]
    raise AssertionError(f"the gateway ended without telling {pattern!r}")


def is_response(heard: Heard) -> bool:
    return bool(heard.message.is_response())


@pytest.mark.req("S-DISC-14")
def test_avahi_sees_the_gateway_as_the_contract_says(lan: list[Host], tmp_path: Path) -> None:
    gateway, neighbour, _ = lan
    with gateway.running(*GATEWAY) as process, avahi(neighbour, tmp_path) as seen:
        wait_for(process, f"announced {re.escape(NAME)}")
        (fields,) = seen.wait_until_found({AS_AVAHI_WRITES_IT}).values()
        assert fields[:3] == ["aiseg-0123456789ab.local", "192.0.2.1", "8081"]
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


def test_avahi_on_the_same_machine_shares_the_port(lan: list[Host], tmp_path: Path) -> None:
    gateway, *_ = lan
    with avahi(gateway, tmp_path) as seen, gateway.running(*GATEWAY) as process:
        wait_for(process, f"announced {re.escape(NAME)}")
        seen.wait_until_found({AS_AVAHI_WRITES_IT})


def test_a_gateway_with_ipv6_only_is_found(lan: list[Host], tmp_path: Path) -> None:
    gateway, neighbour, _ = lan
    gateway.run("ip", "address", "del", f"{gateway.address}/24", "dev", "eth0")
    with gateway.running(*GATEWAY) as process, avahi(neighbour, tmp_path) as seen:
        wait_for(process, "announced .*")
        (fields,) = seen.wait_until_found({AS_AVAHI_WRITES_IT}, ip_version=6).values()
        assert fields[1].startswith("fe80::")


def test_a_port_that_another_program_keeps_for_itself_is_waited_for(lan: list[Host]) -> None:
    gateway, *_ = lan
    with gateway.open_socket(socket.AF_INET, socket.SOCK_DGRAM) as greedy:
        greedy.bind((gateway.address, 5353))
        gateway.run("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6")
        with gateway.running(*GATEWAY) as process:
            wait_for(process, "unavailable .*")
            greedy.close()
            wait_for(process, "announced .*")


def test_after_kill_9_nothing_is_left_and_the_name_is_free(lan: list[Host]) -> None:
    gateway, *_ = lan
    for _ in range(2):
        with gateway.running(*GATEWAY) as process:
            assert wait_for(process, "announced .*") == NAME
            process.kill()
            assert process.wait(5) == -signal.SIGKILL
        assert "5353" not in gateway.run("ss", "-ulnH")


def test_one_shot_and_direct_questions_are_answered_within_20_ms_and_with_ttl_255(lan: list[Host]) -> None:
    gateway, neighbour, _ = lan
    with gateway.running(*GATEWAY) as process, Wire(neighbour, one_shot=True) as asker:
        wait_for(process, "announced .*")
        for to in ("224.0.0.251", gateway.address):
            asked_at = asker.send(query((TYPE, PTR), id_=4711), to)
            (answer,) = asker.listen(2, is_response)
            assert (answer.message.id, answer.types, answer.ttl) == (4711, {PTR}, 255)
            assert answer.at - asked_at < 0.02


@pytest.mark.parametrize(
    ("others", "rights"),
    [(0, ""), (1, ""), (0, WITHOUT_RAW_SOCKETS)],
    ids=["alone", "with another program in the group", "without the right to raw sockets"],
)
def test_switches_that_forget_are_told_again(lan: list[Host], others: int, rights: str) -> None:
    """The kernel reports a membership when it begins, not while it lasts, and once a machine."""
    gateway, neighbour, _ = lan
    program = (
        f"{rights}\n"
        "import sys; from emulator.mdns.interfaces import find_links; from emulator.mdns.sockets import LinkSockets\n"
        "sockets = [LinkSockets(link) for link in find_links(['eth0']).values()]\n"
        "print('in the group', flush=True)\n"
        "for _ in sys.stdin:\n"
        "    for each in sockets: each.rejoin()"
    )
    with (
        neighbour.open_socket(socket.AF_PACKET, socket.SOCK_RAW) as tap,
        ExitStack() as stack,
    ):
        tap.bind(("eth0", ALL_FRAMES))
        for _ in range(others):
            stack.enter_context(Wire(gateway))
        process = stack.enter_context(gateway.running(sys.executable, "-c", program))
        assert process.stdout
        assert process.stdin
        assert process.stdout.readline() == "in the group\n"
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


def test_a_flood_of_broken_packets_is_survived_in_bounded_memory(lan: list[Host]) -> None:
    gateway, neighbour, _ = lan
    noise = random.Random(1)
    with (
        gateway.running(*GATEWAY) as process,
        Wire(neighbour) as wire,
        Wire(neighbour, one_shot=True) as asker,
    ):
        wait_for(process, "announced .*")
        before = psutil.Process(process.pid).memory_info().rss
        for _ in range(10_000):
            packet = bytearray(noise.choice([query((TYPE, PTR)), query((INSTANCE, A)), response(pointer())]))
            packet[noise.randrange(len(packet))] = noise.randrange(256)
            wire.send(bytes(packet))
        assert any(asker.send(query((TYPE, PTR), id_=1)) and asker.listen(0.5, is_response) for _ in range(5))
        assert psutil.Process(process.pid).memory_info().rss - before < 5_000_000
