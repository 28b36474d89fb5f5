"""Kill -9 at each write of a registration that replaces another (S-REG-29): the kernel ends the process, by strace."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cloud.actors import NOON, Gateway, World, sample

pytestmark = [
    pytest.mark.adapters,
    pytest.mark.skipif(not shutil.which("strace"), reason="strace is missing: sudo apt-get install strace"),
]

RUN = "wizard-run-0000001"
ERASED = ("samples", "links", "phones", "link_codes")
KILLED_AT = 200

# Registers on one copy of the state after the other, each time in a child process that strace kills at its 200th write,
# until a child comes through. Idle writes come first, one less each time, so that it is hit one write later each time.
REGISTER_AND_DIE = """
import os, shutil, sys
from datetime import datetime
from pathlib import Path
from cloud.registry import open_registry
from protocol.identity import Signed

template, payload, signature, now, killed_at = sys.argv[1:]

def register(folder, idle):
    nowhere = os.open("/dev/null", os.O_WRONLY)
    registry = open_registry(folder, {})
    for _ in range(idle):
        os.pwrite(nowhere, b"x", 0)
    registry.register(Signed(payload=payload, signature=signature), datetime.fromisoformat(now))

for idle in range(int(killed_at) - 1, -1, -1):
    folder = Path(template).with_name(f"cut-{int(killed_at) - idle:03}")
    shutil.copytree(template, folder)
    child = os.fork()
    if not child:
        register(folder, idle)
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        break
"""


def cut_everywhere(template: Path, gateway: Gateway, nonce: str) -> list[Path]:
    """Return the folders that the killed ones, and at last one that was not, have left."""
    signed = gateway.registration(nonce, RUN, replacing=1)
    kill = ("-e", "trace=pwrite64", "-e", f"inject=pwrite64:signal=SIGKILL:when={KILLED_AT}")
    arguments = (str(template), signed.payload, signed.signature, NOON.isoformat(), str(KILLED_AT))
    subprocess.run(
        ["strace", "-f", "-qq", "-o", "/dev/null", *kill, sys.executable, "-c", REGISTER_AND_DIE, *arguments],
        timeout=90,
        check=True,
    )
    return sorted(template.parent.glob("cut-*"))


@pytest.mark.timeout(120)
@pytest.mark.req("S-REG-27", "S-REG-29", "S-REG-32")
def test_old_data_with_the_old_epoch_or_no_data_with_the_new(tmp_path: Path, gateway: Gateway) -> None:
    world = World(tmp_path / "template")
    registered = world.register(gateway)
    world.link(world.person("father"), gateway, world.issue(gateway))
    world.send(registered, [sample(number) for number in range(1, 6)])
    world.begin(gateway, RUN)
    nonce, before = world.nonce(), world.contents()
    world.registry.close()
    epochs = []
    for left in cut_everywhere(tmp_path / "template", gateway, nonce):
        world = World(left)
        contents, epoch = world.contents(), world.registry.epoch_of(gateway.gateway_id) or 0
        if epoch == 1:
            assert contents == before
        else:
            assert [contents[table] for table in ERASED] == [[], [], [], []]
        assert world.finish(gateway, RUN, replacing=1).epoch == 2, "the panel's retry has one effect"
        world.registry.close()
        epochs.append(epoch)
    assert epochs == sorted(epochs)
    assert epochs.count(1) > 10, "it was killed in the middle, too"
    assert 1 <= epochs.count(2) < KILLED_AT / 2, "and it came through at last"
