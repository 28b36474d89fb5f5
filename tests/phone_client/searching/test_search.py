"""The search on loopback, against two peers that are not ours: python-zeroconf, and a script on the bare codec."""

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

import pytest
from zeroconf._dns import DNSRecord
from zeroconf._protocol.incoming import DNSIncoming

from phone_client.searching.answers import MAX_ADDRESSES, MAX_OF_ONE_SOURCE
from phone_client.searching.multicast import MAX_PACKETS, MAX_PACKETS_OF_ONE_SOURCE, Ears, listening
from phone_client.searching.network import look_around
from phone_client.searching.search import (
    MAX_ATTEMPTS_OF_ONE_SOURCE,
    PATIENCE_S,
    Hit,
    Outcome,
    Plan,
    Speaker,
    Take,
    _Search,
    search,
)
from protocol.device_api import Device
from protocol.problems import UnreachableError
from tests.phone_client import mdns_peer as peer
from tests.phone_client.gateway_double import GATEWAY_ID, GatewayDouble, announced

pytestmark = pytest.mark.adapters

LOOPBACK = look_around(("127.0.0.1",)).links
GATEWAY = GatewayDouble(gateway_id="5ea4c0000001", port=8081)
SECOND = GatewayDouble(gateway_id="5ea4c0000002", model="MKN700", port=8082)
MINE = {GATEWAY.gateway_id, SECOND.gateway_id, GATEWAY_ID}
PTR, SRV, TXT, A = 12, 33, 16, 1


async def confirm(_: str, port: int) -> Device:
    """Be both gateways; other programs on this machine may announce theirs, which are nobody here."""
    for gateway in (GATEWAY, SECOND):
        if gateway.port == port:
            return gateway.device()
    raise UnreachableError("nobody", "refused")


def plan(limit_s: float = 2.0) -> Plan:
    return Plan(links=LOOPBACK, limit_s=limit_s, quiet_s=0.3, confirm=confirm)


def mine(outcome: Outcome) -> list[Hit]:
    return [hit for hit in outcome.hits if hit.gateway_id in MINE]


def asked(question: DNSIncoming) -> Iterator[tuple[str, int]]:
    return ((each.name, each.type) for each in question.questions)


def always(records: list[DNSRecord]) -> peer.Script:
    return lambda _: records


@pytest.mark.req("S-DISC-01", "S-DISC-14")
async def test_an_independent_responder_is_found_at_once() -> None:
    async with announced(replace(GATEWAY, port=0)) as gateway:

        async def device(_: str, port: int) -> Device:
            if port != gateway.port:
                raise UnreachableError("nobody", "refused")
            return gateway.device()

        (hit,) = mine(await search(replace(plan(), confirm=device)))
    assert (hit.address, hit.port) == ("127.0.0.1", gateway.port)
    assert (hit.model, hit.firmware, hit.name) == ("MKN702", "2.10", "AiSEG MKN702 (000001)")
    assert 0 < hit.elapsed_ms < 1000


async def test_it_ends_soon_after_the_hit_and_not_at_the_limit() -> None:
    started = asyncio.get_running_loop().time()
    async with peer.speaking(always(peer.whole(GATEWAY.advertisement, GATEWAY.port))):
        assert mine(await search(plan(limit_s=10)))
    assert asyncio.get_running_loop().time() - started < 2


@pytest.mark.req("S-DISC-09")
async def test_several_gateways_are_listed_with_model_and_name() -> None:
    records = [
        *peer.whole(GATEWAY.advertisement, GATEWAY.port),
        *peer.whole(SECOND.advertisement, SECOND.port),
    ]
    async with peer.speaking(always(records)):
        hits = mine(await search(plan()))
    assert {(hit.model, hit.name) for hit in hits} == {
        ("MKN702", "AiSEG MKN702 (000001)"),
        ("MKN700", "AiSEG MKN700 (000002)"),
    }


