"""SQL over files, in processes side by side."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from jobs.lake.engine import engine

ROWS = 1_500_000


def sorted_rows(scratch: Path, seed: int) -> int:
    """Sorts more than fits into memory, so that much is spilled; how many rows come out in order."""
    with engine(scratch, memory="80MB") as sql:
        sql.keep("wide", f"SELECT md5((range * {seed})::VARCHAR) AS name, range AS n FROM range({ROWS})")
        in_order = "SELECT name >= lag(name, 1, '') OVER (ORDER BY name) AS is_sorted FROM wide"
        return sql.value(f"SELECT count(*) FROM ({in_order}) WHERE is_sorted")


def test_engines_that_spill_side_by_side_leave_each_other_alone(tmp_path: Path) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        found = [pool.submit(sorted_rows, tmp_path, seed) for seed in (1, 7)]
        assert [one.result() for one in found] == [ROWS, ROWS]
    assert list(tmp_path.iterdir()) == []
