"""Makes a whole simulation: parts in parallel processes, then the landing and truth folders."""

import json
import multiprocessing
import shutil
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from simulator import cast
from simulator.catalogue import make_catalogue, write_catalogue
from simulator.finance import write_finance
from simulator.household import live_block
from simulator.landing import assemble, damaged_files, duplicate_files
from simulator.plan import Plan
from simulator.truth import FILES
from simulator.world import World

BUILDING = ".building"
"""Everything is made below this folder and moved into place when it is whole."""

Report = Callable[[int, int, int], None]
"""Told (parts done, parts, records landed so far)."""


def simulate(plan: Plan, out: Path, processes: int, report: Report) -> Counter[str]:
    """Write `out`/landing and `out`/truth; what was made, counted by name.

    The result does not depend on `processes`. Raises OSError where `out` cannot be written.
    """
    building = out / BUILDING
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    try:
        tally = _make_parts(plan, building, processes, report)
        _assemble(plan, building, tally)
        _write_expected(building / "truth" / "expected.json", tally)
        for name in ("landing", "truth"):
            shutil.rmtree(out / name, ignore_errors=True)
            (building / name).replace(out / name)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return tally


def make_part(plan: Plan, number: int, folder: Path) -> Counter[str]:
    """Simulate one part of the devices below `folder`; what was made, counted by name."""
    blocks = plan.parts[number]
    world = World.create(plan, make_catalogue(plan), folder, blocks.start)
    try:
        for block in blocks:
            live_block(world, block)
        if plan.frauds and number == 0:
            cast.live_cast(world, folder / "truth")
        world.hours.flush()
    finally:
        world.truth.close()
    return world.tally


def _make_parts(plan: Plan, building: Path, processes: int, report: Report) -> Counter[str]:
    tally: Counter[str] = Counter()
    count = len(plan.parts)
    folders = [_part_folder(building, number) for number in range(count)]
    if min(processes, count) == 1:
        for number, folder in enumerate(folders):
            tally.update(make_part(plan, number, folder))
            report(number + 1, count, tally["records_landed"])
        return tally
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(processes, count), mp_context=context) as pool:
        jobs = [pool.submit(make_part, plan, number, folders[number]) for number in range(count)]
        for done, job in enumerate(as_completed(jobs), start=1):
            tally.update(job.result())
            report(done, count, tally["records_landed"])
    return tally


def _assemble(plan: Plan, building: Path, tally: Counter[str]) -> None:
    """Join the parts into the landing and truth folders below `building`."""
    landing, truth = building / "landing", building / "truth"
    catalogue = make_catalogue(plan)
    write_catalogue(catalogue, landing / "catalog" / "episodes.ndjson")
    folders = [_part_folder(building, number) for number in range(len(plan.parts))]
    files = list(assemble(plan, [folder / "hours" for folder in folders], landing / "sync"))
    if files:
        duplicates, damaged = duplicate_files(plan, files), damaged_files(plan, files)
        tally["duplicate_files"], tally["damaged_files"] = len(duplicates), len(damaged)
        files += duplicates + damaged
    tally["files"] = len(files)
    tally["bytes"] = sum(file.stat().st_size for file in files)
    truth.mkdir()
    for name in FILES:
        with (truth / name).open("wb") as out:
            for folder in folders:
                with (folder / "truth" / name).open("rb") as part:
                    shutil.copyfileobj(part, out, 1 << 20)
    if plan.frauds:
        shutil.copyfile(folders[0] / "truth" / cast.FILE, truth / cast.FILE)
    if plan.finance:
        write_finance(plan, catalogue, truth / "listens.ndjson", truth / cast.FILE, landing / "finance")


def _part_folder(building: Path, number: int) -> Path:
    return building / f"part-{number:03d}"


def _write_expected(path: Path, tally: Counter[str]) -> None:
    """The tallies a correct count arrives at, whatever the order in which files are read."""
    expected = {
        "lines": tally["lines"],
        "batches": tally["batches"],
        "records": tally["records_landed"],
        "events": tally["events"],
        "device_logs": tally["device_logs"],
        "forks": tally["forked_seqs"],
        "refused": by_name(tally, "refused:"),
        "listens": by_name(tally, "listens:"),
    }
    path.write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")


def by_name(tally: Counter[str], prefix: str) -> dict[str, int]:
    """The counts whose name begins with a prefix, without it, sorted."""
    return {name.removeprefix(prefix): tally[name] for name in sorted(tally) if name.startswith(prefix)}
