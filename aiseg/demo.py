"""`aiseg demo`: one household's world on this machine, to play with or to watch play."""

import asyncio
import json
import logging
import shlex
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
import segno
from rich.console import Console

from aiseg.story import Story
from aiseg.telling import Step
from aiseg.world import PHONE, QUICK_UPDATE, Place, World, on_lan, on_loopback, running
from chassis.ending import end_asked_for, language
from protocol.problems import NO_LAN, Problem

WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "title": "One household's AiSEG world, an independent emulator (not by Panasonic). Ctrl-C ends it.",
        "panel": "the AiSEG's screen",
        "phone": "the app, on a phone in your browser",
        "club": "the pretend CLUB Panasonic: login, account",
        "inbox": "its mails and text messages",
        "console": "what the cloud knows; publishes new firmware",
        "cloud": "API for gateways and phones",
        "mqtt": "broker, MQTT 5",
        "watch": "every message, in another terminal (needs mosquitto-clients):",
        "terminal": "the same phone in another terminal:",
        "device_code": "printed on the case; the panel and the phone ask for it",
        "next": "1. On the panel: register (新規登録); at the end it shows a link code, as アプリ設定 does later.\n"
        "2. On the phone: 使い始める, sign up (the mail is in the inbox), AISEGをお持ちの方, 登録: the timeline.\n"
        "3. Publish firmware 2.11 on the console: the panel offers it under お知らせ and then really restarts.",
        "lan": "--lan: everybody on your network can open these pages, mails included; the phone only with its key (QR code):",
        "happened": "It really happened, in {:.1f} s.",
    },
    "ja": {
        "title": "AiSEGのある一世帯（Panasonicとは無関係の非公式エミュレーター）。Ctrl-C で終了します。",
        "panel": "AiSEG画面",
        "phone": "スマートフォンの画面（アプリ）",
        "club": "CLUB Panasonic（模擬）：ログイン、ご登録情報",
        "inbox": "メールとメッセージの受信箱",
        "console": "サーバーの状態、ファームウェアの公開",
        "cloud": "AiSEG・アプリ用API",
        "mqtt": "ブローカー（MQTT 5）",
        "watch": "全メッセージを見る（別の端末で。mosquitto-clients が必要）：",
        "terminal": "同じスマートフォンを別の端末で操作：",
        "device_code": "機器コード（AiSEGの側面に記載。画面とアプリで入力します）",
        "next": "1. AiSEG画面で「新規登録」を行うと、最後に連携コードが表示されます（あとからは「アプリ設定」）。\n"
        "2. スマートフォンで「使い始める」、新規登録（メールは受信箱）、「AISEGをお持ちの方」、「登録」でタイムラインへ。\n"
        "3. 運用画面でファームウェア 2.11 を公開すると、AiSEG画面の「お知らせ」から更新できます（AiSEGは実際に再起動します）。",
        "lan": "--lan: 同じネットワークの誰でも、メールを含むこれらのページを開けます。スマートフォンの画面には鍵が必要です（QRコード）：",
        "happened": "すべて実際に行われました（{:.1f} 秒）。",
    },
}


@click.command()
@click.option("--once", is_flag=True, help="Play onboarding without a person; exit 0 only if it happened.")
@click.option("--lan", is_flag=True, help="Open it to the real network (default: loopback only).")
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    help="Keep everything in this folder (default: nothing is kept).",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(*, once: bool, lan: bool, state: Path | None, as_json: bool) -> None:
    """Run everything on this machine: broker, cloud, one gateway, a phone to go with it."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    with _folder(state) as folder:
        place = on_lan(folder) if lan else on_loopback(folder)
        if place is None:
            raise Problem(NO_LAN)
        asyncio.run(_play(place, as_json=as_json) if once else _serve(place, lan=lan, as_json=as_json))


@contextmanager
def _folder(state: Path | None) -> Iterator[Path]:
    if state:
        yield state
        return
    with tempfile.TemporaryDirectory(prefix="aiseg-") as folder:
        yield Path(folder)


async def _play(place: Place, *, as_json: bool) -> None:
    words, console = WORDS[language()], Console(highlight=False)
    steps: list[Step] = []

    def tell(step: Step) -> None:
        steps.append(step)
        if not as_json:
            console.print(f"{step.at_s:7.2f} s  {step.ja if language() == 'ja' else step.en}", markup=False)

    loop, playing = asyncio.get_running_loop(), asyncio.current_task()
    if playing:
        for each in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(each, playing.cancel)
    started_at = loop.time()
    async with running(place, QUICK_UPDATE) as world:
        await Story(world, tell, started_at).play()
    if as_json:
        click.echo(
            json.dumps({"happened": True, "steps": [step._asdict() for step in steps]}, ensure_ascii=False)
        )
    else:
        console.print(words["happened"].format(steps[-1].at_s), style="bold green")


async def _serve(place: Place, *, lan: bool, as_json: bool) -> None:
    asked = end_asked_for()
    async with running(place) as world:
        addresses = _addresses(world)
        click.echo(json.dumps(addresses, ensure_ascii=False)) if as_json else _show(addresses, lan=lan)
        await asked.wait()


def _show(addresses: dict[str, str], *, lan: bool) -> None:
    """Print addresses in a table, and commands whole, each on a line of its own, so that they can be copied."""
    words, console = WORDS[language()], Console(highlight=False, soft_wrap=True)
    console.print(words["title"], style="bold")
    for name in ("phone", "panel", "device_code", "club", "inbox", "console", "cloud", "mqtt"):
        console.print(f"  {name.replace('_', ' '):<12} {addresses[name]:<32} [dim]{words[name]}[/dim]")
    for name in ("terminal", "watch"):
        console.print(f"  {name:<12} [dim]{words[name]}[/dim]\n{addresses[name]}")
    console.print(words["next"])
    if lan:
        console.print(words["lan"])
        segno.make_qr(addresses["phone"]).terminal(compact=True)


def _addresses(world: World) -> dict[str, str]:
    cloud, folder = world.cloud, world.place.folder
    aiseg = Path(sys.executable).with_name("aiseg")
    phone = [str(aiseg), "phone", "--state", str(folder / PHONE), "--cloud", cloud.public_url]
    phone += [word for each in world.place.interfaces for word in ("--interface", each)]
    watch = ["mosquitto_sub", "-V", "5", "-h", cloud.mqtt_host, "-p", str(cloud.mqtt_port), "-u", "watcher"]
    watch += ["-P", cloud.registry.watcher_password, "-t", "aiseg/#", "-v"]
    return {
        "panel": f"{world.panel_url}/",
        "phone": world.phone.url,
        "terminal": shlex.join(phone),
        "club": f"{cloud.club_url}/account",
        "cloud": f"{cloud.public_url}/",
        "inbox": f"{cloud.public_url}/inbox",
        "console": f"{cloud.public_url}/console",
        "mqtt": f"{cloud.mqtt_host}:{cloud.mqtt_port}",
        "watch": shlex.join(watch),
        "device_code": world.emulator.gateway.identity.device_code,
    }
