"""The home as its runner sees it: machines that reach each other, programs, sockets, a capture."""

import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from dpkt import pcapng  # type: ignore[import-untyped]

from lab.home import Home
from lab.network.plan import CLOUD_NAME, Plan
from lab.node import Node
from lab.program import ProgramError

FIVE_MB = 5_000_000


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with Home() as home:
        yield home


def udp(node: Node, port: int = 0) -> socket.socket:
    opened = node.open_socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.settimeout(5)
    opened.bind(("0.0.0.0", port))
    return opened


def tcp(node: Node) -> socket.socket:
    opened = node.open_socket(socket.AF_INET, socket.SOCK_STREAM)
    opened.settimeout(20)
    return opened


def send_all(client: socket.socket) -> None:
    with client:
        client.sendall(bytes(FIVE_MB))


def python(text: str) -> tuple[str, ...]:
    return sys.executable, "-c", text


# The machines


def test_it_stands_within_a_second() -> None:
    built = []
    for _ in range(3):  # how long the quickest takes says least of how busy the machine is
        with Home() as home:
            built.append(home.build_s)
    assert 0 < min(built) < 1


def test_its_machines_have_the_addresses_of_the_plan(home: Home) -> None:
    assert {name: node.address for name, node in home.nodes.items()} == {
        "gateway": "192.168.0.20",
        "phone": "192.168.0.30",
        "neighbour": "192.168.0.40",
        "cloud": "203.0.113.10",
    }
    (link,) = json.loads(home.phone.run("ip", "-j", "addr", "show", "eth0"))
    assert link["address"] == home.phone.mac
    assert {each["local"] for each in link["addr_info"]} == {
        "192.168.0.30",
        "fd00:5::1e",
        "fe80::5:ff:fe00:1e",
    }
    assert not any(each.get("tentative") for each in link["addr_info"])


@pytest.mark.parametrize(("one", "other"), [("phone", "gateway"), ("phone", "cloud"), ("neighbour", "phone")])
def test_a_datagram_gets_there_and_back(home: Home, one: str, other: str) -> None:
    with udp(home.nodes[one]) as client, udp(home.nodes[other], 7000) as server:
        client.sendto(b"hello", (home.nodes[other].address, 7000))
        data, sender = server.recvfrom(100)
        server.sendto(data, sender)
        assert client.recvfrom(100) == (b"hello", (home.nodes[other].address, 7000))


def test_multicast_is_heard_by_all_of_the_segment(home: Home) -> None:
    with udp(home.phone, 5353) as phone, udp(home.neighbour, 5353) as neighbour, udp(home.gateway) as gateway:
        for node, each in ((home.phone, phone), (home.neighbour, neighbour)):
            member = socket.inet_aton("224.0.0.251") + socket.inet_aton(node.address)
            each.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        gateway.sendto(b"hello", ("224.0.0.251", 5353))
        assert phone.recv(100) == neighbour.recv(100) == b"hello"


def test_a_name_is_looked_up_at_the_router(home: Home) -> None:
    assert home.phone.run("getent", "hosts", CLOUD_NAME).split()[0] == home.cloud.address


@pytest.mark.parametrize("other", ["gateway", "cloud"])
def test_tcp_carries_what_ping_would_not_show(home: Home, other: str) -> None:
    server = home.nodes[other]
    with tcp(server) as listening, tcp(home.phone) as client:
        listening.bind((server.address, 8080))
        listening.listen()
        client.connect((server.address, 8080))
        serving, _ = listening.accept()
        with serving:
            serving.settimeout(20)
            sending = threading.Thread(target=send_all, args=(client,))
            sending.start()
            received = 0
            while data := serving.recv(1 << 20):
                received += len(data)
            sending.join()
    assert received == FIVE_MB


def test_a_frame_is_delivered_as_it_was_sent(home: Home) -> None:
    with (
        home.phone.open_socket(socket.AF_PACKET, socket.SOCK_RAW) as phone,
        home.gateway.open_socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88B5)) as gateway,
    ):
        phone.bind(("eth0", 0x88B5))
        gateway.bind(("eth0", 0x88B5))
        gateway.settimeout(5)
        to_from = bytes.fromhex(home.gateway.mac.replace(":", "") + home.phone.mac.replace(":", ""))
        sent = to_from + b"\x88\xb5" + os.urandom(1500)
        phone.send(sent)
        assert gateway.recv(2000) == sent


def test_a_flood_is_survived(home: Home) -> None:
    with udp(home.neighbour) as flooding, udp(home.phone, 7000) as phone, udp(home.gateway) as gateway:
        flooding.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        for _ in range(10_000):
            flooding.sendto(bytes(1000), ("192.168.0.255", 9))
        gateway.sendto(b"hello", (home.phone.address, 7000))
        assert phone.recv(100) == b"hello"


