"""A month of listens as a close freezes them, drawn by hashes: the same numbers make the same rows."""

import argparse
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from jobs.steps.shares import shares

BUCKET = "('0x' || left(md5({}), 2))::INTEGER"
PERIOD, PROGRAM = "2026-10", "bench"
FEE_BPS, FEE_MINOR = 1500, 999
HOLDBACK_MINOR = 50_000
FILES = ("listens", "splits", "fees")


@dataclass(frozen=True, slots=True)
class Month:
    """How large the month is; ``payees`` is how many a show has at most."""

    name: str
    listens: int
    listeners: int
    shows: int
    payees: int
    rule: str

    @property
    def gross_minor(self) -> int:
        """What all listeners pay together."""
        return self.listeners * FEE_MINOR

    @property
    def net_minor(self) -> int:
        """What of it is divided, but for the holdback."""
        return self.gross_minor - self.gross_minor * FEE_BPS // 10_000


def made(cache: Path, month: Month) -> Path:
    """The folder with the month's listens, splits and fees; made once."""
    size = asdict(month) | {"rule": ""}
    name = "-".join(str(size[one]) for one in ("listens", "listeners", "shows", "payees"))
    folder = cache / "settling" / name
    if (folder / "made.json").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with duckdb.connect() as sql:
        sql.execute("SET preserve_insertion_order = false; SET TimeZone = 'UTC'")
        sql.execute(f"CREATE TABLE listens AS {_listens(month)}")
        for place, share in enumerate(shares(month.listens)):
            rows = f"SELECT * FROM listens WHERE {share.condition} ORDER BY bucket, listen_id"
            sql.execute(f"COPY ({rows}) TO '{folder}/listens-{place:03d}.parquet' (ROW_GROUP_SIZE 8192)")
        sql.execute(f"COPY ({_splits(month)}) TO '{folder}/splits-000.parquet'")
        sql.execute(f"COPY ({_fees(month)}) TO '{folder}/fees-000.parquet'")
    (folder / "made.json").write_text(json.dumps(size))
    return folder


def _files(folder: Path) -> dict[str, list[Path]]:
    """The files of a month, by what they hold."""
    return {name: sorted(folder.glob(f"{name}-*.parquet")) for name in FILES}


def asked(about: str) -> tuple[Month, dict[str, list[Path]], Path]:
    """What a contestant is called with: the month, its files by what they hold, and the folder to write to, made."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--month", type=Path, required=True)
    parser.add_argument("--figures", type=json.loads, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True)
    return Month(**args.figures), _files(args.month), args.out


def _listens(month: Month) -> str:
    """Some listeners hear much and most hear little, a few shows have most listens, and one in fifty waits or is short.

    Two of a listener to one episode on a day would be one: ids are numbers here.
    """
    part = "(hash(i * 8 + {}) % 1000000 / 1000000.0)"
    listener = f"'l' || (({part.format(1)} ** 1.5) * {month.listeners})::BIGINT % {month.listeners}"
    show = f"'s' || (({part.format(2)} ** 3) * {month.shows})::BIGINT % {month.shows}"
    return f"""
        SELECT md5(i::VARCHAR) AS listen_id, {listener} AS listener_id, {show} AS show_id,
            DATE '{PERIOD}-01' + (hash(i * 8 + 3) % 31)::INTEGER AS listen_day,
            (CASE hash(i * 8 + 4) % 50 WHEN 0 THEN 20000 ELSE 30001 + hash(i * 8 + 5) % 3600000 END)::BIGINT
                AS heard_ms,
            CASE hash(i * 8 + 4) % 50 WHEN 0 THEN 'too_short' WHEN 1 THEN 'held' ELSE 'payable' END AS standing,
            if(hash(i * 8 + 4) % 50 = 1, TIMESTAMPTZ '2026-11-08 00:00:00+00', NULL) AS held_since,
            {BUCKET.format(listener)} AS bucket
        FROM (SELECT i::UBIGINT AS i FROM range({month.listens}) AS r(i))"""


def _splits(month: Month) -> str:
    """Shows share among 1 to ``payees``; one in ten does otherwise from the middle of the month on, some have none."""
    return f"""
        SELECT 's' || no AS show_id, v.valid_from, v.valid_to, 'p' || no || '-' || payee AS payee_id,
            (1 + hash(no * 1000003 + payee + v.kind) % 100)::BIGINT AS share
        FROM range({month.shows}) AS s(no), range({month.payees}) AS p(payee), (
            VALUES (0, DATE '2026-01-01', NULL), (1, DATE '2026-01-01', DATE '{PERIOD}-16'),
                (2, DATE '{PERIOD}-16', NULL)
        ) AS v(kind, valid_from, valid_to)
        WHERE no % 50 <> 7 AND (no % 10 = 3) = (v.kind > 0)
            AND ({month.payees} > 3 OR payee <= hash(no) % {month.payees})"""


def _fees(month: Month) -> str:
    listener = "'l' || i"
    return f"""
        SELECT '{PROGRAM}' AS program, '{PERIOD}' AS period, {listener} AS listener_id,
            {FEE_MINOR}::BIGINT AS fee_minor, {BUCKET.format(listener)} AS bucket
        FROM range({month.listeners}) AS r(i)"""
