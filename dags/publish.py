"""
### Publishing: restate, validate, publish

Whenever listens changed (asset `silver/listens`, same **partition**):

1. `restate` writes down what the change does to days that were published before;
2. `validate` runs the checks of every table, the *gate*; if a check stops it, nothing is published and what was
   published before stays in force;
3. `publish` puts the validated versions in force, all of one piece.

- **By hand**: `podledger restate`, `podledger validate`, `podledger publish`.
- **Again**: clear the run; a second run changes nothing.

If the gate is closed: docs/runbooks/gate.md. If anything else fails: docs/runbooks/publication.md.
"""

from datetime import timedelta

from airflow.sdk import DAG, PartitionedAssetTimetable, chain
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
    chain(
        Podledger(task_id="restate", arguments=["restate"], runbook="publication"),
        Podledger(task_id="validate", arguments=["validate"], runbook="gate"),
        Podledger(task_id="publish", arguments=["publish"], outlets=[PUBLICATION], runbook="publication"),
    )
