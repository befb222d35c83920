"""A month by another rule, beside what it came to: who would have got what."""

from jobs.errors import Stop
from jobs.finance.amounts import in_words
from jobs.finance.periods import Period
from jobs.finance.programs import OF_USERS, DatedRule, Rule
from jobs.steps.money import archive
from jobs.steps.money.again import work_out_again
from jobs.steps.money.runs import Run, all_runs
from jobs.steps.work import Report, Step, Work
from jobs.tables import ALLOCATIONS


def other_rule_step(period: Period, program: str, rule: Rule, cap_ms: int | None) -> Step:
    """The step that divides the month by that rule; nothing of the lake changes."""
    dated = DatedRule(period, rule, cap_ms)
    return Step(
        "simulate",
        reads=(ALLOCATIONS,),
        writes=(),
        run=lambda work: _simulate(work, period, program, dated),
        has_news=lambda _: True,
    )


def _simulate(work: Work, period: Period, program: str, rule: DatedRule) -> Report:
    run = _run(work, period, program)
    if run.rule == Rule.CPM:
        raise Stop(f"{program} {period} was divided by plays: listening has no part in it, there is no other rule")
    if rule.rule in OF_USERS and not _has_fees(work, run):
        raise Stop(f"{program} {period} has no fees of listeners in its archive, which {rule.rule} divides")
    with work.store.engine() as sql:
        for name, paths in (("before", work.files(ALLOCATIONS)), ("after", work_out_again(work, run, rule))):
            sql.files(f"all_{name}", ALLOCATIONS, paths, f"run_id = '{run.run_id}'")
            sql.view(
                name, f"SELECT coalesce(payee_id, 'without a split') AS payee, currency, sum(amount_minor)::BIGINT "
                f"AS amount FROM all_{name} GROUP BY ALL",
            )  # fmt: skip
        found = sql.query(
            "SELECT payee, currency, coalesce(b.amount, 0) AS before, coalesce(a.amount, 0) AS after "
            "FROM before AS b FULL JOIN after AS a USING (payee, currency) ORDER BY currency, payee"
        ).to_pylist()
    report = Report("simulate", news=True, figures={"payees": len(found)})
    report.notes.append(f"{program} {period} as settled with the close of {run.settlement_period}, and by {rule.rule}:")
    for row in found:
        before, after = (in_words(row[name], row["currency"]) for name in ("before", "after"))
        more = in_words(row["after"] - row["before"], row["currency"])
        report.notes.append(f"{row['payee']}: {before}, {after} ({more})")
    return report


def _run(work: Work, period: Period, program: str) -> Run:
    """The last run that was posted for the month, or else the last settled."""
    found = [run for run in all_runs(work) if (run.program, run.period) == (program, str(period))]
    if not found:
        raise Stop(f"{program} {period} is not settled yet: `podledger settle --period {period}` does that")
    posted = [run for run in found if run.state == "posted"]
    return (posted or found)[-1]


def _has_fees(work: Work, run: Run) -> bool:
    frozen = archive.frozen_in(work.settings.lake, run.frozen["archive"])
    with work.store.engine() as sql:
        sql.saved("fees", frozen.fees, "")
        of = f"program = '{run.program}' AND period = '{run.period}'"
        return bool(sql.value(f"SELECT count(*) FROM fees WHERE {of}"))