async def test_a_hit_in_the_turn_in_which_the_search_ends_still_counts() -> None:
    async def one_turn_apart(address: str, port: int) -> Device:
        if port == SECOND.port:
            await asyncio.sleep(0)
        return await confirm(address, port)

    records = [
        *peer.whole(GATEWAY.advertisement, GATEWAY.port),
        *peer.whole(SECOND.advertisement, SECOND.port),
    ]
    async with peer.speaking(always(records)):
        outcome = await search(replace(plan(), quiet_s=0, confirm=one_turn_apart))
    assert {hit.gateway_id for hit in mine(outcome)} == {GATEWAY.gateway_id, SECOND.gateway_id}


async def test_what_a_frugal_responder_leaves_out_is_asked_for() -> None:
    name = GATEWAY.advertisement.instance_name
    pointer, srv, txt, a = peer.whole(GATEWAY.advertisement, GATEWAY.port)
    by_type = {PTR: pointer, SRV: srv, TXT: txt, A: a}

    def frugal(question: DNSIncoming) -> list[DNSRecord]:
        wanted = [by_type[kind] for _, kind in asked(question) if kind in by_type]
        return [each for each in wanted if name.split()[0] in each.name or each.type in (PTR, A)]

    async with peer.speaking(frugal):
        (hit,) = mine(await search(plan()))
    assert hit.port == GATEWAY.port


@pytest.mark.req("S-DISC-15")
async def test_no_question_is_repeated_within_a_second_and_then_ever_more_seldom() -> None:
    started = asyncio.get_running_loop().time()
    async with peer.speaking(always([])) as listener:
        outcome = await search(replace(plan(limit_s=7.4), remembered="AiSEG MKN702 (c0ffee)"))
    sent = [(at - started, port, set(asked(question))) for at, port, question in listener.heard]
    gateways = {("_aiseg._tcp.local.", PTR)}
    other_words = {("_gateway._sub._aiseg._tcp.local.", PTR)} | {
        ("AiSEG MKN702 (c0ffee)._aiseg._tcp.local.", kind) for kind in (SRV, TXT)
    }
    (own_port,) = {port for _, port, _ in sent} - {peer.PORT}
    for way in (own_port, peer.PORT):
        times = {
            "gateways": [at for at, port, questions in sent if port == way and questions == gateways],
            "other words": [at for at, port, questions in sent if port == way and questions == other_words],
        }
        assert times["gateways"] == pytest.approx([0.0, 1.0, 3.0, 7.0], abs=0.15)
        assert times["other words"] == pytest.approx([0.25, 1.25, 3.25, 7.25], abs=0.15)
    everybody = [at for at, _, questions in sent if ("_services._dns-sd._udp.local.", PTR) in questions]
    assert everybody == pytest.approx([PATIENCE_S] * 2, abs=0.15)
    assert outcome.sent == len(sent) == 18


@pytest.mark.req("S-DISC-15")
async def test_what_is_known_is_listed_in_the_next_question() -> None:
    gone = replace(GATEWAY, port=9)
    records = peer.whole(gone.advertisement, gone.port)
    async with peer.speaking(always([])) as listener:
        asyncio.get_running_loop().call_later(
            0.1, lambda: listener.transport.sendto(peer.packet(records), (peer.GROUP, peer.PORT))
        )
        await search(plan(limit_s=1.1))
    repeated = [
        question
        for _, port, question in listener.heard
        if port == peer.PORT and ("_aiseg._tcp.local.", PTR) in asked(question)
    ][-1]
    assert records[0] in repeated.answers()


async def test_one_shot_questions_have_a_random_id_and_others_none() -> None:
    async with peer.speaking(always([])) as listener:
        await asyncio.gather(*(search(plan(limit_s=0.2)) for _ in range(4)))
    ids = [question.id for _, port, question in listener.heard if port != peer.PORT]
    assert len(ids) >= 4
    assert len(set(ids)) == len(ids)
    assert 0 not in ids
    assert {question.id for _, port, question in listener.heard if port == peer.PORT} == {0}


