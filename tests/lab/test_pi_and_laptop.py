"""The README's second way: the gateway on one machine, cloud and phone on another, by their own commands."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.namespaces import Host, hosts_on_a_bridge

pytestmark = pytest.mark.lab


@contextmanager
def program(host: Host, module: str, config: str, **settings: str) -> Iterator[dict[str, Any]]:
    """Run a program with its shipped file, the addresses in it replaced by ours; yield what it said of itself."""
    environment = [f"AISEG_{module.upper()}__{key.upper()}={value}" for key, value in settings.items()]
    words = ("env", *environment, sys.executable, "-m", module, "--config", config, "--json")
    with host.running(*words) as process:
        assert process.stdout
        lines = iter(process.stdout.readline, "")
        yield json.loads(next(line for line in lines if line.startswith("{")))


@pytest.mark.req("S-GEN-07", "S-APP-03", "S-BIND-03", "S-BIND-07")
def test_a_phone_on_the_laptop_links_with_the_gateway_on_the_pi(tmp_path: Path) -> None:
    with hosts_on_a_bridge(2) as (laptop, pi):
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
    with hosts_on_a_bridge(1) as (pi,):
        words = pi.command(
            sys.executable, "-m", "emulator", "--config", "config/pi.toml", "--state", str(tmp_path)
        )
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr
            told = next(line for line in process.stderr if "wlan0" in line)
            process.terminate()
            process.communicate(timeout=15)
        assert "not there" in told
        assert process.returncode == 0
