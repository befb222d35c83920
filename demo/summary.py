"""What the demo comes to: played, sent, landed, counted, and whether what was counted is what was played."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.phones import Played, failures_of
from jobs.published.reading import published

KEY = ("listener_id", "episode_id", "listen_day")
HEARD = ("heard", "heard_ms", "played_ms", "offline_ms", "sessions", "completed", "status")


@dataclass(slots=True)
class Comparison:
    """What the lake has of the demo's phones: figures, and what differs from the truth, a line each."""

    batches: int = 0
    copies: int = 0
    files: int = 0
    events: int = 0
    refused: int = 0
    listens: list[dict[str, Any]] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)


def compare(played: Played, lake: Path) -> Comparison:
    """Reads the publication in force and holds it against what was played, listen by listen and column by column."""
    phones = sorted({row["listener_id"] for row in played.truth})
    mine = f"device_id in ({', '.join(repr(one) for one in phones)})"
    batches = published(lake, "bronze/sync_batches", mine, "line_key, records, file").to_pylist()
    listens = published(lake, "silver/listens", mine.replace("device_id", "listener_id")).to_pylist()
    lines = {batch["line_key"] for batch in batches}
    rows = [{name: _plain(row[name]) for name in (*KEY, *HEARD)} for row in listens]
    found = Comparison(
        batches=len(batches),
        copies=sum(batch["records"] for batch in batches),
        files=len({batch["file"] for batch in batches}),
        events=published(lake, "silver/events", mine, "id").num_rows,
        refused=sum(row["line_key"] in lines for row in published(lake, "silver/rejected").to_pylist()),
        listens=rows,
    )
    found.differences = _differences(played, found)
    return found


def _differences(played: Played, found: Comparison) -> list[str]:
    said = []
    if found.events != played.records:
        said.append(f"{played.records:,} records were written, {found.events:,} events counted")
    if found.refused:
        said.append(f"{found.refused:,} records were refused")
    truth = {_key(row): row for row in played.truth}
    counted = {_key(row): row for row in found.listens}
    for key in sorted(truth.keys() | counted.keys()):
        if truth.get(key) != counted.get(key):
            said.append(f"{key}: played {truth.get(key)}, counted {counted.get(key)}")
    return said


def as_text(played: Played, found: Comparison) -> str:
    """For a person."""
    counted = sum(row["status"] == "counted" for row in found.listens)
    heard_ms, spent_ms = (sum(row[name] for row in found.listens) for name in ("heard_ms", "played_ms"))
    downloads = f"{played.downloads} downloads of {played.downloaded_bytes / 1e6:.1f} MB, every digest right"
    verdict = (
        f"equal to what was played: {', '.join(HEARD)} of each"
        if not found.differences
        else "NOT what was played:\n" + "\n".join(f"           {one}" for one in found.differences)
    )
    return f"""What the phones did
  played   {played.sittings} sittings, {_minutes(played.content_ms)} of episodes; of {played.kept_back} sittings of \
30 seconds or less a phone keeps no record
  sent     {played.records:,} records, {played.sent:,} times in all, one of them {played.most_sent} times; \
{downloads if played.downloads else "no downloads"}
           of {sum(played.happened.values()):,} requests {failures_of(played)}
  landed   {found.copies:,} copies of them, in {found.batches} batches, in {found.files} sealed files
  counted  {found.events:,} events and {len(found.listens)} listens, {counted} of them more than 30 seconds: \
{_minutes(heard_ms)} of content, heard in {_minutes(spent_ms)}
  truth    {verdict}"""


def _key(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(row[name]) for name in KEY)


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _minutes(ms: int) -> str:
    return f"{ms // 60_000} min {ms % 60_000 // 1000} s"
