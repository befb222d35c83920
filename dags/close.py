"""
### Closing a month: settle, have it approved, post, pay, hand out

On the day of the cut-off (`conf/payouts.toml`) the month before is closed: the **partition**, like `2026-10`.

1. *finance* reads what finance keeps; *settle* works the month out, and trues up older ones: a draft.
2. *approve_1*, …: as many people as conf asks **approve or reject it here**, under *Required actions*, each under their
   own name: people of `conf/people.toml`, not the one who triggered the run, and nobody twice.
3. *post* puts it into the ledger, *pay* makes payment instructions, *statements* and *export* write the files.

- **Again**, or another month: trigger it with `month`; what is done already is found done.
- **By hand**: `podledger settle --period 2026-10`, then `approve`, `post` and `pay`, `statements`, `export`.

If it fails: docs/runbooks/close.md.
"""

from datetime import timedelta

from airflow.sdk import DAG, CronPartitionTimetable, Param, chain
from approval import approvals, life_of_a_month
from common import Podledger, done_within

CUT_OFF_DAY = life_of_a_month()["cut_off_days"] + 1
MONTH = "{{ dag_run.partition_key or params.month }}"

with DAG(
    dag_id="close",
    doc_md=__doc__,
    # Not at once where the house is set up soon after: unless told, a tenth of a month counts as soon.
    schedule=CronPartitionTimetable(
        f"0 6 {CUT_OFF_DAY} * *", timezone="UTC", run_offset=-1, run_immediately=timedelta(0), key_format="%Y-%m"
    ),
    params={"month": Param(None, type=["null", "string"], pattern=r"^\d{4}-(0[1-9]|1[0-2])$", title="Month to close")},
    catchup=False,
    max_active_runs=1,
    deadline=done_within(timedelta(days=20), runbook="close"),
    tags=["podledger"],
) as dag:
    chain(
        Podledger(task_id="finance", arguments=["finance"], runbook="close"),
        Podledger(task_id="settle", arguments=["settle", f"--period={MONTH}"], runbook="close", vouched=True),
        *approvals(MONTH, drafted_by="settle", runbook="close"),
        Podledger(task_id="post", arguments=["post", f"--period={MONTH}"], runbook="close"),
        Podledger(task_id="pay", arguments=["pay", f"--period={MONTH}"], runbook="close"),
        Podledger(task_id="statements", arguments=["statements", MONTH], runbook="close"),
        Podledger(task_id="export", arguments=["export", MONTH], runbook="close"),
    )
