"""Whether a draft still stands: it is void once what it was worked out from was replaced."""

from collections.abc import Sequence

from jobs.errors import Stop
from jobs.payouts import read_payouts
from jobs.steps.money.runs import Run, all_runs, overtaken
from jobs.steps.money.sets import needed_set
from jobs.steps.work import Work


def check_unchanged(work: Work, close: str, draft: Sequence[Run]) -> None:
    """Checks that finance set and programs are those of the draft, and that no earlier month was settled since.

    Raises:
        Stop: one of them was replaced since, or one was settled.
    """
    earlier = overtaken(all_runs(work), draft)
    if earlier is not None:
        raise Stop(f"{earlier} was settled since {close} was: close that month, then settle {close} again")
    checksums = draft[0].frozen["checksums"]
    if checksums["finance"] != needed_set(work).checksum:
        raise Stop(f"the finance set was replaced since {close} was settled: settle it again, and have it approved")
    if checksums["conf"] != read_payouts(work.settings.payouts_toml).checksum:
        raise Stop(f"conf/payouts.toml was changed since {close} was settled: settle it again, and have it approved")
