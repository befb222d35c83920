"""
### Replay: listen days again from their events

Rebuilds the listens of one `listen_day`, or of a range of them, from `silver/events`, then validates and publishes
what came out differently. Use it after a rule, a catalogue or a translation was mended.

- **Trigger it** with `from`, and `to` where it is a range (both days included):
  `airflow dags trigger replay --conf '{"from": "2026-10-01", "to": "2026-10-03"}'`.
- **By hand**: `podledger replay --from 2026-10-01 --to 2026-10-03`.
- **Again**: a replay of days that are right changes nothing.

If it fails: docs/runbooks/replay.md.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, Param
from common import PUBLICATION, Podledger, done_within

DAY: dict[str, Any] = {"format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"}

with DAG(
    dag_id="replay",
    doc_md=__doc__,
    schedule=None,
    params={
        "from": Param(type="string", title="First day", description="listen_day to rebuild, UTC", **DAY),
        "to": Param(None, type=["null", "string"], title="Last day", description="of a range; else one day", **DAY),
    },
    max_active_runs=1,
    deadline=done_within(timedelta(hours=6), runbook="replay"),
    tags=["podledger"],
) as dag:
    Podledger(
        task_id="replay",
        arguments=["replay", "--from={{ params['from'] }}", "--to={{ params.to or params['from'] }}"],
        outlets=[PUBLICATION],
        runbook="replay",
        execution_timeout=timedelta(hours=5),
    )
