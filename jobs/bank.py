"""conf/bank.toml, read and checked: the accounts that payees are paid from."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from jobs.errors import Stop
from jobs.finance.amounts import EXPONENTS, is_iban
from jobs.toml_entries import Entry


@dataclass(frozen=True, slots=True)
class Account:
    """An account of ours."""

    currency: str
    name: str
    iban: str
    bic: str


def read_accounts(path: Path) -> dict[str, Account]:
    """The accounts of that file, by currency.

    Raises:
        Stop: it is no TOML, lacks an entry, has one that nobody knows, an IBAN is none, or a currency has two accounts.
    """
    try:
        return _accounts(Entry("the file", tomllib.loads(path.read_text(encoding="utf-8"))))
    except (OSError, tomllib.TOMLDecodeError, ValueError) as error:
        raise Stop(f"{path}: cannot read our accounts: {error}; mend the file, docs/payouts.md says how") from error


def _accounts(top: Entry) -> dict[str, Account]:
    found = {}
    for content in top.take("account", list) if "account" in top.content else []:
        entry = Entry("account", content)
        account = Account(*(entry.take(member, str) for member in ("currency", "name", "iban", "bic")))
        entry.end()
        if account.currency not in EXPONENTS:
            raise ValueError(f"account: {account.currency!r} is no currency of ISO 4217")
        if not is_iban(account.iban):
            raise ValueError(f"account in {account.currency}: {account.iban!r} is no IBAN without blanks")
        if account.currency in found:
            raise ValueError(f"two accounts in {account.currency}: payees are paid from one")
        found[account.currency] = account
    top.end()
    return found
