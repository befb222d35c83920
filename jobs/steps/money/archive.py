"""What a close was worked out from, in a folder of its own: it stays when tables are vacuumed."""

import hashlib
import importlib.metadata
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.errors import Stop
from jobs.finance.files import FinanceSet
from jobs.lake.files import read_json, write_json
from jobs.settings import HOUSE
from jobs.steps.money.shares_of_run import Frozen

CLOSES = "_closes"
MANIFEST = "manifest.json"
PLAYS = "plays.parquet"
PAYOUTS, COUNTING = "payouts.toml", "counting.toml"
SPLITS = pa.schema(
    [
        ("show_id", pa.string()),
        ("valid_from", pa.date32()),
        ("valid_to", pa.date32()),
        ("payee_id", pa.string()),
        ("share", pa.int64()),
    ]
)
FEES = pa.schema(
    [
        ("program", pa.string()),
        ("period", pa.string()),
        ("listener_id", pa.string()),
        ("fee_minor", pa.int64()),
        ("bucket", pa.int32()),
    ]
)
CODE = ("jobs/finance", "jobs/transforms", "jobs/steps/money")


def code_version() -> str:
    """The version of the package, and a checksum of the code that settles."""
    files = sorted(path for folder in CODE for path in (HOUSE / folder).rglob("*.py"))
    content = hashlib.sha256()
    for path in files:
        content.update(f"{path.relative_to(HOUSE)}\n".encode() + path.read_bytes())
    return f"{importlib.metadata.version('podledger')}+{content.hexdigest()[:16]}"


def new_draft(lake: Path) -> Path:
    """An empty folder to put a close's input into; what earlier attempts left is taken away."""
    closes = lake / CLOSES
    closes.mkdir(exist_ok=True)
    for left in closes.glob(".draft-*"):
        shutil.rmtree(left)
    draft = closes / f".draft-{os.getpid()}"
    draft.mkdir()
    return draft


def keep_finance(draft: Path, finance: FinanceSet, contents: Mapping[str, bytes], conf: Mapping[str, Path]) -> None:
    """Puts the finance files, the rules, and splits and fees as rows into the folder."""
    for name, content in contents.items():
        (draft / name).write_bytes(content)
    for name, path in conf.items():
        shutil.copyfile(path, draft / name)
    splits = [{name: row[name] for name in SPLITS.names} for row in finance["splits"]]
    pq.write_table(pa.Table.from_pylist(splits, SPLITS), draft / "splits.parquet")
    fees = [
        {**{name: row[name] for name in FEES.names[:-1]}, "bucket": bucket_of(row["listener_id"])}
        for row in finance["subscriptions"]
    ]
    pq.write_table(pa.Table.from_pylist(fees, FEES), draft / "fees.parquet")


def bucket_of(listener_id: str) -> int:
    """The share of the listeners that this one is in, 0..255."""
    return hashlib.md5(listener_id.encode(), usedforsecurity=False).digest()[0]


def keep(draft: Path, close: str, manifest: dict[str, Any]) -> str:
    """Gives the folder its name below the lake, by the checksum of what it holds; the name."""
    checksum = hashlib.sha256(json.dumps(manifest["checksums"], sort_keys=True).encode()).hexdigest()
    name = f"{CLOSES}/{close}/{checksum[:16]}"
    folder = draft.parent.parent / name
    if folder.exists():
        shutil.rmtree(draft)
        return name
    write_json(draft / MANIFEST, manifest)
    folder.parent.mkdir(exist_ok=True)
    draft.rename(folder)
    return name


def manifest_of(lake: Path, name: str) -> dict[str, Any]:
    """What the archive says of itself.

    Raises:
        Stop: it is gone.
    """
    found = read_json(lake / name / MANIFEST)
    if found is None:
        raise Stop(f"{lake / name} is gone: restore it from a backup; without it a run cannot be worked out again")
    return found


def frozen_in(lake: Path, name: str) -> Frozen:
    """The files of an archive, as runs are worked out from."""
    folder = lake / name
    listens = [folder / path for path in manifest_of(lake, name)["listens"]]
    plays = [path for path in (folder / PLAYS,) if path.exists()]
    return Frozen(listens, [folder / "splits.parquet"], [folder / "fees.parquet"], plays)
