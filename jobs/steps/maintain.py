"""Maintain: small files put together, files that no kept publication needs removed, old records let go."""

import datetime as dt

from jobs.errors import TryAgain
from jobs.lake.files import read_json
from jobs.lake.tiers import has_turn
from jobs.published.reading import current
from jobs.steps.publish import has_news, put_in_force
from jobs.steps.work import Report, Step, Work
from jobs.tables import BY_NAME, GATE_RESULTS, TABLES

LEAST_RETENTION_H = 168
"""Younger files may belong to work in progress."""
LET_GO_EVERY = dt.timedelta(days=7)
"""Rows past their retention go together: each time a file is written anew without them."""


def _maintain(work: Work) -> Report:
    report = Report("maintain", news=True)
    pending = [step for step in ("count", "listens") if step in work.state.done and work.state.is_behind(step)]
    if pending:
        raise TryAgain(f"there is work to finish first ({', '.join(pending)}): `podledger run`, then maintain")
    is_published = not has_news(work)
    report.figures["results_let_go"] = _let_go_of_results(work)
    report.figures["tables_compacted"] = sum(_compact(work, name) for name in list(work.state.tables))
    if is_published and any(report.figures.values()):
        number = put_in_force(work)  # the same rows in other files, which nobody then has to compare
        report.notes.append(f"publication {number} is in force: what the one before said, in fewer files")
    hours = _retention_h(work)
    report.figures["files_deleted"] = _delete_unneeded(work, hours)
    report.notes.append(f"kept every version of the last {hours} hours")
    return report


def _compact(work: Work, name: str) -> bool:
    """Puts small files together; content stays, so steps that worked from the version before need not again."""
    before = work.state.tables[name]
    table, together = BY_NAME[name], work.settings.small_files
    turn = has_turn(work.now.toordinal(), TABLES.index(table), together)
    if not work.store.compact(table, together, turn=turn):
        return False
    work.state.left_behind([name])
    after = work.state.tables[name]
    for inputs in work.state.done.values():
        if inputs.get(name) == before:
            inputs[name] = after
    work.state.save()
    return True


def _let_go_of_results(work: Work) -> int:
    oldest = work.now - dt.timedelta(days=work.settings.keep_check_results_days)
    overdue = (dt.datetime.min.replace(tzinfo=dt.UTC), oldest - LET_GO_EVERY)
    if not work.store.files(GATE_RESULTS, within={"checked_at": overdue}):
        return 0
    rows = work.store.remove_where(GATE_RESULTS, f"checked_at < '{oldest.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}'")
    work.state.left_behind([GATE_RESULTS.name])
    return rows


def _retention_h(work: Work) -> int:
    """How far back files are kept: to the oldest publication that is kept, the one in force always among them."""
    now_ms = work.now.timestamp() * 1000
    keep_ms = work.settings.keep_publications_days * 86_400_000
    publication = current(work.settings.lake)
    oldest_ms = now_ms if publication is None else publication.at_ms
    for path in sorted((work.settings.lake / "_published" / "publications").glob("*.json")):
        at_ms = (read_json(path) or {})["at_ms"]
        if now_ms - at_ms <= keep_ms:
            oldest_ms = min(oldest_ms, at_ms)
        elif publication is not None and path.stem != f"{publication.number:08d}":
            path.unlink()
    return max(LEAST_RETENTION_H, int((now_ms - oldest_ms) // 3_600_000) + 1)


def _delete_unneeded(work: Work, hours: int) -> int:
    """Deletes what no version of so many hours needs, nor the publication in force, however old it is."""
    publication = current(work.settings.lake)
    in_force = {} if publication is None else publication.tables
    return sum(work.store.vacuum(BY_NAME[name], hours, in_force.get(name, -1)) for name in work.state.tables)


MAINTAIN = Step("maintain", reads=(), writes=TABLES, run=_maintain, has_news=lambda work: bool(work.state.tables))
