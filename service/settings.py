"""Settings of the service, read once at the edge from TOML and the environment, then frozen."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_type_hints

from jobs.errors import Stop
from service.feeds.settings import EdgeSettings, FeedSettings, MediaSettings, OutsideSettings, UploadSettings

HOUSE = Path(__file__).resolve().parent.parent
CONF = HOUSE / "conf" / "service.toml"
PREFIX = "PODLEDGER_SERVICE_"
SECRET_NAMES = frozenset(
    {f"{PREFIX}SECRET", f"{PREFIX}S3_ACCESS_KEY", f"{PREFIX}S3_SECRET_KEY", f"{PREFIX}PODPING_TOKEN"}
)


@dataclass(frozen=True, slots=True)
class Server:
    """Where the service listens, and what it bears from clients."""

    host: str
    port: int
    public_url: str
    trusted_proxies: str
    body_bytes: int
    body_seconds: float
    bodies_bytes: int


@dataclass(frozen=True, slots=True)
class Data:
    """The folder of all that is the service's own. Absolute."""

    folder: Path


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """Which database; an empty url is SQLite in the data folder."""

    url: str
    wait_s: float
    pool: int


@dataclass(frozen=True, slots=True)
class LandingSettings:
    """The landing folder: a path, or s3://bucket/prefix."""

    place: str


@dataclass(frozen=True, slots=True)
class S3Settings:
    """How object storage is reached; its keys are secrets."""

    endpoint: str
    region: str
    timeout_s: float


@dataclass(frozen=True, slots=True)
class LogSettings:
    """The durable log: when segments are sealed, and how much may wait."""

    seal_bytes: int
    seal_s: float
    queue_bytes: int
    queue_batches: int
    reserve_bytes: int
    sync: str
    retry_after_s: int


@dataclass(frozen=True, slots=True)
class SyncSettings:
    """What a sync request may bring."""

    body_bytes: int
    decoded_bytes: int
    records: int
    known_ids: int
    catalogue_s: float


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """Allowances, each ``<how many>/<seconds>``."""

    device: str
    network: str
    sign_in: str
    register: str
    account: str


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """How long tokens last, and what a password costs to check."""

    token_days: int
    session_days: int
    argon_memory_kib: int
    argon_passes: int


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the service may want to know about the place it runs in: one attribute a section of the file."""

    server: Server
    data: Data
    database: DatabaseSettings
    landing: LandingSettings
    s3: S3Settings
    log: LogSettings
    sync: SyncSettings
    limits: LimitSettings
    accounts: AccountSettings
    feeds: FeedSettings
    media: MediaSettings
    uploads: UploadSettings
    outside: OutsideSettings
    edge: EdgeSettings


def read_settings(
    environment: Mapping[str, str] | None = None,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
    conf: Path = CONF,
) -> Settings:
    """The settings of this place: the file, then the environment, then ``overrides`` (one mapping a section).

    Raises:
        Stop: the file cannot be read, or something names a setting that does not exist or has the wrong type.
    """
    environment = os.environ if environment is None else environment
    values = _from_toml(conf)
    for section, name, value, said in _from_environment(environment):
        _put(values, section, name, value, said)
    for section, entries in (overrides or {}).items():
        for name, value in entries.items():
            _put(values, section, name, value, f"{section}.{name}")
    if set(values) != set(sections()):
        raise Stop(f"{conf}: missing or unknown sections: {', '.join(sorted(set(values) ^ set(sections())))}")
    return Settings(**{section: _section(section, kind, values[section]) for section, kind in sections().items()})


def sections() -> dict[str, type]:
    """The class of each section, by its name."""
    return get_type_hints(Settings)


def variables() -> set[str]:
    """Every environment variable that the service reads."""
    names = [(section, field.name) for section, kind in sections().items() for field in fields(kind)]
    return {f"{PREFIX}{section}_{name}".upper() for section, name in names} | SECRET_NAMES


def _from_toml(path: Path) -> dict[str, dict[str, Any]]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise Stop(f"{path} does not exist: it holds the settings of the service") from error
    except tomllib.TOMLDecodeError as error:
        raise Stop(f"{path} is not TOML: {error}") from error


def _from_environment(environment: Mapping[str, str]) -> list[tuple[str, str, str, str]]:
    found = []
    for variable, value in environment.items():
        if variable.startswith(PREFIX) and variable not in SECRET_NAMES:
            section, _, name = variable.removeprefix(PREFIX).lower().partition("_")
            found.append((section, name, value, variable))
    return found


def _put(values: dict[str, dict[str, Any]], section: str, name: str, value: Any, said: str) -> None:
    if section not in values or name not in values[section]:
        raise Stop(f"unknown setting {said}; there are {', '.join(sorted(variables()))}")
    values[section][name] = value


def _section(section: str, kind: type, entries: Mapping[str, Any]) -> Any:
    hints = get_type_hints(kind)
    if set(entries) != set(hints):
        odd = ", ".join(sorted(set(entries) ^ set(hints)))
        raise Stop(f"conf/service.toml, section [{section}]: missing or unknown: {odd}")
    return kind(**{name: _typed(f"{section}.{name}", hints[name], value) for name, value in entries.items()})


def _typed(name: str, wanted: type, value: Any) -> Any:
    try:
        if wanted is bool:
            return _flag(value)
        return Path(value).expanduser().absolute() if wanted is Path else wanted(value)
    except (TypeError, ValueError) as error:
        raise Stop(f"setting {name} wants {wanted.__name__}, not {value!r}") from error


def _flag(value: Any) -> bool:
    known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if str(value).lower() not in known:
        raise ValueError("neither true nor false")
    return known[str(value).lower()]
