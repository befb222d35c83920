"""What is said to have been touched in a lake is what was."""

import json
from pathlib import Path

import psutil

from benchmarks.lake_watch import lake_size, watching_lake

BYTES = 1_000_000


def test_files_and_bytes_of_a_piece_of_work(tmp_path: Path) -> None:
    table = tmp_path / "silver" / "events"
    log = table / "_delta_log"
    log.mkdir(parents=True)
    for name in ("read", "untouched"):
        (table / f"{name}.parquet").write_bytes(b"." * BYTES)
    with watching_lake(tmp_path, psutil.Process()) as found:
        (table / "read.parquet").read_bytes()
        day = table / "listen_day=2026-10-05"
        day.mkdir()
        (day / "added.parquet").write_bytes(b"." * 2 * BYTES)
        (log / "00000000000000000001.checkpoint.parquet").write_bytes(b".")
        (log / "00000000000000000001.json").write_text(
            json.dumps({"remove": {"path": "read.parquet"}}) + "\n" + json.dumps({"commitInfo": {}}) + "\n"
        )
    (touched,) = found
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
    with watching_lake(tmp_path, psutil.Process()) as found:
        pass
    assert (found[0].files, found[0].written_bytes) == (0, 1)  # the one byte that ends the watching
