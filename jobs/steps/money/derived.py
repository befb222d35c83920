"""What follows from the ledger alone: balances and statements, made anew after every posting."""

from collections.abc import Iterable

import pyarrow as pa

from jobs.lake.log import newest_version
from jobs.published.reading import rows
from jobs.steps.work import Work
from jobs.tables import BALANCES, LEDGER, STATEMENTS
from jobs.transforms.settlement.ledger import balances
from jobs.transforms.settlement.statements import statements


def derive(work: Work, closes: Iterable[str]) -> None:
    """Puts balances and statements as the ledger has them now in the place of all; ``closes`` are the months posted."""
    store = work.store
    with store.engine() as sql:
        sql.files("ledger", LEDGER, store.files(LEDGER))
        sql.rows("closes", pa.table({"settlement_period": pa.array(sorted(set(closes)), pa.string())}))
        for table, query in ((BALANCES, balances("ledger")), (STATEMENTS, statements("ledger", "closes"))):
            parts = sql.write(store.folder(table), table, query)
            version = newest_version(store.folder(table)) or 0
            gone = rows(work.settings.lake, table.name, version, columns=", ".join(table.key))
            store.put(table, parts, gone)
