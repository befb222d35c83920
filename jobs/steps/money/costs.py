"""Costs: what each rule keeps on hold in the runs of a draft."""

from jobs.finance.amounts import in_words
from jobs.steps.money.allocating import Allocated
from jobs.steps.work import Work
from jobs.tables import ALLOCATIONS, HOLDS, LISTEN_SETTLEMENTS, RULE_COSTS
from jobs.transforms.settlement.costs import rule_costs


def add_costs(work: Work, found: Allocated) -> None:
    """Writes what rules cost in these runs; the holds of their close are there."""
    store = work.store
    with store.engine() as sql:
        settled = [store.folder(LISTEN_SETTLEMENTS) / part.path for part in found.listens]
        sql.files("settled", LISTEN_SETTLEMENTS, settled, "\"class\" = 'held'")
        sql.files("holds", HOLDS, store.files(HOLDS))
        sql.files("allocations", ALLOCATIONS, [store.folder(ALLOCATIONS) / part.path for part in found.allocations])
        parts = sql.write(store.folder(RULE_COSTS), RULE_COSTS, rule_costs("settled", "holds", "allocations"))
    store.add_parts(RULE_COSTS, parts)


def costs_in_words(work: Work, ids: list[str]) -> list[str]:
    """What rules cost in the runs of these ids, a line for each program, month and rule."""
    listed = ", ".join(f"'{run_id}'" for run_id in ids)
    with work.store.engine() as sql:
        sql.files("costs", RULE_COSTS, work.store.files(RULE_COSTS), f"run_id IN ({listed})")
        by_rule = sql.query("""
            SELECT rule, program, period, currency, sum(cost_minor)::BIGINT AS cost, sum(listens)::BIGINT AS listens
            FROM costs GROUP BY ALL ORDER BY program, period, currency, cost DESC, rule""").to_pylist()
    return [
        f"{row['program']} {row['period']}: {row['rule']} keeps back {in_words(row['cost'], row['currency'])}, "
        f"{row['listens']:,} listens"
        for row in by_rule
    ]
