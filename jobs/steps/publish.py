"""Publish: what was validated becomes, in one stroke, what readers see."""

import datetime as dt

from jobs.errors import GateClosed
from jobs.lake.files import write_json
from jobs.published.reading import CURRENT, Publication, current
from jobs.steps.count import COUNT
from jobs.steps.listens import LISTENS_STEP
from jobs.steps.validate import VALIDATE
from jobs.steps.work import Report, Step, Work
from jobs.tables import RUNS, TABLES

PUBLISHED = tuple(table for table in TABLES if table.published and table is not RUNS)


def _publish(work: Work) -> Report:
    validated = work.state.done.get(VALIDATE.name)
    if validated != work.state.inputs((table.name for table in VALIDATE.reads), COUNT.name):
        raise GateClosed("what is to be published was not validated: run `podledger validate` first")
    number = put_in_force(work)
    work.state.done["published"] = dict(work.state.done.get("counted", {}))
    return Report("publish", news=True, notes=[f"publication {number} is in force"])


def put_in_force(work: Work) -> int:
    """Makes the tables as they are what readers see; the number of the publication."""
    before = current(work.settings.lake)
    number = 1 if before is None else before.number + 1
    _keep_run(work, number)
    work.state.left_behind([RUNS.name])
    tables = work.state.inputs((table.name for table in (*PUBLISHED, RUNS)), COUNT.name)
    publication = Publication(number, int(work.now.timestamp() * 1000), tables)
    announce(work, publication)
    work.state.figures = {}
    return number


def announce(work: Work, publication: Publication) -> None:
    """Puts the publication in force: first it is kept under its number, then the pointer moves, atomically."""
    content = {"publication": publication.number, "at_ms": publication.at_ms, "tables": publication.tables}
    lake = work.settings.lake
    write_json(lake / "_published" / "publications" / f"{publication.number:08d}.json", content)
    write_json(lake / CURRENT, content)


def _keep_run(work: Work, number: int) -> None:
    store = work.store
    store.remove_where(RUNS, f"publication >= {number}")
    at = work.now.astimezone(dt.UTC)
    row = {"publication": number, "at": at, "figures": work.state.figures, "versions": dict(work.state.tables)}
    store.add_few(RUNS, [row])


def has_news(work: Work) -> bool:
    """Whether what is validated differs from what is published."""
    publication = current(work.settings.lake)
    there = work.state.inputs((table.name for table in PUBLISHED), COUNT.name)
    differs = publication is None or any(publication.tables.get(name) != there[name] for name in there)
    return differs and work.state.is_news("publish", there)


PUBLISH = Step(
    "publish",
    reads=PUBLISHED,
    writes=(RUNS,),
    run=_publish,
    has_news=has_news,
    follows=LISTENS_STEP.name,
    seen_by=COUNT.name,
)
