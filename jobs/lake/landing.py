"""The landing folder read by tasks: each writes the lines and records of its files, and reports on every file."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from jobs.errors import PodledgerError
from jobs.lake.claim_rows import claim_rows
from jobs.lake.gzip_lines import DamagedFile, landed_lines
from jobs.lake.landing_files import LandedFile, Landing
from jobs.lake.lines import read_lines
from jobs.lake.parts import Part, PartWriter
from jobs.lake.record_rows import line_rows, record_rows
from jobs.lake.store import Store
from jobs.tables import CLAIMS, SYNC_LINES, SYNC_RECORDS

BLOCKS_HELD = 16  # of about 4 MB: a file up to this size is read once, a larger one is checked first


@dataclass(slots=True)
class FileReport:
    """What a landed file held: lines, the refused ones among them, and when its batches were received (Unix ms).

    ``damage`` is why it could not be read; it gave nothing then.
    """

    path: str
    lines: int = 0
    refused: int = 0
    received_from_ms: int | None = None
    received_to_ms: int | None = None
    damage: str | None = None


@dataclass(slots=True)
class Landed:
    """What tasks have written, and a report on each file; to be added to the tables by one commit each.

    ``failure`` is why a task could not go on; then nothing of it is to be added.
    """

    lines: list[Part] = field(default_factory=list)
    records: list[Part] = field(default_factory=list)
    claims: list[Part] = field(default_factory=list)
    reports: list[FileReport] = field(default_factory=list)
    failure: PodledgerError | None = None


def land_files(store: Store, landing: Landing, files: list[LandedFile], number: int, task_bytes: int) -> Landed:
    """Writes rows of ``bronze/sync_lines``, ``sync_records`` and ``claims`` for these files, all or nothing of each.

    Files are packed into tasks of about ``task_bytes``, at least one a core. ``number`` is that of the landing.

    Raises:
        TryAgain: the landing folder went away.
        Stop: it could not be read, and somebody has to act.
    """
    bins = packed(files, task_bytes, store.spark.sparkContext.defaultParallelism)
    whole = Landed()
    for landed in store.spread(partial(_land, landing, store.lake, number), bins):
        if landed.failure is not None:
            raise landed.failure
        whole.lines += landed.lines
        whole.records += landed.records
        whole.claims += landed.claims
        whole.reports += landed.reports
    return whole


def packed(files: list[LandedFile], task_bytes: int, cores: int) -> list[list[str]]:
    """The files' paths in bins of about equal size, neighbours in time together."""
    total = sum(file.size_bytes for file in files)
    bins = max(min(cores, len(files)), -(-total // task_bytes), 1)
    filled: list[list[str]] = [[] for _ in range(bins)]
    before = 0
    for file in files:
        filled[min(bins - 1, before * bins // max(1, total))].append(file.path)
        before += file.size_bytes
    return [names for names in filled if names]


def _land(landing: Landing, lake: Path, number: int, paths: list[str]) -> Landed:
    """Reads files and writes their rows; a failure that a person is told of goes back as a value, not as a crash."""
    try:
        return _write_rows(landing, lake, number, paths)
    except PodledgerError as failure:
        return Landed(failure=failure)


def _write_rows(landing: Landing, lake: Path, number: int, paths: list[str]) -> Landed:
    lines = PartWriter(lake / SYNC_LINES.name, SYNC_LINES)
    records = PartWriter(lake / SYNC_RECORDS.name, SYNC_RECORDS)
    claims = PartWriter(lake / CLAIMS.name, CLAIMS)
    reports = []
    for path in paths:
        report = FileReport(path)
        for rows in _rows_of_file(landing, report):
            lines.write(line_rows(rows, path, report.lines, number))
            records.write(record_rows(rows, number))
            claims.write(claim_rows(rows, number))
            _take_note(report, rows)
        reports.append(report)
    return Landed(lines.close(), records.close(), claims.close(), reports)


def _rows_of_file(landing: Landing, report: FileReport) -> Iterator[pa.RecordBatch]:
    """What :func:`read_lines` makes of the file's lines; nothing of a damaged one."""
    try:
        with landing.open(report.path) as stream:
            blocks = landed_lines(stream)
            held = list(itertools.islice(blocks, BLOCKS_HELD))
            if len(held) == BLOCKS_HELD:
                _read_through(landing, report.path)
            for block in itertools.chain(held, blocks):
                yield from read_lines(block)
    except DamagedFile as error:
        report.damage = str(error)


def _read_through(landing: Landing, path: str) -> None:
    with landing.open(path) as stream:
        for _ in landed_lines(stream):
            pass


def _take_note(report: FileReport, rows: pa.RecordBatch) -> None:
    report.lines += rows.num_rows
    report.refused += rows.num_rows - rows.column("reason").null_count
    bounds = pc.min_max(rows.column("received_ms").filter(pc.is_null(rows.column("reason")))).as_py()
    if bounds["min"] is not None:
        known = [at for at in (report.received_from_ms, report.received_to_ms) if at is not None]
        report.received_from_ms = min([bounds["min"], *known])
        report.received_to_ms = max([bounds["max"], *known])