async def test_an_answer_with_a_wrong_id_is_not_believed() -> None:
    records = peer.whole(GATEWAY.advertisement, GATEWAY.port)

    class Forger(peer.Peer):
        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            if addr[1] != peer.PORT:
                forged = DNSIncoming(data).id ^ 0x5555
                self.transport.sendto(peer.packet(records, forged), addr)

    async with peer.speaking(always([]), Forger):
        assert not mine(await search(plan(limit_s=0.5)))


@pytest.mark.req("S-DISC-03")
async def test_an_answer_from_off_the_link_is_not_believed_whatever_it_says() -> None:
    records = peer.whole(GATEWAY.advertisement, GATEWAY.port)
    narrow = replace(LOOPBACK[0], ipv4=(IPv4Interface("127.0.0.1/32"),))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far:
        far.bind(("127.0.0.2", 0))

        class Far(peer.Peer):
            def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
                far.sendto(peer.packet(records, DNSIncoming(data).id), addr)

        async with peer.speaking(always([]), Far):
            outcome = await search(replace(plan(limit_s=0.5), links=(narrow,)))
    assert not mine(outcome)
    assert outcome.off_link == {Speaker("lo", IPv4Address("127.0.0.2"))}


@pytest.mark.req("S-DISC-12")
async def test_a_gateway_that_does_not_confirm_is_no_hit_but_said() -> None:
    gone = replace(GATEWAY, port=9)
    other = replace(SECOND, port=GATEWAY.port)  # announces the second, but the first answers there
    records = [*peer.whole(gone.advertisement, 9), *peer.whole(other.advertisement, other.port)]
    async with peer.speaking(always(records)):
        outcome = await search(plan(limit_s=0.5))
    assert not mine(outcome)
    said = {each.name: (each.reason, each.detail) for each in outcome.sightings}
    assert said[gone.advertisement.instance_name][0] == "unreachable"
    assert "refused" in said[gone.advertisement.instance_name][1]
    assert GATEWAY.gateway_id in said[other.advertisement.instance_name][1]


async def test_a_dead_address_does_not_hide_a_living_one() -> None:
    living = "127.0.0.9"

    async def only_there(address: str, port: int) -> Device:
        if address != living:
            raise UnreachableError("nobody", "refused")
        return await confirm(address, port)

    records = peer.whole(GATEWAY.advertisement, GATEWAY.port)
    records.append(peer.address(GATEWAY.advertisement.host_name, living))
    async with peer.speaking(always(records)):
        (hit,) = mine(await search(replace(plan(), confirm=only_there)))
    assert hit.address == living


async def test_a_gateway_with_several_addresses_is_asked_at_one() -> None:
    asked_at: list[str] = []

    async def noting(address: str, port: int) -> Device:
        asked_at.append(address)
        return await confirm(address, port)

    records = peer.whole(GATEWAY.advertisement, GATEWAY.port)
    records.append(peer.address(GATEWAY.advertisement.host_name, "127.0.0.9"))
    async with peer.speaking(always(records)):
        assert mine(await search(replace(plan(), confirm=noting, quiet_s=0.5)))
    assert asked_at == ["127.0.0.1"]


@pytest.mark.req("S-DISC-12")
async def test_a_gateway_that_is_updating_is_shown_as_busy() -> None:
    busy = replace(GATEWAY, busy=True)
    gone = replace(SECOND, busy=True, port=9)
    records = [*peer.whole(busy.advertisement, busy.port), *peer.whole(gone.advertisement, gone.port)]
    async with peer.speaking(always(records)):
        outcome = await search(plan())
    assert [hit.busy for hit in mine(outcome)] == [True]
    assert "busy" in {each.reason for each in outcome.sightings}


async def test_a_gateway_that_is_restarting_is_asked_again() -> None:
    attempts: list[int] = []

    async def restarting(_: str, port: int) -> Device:
        if port != GATEWAY.port:
            raise UnreachableError("nobody", "refused")
        attempts.append(port)
        if len(attempts) == 1:
            raise UnreachableError("AiSEG", "refused")
        return GATEWAY.device()

    async with peer.speaking(always(peer.whole(GATEWAY.advertisement, GATEWAY.port))):
        outcome = await search(replace(plan(limit_s=3), confirm=restarting))
    assert len(mine(outcome)) == 1
    assert GATEWAY.advertisement.instance_name not in {each.name for each in outcome.sightings}


