"""Footers of files are read once in a process, while there are few."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.lake import footers
from jobs.lake.footers import footer_of


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rows.parquet"
    rows = pa.table({"bucket": [1, 1, 2, 5], "note": ["a", "b", None, "c"]})
    pq.write_table(rows, path, row_group_size=2, write_statistics=["bucket"])
    return path


def test_a_footer_tells_the_bounds_of_each_row_group(file: Path) -> None:
    footer = footer_of(file, ("bucket", "note"))
    assert footer.metadata.num_rows == 4
    assert list(footer.bounds) == [((1, 1), None), ((2, 5), None)]


def test_a_footer_is_read_once(file: Path) -> None:
    footer = footer_of(file, ("bucket",))
    file.unlink()
    assert footer_of(file, ["bucket"]) is footer


def test_no_more_footers_are_kept_than_fit(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footers, "KEPT_BYTES", 0)
    assert footer_of(file, ("bucket",)).metadata.num_rows == 4
    file.unlink()
    with pytest.raises(FileNotFoundError):
        footer_of(file, ("bucket",))
