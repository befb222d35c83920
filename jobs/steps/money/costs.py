"""Costs: what each rule keeps on hold in the runs of a draft."""

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
