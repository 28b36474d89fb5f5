"""The announcer between real hosts: avahi sees it, two of one name part, and the wire shows what RFC 6762 asks."""

import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from tests.emulator.mdns.bench import HOST, INSTANCE, PTR, SRV, TXT, TYPE, A, pointer, query, response, server
from tests.lab.avahi import avahi
from tests.lab.wire import Heard, Wire
from tests.support.namespaces import Host, hosts_on_a_bridge

NAME = "AiSEG MKN702 (6789ab)"
AS_AVAHI_WRITES_IT = r"AiSEG\032MKN702\032\0406789ab\041"
IPV4_FRAMES = 0x0800
GATEWAY = (sys.executable, "-m", "tests.lab.announcing", "0123456789ab", "8081")


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


def is_probe(heard: Heard) -> bool:
    return heard.message.is_query() and heard.message.num_authorities > 0


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


def test_two_gateways_of_one_name_started_together_end_with_two_names(lan: list[Host]) -> None:
    one, two, _ = lan
    with one.running(*GATEWAY) as first, two.running(*GATEWAY) as second:
        names = {wait_for(process, "announced .*") for process in (first, second)}
    assert names == {NAME, f"{NAME} (2)"}


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


def test_the_first_seconds_on_the_wire(lan: list[Host]) -> None:
    gateway, neighbour, _ = lan
    with Wire(neighbour) as wire, gateway.running(*GATEWAY):
        heard = wire.listen(10, is_response)
        heard += wire.listen(2)
    assert [is_probe(each) for each in heard] == [True, True, True, False, False]
    gaps = [later.at - earlier.at for earlier, later in pairwise(heard)]
    assert gaps == pytest.approx([0.25, 0.25, 0.25, 1.0], abs=0.05)
    assert {(each.peer, each.ttl) for each in heard} == {((gateway.address, 5353), 255)}
    assert all(each.types == {PTR, SRV, TXT, A, 28} for each in heard[3:])


def test_one_shot_and_direct_questions_are_answered_within_20_ms_and_with_ttl_255(lan: list[Host]) -> None:
    gateway, neighbour, _ = lan
    with gateway.running(*GATEWAY) as process, Wire(neighbour, one_shot=True) as asker:
        wait_for(process, "announced .*")
        for to in ("224.0.0.251", gateway.address):
            asked_at = asker.send(query((TYPE, PTR), id_=4711), to)
            (answer,) = asker.listen(2, is_response)
            assert (answer.message.id, answer.types, answer.ttl) == (4711, {PTR}, 255)
            assert answer.at - asked_at < 0.02


def test_5_5_only_askers_on_the_link_are_answered_straight(lan: list[Host]) -> None:
    gateway, neighbour, _ = lan
    with gateway.running(*GATEWAY) as process:
        wait_for(process, "announced .*")
        neighbour.run("ip", "address", "add", "198.51.100.9/32", "dev", "lo")
        neighbour.run("ip", "route", "replace", "192.0.2.0/24", "dev", "eth0", "src", "198.51.100.9")
        gateway.run("ip", "route", "add", "198.51.100.9/32", "dev", "eth0")
        with Wire(neighbour, one_shot=True) as far:
            far.send(query((TYPE, PTR), id_=1), gateway.address)
            assert far.listen(0.3) == []
            neighbour.run("ip", "route", "replace", "192.0.2.0/24", "dev", "eth0", "src", neighbour.address)
            far.send(query((TYPE, PTR), id_=2), gateway.address)
            assert far.listen(1, is_response)


def test_shared_answers_come_after_20_to_120_ms_and_unique_ones_within_10(lan: list[Host]) -> None:
    gateway, neighbour, _ = lan
    with gateway.running(*GATEWAY) as process, Wire(neighbour) as wire:
        wait_for(process, "announced .*")
        wire.listen(2.1)
        asked_at = wire.send(query((INSTANCE, SRV)))
        (unique,) = wire.listen(1, is_response)
        assert unique.at - asked_at < 0.01
        asked_at = wire.send(query((TYPE, PTR)))
        (shared,) = wire.listen(1, is_response)
        assert 0.02 <= shared.at - asked_at < 0.13


def test_9_a_rival_on_the_wire_takes_the_name(lan: list[Host]) -> None:
    gateway, neighbour, _ = lan
    with gateway.running(*GATEWAY) as process, Wire(neighbour) as rival:
        wait_for(process, "announced .*")
        rival.send(response(server(80, host="rival.local.")))
        assert rival.listen(2, is_probe)
        rival.send(response(server(80, host="rival.local.")))
        assert wait_for(process, r"announced .*\(2\)") == f"{NAME} (2)"


def test_8_4_another_address_is_announced_and_the_old_one_forgotten(lan: list[Host]) -> None:
    gateway, neighbour, _ = lan
    with gateway.running(*GATEWAY) as process, Wire(neighbour) as wire:
        wait_for(process, "announced .*")
        gateway.run("ip", "address", "del", "192.0.2.1/24", "dev", "eth0")
        gateway.run("ip", "address", "add", "192.0.2.77/24", "dev", "eth0")
        wire.listen(6, lambda heard: bytes([192, 0, 2, 77]) in heard.data)
        wire.listen(1.2)
        wire.send(query((HOST, A)))
        (answer,) = wire.listen(1, is_response)
    assert answer.peer == ("192.0.2.77", 5353)
    assert [each.address for each in answer.message.answers() if each.type == A] == [bytes([192, 0, 2, 77])]  # type: ignore[attr-defined]


def test_8_3_after_the_link_was_down_the_name_is_probed_and_announced_again(lan: list[Host]) -> None:
    gateway, neighbour, _ = lan
    with gateway.running(*GATEWAY) as process, Wire(neighbour) as wire:
        wait_for(process, "announced .*")
        gateway.run("ip", "link", "set", "eth0", "down")
        wait_for(process, "unavailable .*")
        gateway.run("ip", "link", "set", "eth0", "up")
        wait_for(process, "probing .*")
        heard = [each for each in wire.listen(10, is_response) if is_probe(each) or is_response(each)]
        wait_for(process, "announced .*")
    assert [is_probe(each) for each in heard][-4:] == [True, True, True, False]


def test_joining_the_group_again_is_seen_by_switches(lan: list[Host]) -> None:
    """The kernel reports a membership when it begins, not while it lasts."""
    gateway, neighbour, _ = lan
    program = (
        "import sys; from emulator.mdns.interfaces import find_links; from emulator.mdns.sockets import LinkSockets\n"
        "sockets = LinkSockets(next(iter(find_links(['eth0']).values())))\n"
        "for _ in sys.stdin: sockets.rejoin()"
    )
    with (
        neighbour.open_socket(socket.AF_PACKET, socket.SOCK_RAW) as tap,
        gateway.running(sys.executable, "-c", program) as process,
    ):
        tap.bind(("eth0", IPV4_FRAMES))
        assert count_reports(tap, seconds=2.5)
        assert count_reports(tap, seconds=0.5) == 0
        assert process.stdin
        process.stdin.write("again\n")
        process.stdin.flush()
        assert count_reports(tap, seconds=2)


def count_reports(tap: socket.socket, seconds: float) -> int:
    """Count IGMP reports about 224.0.0.251 that pass within `seconds`."""
    deadline = time.monotonic() + seconds
    count = 0
    while (left := deadline - time.monotonic()) > 0:
        tap.settimeout(left)
        try:
            packet = tap.recv(2000)[14:]
        except TimeoutError:
            break
        count += packet[9] == socket.IPPROTO_IGMP and bytes([224, 0, 0, 251]) in packet
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
