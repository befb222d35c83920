"""What a step works with, and how it is performed: once, from what is there, all or nothing."""

import datetime as dt
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobs.lake.delta import Within
from jobs.lake.landing_files import LandedFile
from jobs.lake.memory import memory_for
from jobs.lake.state import LakeState
from jobs.lake.store import Store
from jobs.published.reading import current
from jobs.rules import read_rules
from jobs.settings import Settings
from jobs.tables import Table
from jobs.transforms.rules import CountingRules

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(slots=True)
class Work:
    """The lake, its settings, and the instant (UTC) at which this work is done.

    ``ahead`` is what later steps want made ready; it is begun when the session is opened, beside it. ``vouched_for``
    is the user of Airflow for whom this is done, as the one who calls says. ``sealed_files`` is what lies
    in the landing folder, by sealing hour (None: of all), once somebody has looked.
    """

    settings: Settings
    now: dt.datetime
    say: Callable[[str], None]
    ahead: list[Callable[[], None]] = field(default_factory=list)
    vouched_for: str | None = None
    sealed_files: dict[str | None, list[LandedFile]] = field(default_factory=dict)
    _threads: list[threading.Thread] = field(default_factory=list)
    _state: LakeState | None = None
    _store: Store | None = None

    @property
    def state(self) -> LakeState:
        """The lake's bookkeeping, read once the lake is held."""
        if self._state is None:
            self._state = LakeState(self.settings.lake)
            publication = current(self.settings.lake)
            if publication is not None:
                self._state.finished(publication.tables)
        return self._state

    @property
    def store(self) -> Store:
        """The tables; what needs Spark opens the session."""
        if self._store is None:
            memory = memory_for(self.settings.keep_publications_days)
            self._store = Store(self.settings.lake, self._open_spark, memory)
        return self._store

    def _open_spark(self) -> "SparkSession":
        from jobs.lake.session import open_session  # Spark is loaded by the work that needs it

        for prepare in self.ahead:
            thread = threading.Thread(target=prepare)
            thread.start()
            self._threads.append(thread)
        return open_session(self.settings)

    @property
    def rules(self) -> CountingRules:
        """The dated rules of counting."""
        return read_rules(self.settings.counting_toml)

    def files(self, table: Table, within: Within | None = None, seen_by: str | None = None) -> list[Path]:
        """The files of the table as the last finished step left it, whatever is written to it meanwhile.

        ``within`` leaves out files that hold no row in question; ``seen_by`` as for :meth:`LakeState.inputs`.
        """
        (version,) = self.state.inputs([table.name], seen_by).values()
        return self.store.files(table, version, within)

    def close(self) -> None:
        """Gives back what this work holds; the Spark session stays for the next work of this process."""
        for thread in self._threads:
            thread.join()
        if self._store is not None and self._store.has_spark:
            from jobs.lake.session import let_go

            let_go(self.settings.lake)

    def before(self, step: str, table: Table) -> int:
        """The version of the table that the step last worked from; -1 if it never did."""
        return self.state.done.get(step, {}).get(table.name, -1)


@dataclass(slots=True)
class Report:
    """What a step did: its figures, by name, and how long it took, in seconds."""

    step: str
    news: bool
    seconds: float = 0.0
    figures: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def line(self) -> str:
        """One line for people."""
        if not self.news:
            return f"{self.step}: nothing new"
        figures = ", ".join(f"{name} {value:,}" for name, value in self.figures.items())
        return f"{self.step}: {figures or 'done'} ({self.seconds:.1f} s)"

    def as_json(self) -> dict[str, Any]:
        """The same for machines."""
        return {
            "step": self.step,
            "news": self.news,
            "seconds": round(self.seconds, 3),
            "figures": self.figures,
            "notes": self.notes,
        }


@dataclass(frozen=True, slots=True)
class Step:
    """A step by name: tables it reads and writes, and the function that does it.

    It is left to a later run while the step that it ``follows`` has work to do. ``seen_by`` names the step whose view
    of tables it takes: what has landed since is not its matter. ``ahead`` makes ready what it needs and takes a while.
    """

    name: str
    reads: tuple[Table, ...]
    writes: tuple[Table, ...]
    run: Callable[[Work], Report]
    has_news: Callable[[Work], bool] | None = None
    follows: str | None = None
    seen_by: str | None = None
    ahead: Callable[[], None] | None = None


def perform(step: Step, work: Work) -> Report:
    """Does the step if there is news for it; whatever an earlier attempt left half done is taken back first."""
    started = time.monotonic()
    if step.follows is not None and step.follows in work.state.done and work.state.is_behind(step.follows):
        work.say(f"{step.name}: left to a later run, {step.follows} is behind")
        return Report(step.name, news=False)
    inputs = work.state.inputs((table.name for table in step.reads), step.seen_by)
    written = [table.name for table in step.writes]
    strays = work.state.strays([*written, *inputs])
    has_news = step.has_news(work) if step.has_news else work.state.is_news(step.name, inputs)
    if not has_news:
        return Report(step.name, news=False)
    for name, version in strays.items():
        work.say(f"{step.name}: taking back unfinished work on {name}")
        _take_back(work, name, version)
    work.store.ensure(step.writes)
    work.store.clear_scratch()
    report = step.run(work)
    work.state.left_behind(written)
    work.state.done[step.name] = inputs
    for name, value in report.figures.items():
        figure = f"{step.name}.{name}"
        work.state.figures[figure] = work.state.figures.get(figure, 0) + value
    work.state.save()
    report.seconds = time.monotonic() - started
    work.say(report.line())
    for note in report.notes:
        work.say(f"  {note}")
    return report


def _take_back(work: Work, name: str, version: int) -> None:
    if version < 0:
        shutil.rmtree(work.settings.lake / name)
    else:
        work.store.restore(name, version)
        work.state.left_behind([name])
        work.state.save()
