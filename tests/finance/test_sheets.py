"""What a spreadsheet does to a file is named, with its line, and never mended."""

import datetime as dt
from collections.abc import Mapping

import pytest

from tests.finance.sheets import GOOD, PAYEES, POOLS, SPLITS, read


def test_a_good_set_has_typed_rows_and_no_fault() -> None:
    finance, faults = read()
    assert faults == []
    ana, ben = finance["payees"]
    assert (ana["name"], ana["iban"], ana["min_payout_minor"]) == ("Ana Ärmel", "DE89370400440532013000", 2500)
    assert (ben["name"], ben["iban"], ben["min_payout_minor"], ben["hold"]) == ("Ben, Inc.", None, None, "tax_form")
    assert finance["splits"][2].values == {
        "show_id": "s-1", "payee_id": "ana", "share": 1, "valid_from": dt.date(2026, 7, 1), "valid_to": None,
    }  # fmt: skip
    assert finance["bank_results"][0]["at"] == dt.datetime(2026, 11, 20, 8, tzinfo=dt.UTC)


def test_windows_line_ends_and_columns_in_another_order_are_fine() -> None:
    moved = "\r\n".join(",".join(reversed(line.split(","))) for line in POOLS.splitlines()) + "\r\n"
    finance, faults = read({"pools": moved})
    assert faults == []
    assert [row["gross_minor"] for row in finance["pools"]] == [1_000_000, -2500, 1998]


DAMAGE: list[tuple[str, Mapping[str, str | bytes | None], list[str]]] = [
    ("bom", {"payees": b"\xef\xbb\xbf" + PAYEES.encode()},
     ["payees.csv:1: the file is UTF-8 with a byte order mark; save it as plain UTF-8"]),
    ("utf-16", {"payees": PAYEES.encode("utf-16")}, ["payees.csv:1: the file is UTF-16; save it as plain UTF-8"]),
    ("latin-1", {"payees": PAYEES.encode("latin-1")}, ["payees.csv:2: not UTF-8; save the file as plain UTF-8"]),
    ("semicolons", {"pools": POOLS.replace(",", ";")},
     ["pools.csv:1: columns are separated by semicolons; export with commas"]),
    ("decimal comma", {"pools": POOLS.replace("1000000", '"10000,00"')},
     ["pools.csv:2: gross_minor: '10000,00' has decimals; amounts are whole minor units (cents)"]),
    ("decimal point", {"pools": POOLS.replace("1000000", "10000.00")},
     ["pools.csv:2: gross_minor: '10000.00' has decimals; amounts are whole minor units (cents)"]),
    ("unquoted comma", {"pools": POOLS.replace("1000000", "10000,00")},
     ["pools.csv:2: 8 values for 7 columns; a value with a comma in it stands in quotes"]),
    ("thousands", {"pools": POOLS.replace("1000000", '"1,000,000"')},
     ["pools.csv:2: gross_minor: '1,000,000' has thousands set apart, or decimals; "
      "write whole minor units in digits alone"]),
    ("scientific", {"pools": POOLS.replace("1000000", "1E+06")},
     ["pools.csv:2: gross_minor: '1E+06' is scientific notation; write all digits"]),
    ("leading zeros", {"splits": SPLITS.replace("007,", "7,")},
     ["splits.csv:5: unknown show '7'; leading zeros may have been lost, there is 007"]),
    ("short listen", {"decisions": GOOD["decisions.csv"].replace("0123456789abcdef0", "123456789abcdef0")},
     ["decisions.csv:2: listen_id: '123456789abcdef0123456789abcdef' is no listen: 32 lower-case hex digits; "
      "leading zeros may have been lost"]),
    ("trailing blank", {"splits": SPLITS.replace("s-1,ben", "s-1 ,ben")},
     ["splits.csv:3: show_id: 's-1 ' begins or ends with a blank"]),
    ("no-break space", {"splits": SPLITS.replace("s-1,ben", "s-1,ben\u00a0")},
     ["splits.csv:3: payee_id: 'ben\\xa0' begins or ends with a blank"]),
    ("blank rows", {"splits": SPLITS + ",,,,\n\n"},
     ["splits.csv:6: a row without values; delete it", "splits.csv:7: a row without values; delete it"]),
    ("duplicate header", {"pools": POOLS.replace("fee_bps,holdback", "fee_bps,fee_bps,holdback")},
     ["pools.csv:1: column 'fee_bps' is there twice"]),
    ("header", {"pools": POOLS.replace("gross_minor", "Gross")},
     ["pools.csv:1: column 'gross_minor' is missing", "pools.csv:1: unknown column 'Gross'"]),
    ("empty", {"pools": ""},
     [f"pools.csv:1: column '{name}' is missing" for name in sorted(POOLS.split("\n")[0].split(","))]),
    ("rewritten date", {"splits": SPLITS.replace("2026-07-01,\n", "01.07.2026,\n")},
     ["splits.csv:4: valid_from: '01.07.2026' is no date like 2026-10-05; the spreadsheet may have rewritten it"]),
    ("no such day", {"splits": SPLITS.replace("2026-07-01,\n", "2026-02-30,\n")},
     ["splits.csv:4: valid_from: '2026-02-30' is no day of the calendar"]),
    ("open quote", {"payees": PAYEES.replace('Inc."', "Inc.")},
     ["payees.csv:3: no CSV from here on (unexpected end of data); quotes stand in pairs around a value"]),
    ("spreadsheet error", {"payees": PAYEES.replace("ana@example.org", "#REF!")},
     ["payees.csv:2: email: '#REF!' is an error of the spreadsheet, not a value"]),
    ("line break", {"payees": PAYEES.replace("Ben, Inc.", "Ben\nInc.")},
     ["payees.csv:3: name: 'Ben\\nInc.' holds a line break or another control character"]),
    ("unknown file", {"poools": POOLS}, [
        "poools.csv: unknown file; there are payees.csv, splits.csv, pools.csv, subscriptions.csv, campaigns.csv, "
        "rates.csv, bank_results.csv, decisions.csv"]),
    ("missing file", {"splits": None}, ["splits.csv: is missing; a file without rows has its header"]),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "said"), [one[1:] for one in DAMAGE], ids=[one[0] for one in DAMAGE])
def test_damage_is_named_with_its_line(changed: Mapping[str, str | bytes | None], said: list[str]) -> None:
    assert read(changed)[1] == said


def test_every_fault_of_every_file_is_listed() -> None:
    _, faults = read(
        {
            "payees": PAYEES.replace("EUR", "EURO").replace(",3000,", ",10001,"),
            "pools": POOLS.replace("-2500", '"-25,00"'),
        }
    )
    assert [fault.split(": ")[0] for fault in faults] == ["payees.csv:2", "payees.csv:3", "pools.csv:3"]
