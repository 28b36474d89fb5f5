"""A host with two links: each hears of its own addresses only (RFC 6762 §14)."""

from lab.conformance.bench import Bench
from lab.conformance.check import Scene, Silent, Verdict, verdict
from lab.conformance.packets import AAAA, A, Question
from lab.conformance.tap import Heard, clock

SCENE = Scene("links", lasts_s=7)

OTHER = "docker0"
"""A network inside the machine, as those of containers are."""
OTHER_ADDRESS = "172.17.0.1"
OTHER_END = "veth0"


@SCENE.check("6762 14", extra=True)
def own_addresses_only(bench: Bench) -> Verdict:
    """Tell each link that link's addresses, and no others."""
    bench.box.run("ip", "link", "add", OTHER, "type", "veth", "peer", "name", OTHER_END)
    bench.box.run("ip", "address", "add", f"{OTHER_ADDRESS}/16", "dev", OTHER)
    for interface in (OTHER_END, OTHER):
        bench.box.run("sh", "-c", f"echo 1 > /proc/sys/net/ipv6/conf/{interface}/disable_ipv6")
        bench.box.run("ip", "link", "set", interface, "up")
    with bench.tap(OTHER_END) as other:
        bench.begin(("eth0", OTHER))
        bench.settled()
        bench.ask(Question(bench.service.host, A))
        bench.listen(0.5)
        other.listen(clock())
        here = _addresses(bench.settled().said)
        there = _addresses(other.heard)
    if not there:
        raise Silent(f"nothing was announced on {OTHER}")
    own = here == bench.addresses() and there == {OTHER_ADDRESS}
    return verdict(own, f"eth0 is told {sorted(here)}, {OTHER} {sorted(there)}")


def _addresses(said: list[Heard]) -> set[str]:
    records = [record for each in said if each.message.is_response for record in each.message.records]
    return {str(each.data) for each in records if each.type in (A, AAAA)}
