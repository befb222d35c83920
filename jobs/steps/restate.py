"""Restate: what changed in days that had ended and were published is written down, with before and after."""

import datetime as dt

import pyarrow as pa

from jobs.published.reading import Publication, current
from jobs.steps.catalogue import changed_episodes
from jobs.steps.listens import EPISODES_OF_LISTENS
from jobs.steps.work import Report, Step, Work
from jobs.tables import EPISODES, LISTENS, RESTATEMENTS
from jobs.transforms.restatements import restated_listens


def _restate(work: Work) -> Report:
    report = Report("restate", news=True)
    publication = current(work.settings.lake)
    if publication is None:
        return report
    work.store.remove_where(RESTATEMENTS, f"published_after > {publication.number}")
    if publication.tables[LISTENS.name] != work.state.tables[LISTENS.name]:
        report.figures["restated"] = _write(work, publication)
    return report


def _write(work: Work, publication: Publication) -> int:
    """Compares the listens in files that came since with those in files that went; how many were restated.

    A day was published when it held a listen, and had ended when its publication was made after it.
    """
    store = work.store
    published = publication.tables[LISTENS.name]
    published_on = dt.datetime.fromtimestamp(publication.at_ms / 1000, dt.UTC).date()
    came, went = store.differences(LISTENS, published)
    changed = changed_episodes(work, publication.tables[EPISODES.name], EPISODES_OF_LISTENS)
    with store.engine() as sql:
        sql.files("came", LISTENS, came)
        sql.files("went", LISTENS, went)
        sql.rows("recatalogued", pa.table({"episode_id": pa.array(changed, pa.string())}))
        days = "SELECT DISTINCT listen_day FROM came UNION SELECT DISTINCT listen_day FROM went"
        asked = set(sql.query(days).column("listen_day").to_pylist())
        sql.files("published", LISTENS, store.files(LISTENS, published, {"listen_day": asked}))
        sql.keep(
            "ended",
            f"SELECT DISTINCT listen_day FROM published SEMI JOIN ({days}) USING (listen_day) "
            f"WHERE listen_day < DATE '{published_on}'",
        )
        sql.view("before", "SELECT * FROM went SEMI JOIN ended USING (listen_day)")
        sql.view("after", "SELECT * FROM came SEMI JOIN ended USING (listen_day)")
        restated = restated_listens("before", "after", "recatalogued", publication.number)
        parts = sql.write(store.folder(RESTATEMENTS), RESTATEMENTS, restated)
    store.add_parts(RESTATEMENTS, parts)
    return sum(part.rows for part in parts)


RESTATE = Step("restate", reads=(LISTENS, EPISODES), writes=(RESTATEMENTS,), run=_restate, follows="listens")
