"""
### Listens: events into listens

Rebuilds `silver/listens` for every `(listener, episode, day)` that the new events touch. It runs whenever events were
counted (asset `silver/events`, same **partition**), and takes up all that is new.

- **By hand**: `podledger listens`.
- **A day from its events**: the DAG `replay`.
- **Again**: clear the run; a second run changes nothing.

What comes next starts by itself: `publish` goes on from the asset `silver/listens`.

If it fails: docs/runbooks/listens.md.
"""

from datetime import timedelta

from airflow.sdk import DAG, PartitionedAssetTimetable
from common import COUNTED, LISTENED, Podledger, done_within

with DAG(
    dag_id="listens",
    doc_md=__doc__,
    schedule=PartitionedAssetTimetable(assets=COUNTED),
    catchup=False,
    max_active_runs=1,
    deadline=done_within(timedelta(hours=2), runbook="listens"),
    tags=["podledger"],
) as dag:
    Podledger(task_id="listens", arguments=["listens"], outlets=[LISTENED], runbook="listens", priority_weight=2)
