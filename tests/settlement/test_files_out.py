"""What leaves the house after a close: statements on paper and as CSV, payment files, and their control totals."""

import csv
import hashlib
import io
import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import xmlschema
from pypdf import PdfReader
from sepaxml import validation

from jobs.finance.amounts import in_words
from jobs.published.paper import WORDS, Press
from tests.conftest import Ran
from tests.settlement.house import House, new_house

CLOSE = "2026-10"
SPACE = "{urn:iso:std:iso:20022:tech:xsd:pain.001.001.09}"
SCHEMA = Path(validation.__file__).parent / "schemas" / "pain.001.001.09.xsd"
PAYEES = """payee_id,name,email,country,currency,iban,bic,min_payout_minor,withholding_bps,hold
p1,Zoë Ангел الكاتب,,DE,EUR,DE89370400440532013000,COBADEFFXXX,100,0,
p2,Ben & Söhne <GmbH>,,DE,EUR,DE75512108001245126199,,100,1500,
p3,No Account,,DE,EUR,,,100,0,
p4,Dollar Payee,,US,USD,DE75512108001245126199,,0,0,
p5,円,,JP,JPY,DE75512108001245126199,,0,0,
p6,Small,,DE,EUR,DE75512108001245126199,,100000,0,
p7,🎧,,DE,EUR,DE75512108001245126199,,0,0,
"""
SPLITS = "show_id,payee_id,share,valid_from,valid_to\n" + "".join(
    f"{show},p{number},{number},2026-01-01,\n" for show in ("s-1", "s-2") for number in range(1, 8)
)
RATES = "date,from,to,numerator,denominator,source\n2026-10-30,EUR,USD,2,1,ECB\n2026-10-30,EUR,JPY,150,1,ECB\n"
BANK = """[[account]]
currency = "EUR"
name = "Podledger GmbH"
iban = "DE89370400440532013000"
bic = "COBADEFFXXX"
"""


