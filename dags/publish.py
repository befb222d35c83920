"""
### Publishing: restate, validate, publish

Whenever listens changed (asset `silver/listens`, same **partition**), one command, so that nothing comes between:

1. *restate* writes down what the change does to days that were published before;
2. *validate* runs the checks of what is about to be published, the *gate*; if a check stops it, nothing is published
   and what was published before stays in force;
3. *publish* puts the validated versions in force, all of one piece.

If another hour was counted meanwhile and its listens are still to come, the run of that hour publishes both.

- **By hand**: `podledger publish`.
- **Again**: clear the run; a second run changes nothing.

If the gate is closed: docs/runbooks/gate.md. If anything else fails: docs/runbooks/publication.md.
"""

from datetime import timedelta

from airflow.sdk import DAG, PartitionedAssetTimetable
from common import LISTENED, PUBLICATION, Podledger, done_within

with DAG(
    dag_id="publish",
    doc_md=__doc__,
    schedule=PartitionedAssetTimetable(assets=LISTENED),
    catchup=False,
    max_active_runs=1,
    deadline=done_within(timedelta(hours=2), runbook="publication"),
    tags=["podledger"],
) as dag:
    Podledger(task_id="publish", arguments=["publish"], outlets=[PUBLICATION], runbook="publication")
