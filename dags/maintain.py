"""
### Maintenance: compaction, retention, stragglers

Once a day, after the hours of the day before are counted:

- `maintain` puts small files together (OPTIMIZE), deletes files that nobody needs any more (VACUUM, but never a version
  that a kept publication names) and lets go of rows past their retention. It wants no work half done, and is tried
  again while there is some;
- `audit` checks all rows of all tables; publications check only what they change;
- `sweep` then lands whatever came too late for its hour, and hands it on like any landing.

None waits for another's success.

- **By hand**: `podledger maintain`, `podledger validate --whole`, `podledger land`.
- **Again**: clear the run; a second run changes nothing.

If it fails: docs/runbooks/maintenance.md.
"""

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable
from common import LINES, Podledger, done_within

with DAG(
    dag_id="maintain",
    doc_md=__doc__,
    # Not at once where the house is set up soon after: unless told, a tenth of a day counts as soon.
    schedule=CronTriggerTimetable("30 3 * * *", timezone="UTC", run_immediately=timedelta(0)),
    catchup=False,
    max_active_runs=1,
    deadline=done_within(timedelta(hours=6), runbook="maintenance"),
    tags=["podledger"],
) as dag:
    Podledger(
        task_id="maintain",
        arguments=["maintain"],
        runbook="maintenance",
        execution_timeout=timedelta(hours=5),
        priority_weight=2,
    )
    Podledger(task_id="audit", arguments=["validate", "--whole"], runbook="gate", execution_timeout=timedelta(hours=5))
    Podledger(task_id="sweep", arguments=["land"], outlets=[LINES], runbook="landing")
