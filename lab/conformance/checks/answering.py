"""Questions to the group: what is answered, and with what beside it (RFC 6762 §6, RFC 6763 §12)."""

from collections.abc import Sequence
from ipaddress import ip_address

from lab.conformance.bench import ANSWER_S, Bench, answers
from lab.conformance.check import IPV4, Scene, Verdict, not_applicable, verdict
from lab.conformance.packets import AAAA, ANY, NSEC, PTR, SRV, TXT, A, Question, Record
from lab.conformance.service import BROWSE, BROWSE_SUBTYPE, ENUMERATE
from lab.conformance.tap import Heard
from protocol.discovery import SERVICE_TYPE

SCENE = Scene("answering", lasts_s=20)


@SCENE.check("6763 12.1", ipv6=True)
def pointer_brings_the_rest(bench: Bench) -> Verdict:
    """Send SRV, TXT and address along with a PTR answer."""
    answer = bench.answer_to(BROWSE)
    service = bench.service
    wanted = [(service.instance, SRV), (service.instance, TXT), (service.host, bench.address_type)]
    missing = [each for each in wanted if not any(r.is_about(*each) for r in answer.message.records)]
    return verdict(not missing, f"missing: {missing}")


@SCENE.check("6763 12.2", ipv6=True)
def server_brings_address(bench: Bench) -> Verdict:
    """Send the address along with an SRV answer."""
    answer = bench.answer_to(Question(bench.service.instance, SRV))
    addresses = _data(answer, bench.service.host, bench.address_type)
    return verdict(addresses and addresses <= bench.addresses(), f"addresses {sorted(map(str, addresses))}")


@SCENE.check("6762 16", ipv6=True)
def case_does_not_count(bench: Bench) -> Verdict:
    """Compare names without regard to case."""
    bench.answer_to(Question(bench.service.instance, SRV))
    shouted = Question(bench.service.instance.swapcase(), SRV)
    answer = bench.answer_to(shouted)
    return verdict(answer, f"{shouted} was answered")


@SCENE.check("6762 5.3", ipv6=True)
def several_questions(bench: Bench) -> Verdict:
    """Answer all questions of a packet."""
    questions = [
        BROWSE,
        ENUMERATE,
        Question(bench.service.instance, TXT),
        Question(bench.service.host, bench.address_type),
    ]
    said = bench.answers_to(*questions)
    missing = [str(each) for each in questions if not any(map(answers(each), said))]
    return verdict(not missing, f"not answered: {missing}")


@SCENE.check("6762 6.5", ipv6=True)
def any_gets_all(bench: Bench) -> Verdict:
    """Answer ANY with SRV and TXT."""
    asked = [Question(bench.service.instance, each) for each in (SRV, TXT)]
    bench.rest()
    bench.ask(Question(bench.service.instance, ANY))
    types = {
        record.type
        for each in bench.gather(*asked)
        for record in each.message.answers
        if record.is_about(bench.service.instance)
    }
    return verdict(types >= {SRV, TXT}, f"types {sorted(types)}")


@SCENE.check("6763 9", ipv6=True)
def types_enumerated(bench: Bench) -> Verdict:
    """Tell the service type when all types are asked for."""
    found = _data(bench.answer_to(ENUMERATE), ENUMERATE.name, PTR)
    return verdict(SERVICE_TYPE in found, f"types {sorted(map(str, found))}")


@SCENE.check("6763 7.1", ipv6=True)
def subtype_found(bench: Bench) -> Verdict:
    """Answer for the subtype of the service."""
    found = _data(bench.answer_to(BROWSE_SUBTYPE), BROWSE_SUBTYPE.name, PTR)
    return verdict(
        bench.service.instance in found, f"{BROWSE_SUBTYPE.name} leads to {sorted(map(str, found))}"
    )


@SCENE.check("6762 6.1", ipv6=True)
def no_other_family(bench: Bench) -> Verdict:
    """Deny by NSEC that the host has addresses of the other family."""
    lacking = AAAA if bench.version == IPV4 else A
    return _denial(bench, bench.service.host, lacking, {bench.address_type})


@SCENE.check("6762 6.1", ipv6=True)
def no_address_of_the_instance(bench: Bench) -> Verdict:
    """Deny by NSEC what types the instance name lacks."""
    return _denial(bench, bench.service.instance, A, {SRV, TXT})


@SCENE.check("6762 4", ipv6=True)
def address_leads_back(bench: Bench) -> Verdict:
    """Map the address back to the host name."""
    address = ip_address(sorted(bench.addresses())[0])
    question = Question(f"{address.reverse_pointer}.", PTR)
    found = _data(bench.answer_to(question), question.name, PTR)
    return verdict(found == {bench.service.host}, f"{address} is {sorted(map(str, found))}")


@SCENE.check("6762 6", extra=True, ipv6=True)
def no_record_twice(bench: Bench) -> Verdict:
    """Put no record into a packet twice."""
    bench.rest()
    service = bench.service
    bench.ask(
        BROWSE, Question(service.instance, ANY), Question(service.host, ANY), Question(service.host, ANY)
    )
    bench.listen(ANSWER_S)
    packets = [each.message for each in bench.settled().said if each.message.is_response]
    twice = {str(record) for each in packets for record in _repeated(each.records)}
    return verdict(packets and not twice, f"in {len(packets)} packets, twice: {sorted(twice)}")


def _data(heard: Heard, name: str, type_: int) -> set[object]:
    return {each.data for each in heard.message.records if each.is_about(name, type_)}


def _denial(bench: Bench, name: str, lacking: int, having: set[int]) -> Verdict:
    bench.rest()
    bench.ask(Question(name, lacking))
    said = bench.gather(Question(name, NSEC))
    records = [each for heard in said for each in heard.message.records if each.is_about(name)]
    if any(each.type == lacking for each in records):
        return not_applicable(f"{name} has the type {lacking}")
    denials = [each.data for each in records if each.type == NSEC and isinstance(each.data, frozenset)]
    denied = denials and all(lacking not in each and each >= having for each in denials)
    return verdict(denied, f"types that exist: {[sorted(each) for each in denials]}")


def _repeated(records: Sequence[Record]) -> list[Record]:
    return [
        each for number, each in enumerate(records) if any(each.says(other) for other in records[:number])
    ]