REMEMBERED = Hit(
    GATEWAY.gateway_id, "MKN702", "2.10", "127.0.0.1", 8081, "AiSEG", 0, busy=False, found_by="remembered"
)


async def test_silence_is_looked_into_and_can_end_in_a_hit() -> None:
    async def when_silent(take: Take) -> None:
        take(REMEMBERED)

    shown: list[Hit] = []
    async with peer.speaking(always([])) as listener:
        (found,) = mine(await search(replace(plan(), when_silent=when_silent, show_hit=shown.append)))
    assert found == replace(REMEMBERED, elapsed_ms=found.elapsed_ms)
    assert shown == [found]
    assert found.elapsed_ms >= 500
    everybody = ("_services._dns-sd._udp.local.", PTR)
    assert any(everybody in asked(question) for _, _, question in listener.heard)


async def test_what_silence_is_looked_into_by_may_end_before_the_search_does() -> None:
    done: list[bool] = []

    async def when_silent(take: Take) -> None:
        take(REMEMBERED)
        await asyncio.sleep(0.6)
        done.append(True)

    async with peer.speaking(always([])):
        assert mine(await search(replace(plan(limit_s=5), when_silent=when_silent, quiet_s=0)))
    assert done


async def test_another_way_that_is_quicker_waits_for_mdns_to_have_had_its_chance() -> None:
    async def at_once(take: Take) -> None:
        take(REMEMBERED)

    started = asyncio.get_running_loop().time()
    async with peer.speaking(always([])):
        (found,) = mine(await search(replace(plan(limit_s=8), at_once=at_once)))
    assert found.remembered
    assert PATIENCE_S <= asyncio.get_running_loop().time() - started < 3


async def test_mdns_wins_over_another_way_and_ends_it() -> None:
    ended: list[str] = []

    async def at_once(take: Take) -> None:
        take(REMEMBERED)
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("at once")

    shown: list[Hit] = []
    async with peer.speaking(always(peer.whole(GATEWAY.advertisement, GATEWAY.port))):
        outcome = await search(replace(plan(limit_s=8), at_once=at_once, show_hit=shown.append))
    (found,) = mine(outcome)
    assert found.found_by == "mdns"
    assert ended
    assert len([each for each in shown if each.gateway_id in MINE]) == 1


async def test_who_was_heard_is_said_even_when_it_never_confirmed() -> None:
    gone = replace(SECOND, port=9)
    async with peer.speaking(always(peer.whole(gone.advertisement, gone.port))):
        outcome = await search(plan(limit_s=0.5))
    assert gone.gateway_id in outcome.heard
    assert outcome.own == {"lo"}


async def test_a_hit_is_shown_the_moment_it_is_found() -> None:
    shown: list[float] = []
    now = asyncio.get_running_loop().time
    started = now()
    async with peer.speaking(always(peer.whole(GATEWAY.advertisement, GATEWAY.port))):
        await search(replace(plan(), quiet_s=1, show_hit=lambda _: shown.append(now() - started)))
    assert shown[0] < 0.5 < now() - started


async def test_an_attempt_that_hears_nothing_is_not_waited_for_alone() -> None:
    attempts: list[int] = []

    async def lossy(_: str, port: int) -> Device:
        attempts.append(port)
        if len([each for each in attempts if each == port]) == 1:
            await asyncio.sleep(60)
        return await confirm("", port)

    async with peer.speaking(always(peer.whole(GATEWAY.advertisement, GATEWAY.port))):
        assert mine(await search(replace(plan(), confirm=lossy)))


