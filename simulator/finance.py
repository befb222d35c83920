"""What finance would put down beside the landing folder: payees, splits, documents and subscriptions."""

import csv
import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random

from simulator.catalogue import SHOWS_PER_CREATOR, Catalogue
from simulator.periods import months_of
from simulator.plan import Plan
from simulator.units import HOUR_MS

ADS, PLUS = "ads", "plus"
"""Programs: advertising, one pool for all shows; and what subscribers pay."""
CENTS_PER_HOUR = 30
"""What an hour of listening brings in by advertising."""
FEE_MINOR = 999
SUBSCRIBERS = 0.4
"""So many of those with an account, and everybody planted."""
FIRST_SPLIT = dt.date(2015, 1, 1)
SHOWS_PER_CO_HOST, SHOWS_PER_CHANGE = 4, 5
BANK = "37040044"


def write_finance(plan: Plan, catalogue: Catalogue, listens: Path, cast: Path, folder: Path) -> None:
    """Write payees.csv, splits.csv, pools.csv and subscriptions.csv; `listens` and `cast` are files of the truth."""
    folder.mkdir(parents=True)
    shows = sorted({episode.show for episode in catalogue.episodes})
    months = months_of(plan.start_ms, plan.days)
    hours, listeners = _heard(listens)
    lines = cast.read_text(encoding="utf-8").splitlines() if cast.exists() else []
    planted = {json.loads(line)["listener_id"] for line in lines}
    fees = [
        (PLUS, f"{month:%Y-%m}", listener, FEE_MINOR)
        for month in months
        for listener in sorted(listeners | planted)
        if listener in planted or Random(f"{plan.seed}/fee/{listener}").random() < SUBSCRIBERS
    ]
    _write(folder / "payees.csv", PAYEE_COLUMNS, _payees(plan, shows))
    _write(folder / "splits.csv", SPLIT_COLUMNS, _splits(shows, months[0]))
    _write(folder / "pools.csv", POOL_COLUMNS, _pools(months, hours, fees))
    _write(folder / "subscriptions.csv", ("program", "period", "listener_id", "fee_minor"), fees)


PAYEE_COLUMNS = (
    "payee_id", "name", "email", "country", "currency", "iban", "bic", "min_payout_minor", "withholding_bps", "hold",
)  # fmt: skip
SPLIT_COLUMNS = ("show_id", "payee_id", "share", "valid_from", "valid_to")
POOL_COLUMNS = ("document_id", "program", "period", "currency", "gross_minor", "fee_bps", "holdback_bps")
Row = Sequence[object]


def _heard(listens: Path) -> tuple[dict[str, int], set[str]]:
    """Whole hours heard by month, and who has an account."""
    heard_ms: defaultdict[str, int] = defaultdict(int)
    listeners = set()
    with listens.open(encoding="utf-8") as file:
        for line in file:
            listen = json.loads(line)
            if listen["status"] == "counted":
                heard_ms[listen["listen_day"][:7]] += listen["heard_ms"]
            if listen["listener_id"].startswith("acct-"):
                listeners.add(listen["listener_id"])
    return {month: total_ms // HOUR_MS for month, total_ms in heard_ms.items()}, listeners


def _payees(plan: Plan, shows: Sequence[int]) -> Iterable[Row]:
    for creator in sorted({show // SHOWS_PER_CREATOR for show in shows}):
        random = Random(f"{plan.seed}/payee/{creator}")
        withheld = random.choice((0, 0, 0, 1500))
        hold = "tax_form" if random.random() < 0.03 else ""
        yield (_payee(creator), f"Creator {creator}", f"{creator}@example.org", "DE", "EUR", iban(creator), "", "",
               withheld, hold)  # fmt: skip
        yield (_co_host(creator), f"Co-host {creator}", "", "DE", "EUR", iban(10**9 + creator), "", "", 0, "")


def _payee(creator: int) -> str:
    return f"creator-{creator:05d}"


def _co_host(creator: int) -> str:
    return f"co-host-{creator:05d}"


def iban(account: int) -> str:
    """A German account number with its check digits."""
    number = f"{BANK}{account:010d}"
    return f"DE{98 - int(number + '131400') % 97:02d}{number}"


def _splits(shows: Sequence[int], month: dt.date) -> Iterable[Row]:
    """A creator has all of a show or shares it with a co-host; some shares change in the middle of the first month."""
    middle = month.replace(day=16)
    for show in shows:
        name = f"show-{show:05d}"
        creator, co_host = (of(show // SHOWS_PER_CREATOR) for of in (_payee, _co_host))
        if show % SHOWS_PER_CO_HOST:
            yield (name, creator, 1, FIRST_SPLIT, "")
        elif show % SHOWS_PER_CHANGE:
            yield from ((name, creator, 70, FIRST_SPLIT, ""), (name, co_host, 30, FIRST_SPLIT, ""))
        else:
            yield (name, creator, 1, FIRST_SPLIT, middle)
            yield from ((name, creator, 60, middle, ""), (name, co_host, 40, middle, ""))


def _pools(months: Sequence[dt.date], hours: dict[str, int], fees: Sequence[Row]) -> Iterable[Row]:
    for month in months:
        period = f"{month:%Y-%m}"
        yield (f"ads-{period}", ADS, period, "EUR", CENTS_PER_HOUR * hours.get(period, 0), 1000, 500)
        paid = sum(FEE_MINOR for fee in fees if fee[1] == period)
        yield (f"plus-{period}", PLUS, period, "EUR", paid, 1500, 0)


def _write(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
