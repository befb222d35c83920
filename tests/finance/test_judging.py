"""A set is judged together: what contradicts itself, or what is known, is refused."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from jobs.finance.judging import Known
from tests.finance.sheets import GOOD, KNOWN, PAYEES, POOLS, SPLITS, SUBSCRIPTIONS, read

INV_1 = "ads|2026-10|EUR|1000000|1000|500"
CONTRADICTIONS: list[tuple[str, Mapping[str, str | None], str]] = [
    ("unknown payee", {"splits": SPLITS.replace("007,ben", "007,eve")},
     "splits.csv:5: unknown payee eve; add it to payees.csv"),
    ("payee missing", {"payees": PAYEES.replace("ana,", "anna,")},
     "payees.csv: payee ana was known and is missing; once known, a payee stays"),
    ("duplicate payee", {"payees": PAYEES + PAYEES.splitlines()[1] + "\n"},
     "payees.csv:4: ana: is in line 2 already"),
    ("duplicate document", {"pools": POOLS.replace("inv-2", "inv-1")}, "pools.csv:3: inv-1: is in line 2 already"),
    ("overlap", {"splits": SPLITS.replace("ana,1,2026-07-01", "ana,1,2026-06-30")},
     "splits.csv:4: overlaps the version of line 2; give that one valid_to 2026-06-30"),
    ("unequal valid_to", {"splits": SPLITS.replace("ben,40,2026-01-01,2026-07-01", "ben,40,2026-01-01,2026-06-01")},
     "splits.csv:3: valid_to is not that of line 2, which is of the same version"),
    ("ends before", {"splits": SPLITS.replace("007,ben,1,2026-01-01,", "007,ben,1,2026-01-01,2026-01-01")},
     "splits.csv:5: valid_to 2026-01-01 is not after valid_from"),
    ("no share", {"splits": SPLITS.replace("007,ben,1,", "007,ben,0,")}, "splits.csv:5: share: 0 is not 1..1000000000"),
    ("bps", {"pools": POOLS.replace("1000,500", "1000,10001", 1)},
     "pools.csv:2: holdback_bps: 10001 is not 0..10000"),
    ("negative fee", {"subscriptions": SUBSCRIPTIONS.replace("l-2,999", "l-2,-999")},
     "subscriptions.csv:3: fee_minor: -999 is not 0..100000000"),
    ("great fee", {"subscriptions": SUBSCRIPTIONS.replace("l-2,999", "l-2,100000001")},
     "subscriptions.csv:3: fee_minor: 100000001 is not 0..100000000"),
    ("fees and gross", {"subscriptions": SUBSCRIPTIONS.replace("l-2,999", "l-2,998")},
     "pools.csv:4: members 2026-10: documents add up to 1998, the fees of subscriptions.csv to 1997"),
    ("fees without gross", {"pools": POOLS.replace("mem-1,members,2026-10", "mem-1,members,2026-09")},
     "subscriptions.csv: members 2026-10: fees without a document in pools.csv"),
    ("two currencies", {"pools": POOLS + "mem-2,members,2026-10,USD,0,2000,0\n"},
     "pools.csv:5: currency USD, but EUR in line 4: one currency a period"),
    ("two fee rates", {"pools": POOLS + "mem-2,members,2026-10,EUR,0,1000,0\n"},
     "pools.csv:5: fee_bps 1000, but 2000 in line 4: one fee_bps a period"),
    ("unknown currency", {"pools": POOLS.replace("EUR,1000000", "EUX,1000000")},
     "pools.csv:2: currency: unknown currency 'EUX'; write a code of ISO 4217, like EUR"),
    ("name", {"pools": POOLS.replace("inv-1", "1-inv")},
     "pools.csv:2: document_id: '1-inv' is no name: a letter, then letters, digits and . _ : -"),
    ("unknown show", {"splits": SPLITS.replace("007,", "s-9,")},
     "splits.csv:5: unknown show 's-9'; it is not in the catalogue"),
    ("unknown listen", {"decisions": GOOD["decisions.csv"].replace("0123", "f123", 1)},
     "decisions.csv:2: there never was a listen f123456789abcdef0123456789abcdef"),
    ("unknown payment", {"bank_results": GOOD["bank_results.csv"].replace("E-1", "E-2")},
     "bank_results.csv:2: we never issued a payment 'E-2'"),
    ("unknown program", {"pools": POOLS.replace("inv-1,ads", "inv-1,adds")},
     "pools.csv:2: unknown program adds; there are ads, capped, members, spots in conf/payouts.toml"),
    ("before the rule", {"pools": POOLS.replace("inv-1,ads,2026-10", "inv-1,ads,2025-12")},
     "pools.csv:2: ads has no rule yet in 2025-12; see conf/payouts.toml"),
    ("cpm pool", {"pools": POOLS.replace("inv-1,ads", "inv-1,spots")},
     "pools.csv:2: spots is divided by plays: its documents are its campaigns, not rows of pools.csv"),
    ("more than can be divided", {"pools": POOLS.replace("1000000", "9999999999999").replace("-2500", "-2")},
     "pools.csv:3: the documents of ads 2026-10 EUR add up to more than 100000000000.00 EUR"),
    ("undistributed to members", {"pools": POOLS.replace("mem-1", "undistributed:ads:1")},
     "pools.csv:4: what is undistributed goes to programs that are pro_rata or capped, not user_centric"),
    ("undistributed with a fee", {"pools": POOLS.replace("inv-1", "undistributed:ads:1")},
     "pools.csv:2: what is undistributed bears neither fee nor holdback; both are 0"),
    ("iban", {"payees": PAYEES.replace("DE89", "DE88")},
     "payees.csv:2: iban: is no IBAN: letters and digits without blanks, with the right check digits"),
    ("campaign", {"campaigns": GOOD["campaigns.csv"].replace("spots", "ads")},
     "campaigns.csv:2: ads is no cpm program on 2026-10-01; see conf/payouts.toml"),
    ("campaign of a changed rule", {"campaigns": GOOD["campaigns.csv"].replace("2026-10-01", "2025-12-15")},
     "campaigns.csv:2: spots is no cpm program on 2025-12-15; see conf/payouts.toml"),
    ("campaign of nothing", {"campaigns": GOOD["campaigns.csv"].replace("spots", "spot")},
     "campaigns.csv:2: unknown program spot; there are ads, capped, members, spots in conf/payouts.toml"),
    ("campaign that ends before", {"campaigns": GOOD["campaigns.csv"].replace("2026-10-31", "2026-09-30")},
     "campaigns.csv:2: ends on 2026-09-30, before it starts"),
    ("duplicate campaign", {"campaigns": GOOD["campaigns.csv"] + GOOD["campaigns.csv"].splitlines()[1] + "\n"},
     "campaigns.csv:3: c-1: is in line 2 already"),
    ("tier", {"campaigns": GOOD["campaigns.csv"].replace("audible", "heard")},
     "campaigns.csv:2: tier: 'heard' is none of 'started', 'audible', 'complete'"),
    ("rate to itself", {"rates": GOOD["rates.csv"].replace("USD", "EUR")},
     "rates.csv:2: a rate from EUR to itself; delete the line"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "said"), [one[1:] for one in CONTRADICTIONS], ids=[one[0] for one in CONTRADICTIONS]
)
def test_a_contradiction_is_named_with_its_line(changed: Mapping[str, str | None], said: str) -> None:
    assert said in read(changed)[1]


@pytest.mark.parametrize(
    ("known", "pools", "said"),
    [
        (replace(KNOWN, documents={"inv-1": INV_1}), POOLS.replace("inv-1", "inv-0"),
         ["pools.csv: document inv-1 is posted and missing; correct it by a new document"]),
        (replace(KNOWN, documents={"inv-1": INV_1}), POOLS.replace("EUR,1000000,1000", "EUR,1000000,1001"),
         ["pools.csv:2: document inv-1 is posted and was changed; put it back, and correct it by a new document"]),
        (replace(KNOWN, documents={"inv-1": INV_1}, finals=frozenset({("ads", "2026-10")})), POOLS,
         ["pools.csv:3: ads 2026-10 is final and takes no more documents; use a later period"]),
        (replace(KNOWN, documents={"inv-1": INV_1}), POOLS, []),
    ],
    ids=["missing", "changed", "final", "as posted"],
)  # fmt: skip
def test_what_is_posted_stays_as_it_was(known: Known, pools: str, said: list[str]) -> None:
    assert read({"pools": pools}, known)[1] == said


C_1 = "acme|spots|Autumn|EUR|2000|1500|0|audible|None|2026-10-01|2026-10-31|3|30"


@pytest.mark.parametrize(
    ("known", "campaigns", "said"),
    [
        (replace(KNOWN, campaigns={"c-1": C_1}), GOOD["campaigns.csv"], []),
        (replace(KNOWN, campaigns={"c-0": C_1}), GOOD["campaigns.csv"],
         ["campaigns.csv: campaign c-0 is posted and missing; put it back"]),
        (replace(KNOWN, campaigns={"c-1": C_1}), GOOD["campaigns.csv"].replace("2000", "2001"),
         ["campaigns.csv:2: campaign c-1 is posted and was changed; put it back, and go on with a new campaign"]),
        (replace(KNOWN, finals=frozenset({("spots", "2026-10")})), GOOD["campaigns.csv"],
         ["campaigns.csv:2: spots 2026-10 is final and takes no more campaigns; let it start later"]),
        (replace(KNOWN, campaigns={"c-1": C_1}, finals=frozenset({("spots", "2026-10")})), GOOD["campaigns.csv"], []),
    ],
    ids=["as posted", "missing", "changed", "final", "posted and final"],
)  # fmt: skip
def test_a_campaign_of_which_a_month_is_posted_stays_as_it_was(known: Known, campaigns: str, said: list[str]) -> None:
    assert read({"campaigns": campaigns}, known)[1] == said


def test_a_file_with_faults_is_not_held_against_the_others() -> None:
    assert read({"payees": PAYEES.replace("ana,", "ana ,")})[1] == [
        "payees.csv:2: payee_id: 'ana ' begins or ends with a blank"
    ]


def test_a_file_once_there_stays() -> None:
    known = replace(KNOWN, files=frozenset({"rates.csv"}))
    assert read({"rates": None}, known)[1] == [
        "rates.csv: is in the set in force and is missing; a file without rows has its header"
    ]
