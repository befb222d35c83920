"""
### Counting: landed lines into events

Judges every new line and record, and keeps each accepted record once: `silver/events`, `silver/rejected` and
`silver/device_logs`. It runs whenever an hour has landed (asset `bronze/sync_lines`, same **partition**), but it
counts *all* that is new: after a backfill of many hours the first run does the work and the others find no news.

- **By hand**: `podledger count`.
- **Again**: clear the run; a second run changes nothing.

What comes next starts by itself: `listens` goes on from the asset `silver/events`.

If it fails: docs/runbooks/counting.md.
"""

from datetime import timedelta

from airflow.sdk import DAG, PartitionedAssetTimetable
from common import COUNTED, LINES, Podledger, done_within

with DAG(
    dag_id="count",
    doc_md=__doc__,
    schedule=PartitionedAssetTimetable(assets=LINES),
    catchup=False,
    max_active_runs=1,
    deadline=done_within(timedelta(hours=2), runbook="counting"),
    tags=["podledger"],
) as dag:
    Podledger(task_id="count", arguments=["count"], outlets=[COUNTED], runbook="counting", priority_weight=3)
