"""Writing to the ledger: entries that balance, chained to what is there."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jobs.errors import Stop
from jobs.finance.chain import FIRST, chained
from jobs.published.reading import rows
from jobs.steps.work import Work
from jobs.tables import LEDGER

COLUMNS = ("payee_id", "show_id", "program", "period", "run_id", "corrects_entry_id")


def posting(account: str, amount_minor: int, currency: str, **told: Any) -> dict[str, Any]:
    """A posting to the account: a credit where the amount is positive, a debit otherwise."""
    side = "credit" if amount_minor > 0 else "debit"
    return {
        "account": account,
        "side": side,
        "amount_minor": abs(amount_minor),
        "currency": currency,
        **dict.fromkeys(COLUMNS),
        **told,
    }


def entry(entry_id: str, kind: str, close: str, postings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The entry's postings, numbered.

    Raises:
        Stop: they do not balance in some currency.
    """
    sums: defaultdict[str, int] = defaultdict(int)
    for one in postings:
        sums[one["currency"]] += one["amount_minor"] if one["side"] == "credit" else -one["amount_minor"]
    if any(sums.values()):
        raise Stop(
            f"entry {entry_id} does not balance ({dict(sums)}), nothing is posted: a fault of the code, report it"
        )
    told = {"entry_id": entry_id, "kind": kind, "settlement_period": close}
    return [{**one, **told, "posting_no": number} for number, one in enumerate(postings, 1)]


def append(work: Work, postings: Iterable[Mapping[str, Any]]) -> int:
    """Chains the postings to the ledger and appends them; how many.

    Raises:
        Stop: an entry of that name is there already.
    """
    place, previous, known = _end(work)
    new = list(chained(postings, place, previous))
    again = sorted({row["entry_id"] for row in new} & known)
    if again:
        raise Stop(f"entry {again[0]} is in the ledger already, with other content: nothing is posted; report this")
    if new:
        work.store.add_few(LEDGER, new)
    return len(new)


def _end(work: Work) -> tuple[int, str, set[str]]:
    """The last posting's place and hash, and the names of all entries."""
    version = work.state.tables.get(LEDGER.name, -1)
    if version < 0:
        return 0, FIRST, set()
    found = rows(work.settings.lake, LEDGER.name, version, columns="place, hash, entry_id").to_pylist()
    if not found:
        return 0, FIRST, set()
    last = max(found, key=lambda row: int(row["place"]))
    return last["place"], last["hash"], {row["entry_id"] for row in found}