async def test_a_flood_is_dropped_unread_past_the_cap() -> None:
    read: list[object] = []
    link = LOOPBACK[0]
    ears = Ears(lambda *heard: read.append(heard))
    answer = peer.packet(peer.whole(GATEWAY.advertisement, GATEWAY.port))
    source = link.ipv4[0].ip
    for number in range(MAX_PACKETS + 100):
        ears.take(answer, source + number // 100, link, one_shot=False)
    assert len(read) == MAX_PACKETS


async def test_one_that_floods_does_not_keep_others_from_being_heard() -> None:
    heard: list[object] = []
    link = LOOPBACK[0]
    ears = Ears(lambda _, source, __: heard.append(source))
    answer = peer.packet(peer.whole(GATEWAY.advertisement, GATEWAY.port))
    flooder, gateway = link.ipv4[0].ip, link.ipv4[0].ip + 1
    for _ in range(MAX_PACKETS - 100):
        ears.take(answer, flooder, link, one_shot=False)
    ears.take(answer, gateway, link, one_shot=False)
    assert heard.count(flooder) == MAX_PACKETS_OF_ONE_SOURCE
    assert heard.count(gateway) == 1


async def test_two_searches_at_once_do_not_disturb_each_other() -> None:
    async with peer.speaking(always(peer.whole(GATEWAY.advertisement, GATEWAY.port))):
        outcomes = await asyncio.gather(search(plan()), search(plan()))
    assert [len(mine(each)) for each in outcomes] == [1, 1]


async def test_why_a_socket_cannot_be_opened_is_kept() -> None:
    not_ours = replace(LOOPBACK[0], ipv4=(IPv4Interface("203.0.113.9/24"),), ipv6=())
    outcome = await search(replace(plan(limit_s=0.2), links=(not_ours,)))
    assert outcome.refusals == {"Cannot assign requested address"}
    assert not outcome.denied


async def test_the_sockets_are_closed_afterwards() -> None:
    async with listening(LOOPBACK, lambda *_: None) as ears:
        ways = list(ears._ways)
        assert len(ways) == 2
    assert all(way.transport.is_closing() for way in ways)


async def test_sources_without_number_cost_no_memory() -> None:
    ears = Ears(lambda *_: None)
    link = LOOPBACK[0]
    for number in range(3 * MAX_PACKETS):
        ears.take(b"", IPv4Address("10.0.0.1") + number, link, one_shot=False)
    assert len(ears._received_from) == MAX_PACKETS


async def test_a_host_full_of_gateways_leaves_places_to_others() -> None:
    """Each of its gateways has as many addresses as are taken in, and at each of them nobody ever answers."""
    records: list[DNSRecord] = []
    for number in range(MAX_OF_ONE_SOURCE):
        said = replace(SECOND, gateway_id=f"5ea4c00001{number:02x}").advertisement
        records += peer.whole(said, 9, "127.0.1.1")
        records += [peer.address(said.host_name, f"127.0.1.{each}") for each in range(2, MAX_ADDRESSES + 1)]
    tried = 0

    async def dead_but_ours(address: str, port: int) -> Device:
        nonlocal tried
        tried += port == 9
        if port == 9:
            await asyncio.sleep(60)
        return await confirm(address, port)

    searching = _Search(replace(plan(), confirm=dead_but_ours))
    loop = asyncio.get_running_loop()
    loop.call_later(0.2, searching._hear, records, IPv4Address("127.0.0.66"), LOOPBACK[0])
    ours = peer.whole(GATEWAY.advertisement, GATEWAY.port)
    loop.call_later(0.6, searching._hear, ours, IPv4Address("127.0.0.1"), LOOPBACK[0])
    assert mine(await searching.run())
    assert 0 < tried <= 3 * MAX_ATTEMPTS_OF_ONE_SOURCE


@pytest.mark.parametrize("name", ["x" * 64, "ゲートウェイ" * 10, "a..b"])
async def test_a_name_that_no_packet_can_carry_is_remembered_without_harm(name: str) -> None:
    async with peer.speaking(always(peer.whole(GATEWAY.advertisement, GATEWAY.port))):
        assert mine(await search(replace(plan(), quiet_s=0.5, remembered=name)))
