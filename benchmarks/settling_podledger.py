"""One month allocated as a close does it, by tasks that Spark spreads; prints the seconds as JSON.

python benchmarks/settling_podledger.py --month DIR --figures JSON --out LAKE
"""

import datetime as dt
import json
import sys
import time
from pathlib import Path

import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks.settling_month import FEE_BPS, HOLDBACK_MINOR, PERIOD, PROGRAM, Month, asked
from jobs.lake.session import open_session
from jobs.lake.store import Store
from jobs.settings import read_settings
from jobs.steps.money.allocating import allocate
from jobs.steps.money.shares_of_run import MEMBERS, POOLS, RUNS, Frozen
from jobs.tables import ALLOCATIONS, LISTEN_SETTLEMENTS

RELEASE_UNTIL = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def main() -> int:
    """Allocate the month and commit both tables."""
    month, given, out = asked("Allocate one month as a close does.")
    store = Store(out, lambda: open_session(read_settings({}, lake=str(out))))
    store.clear_scratch()
    began = time.monotonic()
    store.spark.sparkContext.parallelize([0], 1).count()
    started = time.monotonic()
    store.ensure([ALLOCATIONS, LISTEN_SETTLEMENTS])
    found = allocate(store, Frozen(given["listens"], given["splits"], given["fees"]), *_relations(month))
    store.add_parts(ALLOCATIONS, found.allocations)
    store.add_parts(LISTEN_SETTLEMENTS, found.listens)
    print(json.dumps({"session_s": started - began, "own_s": time.monotonic() - started}))
    store.spark.stop()
    return 0


def _relations(month: Month) -> tuple[pa.Table, pa.Table, pa.Table]:
    run = {
        "run_no": 0, "run_id": "r", "program": PROGRAM, "period": PERIOD, "rule": month.rule, "fee_bps": FEE_BPS,
        "net_minor": month.net_minor, "is_final": False, "release_until": RELEASE_UNTIL,
    }  # fmt: skip
    member = {"run_no": 0, "show_id": "*", "since": dt.date(2026, 1, 1)}
    pool = {
        "pool_no": 0, "run_no": 0, "currency": "EUR", "campaign_id": "", "net_minor": month.net_minor,
        "holdback_minor": HOLDBACK_MINOR,
    }  # fmt: skip
    return (
        pa.Table.from_pylist([run], RUNS),
        pa.Table.from_pylist([member], MEMBERS),
        pa.Table.from_pylist([pool], POOLS),
    )


if __name__ == "__main__":
    sys.exit(main())