def test_a_plan_says_who_is_there() -> None:
    plan = Plan(bare=True).with_node("one").with_node("two", "guest")
    with Home(plan) as home:
        assert {name: node.address for name, node in home.nodes.items()} == {
            "one": "192.168.0.60",
            "two": "192.168.5.61",
        }


# Programs


def test_run_returns_what_was_printed(home: Home, tmp_path: Path) -> None:
    show = python("import os, sys; print(os.getcwd(), os.environ['WORD']); print('noise', file=sys.stderr)")
    assert home.phone.run(*show, env={"WORD": "héllo"}, cwd=tmp_path) == f"{tmp_path} héllo\n"


def test_run_tells_of_a_failure(home: Home) -> None:
    with pytest.raises(ProgramError, match=r"(?s)ended with 3:.*why.*what") as failure:
        home.phone.run(*python("import sys; print('what'); print('why', file=sys.stderr); sys.exit(3)"))
    assert failure.value.code == 3


def test_run_ends_what_takes_too_long(home: Home) -> None:
    with pytest.raises(TimeoutError, match=r"(?s)within 0.3 s.*so far"):
        home.phone.run("sh", "-c", "echo so far; sleep 3600; true", timeout=0.3)
    assert "so far" not in home.phone.run("sh", "-c", "cat /proc/[0-9]*/cmdline; true")


def test_an_unknown_command_is_an_error(home: Home) -> None:
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        home.phone.run("no-such-program")


def test_a_running_program_is_talked_to(home: Home) -> None:
    with home.gateway.running(*python("print(input() + '!', flush=True); raise SystemExit(4)")) as program:
        assert program.poll() is None
        program.stdin.write("hello\n")
        program.stdin.flush()
        assert program.read_line(5) == "hello!\n"
        assert program.wait(5) == program.poll() == 4
        assert program.read_line(5) == ""


def test_a_line_is_waited_for_no_longer_than_said(home: Home) -> None:
    with home.gateway.running("sleep", "3600") as program:
        began = time.monotonic()
        with pytest.raises(TimeoutError, match="no line"):
            program.read_line(0.2)
        assert time.monotonic() - began < 2


def test_standard_error_is_with_the_output_or_apart(home: Home) -> None:
    both = python("import sys; print('out', flush=True); print('err', file=sys.stderr)")
    with home.phone.running(*both) as program:
        assert program.stdout.read() == "out\nerr\n"
    with home.phone.running(*both, separate_errors=True) as program:
        assert (program.stdout.read(), program.stderr.read()) == ("out\n", "err\n")


def test_a_program_is_asked_to_end_and_then_made_to(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.program._FOR_ENDING_S", 0.3)
    with home.phone.running("sleep", "3600") as polite:
        pass
    assert polite.wait(0) == -signal.SIGTERM
    with home.phone.running("sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 1; done") as deaf:
        assert deaf.read_line() == "deaf\n"
    assert deaf.wait(0) == -signal.SIGKILL


def test_many_threads_may_use_one_home(home: Home) -> None:
    with ThreadPoolExecutor(8) as threads:
        said = list(threads.map(lambda number: home.phone.run("echo", str(number)), range(40)))
    assert said == [f"{number}\n" for number in range(40)]


def test_programs_have_a_private_run_folder(home: Home) -> None:
    home.phone.run("touch", "/run/mine")
    assert home.phone.run("ls", "/run/mine")
    assert not Path("/run/mine").exists()
    with pytest.raises(ProgramError):
        home.gateway.run("ls", "/run/mine")


def test_a_socket_is_not_for_the_programs_that_its_runner_starts(home: Home) -> None:
    with udp(home.phone) as opened:
        assert not opened.get_inheritable()


# The capture


def test_every_frame_is_captured_with_what_became_of_it(tmp_path: Path) -> None:
    with Home(folder=tmp_path) as home, udp(home.phone) as phone, udp(home.gateway, 7000) as gateway:
        phone.sendto(b"look for me", (home.gateway.address, 7000))
        gateway.recv(100)
        file = home.capture()
        assert comments(file, b"look for me") == ["phone > gateway: passed"]
        gateway.sendto(b"and for me", (home.phone.address, phone.getsockname()[1]))
        phone.recv(100)
    assert comments(file, b"and for me") == ["gateway > phone: passed"]  # written when the home was left


def comments(file: Path, data: bytes) -> list[str]:
    """Return the comments of the frames that hold `data`."""
    blocks, offset, found = file.read_bytes(), 0, []
    while offset < len(blocks):
        size = int.from_bytes(blocks[offset + 4 : offset + 8], sys.byteorder)
        if int.from_bytes(blocks[offset : offset + 4], sys.byteorder) == pcapng.PCAPNG_BT_EPB:
            packet = pcapng.EnhancedPacketBlockLE(blocks[offset : offset + size])
            if data in packet.pkt_data:
                found += [each.text for each in packet.opts if each.code == pcapng.PCAPNG_OPT_COMMENT]
        offset += size
    return found
