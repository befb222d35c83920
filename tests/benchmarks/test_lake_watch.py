"""What is said to have been touched in a lake is what was.

The work is done by a process of its own: that of the tests has children, servers of other tests among them, whose
bytes would be counted with its own.
"""

import json
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path

import psutil

from benchmarks.lake_watch import Touched, lake_size, watching_lake

BYTES = 1_000_000
WITHIN_S = 120.0


def work(table: Path) -> None:
    (table / "read.parquet").read_bytes()
    day = table / "listen_day=2026-10-05"
    day.mkdir()
    (day / "added.parquet").write_bytes(b"." * 2 * BYTES)
    log = table / "_delta_log"
    (log / "00000000000000000001.checkpoint.parquet").write_bytes(b".")
    (log / "00000000000000000001.json").write_text(
        json.dumps({"remove": {"path": "read.parquet"}}) + "\n" + json.dumps({"commitInfo": {}}) + "\n"
    )


def nothing(_table: Path) -> None:
    pass


def _by_turns(turn: Barrier, task: Callable[[Path], None], table: Path) -> None:
    turn.wait()  # this process is up: what that read is not the task's
    turn.wait()  # it is being watched
    task(table)
    turn.wait()  # the task is done
    turn.wait()  # what was moved has been asked for


def touched_by(task: Callable[[Path], None], lake: Path, table: Path) -> Touched:
    context = get_context("spawn")
    turn = context.Barrier(2, timeout=WITHIN_S)
    process = context.Process(target=_by_turns, args=(turn, task, table))
    process.start()
    turn.wait()
    with watching_lake(lake, psutil.Process(process.pid)) as found:
        turn.wait()
        turn.wait()
    turn.wait()
    process.join()
    (touched,) = found
    return touched


def test_files_and_bytes_of_a_piece_of_work(tmp_path: Path) -> None:
    table = tmp_path / "silver" / "events"
    log = table / "_delta_log"
    log.mkdir(parents=True)
    for name in ("read", "untouched"):
        (table / f"{name}.parquet").write_bytes(b"." * BYTES)
    touched = touched_by(work, tmp_path, table)
    assert (touched.opened, touched.added, touched.removed, touched.files) == (1, 1, 1, 3)
    assert (touched.opened_bytes, touched.added_bytes) == (BYTES, 2 * BYTES)
    assert touched.tables == {
        "silver/events": {
            "opened": 1, "opened_bytes": BYTES, "added": 1, "added_bytes": 2 * BYTES, "removed": 1,
        }
    }  # fmt: skip
    assert (touched + touched).tables["silver/events"]["added"] == 2
    assert BYTES <= touched.read_bytes < 2 * BYTES
    assert 2 * BYTES <= touched.written_bytes < 3 * BYTES
    assert lake_size(tmp_path)[0] == 5


def test_nothing_touched_is_nothing(tmp_path: Path) -> None:
    touched = touched_by(nothing, tmp_path, tmp_path)
    assert (touched.files, touched.written_bytes) == (0, 0)
