"""Payment files for banks: pain.001 of ISO 20022, one for each account and each time that was paid."""

import datetime as dt
import hashlib
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sepaxml import SepaTransfer
from sepaxml.validation import try_valid_xml
from text_unidecode import unidecode

from jobs.bank import Account
from jobs.errors import Stop
from jobs.finance.amounts import EXPONENTS
from jobs.published.payees import PayeesOfSets

SCHEMA = "pain.001.001.09"
IN_SEPA = "EUR"
PLACES = 2
"""Decimal places that the library writes; amounts of other currencies would come out wrong, and are left out."""
NOT_IN_FILES = ("end_to_end_id", "payee_id", "amount_minor", "currency", "reason")
Payment = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PaymentFiles:
    """Files by name, the instructions that are in none, with the reason, and what files come to by currency."""

    contents: dict[str, bytes] = field(default_factory=dict)
    left_out: list[dict[str, Any]] = field(default_factory=list)
    totals: dict[str, dict[str, int]] = field(default_factory=dict)


def payment_files(
    payments: Iterable[Payment], accounts: Mapping[str, Account], known: PayeesOfSets, close: str
) -> PaymentFiles:
    """The instructions that were issued with a close, as files; each is in one file or left out for a reason.

    The same instructions give the same files with the same names and message ids, however often they are written, so
    that a bank can tell a copy. A payee's account is the one known when the instruction was issued, or where there was
    none the one known now.

    Raises:
        Stop: what is in files and what is left out do not come to what was issued.
    """
    issued = [payment for payment in payments if payment["state"] == "issued"]
    found = PaymentFiles()
    batches: defaultdict[tuple[str, dt.datetime], list[dict[str, Any]]] = defaultdict(list)
    now, then = known.now(), {at: known.at(at) for at in {payment["at"] for payment in issued}}
    for payment in sorted(issued, key=lambda one: (one["at"], one["end_to_end_id"])):
        payee = {**now.get(payment["payee_id"], {})}
        before = then[payment["at"]].get(payment["payee_id"], {})
        payee |= before if before.get("iban") else {}
        reason = _why_not(payment, payee, accounts)
        if reason:
            found.left_out.append({**{name: payment[name] for name in NOT_IN_FILES[:-1]}, "reason": reason})
        else:
            batches[payment["currency"], payment["at"]].append({**payment, "payee": payee})
    for (currency, at), batch in sorted(batches.items()):
        content = _file(accounts[currency], at, batch, close)
        found.contents[f"pain.001.{currency}.{at.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}.xml"] = content
        totals = found.totals.setdefault(currency, {"payments": 0, "amount_minor": 0})
        totals["payments"] += len(batch)
        totals["amount_minor"] += control_sum(content)
    _check(issued, found)
    return found


def control_sum(content: bytes) -> int:
    """What a file says it comes to, in minor units."""
    header = _found(ET.fromstring(content), "GrpHdr")
    return int(str(_found(header, "CtrlSum").text).replace(".", ""))


def _why_not(payment: Payment, payee: Mapping[str, Any], accounts: Mapping[str, Account]) -> str:
    if EXPONENTS[payment["currency"]] != PLACES:
        return "currency_without_cents"
    if payment["currency"] not in accounts:
        return "no_account_of_ours"
    if not payee.get("iban"):
        return "no_iban"
    return "" if unidecode(payee["name"]).strip() else "no_name_in_letters"


def _file(account: Account, at: dt.datetime, batch: Sequence[Mapping[str, Any]], close: str) -> bytes:
    """The file, valid against its schema."""
    is_sepa = account.currency == IN_SEPA
    config = {
        "name": account.name, "IBAN": account.iban, "BIC": account.bic, "currency": account.currency, "batch": True,
        "domestic": not is_sepa,
    }  # fmt: skip
    transfer = SepaTransfer(config, schema=SCHEMA, clean=True)
    for one in batch:
        payee = one["payee"]
        told = {
            "name": payee["name"],
            "IBAN": payee["iban"],
            "amount": one["amount_minor"],
            "execution_date": at.astimezone(dt.UTC).date(),
            "description": f"Podcast payout {close} {one['payee_id']}",
            "endtoend_id": one["end_to_end_id"],
        }
        transfer.add_payment({**told, "BIC": payee["bic"]} if payee["bic"] else told)
    tree = ET.fromstring(transfer.export(validate=False))
    _name(tree, at, batch, is_sepa)
    content: bytes = b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(tree, "utf-8")
    try_valid_xml(content, SCHEMA)
    return content


def _name(tree: ET.Element, at: dt.datetime, batch: Sequence[Payment], is_sepa: bool) -> None:
    """Gives message and batch names that follow from what is in them, in the place of random ones."""
    told = "\n".join(f"{one['end_to_end_id']} {one['amount_minor']} {one['payee']['iban']}" for one in batch)
    name = f"{at.astimezone(dt.UTC):%Y%m%d}-{hashlib.sha256(told.encode()).hexdigest()[:24]}"
    header = _found(tree, "GrpHdr")
    _found(header, "MsgId").text = name
    _found(header, "CreDtTm").text = f"{at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S}"
    _found(tree, "PmtInfId").text = name
    if not is_sepa:
        _found(tree, "ChrgBr").text = "SHAR"


def _found(tree: ET.Element, name: str) -> ET.Element:
    element = next(tree.iter(f"{{urn:iso:std:iso:20022:tech:xsd:{SCHEMA}}}{name}"), None)
    if element is None:
        raise Stop(f"the payment file lacks {name}: a fault of the code, report it")
    return element


def _check(issued: Sequence[Payment], found: PaymentFiles) -> None:
    """Whether every cent that was issued is in a file or left out with a reason."""
    came_to: defaultdict[str, int] = defaultdict(int)
    for payment in issued:
        came_to[payment["currency"]] -= payment["amount_minor"]
    for row in found.left_out:
        came_to[row["currency"]] += row["amount_minor"]
    for currency, totals in found.totals.items():
        came_to[currency] += totals["amount_minor"]
    if any(came_to.values()):
        raise Stop(f"payment files differ from what was issued ({dict(came_to)}): nothing is written; report this")
