"""The ledger's chain: every posting carries a hash over itself and the one before."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

FIRST = "0" * 64
"""What stands in the place of a hash before the first posting."""
HASHED = (
    "place", "entry_id", "posting_no", "account", "side", "amount_minor", "currency", "payee_id", "show_id", "program",
    "period", "settlement_period", "kind", "run_id", "corrects_entry_id",
)  # fmt: skip


def hash_of(posting: Mapping[str, Any], previous: str) -> str:
    """SHA-256, in hex, of the hash before and the posting's columns as a JSON list."""
    text = json.dumps([previous, *(posting[name] for name in HASHED)], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def chained(postings: Iterable[Mapping[str, Any]], place: int, previous: str) -> Iterator[dict[str, Any]]:
    """The postings with ``place``, ``previous_hash`` and ``hash``, going on from the last one's place and hash."""
    for number, posting in enumerate(postings, place + 1):
        row = {**posting, "place": number}
        row["previous_hash"], row["hash"] = previous, hash_of(row, previous)
        previous = row["hash"]
        yield row


def first_break(ledger: Iterable[Mapping[str, Any]]) -> int | None:
    """The place of the first posting, in the order of places, whose hash is not what it should be; None if all are."""
    previous = FIRST
    for place, posting in enumerate(ledger, 1):
        row = {**posting, "place": place}
        if (
            posting["place"] != place
            or posting["previous_hash"] != previous
            or posting["hash"] != hash_of(row, previous)
        ):
            return place
        previous = posting["hash"]
    return None
