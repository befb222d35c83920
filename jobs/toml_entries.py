"""A table of a TOML file, read strictly: every member is taken once, and none may be left over."""

import datetime as dt
from typing import Any


class Entry:
    """A table of the file, by a name that messages give it."""

    def __init__(self, name: str, content: Any) -> None:
        """Takes the table.

        Raises:
            ValueError: it is none.
        """
        if not isinstance(content, dict):
            raise ValueError(f"{name}: {content!r} is no table")
        self.name = name
        self.content = dict(content)

    def take(self, member: str, kind: type) -> Any:
        """The member's value, which must be of that very type."""
        if member not in self.content:
            raise ValueError(f"{self.name} lacks {member}")
        value = self.content.pop(member)
        if type(value) is not kind:
            raise ValueError(f"{self.name}: {member} = {value!r} is no {kind.__name__}")
        return value

    def number(self, member: str) -> int:
        """The member's value, an int of at least 1."""
        value: int = self.take(member, int)
        if value < 1:
            raise ValueError(f"{self.name}: {member} is {value}, less than 1")
        return value

    def day(self, member: str) -> dt.date:
        """The member's value, a date."""
        value: dt.date = self.take(member, dt.date)
        return value

    def texts(self, member: str) -> list[str]:
        """The member's value, a list of texts; empty where there is none."""
        values: list[Any] = self.take(member, list) if member in self.content else []
        if not all(isinstance(value, str) and value for value in values):
            raise ValueError(f"{self.name}: {member} = {values!r} is no list of texts")
        return [str(value) for value in values]

    def end(self) -> None:
        """Checks that nothing is left over.

        Raises:
            ValueError: something is.
        """
        if self.content:
            raise ValueError(f"{self.name}: unknown {', '.join(self.content)}")
