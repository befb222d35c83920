"""
### Landing: one sealed hour into the lake

Every hour, the files that were sealed in the UTC hour before are read into `bronze/sync_lines`. A **partition** is
that hour (`2026-10-05T12`); a file is read once, so an hour may be landed as often as you like.

- **Backfill** hours that were missed: *Trigger → Backfill*, or
  `airflow backfill create --dag-id land --from-date 2026-10-05T12:00 --to-date 2026-10-06T00:00`.
- **Everything new**, whatever its hour: trigger it without a partition key.
- **By hand**: `podledger land --hour 2026-10-05T12`.

What comes next starts by itself: each hour hands on the asset `bronze/sync_lines`, from which `count` goes on.

If it fails: docs/runbooks/landing.md.
"""

from datetime import timedelta

from airflow.sdk import DAG, CronPartitionTimetable
from common import HOUR_KEY, LINES, Podledger, done_within

with DAG(
    dag_id="land",
    doc_md=__doc__,
    schedule=CronPartitionTimetable(
        "0 * * * *", timezone="UTC", run_offset=-1, run_immediately=timedelta(0), key_format=HOUR_KEY
    ),
    catchup=False,
    max_active_runs=1,
    deadline=done_within(timedelta(hours=1), runbook="landing"),
    tags=["podledger"],
) as dag:
    Podledger(
        task_id="land",
        arguments=["land", "{{ '--hour=' ~ dag_run.partition_key if dag_run.partition_key else '' }}"],
        outlets=[LINES],
        runbook="landing",
        priority_weight=4,
    )
