"""``podledger device``: a reference client at a terminal."""

import argparse
import json
from pathlib import Path
from typing import Any

from jobs.errors import Stop, TryAgain

ABOUT = "Be a listener's device: download, play in simulated time, sync."
TIMEOUT_S = 30.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    parser.add_argument("--dir", type=Path, required=True, metavar="DIR", help="the device: its log and its downloads")
    parser.add_argument("--json", action="store_true", help="answer with one JSON object, for machines")
    does = parser.add_subparsers(metavar="what", required=True, dest="what")
    fetch = does.add_parser("download", help="fetch an episode's file, going on where it was cut off")
    fetch.add_argument("url", metavar="URL")
    fetch.add_argument("--episode", required=True, metavar="ID", help="its id in the catalogue")
    fetch.add_argument("--sha256", metavar="HEX", help="what the file must be; else the digits in its name count")
    play = does.add_parser("play", help="play in simulated time, without network, and log it")
    play.add_argument("--episode", required=True, metavar="ID", help="its id in the catalogue")
    play.add_argument("--duration", type=float, required=True, metavar="S", help="length of the episode")
    play.add_argument("--from", dest="start", type=float, default=0.0, metavar="S", help="where to begin")
    play.add_argument("--for", dest="heard", type=float, required=True, metavar="S", help="how much to hear")
    play.add_argument("--rate", type=float, default=1.0, metavar="X", help="speed, from 0.25 to 5")
    send = does.add_parser("sync", help="send what is in the log until it is acknowledged")
    send.add_argument("--server", required=True, metavar="URL")
    send.add_argument("--account-token", metavar="TOKEN", help="of the listener whose device this is")
    does.add_parser("show", help="what waits in the log")


def run(arguments: argparse.Namespace) -> int:
    """Does what was asked."""
    import httpx

    from service.device.registration import Refused

    actions = {"download": _download, "play": _play, "sync": _sync, "show": _show}
    try:
        said = actions[arguments.what](arguments)
    except Refused as error:
        raise Stop(str(error)) from error
    except httpx.HTTPError as error:
        raise TryAgain(f"no network: {error}; what came is kept") from error
    if arguments.json:
        print(json.dumps(said))
    else:
        print(", ".join(f"{name} {value}" for name, value in said.items()))
    if said.get("left"):
        raise TryAgain(f"{said['left']} records wait for a better network; nothing is lost")
    return 0


def _download(arguments: argparse.Namespace) -> dict[str, Any]:
    import httpx

    from service.device.clock import SystemClock
    from service.device.downloading import Downloader
    from service.device.log import DeviceLog
    from service.device.player import Player

    with httpx.Client(timeout=TIMEOUT_S) as client:
        path = Downloader(arguments.dir / "episodes", client).fetch(arguments.url, arguments.sha256)
    Player(DeviceLog(arguments.dir), SystemClock()).note_download(arguments.episode)
    return {"file": str(path), "bytes": path.stat().st_size}


def _play(arguments: argparse.Namespace) -> dict[str, Any]:
    from service.device.clock import SimulatedClock, SystemClock
    from service.device.log import DeviceLog
    from service.device.player import Player

    log = DeviceLog(arguments.dir)
    before = len(log.records)
    taken_ms = round(arguments.heard * 1000 / arguments.rate)
    now = SystemClock().now()
    # it has just been heard: simulated time ends now
    clock = SimulatedClock(now.wall_ms - taken_ms, booted_ms=now.wall_ms - (now.mono_ms or 0))
    clock.boot_id = now.boot_id or clock.boot_id
    player = Player(log, clock, offline=True)
    player.rate_milli = round(arguments.rate * 1000)
    player.load(arguments.episode, round(arguments.duration * 1000), round(arguments.start * 1000))
    player.play(round(arguments.heard * 1000))
    return {"written": len(log.records) - before, "position_s": player.position_ms / 1000}


def _sync(arguments: argparse.Namespace) -> dict[str, Any]:
    import httpx

    from service.device.clock import SystemClock
    from service.device.log import DeviceLog
    from service.device.syncing import Syncer

    log = DeviceLog(arguments.dir)
    with httpx.Client(base_url=arguments.server, timeout=TIMEOUT_S) as client:
        outcome = Syncer(arguments.dir, log, SystemClock(), client, account_token=arguments.account_token).sync()
    return {"acknowledged": len(outcome.acknowledged), "requests": outcome.attempts, "left": outcome.left}


def _show(arguments: argparse.Namespace) -> dict[str, Any]:
    from service.device.log import DeviceLog

    log = DeviceLog(arguments.dir)
    return {
        "device_id": log.device_id,
        "log_epoch": log.log_epoch,
        "next_seq": log.next_seq,
        "waiting": len(log.records),
    }
