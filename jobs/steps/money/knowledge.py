"""What a finance set is held against: earlier payees, what the catalogue and the counting issued, what is posted."""

from collections.abc import Iterable

from jobs.finance.files import FinanceSet
from jobs.finance.judging import Known
from jobs.finance.programs import Rule
from jobs.published.reading import rows
from jobs.steps.money.payments import all_payments, issued
from jobs.steps.money.runs import Run, all_runs
from jobs.steps.money.sets import finance_of, set_in_force
from jobs.steps.work import Work
from jobs.tables import EPISODES, LISTENS


def known_before(work: Work, new: FinanceSet) -> Known:
    """What is known at this moment, as far as the new set speaks of it."""
    before = set_in_force(work)
    old = FinanceSet() if before is None else finance_of(work, before)
    posted = [run for run in all_runs(work) if run.state == "posted"]
    decided = {row["listen_id"] for row in new["decisions"]}
    return Known(
        files=old.given,
        payees=frozenset(row["payee_id"] for row in old["payees"]),
        shows=_shows(work),
        listens=_listens(work, decided) | {row["listen_id"] for row in old["decisions"]},
        payments=frozenset(issued(all_payments(work))),
        documents=_posted(run for run in posted if run.rule != Rule.CPM),
        campaigns=_posted(run for run in posted if run.rule == Rule.CPM),
        finals=frozenset((run.program, run.period) for run in posted if run.kind == "final"),
    )


def _posted(runs: Iterable[Run]) -> dict[str, str]:
    """Documents of these runs with their text, by name."""
    return {name: text for run in runs for name, text in run.frozen["documents"].items()}


def _shows(work: Work) -> frozenset[str]:
    version = work.state.tables.get(EPISODES.name, -1)
    if version < 0:
        return frozenset()
    found = rows(work.settings.lake, EPISODES.name, version, columns="distinct show_id")
    return frozenset(found.column("show_id").to_pylist())


def _listens(work: Work, asked: set[str]) -> frozenset[str]:
    """Which of these are listens that were issued."""
    if not asked or LISTENS.name not in work.state.tables:
        return frozenset()
    wanted = ", ".join(f"'{listen}'" for listen in sorted(asked))
    with work.store.engine() as sql:
        sql.files("listens", LISTENS, work.files(LISTENS))
        found = sql.query(f"SELECT listen_id FROM listens WHERE listen_id IN ({wanted})")
    return frozenset(found.column("listen_id").to_pylist())
