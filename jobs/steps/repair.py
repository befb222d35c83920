"""Repair: a table that somebody else changed is put back to what our own work left."""

from jobs.errors import Stop
from jobs.lake.log import newest_version
from jobs.steps.work import Report, Step, Work


def repair_step(name: str) -> Step:
    """The step for the table of that name."""
    return Step("repair", reads=(), writes=(), run=lambda work: _repair(work, name), has_news=lambda _work: True)


def _repair(work: Work, name: str) -> Report:
    known = work.state.tables.get(name)
    if known is None:
        names = ", ".join(sorted(work.state.tables))
        raise Stop(f"there is no table {name!r} in this lake; there are {names}")
    newest = newest_version(work.settings.lake / name)
    if newest == known:
        return Report("repair", news=True, notes=[f"{name} is as our own work left it, at version {known}"])
    work.store.restore(name, known)
    work.state.left_behind([name])
    work.state.save()
    return Report("repair", news=True, notes=[f"{name} is back at what version {known} held"])
