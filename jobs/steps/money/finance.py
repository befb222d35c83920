"""Finance: the files that finance keeps, read as one set, which takes effect whole or not at all."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict

from jobs.finance.files import read_files
from jobs.finance.judging import judge, listed
from jobs.finance.sheets import Fault
from jobs.payouts import read_payouts
from jobs.published.reading import rows
from jobs.steps.money.knowledge import known_before
from jobs.steps.money.people import acting
from jobs.steps.money.sets import checksum_of, checksums_of, landed_contents, sets_read
from jobs.steps.work import Report, Step, Work
from jobs.tables import FINANCE_FILES, FINANCE_SETS

FAULTS_SHOWN = 100


def _has_news(work: Work) -> bool:
    """Whether the files are others than at the last reading, or those refused then are judged otherwise now.

    A set may be refused for what is missing elsewhere: a show in the catalogue, a program in conf.
    """
    contents = landed_contents(work.settings.landing)
    readings = sets_read(work)
    if not readings or readings[-1].checksum != checksum_of(checksums_of(contents)):
        return True
    return not readings[-1].in_force and readings[-1].faults != _faults(work, contents)


def _faults(work: Work, contents: Mapping[str, bytes]) -> list[Fault]:
    """Every fault of these files, in the order of files and lines."""
    faults: list[Fault] = []
    finance = read_files(contents, faults)
    judge(finance, known_before(work, finance), read_payouts(work.settings.payouts_toml), faults)
    return sorted(set(faults))


def _read(work: Work) -> Report:
    contents = landed_contents(work.settings.landing)
    faults = _faults(work, contents)
    files = checksums_of(contents)
    set_no = 1 + max((one.set_no for one in sets_read(work)), default=0)
    _keep_files(work, {files[name]: content for name, content in contents.items()})
    row = {
        "set_no": set_no,
        "checksum": checksum_of(files),
        "read_at": work.now.astimezone(dt.UTC),
        "read_by": acting(work),
        "in_force": not faults,
        "files": files,
        "faults": [asdict(fault) for fault in faults],
    }
    work.store.add_few(FINANCE_SETS, [row])
    report = Report("finance", news=True, figures={"set": set_no, "files": len(files), "faults": len(faults)})
    if faults:
        report.notes = [f"set {set_no} is refused, the one before stays in force:", *listed(faults, FAULTS_SHOWN)]
    return report


def _keep_files(work: Work, contents: Mapping[str, bytes]) -> None:
    """Keeps the bytes that no earlier set had."""
    version = work.state.tables.get(FINANCE_FILES.name, -1)
    kept = rows(work.settings.lake, FINANCE_FILES.name, version, columns="checksum") if version >= 0 else None
    known = set() if kept is None else set(kept.column("checksum").to_pylist())
    new = [
        {"checksum": checksum, "content": content} for checksum, content in contents.items() if checksum not in known
    ]
    if new:
        work.store.add_few(FINANCE_FILES, new)


FINANCE_STEP = Step("finance", reads=(), writes=(FINANCE_SETS, FINANCE_FILES), run=_read, has_news=_has_news)