@pytest.fixture(scope="module")
def paid(podledger: Callable[..., Ran], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A house whose October is paid to payees of all kinds."""
    with pytest.MonkeyPatch.context() as patched:
        house = new_house(podledger, tmp_path_factory.mktemp("out"), patched)
        bank = house.folder / "bank.toml"
        bank.write_text(BANK, encoding="utf-8")
        patched.setenv("PODLEDGER_PATHS_BANK", str(bank))
        patched.setenv("PODLEDGER_PATHS_OUT", str(house.folder / "out"))
        house.finance(payees=PAYEES, splits=SPLITS, rates=RATES)
        house.close(CLOSE, "2026-11-09")
        house.run("pay", "--period", CLOSE)
        yield house


def written(house: House, command: str) -> tuple[str, dict[str, bytes]]:
    ran = house.podledger(command, CLOSE, "--lake", house.lake)
    assert ran.code == 0, ran.err
    folder = house.folder / "out" / CLOSE / command
    return ran.out, {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def texts(pdf: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(pdf)).pages]


@pytest.mark.spark
def test_a_payment_file_has_what_was_issued_and_says_what_is_in_none(paid: House) -> None:
    out, files = written(paid, "export")
    assert files == written(paid, "export")[1], "a second export is the same, message ids and all"
    issued = {
        row["payee_id"]: (row["end_to_end_id"], row["amount_minor"], row["currency"])
        for row in paid.rows("gold/payments")
        if row["state"] == "issued"
    }
    assert set(issued) == {"p1", "p2", "p3", "p4", "p5", "p7"}, "p6 is carried, so it is nowhere"
    (name,) = (name for name in files if name.startswith("pain.001."))
    assert name == "pain.001.EUR.20261109T060000Z.xml"
    xmlschema.XMLSchema(str(SCHEMA)).validate(files[name].decode())
    tree = ET.fromstring(files[name])
    transactions = {
        text(one, "EndToEndId"): (text(one, "InstdAmt"), text(one, "Nm"), text(one, "IBAN"))
        for one in tree.iter(f"{SPACE}CdtTrfTxInf")
    }
    for payee, name_written in (("p1", "Zoe Angel"), ("p2", "Ben & Sohne <GmbH>")):
        end_to_end, amount, currency = issued[payee]
        assert transactions[end_to_end][0] == in_words(amount, currency).split()[0]
        assert transactions[end_to_end][1].startswith(name_written)
    assert len(transactions) == 2
    whole = issued["p1"][1] + issued["p2"][1]
    for header in ("GrpHdr", "PmtInf"):
        element = next(tree.iter(f"{SPACE}{header}"))
        assert (text(element, "CtrlSum"), text(element, "NbOfTxs")) == (in_words(whole, "EUR").split()[0], "2")

    left = {row["payee_id"]: row for row in csv.DictReader(io.StringIO(files["payments_left_out.csv"].decode()))}
    assert {payee: row["reason"] for payee, row in left.items()} == {
        "p3": "no_iban", "p4": "no_account_of_ours", "p5": "currency_without_cents",
        "p7": "no_name_in_letters",
    }  # fmt: skip
    assert f"p3: payment {issued['p3'][0]} is in no file: no_iban" in out
    manifest = json.loads(files["manifest.json"])["files"]
    for file, told in manifest.items():
        assert hashlib.sha256(files[file]).hexdigest() == told["sha256"]
    came_to = {
        currency: manifest[name]["totals"].get(currency, {"amount_minor": 0})["amount_minor"]
        + manifest["payments_left_out.csv"]["totals"].get(currency, {"amount_minor": 0})["amount_minor"]
        for currency in ("EUR", "USD", "JPY")
    }
    assert came_to == {
        currency: totals.get("issued", 0) for currency, totals in manifest["payments.csv"]["totals"].items()
    }


def text(element: ET.Element, name: str) -> str:
    found = element.find(f".//{SPACE}{name}")
    assert found is not None, name
    return str(found.text)


@pytest.mark.spark
def test_an_account_is_the_one_known_when_the_payment_was_issued(paid: House) -> None:
    _, before = written(paid, "export")
    other = PAYEES.replace("DE89370400440532013000,COBADEFFXXX,100", "DE75512108001245126199,,100")
    given = other.replace("p3,No Account,,DE,EUR,,", "p3,No Account,,DE,EUR,DE75512108001245126199,")
    (paid.landing / "finance" / "payees.csv").write_text(given, encoding="utf-8")
    paid.run("finance", now="2026-11-10")
    _, after = written(paid, "export")
    (name,) = (name for name in after if name.startswith("pain.001."))
    assert after[name].count(b"<IBAN>DE89370400440532013000</IBAN>") == 2, "ours, and that of p1 as it was"
    assert (before[name].count(b"<CdtTrfTxInf>"), after[name].count(b"<CdtTrfTxInf>")) == (2, 3)
    assert b"p3" not in after["payments_left_out.csv"], "the account that was missing has come since"


@pytest.mark.spark
def test_statements_on_paper_say_what_their_csv_says(paid: House) -> None:
    out, files = written(paid, "statements")
    assert files == written(paid, "statements")[1], "the same bytes for the same statement"
    assert {Path(name).suffix for name in files} == {".csv", ".pdf"}
    assert out.startswith(f"statements of {CLOSE}: files ")
    for name in (name for name in files if name.endswith(".csv")):
        lines = list(csv.DictReader(io.StringIO(files[name].decode())))
        said = " ".join(texts(files[name.replace(".csv", ".pdf")]))
        for line in lines[:-1]:
            amount = in_words(int(line["amount_minor"]), line["currency"]).split()[0]
            words = [line["show_id"], line["program"], line["period"], WORDS[line["line"]], amount]
            assert " ".join(word for word in words if word) in said, (name, words)
        assert f"Closing balance {in_words(int(lines[-1]['amount_minor']), lines[-1]['currency']).split()[0]}" in said
    assert "Zoë Ангел" in texts(files["p1.EUR.pdf"])[0]


def statement(lines: int, show: str = "s-{}") -> list[dict[str, Any]]:
    head = {"payee_id": "p1", "currency": "EUR", "settlement_period": CLOSE, "program": "ads", "period": CLOSE}
    nowhere = {"show_id": None, "program": None, "period": None}
    told: list[dict[str, Any]] = [{**head, **nowhere, "line": "opening", "amount_minor": -5}]
    told += (
        {**head, "show_id": show.format(number), "line": "accrued", "amount_minor": number} for number in range(lines)
    )
    closing = sum(line["amount_minor"] for line in told)
    return [*told, {**head, **nowhere, "line": "closing", "amount_minor": closing}]


def typeset(lines: list[dict[str, Any]], titles: Mapping[str, str]) -> list[str]:
    pdf, shows_all = Press().statement(lines, {"name": "Zoë", "country": "DE"}, titles)
    assert shows_all
    return texts(pdf)


def test_a_long_statement_goes_on_over_pages_with_its_head_on_each() -> None:
    pages = typeset(statement(200), {})
    assert len(pages) > 3
    for number, page in enumerate(pages, 1):
        assert "Show Program Month What EUR" in page
        assert f"Page {number} of {len(pages)}" in page
    found = "\n".join(pages)
    for number in range(200):
        assert f"s-{number} ads {CLOSE} Earned {in_words(number, 'EUR').split()[0]}" in found
    assert "Closing balance 198.95" in pages[0]
    assert "Closing balance, the sum of all lines 198.95" in pages[-1]


def test_what_people_call_their_shows_is_text_and_never_markup() -> None:
    title = '#panic("no") *bold* $x$ @ref <label> \\ "quoted" // not a comment'
    assert f"{title} (s-0)" in typeset(statement(1), {"s-0": title})[0]


@pytest.mark.parametrize("name", ["Ελένη", "Ивана", "الكاتب", "עדי", "नमस्ते", "ไทย", "Đặng Thị"])
def test_names_in_many_scripts_have_all_their_letters(name: str) -> None:
    assert Press().statement(statement(1), {"name": name, "country": "DE"}, {})[1]


def test_a_letter_that_no_font_has_is_said_and_the_statement_is_there_all_the_same() -> None:
    pdf, shows_all = Press().statement(statement(1), {"name": "An\u0378na", "country": "DE"}, {})
    assert not shows_all
    assert "Closing balance -0.05" in texts(pdf)[0]
