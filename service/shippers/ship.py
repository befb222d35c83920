"""From an access log to the landing folder: read, made neutral, sealed, and only then taken away."""

import gzip
import hashlib
import io
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from service.landing import Landing
from service.shippers.formats import read_line
from service.shippers.networks import DailyKeys, NetworkLists, network_of
from service.shippers.request import EdgeRequest, NotALogLine

_FUTURE_MS = 120_000


@dataclass(frozen=True, slots=True)
class Shipped:
    """What became of the lines of one log; ``file`` is None where none was left to land."""

    lines: int
    landed: int
    refused: dict[str, int]
    file: str | None


@dataclass(frozen=True, slots=True)
class Shipper:
    """Where to, with which keys and lists, and how long after its day a line still counts."""

    landing: Landing
    keys: DailyKeys
    lists: NetworkLists
    late_days: int = 35

    def ship(self, log: Path, log_format: str, now_ms: int) -> Shipped:
        """Lands one finished log. The name follows from its bytes, so shipping it twice in an hour is one file.

        Raises:
            LandingAway: it could not be made durable; the log is still there.
        """
        content = log.read_bytes()
        plain = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
        lines = [line for line in plain.decode(errors="replace").split("\n") if line.strip()]
        landed, refused = self._neutral(lines, log_format, now_ms)
        if not landed:
            return Shipped(len(lines), 0, refused, None)
        sealed = datetime.fromtimestamp(now_ms / 1000, UTC)
        name = f"{log_format}-{hashlib.sha256(content).hexdigest()[:32]}.ndjson.gz"
        file = f"edge/{sealed:%Y-%m-%d}/{sealed:%H}/{name}"
        self.landing.put(file, _sealed(landed))
        return Shipped(len(lines), len(landed), refused, file)

    def destroy_old_keys(self, now_ms: int) -> int:
        """Ends what could still be linked beyond the days that count; says how many keys went."""
        return self.keys.destroy_before(_day(now_ms) - timedelta(days=self.late_days + 1))

    def _neutral(
        self, lines: Iterable[str], log_format: str, now_ms: int
    ) -> tuple[list[dict[str, Any]], dict[str, int]]:
        landed, refused = [], dict[str, int]()
        for line in lines:
            try:
                request = read_line(log_format, line)
                if request is None:
                    continue
                reason = self._reason_against(request, now_ms)
                if reason is None:
                    landed.append(self._line(request))
            except NotALogLine:
                reason = "unreadable"
            except ValueError:
                reason = "no_address"
            if reason is not None:
                refused[reason] = refused.get(reason, 0) + 1
        return landed, refused

    def _reason_against(self, request: EdgeRequest, now_ms: int) -> str | None:
        if request.at_ms > now_ms + _FUTURE_MS or request.at_ms < 0:
            return "impossible_time"
        age = (
            datetime.fromtimestamp(now_ms / 1000, UTC).date() - datetime.fromtimestamp(request.at_ms / 1000, UTC).date()
        )
        return "too_late" if age.days > self.late_days else None

    def _line(self, request: EdgeRequest) -> dict[str, Any]:
        """The neutral form: no address is in it."""
        network = network_of(request.address)
        row = asdict(request)
        del row["address"]
        return {
            "v": 1,
            **row,
            "network": self.keys.hash(network, request.at_ms),
            "network_prev": self.keys.hash(network, request.at_ms, days_before=1),
            "network_kind": self.lists.kind_of(network),
            "lists": self.lists.version,
        }


def _day(at_ms: int) -> date:
    return datetime.fromtimestamp(at_ms / 1000, UTC).date()


def _sealed(rows: list[dict[str, Any]]) -> bytes:
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as packed:
        for row in rows:
            packed.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode(errors="replace") + b"\n")
    return out.getvalue()
