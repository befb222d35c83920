"""conf/people.toml, read and checked: who people are at the operating system and at Airflow."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jobs.errors import Stop
from jobs.toml_entries import Entry


@dataclass(frozen=True, slots=True)
class People:
    """People's names by their users, and the system users whose word is taken for whom Airflow authenticated."""

    vouching: frozenset[str]
    by_system: Mapping[str, str]
    by_airflow: Mapping[str, str]


def read_people(path: Path) -> People:
    """The people of that file.

    Raises:
        Stop: it is no TOML, lacks an entry, has one that nobody knows, or a user is two people's.
    """
    try:
        return _people(Entry("the file", tomllib.loads(path.read_text(encoding="utf-8"))))
    except (OSError, tomllib.TOMLDecodeError, ValueError) as error:
        raise Stop(f"{path}: cannot read who people are: {error}; mend the file, docs/payouts.md says how") from error


def _people(top: Entry) -> People:
    vouching = frozenset(top.texts("vouching"))
    by_door: dict[str, dict[str, str]] = {"system": {}, "airflow": {}}
    names = set()
    for content in top.take("person", list) if "person" in top.content else []:
        entry = Entry("person", content)
        name = entry.take("name", str)
        entry.name = f"person {name}"
        if name in names:
            raise ValueError(f"{name} is named twice")
        names.add(name)
        for door, by_user in by_door.items():
            for user in entry.texts(door):
                if user in by_user:
                    raise ValueError(f"{door} user {user} is both {by_user[user]} and {name}")
                by_user[user] = name
        entry.end()
    top.end()
    both = sorted(vouching & by_door["system"].keys())
    if both:
        raise ValueError(f"{both[0]} vouches for others, and so is no person")
    return People(vouching, by_door["system"], by_door["airflow"])
