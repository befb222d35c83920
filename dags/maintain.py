"""
### Maintenance: stragglers, compaction, retention

Once a day:

1. `sweep` lands whatever came too late for its hour, and hands it on like any landing;
2. `maintain` compacts the tables (OPTIMIZE), deletes old files (VACUUM, but never a version that a publication still
   kept names) and rows past their retention.

- **By hand**: `podledger land`, `podledger maintain`.
- **Again**: clear the run; a second run changes nothing.

If it fails: docs/runbooks/maintenance.md.
"""

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable, chain
from common import LINES, Podledger, done_within

with DAG(
    dag_id="maintain",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("30 3 * * *", timezone="UTC"),
    catchup=False,
    max_active_runs=1,
    deadline=done_within(timedelta(hours=6), runbook="maintenance"),
    tags=["podledger"],
) as dag:
    chain(
        Podledger(task_id="sweep", arguments=["land"], outlets=[LINES], runbook="landing"),
        Podledger(
            task_id="maintain", arguments=["maintain"], runbook="maintenance", execution_timeout=timedelta(hours=5)
        ),
    )
