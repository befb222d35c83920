"""Settings, read once at the edge from TOML and the environment, then frozen."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.errors import Stop

ENVIRONMENT_PREFIX = "PODLEDGER_"
OBJECT_STORAGE = "s3://"
HOUSE = Path(__file__).resolve().parent.parent
# Read by the set-up, the demo or the DAGs, not settings of a command.
NOT_SETTINGS = frozenset({"PODLEDGER_PLACE", "PODLEDGER_BIN", "PODLEDGER_HOUSE"})
OF_SERVICE = "PODLEDGER_SERVICE_"  # the service reads these itself
SHORT_NAMES = {"PODLEDGER_LANDING": ("paths", "landing"), "PODLEDGER_LAKE": ("paths", "lake")}


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a step may want to know about the place it runs in.

    Paths are absolute; ``landing`` is one, or ``s3://bucket/prefix``.
    """

    landing: str
    lake: Path
    master: str
    driver_memory: str
    shuffle_partitions: int
    files_per_task_mb: int
    progress: str
    lock_wait_s: int
    keep_publications_days: int
    keep_check_results_days: int
    small_files: int
    gate_rows_shown: int
    payouts_toml: Path
    bank_toml: Path
    people_toml: Path
    out: Path
    counting_toml: Path


NAMES: dict[tuple[str, str], str] = {
    ("paths", "landing"): "landing",
    ("paths", "lake"): "lake",
    ("paths", "payouts"): "payouts_toml",
    ("paths", "bank"): "bank_toml",
    ("paths", "people"): "people_toml",
    ("paths", "out"): "out",
    ("spark", "master"): "master",
    ("spark", "driver_memory"): "driver_memory",
    ("spark", "shuffle_partitions"): "shuffle_partitions",
    ("spark", "files_per_task_mb"): "files_per_task_mb",
    ("spark", "progress"): "progress",
    ("lock", "wait_s"): "lock_wait_s",
    ("keep", "publications_days"): "keep_publications_days",
    ("keep", "check_results_days"): "keep_check_results_days",
    ("maintain", "small_files"): "small_files",
    ("gate", "rows_shown"): "gate_rows_shown",
}


def read_settings(
    environment: Mapping[str, str] | None = None, *, landing: str | None = None, lake: str | None = None
) -> Settings:
    """The settings of this place: conf/base.toml, conf/<place>.toml, environment, then the arguments.

    Raises:
        Stop: a file cannot be read, or names a setting that does not exist or has the wrong type.
    """
    environment = os.environ if environment is None else environment
    place = environment.get("PODLEDGER_PLACE", "local")
    values = _from_toml(HOUSE / "conf" / "base.toml")
    for name, value in _from_toml(HOUSE / "conf" / f"{place}.toml").items():
        values[name] = _typed(name, value, values)
    for name, value in _from_environment(environment).items():
        values[name] = _typed(name, value, values)
    for name, argument in (("landing", landing), ("lake", lake)):
        if argument is not None:
            values[name] = argument
    for name in ("lake", "out"):
        values[name] = _absolute(values[name])
    if not str(values["landing"]).startswith(OBJECT_STORAGE):
        values["landing"] = str(_absolute(values["landing"]))
    for name in ("payouts_toml", "bank_toml", "people_toml"):
        values[name] = HOUSE / str(values[name])
    return Settings(**values, counting_toml=HOUSE / "conf" / "counting.toml")


def _absolute(path: Any) -> Path:
    return Path(str(path)).expanduser().absolute()


def _from_toml(path: Path) -> dict[str, Any]:
    try:
        sections = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise Stop(f"{path} does not exist; PODLEDGER_PLACE names a file in {path.parent}") from error
    except tomllib.TOMLDecodeError as error:
        raise Stop(f"{path} is not TOML: {error}") from error
    values = {}
    for section, entries in sections.items():
        for name, value in entries.items() if isinstance(entries, dict) else [("", entries)]:
            if (section, name) not in NAMES:
                known = ", ".join(".".join(key) for key in NAMES)
                raise Stop(f"{path}: unknown setting {section}.{name}; there are {known}")
            values[NAMES[section, name]] = value
    return values


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    values = {}
    for variable, value in environment.items():
        if not variable.startswith(ENVIRONMENT_PREFIX) or variable in NOT_SETTINGS or variable.startswith(OF_SERVICE):
            continue
        section, _, name = variable.removeprefix(ENVIRONMENT_PREFIX).lower().partition("_")
        key = SHORT_NAMES.get(variable, (section, name))
        if key not in NAMES:
            known = ", ".join(f"{ENVIRONMENT_PREFIX}{'_'.join(key).upper()}" for key in NAMES)
            raise Stop(f"unknown setting {variable} in the environment; there are {known}")
        values[NAMES[key]] = value
    return values


def _typed(name: str, value: Any, base: Mapping[str, Any]) -> Any:
    if name not in base:
        raise Stop(f"conf/base.toml lacks {name}")
    wanted = type(base[name])
    try:
        return wanted(value)
    except (TypeError, ValueError) as error:
        raise Stop(f"setting {name} wants {wanted.__name__}, not {value!r}") from error
