"""Reproduce: a past run worked out again from what its close archived, and held against what it came to then."""

from pathlib import Path

from jobs.errors import Stop
from jobs.steps.money import archive
from jobs.steps.money.again import work_out_again
from jobs.steps.money.draft import NO_TABLE
from jobs.steps.money.listens_frozen import combined
from jobs.steps.money.plays_frozen import checksum_of_plays
from jobs.steps.money.runs import Run, all_runs, rejected_in_words
from jobs.steps.money.sets import checksum_of, checksums_of, contents_in
from jobs.steps.money.settle import NOTHING_ALLOCATED, run_checksums_in
from jobs.steps.work import Report, Step, Work
from jobs.transforms.settlement.freezing import digests


def reproduce_step(run_id: str) -> Step:
    """The step that works out this run again; nothing of the lake changes."""
    return Step("reproduce", reads=(), writes=(), run=lambda work: _reproduce(work, run_id), has_news=lambda _: True)


def _reproduce(work: Work, run_id: str) -> Report:
    found = [run for run in all_runs(work) if run.run_id.startswith(run_id)]
    if len({run.run_id for run in found}) != 1:
        raise Stop(f"there is no run {run_id}, or more than one in gold/settlement_runs")
    run = found[0]
    folder = work.settings.lake / run.frozen["archive"]
    _check_archive(work, run, folder)
    checksum = run_checksums_in(work, work_out_again(work, run)).get(run.run_id, NOTHING_ALLOCATED)
    report = Report("reproduce", news=True)
    said = f"run {run.run_id} ({run.program} {run.period}, close of {run.settlement_period})"
    if checksum != run.checksum:
        raise Stop(
            f"{said} came to {run.checksum} and comes to {checksum} now: its code was {run.code}, this is "
            f"{archive.code_version()}; see docs/payouts.md"
        )
    report.notes.append(f"{said} comes to the same again: {checksum}")
    report.notes += sorted({rejected_in_words(one) for one in found if one.state == "rejected"})
    return report


def _check_archive(work: Work, run: Run, folder: Path) -> None:
    """Whether what is archived is what was frozen."""
    checksums = run.frozen["checksums"]
    frozen = archive.frozen_in(work.settings.lake, run.frozen["archive"])
    with work.store.engine() as sql:
        listens = combined([])
        if frozen.listens:
            sql.saved("listens", frozen.listens, "")
            found = sql.query(digests("listens")).to_pylist()
            listens = combined((row["bucket"], row["digest"], row["listens"]) for row in found)
    finance = checksum_of(checksums_of(contents_in(folder)))
    plays = checksum_of_plays(work, frozen.plays)
    for what, now in (("listens", listens), ("plays", plays), ("finance", finance)):
        if checksums.get(what, NO_TABLE) != now:
            raise Stop(f"{folder}: the {what} archived are not those that were frozen; restore it from a backup")
