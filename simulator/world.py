"""What all phones of one part share: the plan, the catalogue and where everything goes."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from simulator.broken_records import BrokenRecords
from simulator.catalogue import Catalogue
from simulator.envelope import BrokenLines
from simulator.landing import HourFiles
from simulator.plan import Plan
from simulator.truth import TruthFiles


@dataclass
class World:
    """The surroundings of a phone; `tally` counts what was made, by name."""

    plan: Plan
    catalogue: Catalogue
    hours: HourFiles
    truth: TruthFiles
    tally: Counter[str]
    broken_records: BrokenRecords
    broken_lines: BrokenLines

    @classmethod
    def create(cls, plan: Plan, catalogue: Catalogue, folder: Path, first_block: int) -> "World":
        """The world of a part that writes below `folder`."""
        tally: Counter[str] = Counter()
        return cls(
            plan=plan,
            catalogue=catalogue,
            hours=HourFiles(folder / "hours"),
            truth=TruthFiles(folder / "truth", tally),
            tally=tally,
            broken_records=BrokenRecords(plan.oddities, first_turn=7 * first_block),
            broken_lines=BrokenLines(plan.oddities, first_turn=3 * first_block),
        )
