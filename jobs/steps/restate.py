"""Restate: what changed in days that had ended and were published is written down, with before and after."""

import datetime as dt

from pyspark.sql import functions as F

from jobs.published.reading import current
from jobs.steps.listens import EPISODES_OF_LISTENS, changed_episodes
from jobs.steps.work import Report, Step, Work
from jobs.tables import EPISODES, LISTENS, RESTATEMENTS
from jobs.transforms.restatements import restated_listens


def _restate(work: Work) -> Report:
    report = Report("restate", news=True)
    publication = current(work.settings.lake)
    if publication is None:
        return report
    work.store.remove_where(RESTATEMENTS, f"published_after > {publication.number}")
    published = publication.tables[LISTENS.name]
    if published == work.state.tables[LISTENS.name]:
        return report
    published_on = dt.datetime.fromtimestamp(publication.at_ms / 1000, dt.UTC).date()
    before = work.store.read(LISTENS, published)
    came, went = work.store.differences(LISTENS, published)
    touched = came.unionByName(went).select("listen_id", "listen_day").distinct()
    ended = before.select("listen_day").distinct().where(F.col("listen_day") < F.lit(published_on))
    touched = touched.join(ended, "listen_day", "left_semi").persist()
    days = [row[0] for row in touched.select("listen_day").distinct().collect()]
    if days:
        of_days = F.col("listen_day").isin(days)
        old, new = (
            listens.where(of_days).join(touched, ["listen_id", "listen_day"], "left_semi")
            for listens in (before, work.read(LISTENS))
        )
        recatalogued = changed_episodes(work, publication.tables[EPISODES.name], EPISODES_OF_LISTENS)
        rows = restated_listens(old, new, recatalogued, publication.number).persist()
        report.figures["restated"] = rows.count()
        if report.figures["restated"]:
            work.store.append(RESTATEMENTS, rows)
        rows.unpersist()
    touched.unpersist()
    return report


RESTATE = Step("restate", reads=(LISTENS, EPISODES), writes=(RESTATEMENTS,), run=_restate, follows="listens")
