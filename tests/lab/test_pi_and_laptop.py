"""The README's second way: the gateway on one machine, cloud and phone on another, by their own commands."""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lab.home import Home
from lab.network.plan import Plan
from lab.node import Node
from tests.support.rights import NOT_ALLOWED, may_make_networks

pytestmark = [pytest.mark.lab, pytest.mark.skipif(not may_make_networks(), reason=NOT_ALLOWED)]


@contextmanager
def program(node: Node, module: str, config: str, **settings: str) -> Iterator[dict[str, Any]]:
    """Run a program with its shipped file, the addresses in it replaced by ours; yield what it said of itself."""
    environment = [f"AISEG_{module.upper()}__{key.upper()}={value}" for key, value in settings.items()]
    words = ("env", *environment, sys.executable, "-m", module, "--config", config, "--json")
    with node.running(*words) as process:
        lines = iter(process.stdout.readline, "")
        yield json.loads(next(line for line in lines if line.startswith("{")))


@pytest.mark.req("S-GEN-07", "S-APP-03", "S-BIND-03", "S-BIND-07")
def test_a_phone_on_the_laptop_links_with_the_gateway_on_the_pi(tmp_path: Path) -> None:
    with Home(Plan(bare=True).with_node("laptop").with_node("pi")) as home:
        laptop, pi = home.nodes["laptop"], home.nodes["pi"]
        cloud = program(
            laptop,
            "cloud",
            "config/cloud-lan.toml",
            http__host=laptop.address,
            mqtt__host=laptop.address,
            store__folder=f"{tmp_path}/cloud",
        )
        box = program(
            pi,
            "emulator",
            "config/pi.toml",
            cloud__url=f"http://{laptop.address}:8080",
            gateway__folder=f"{tmp_path}/gateway",
            telemetry__interval_s="0.5",
        )
        with cloud as centre, box as gateway:
            panel = f"http://{pi.address}:8081"
            tapping = (sys.executable, "-m", "tests.support.tapping", panel, gateway["device_code"])
            assert laptop.run(*tapping) == "/link-code"

            def phone(*words: str) -> dict[str, Any]:
                before = (
                    "env",
                    "AISEG_PHONE__PASSWORD=first light at home",
                    sys.executable,
                    "-m",
                    "phone_client",
                )
                where = ("--state", f"{tmp_path}/phone", "--cloud", centre["cloud"], "--lan")
                said: dict[str, Any] = json.loads(laptop.run(*before, *where, *words, "--json"))
                return said

            phone("signup", "--email", "a@example.com", "--accept-terms")
            read = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).read().decode())"
            inbox = laptop.run(sys.executable, "-c", read, centre["inbox"])
            url = re.search(r'href="(http[^"]*/verify[^"]*)"', inbox)
            assert url
            phone("verify", url[1])
            phone("login", "--email", "a@example.com")
            linked = phone("link", "--nickname", "お父さん", "--device-code", gateway["device_code"])
            assert linked["link"]["gateway_id"] == gateway["gateway_id"]
            assert linked["code_from"] == gateway["gateway_id"]


def test_a_missing_interface_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    with Home(Plan(bare=True).with_node("pi")) as home:
        words = ("-m", "emulator", "--config", "config/pi.toml", "--state", str(tmp_path))
        with home.nodes["pi"].running(sys.executable, *words, separate_errors=True) as process:
            told = next(line for line in process.stderr if "wlan0" in line)
            process.terminate()
            assert process.wait(15) == 0
    assert "not there" in told
