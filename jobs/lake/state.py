"""What each step has done: the versions it read and the versions it left behind.

A step writes its tables and then, last, this file. Whatever lies beyond the versions named here is the
work of a step that did not finish, and is taken back before anything else is done.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jobs.errors import Stop
from jobs.lake.files import read_json, write_json
from jobs.lake.log import commits_after, newest_version

FORMAT = 1


class LakeState:
    """The lake's bookkeeping, kept in ``<lake>/_state/state.json``."""

    def __init__(self, lake: Path) -> None:
        """Reads the state; a lake without one is new.

        Raises:
            Stop: the lake was written by a newer version, or something is published in it and the state is gone.
        """
        self.lake = lake
        self.path = lake / "_state" / "state.json"
        content = read_json(self.path)
        if content is None and (lake / "_published" / "current.json").exists():
            raise Stop(
                f"{self.path} is gone although something is published: restore it from a backup; "
                "without it nobody can tell finished work from unfinished, see docs/runbooks/lake.md"
            )
        content = content or {"format": FORMAT, "tables": {}, "done": {}, "catalogue": {}, "figures": {}}
        if content["format"] > FORMAT:
            raise Stop(
                f"{lake} was written by a newer version (format {content['format']}, this one knows {FORMAT}); "
                "install the newer version, see docs/runbooks/lake.md"
            )
        self.tables: dict[str, int] = content["tables"]
        self.done: dict[str, dict[str, int]] = content["done"]
        self.catalogue: dict[str, Any] = content["catalogue"]
        self.figures: dict[str, int] = content["figures"]

    def save(self) -> None:
        """Makes what this object says the state of the lake."""
        content = {
            "format": FORMAT,
            "tables": self.tables,
            "done": self.done,
            "catalogue": self.catalogue,
            "figures": self.figures,
        }
        write_json(self.path, content)

    def inputs(self, reads: Iterable[str], seen_by: str | None = None) -> dict[str, int]:
        """Versions of these tables that are there to be read, -1 where there is none yet.

        With ``seen_by``, of what that step reads the versions it last worked from.
        """
        seen = self.done.get(seen_by, {}) if seen_by else {}
        return {name: seen.get(name, self.tables.get(name, -1)) for name in reads}

    def is_behind(self, step: str) -> bool:
        """Whether the step has inputs newer than those it last worked from, or never worked."""
        done = self.done.get(step)
        return done is None or any(self.tables.get(name, -1) != version for name, version in done.items())

    def is_news(self, step: str, inputs: dict[str, int]) -> bool:
        """Whether the step has not yet worked from just these inputs."""
        return self.done.get(step) != inputs

    def strays(self, writes: Iterable[str]) -> dict[str, int]:
        """Tables that moved past the versions recorded here, by unfinished work of ours, and how far to go back.

        Raises:
            Stop: somebody else wrote to one of them, or it is gone.
        """
        back = {}
        for name in writes:
            known = self.tables.get(name, -1)
            newest = newest_version(self.lake / name)
            if (-1 if newest is None else newest) < known:
                raise Stop(
                    f"{name}: version {known} is recorded but the newest is {newest}; "
                    "restore the table's folder from a backup, see docs/runbooks/lake.md"
                )
            foreign = [commit for commit in commits_after(self.lake / name, known) if not commit.ours]
            if foreign:
                raise Stop(
                    f"{name}: somebody else changed it: version {foreign[0].version} ({foreign[0].operation}) is not "
                    f"ours. What is published is untouched. Take it back with `podledger repair {name}`, "
                    "see docs/runbooks/lake.md"
                )
            if newest is not None and newest > known:
                back[name] = known
        return back

    def finished(self, tables: dict[str, int]) -> None:
        """Takes a publication's versions for finished, also where the state was not saved any more after it."""
        for name, version in tables.items():
            self.tables[name] = max(version, self.tables.get(name, -1))

    def left_behind(self, writes: Iterable[str]) -> None:
        """Records the newest versions of these tables as what a finished step left."""
        for name in writes:
            newest = newest_version(self.lake / name)
            if newest is not None:
                self.tables[name] = newest
