"""Small finance sets for tests: files that are in order, to be damaged one line at a time."""

import datetime as dt
from collections.abc import Mapping

from jobs.finance.files import FinanceSet, read_files
from jobs.finance.judging import Known, judge
from jobs.finance.periods import Calendar, Period
from jobs.finance.programs import DatedRule, Payouts, Program, Rule, ShowSpan
from jobs.finance.sheets import Fault

ALWAYS = (ShowSpan("*", dt.date(2026, 1, 1)),)
JANUARY = Period(2026, 1)


def program(name: str, rule: Rule, cap_ms: int | None = None) -> Program:
    return Program(name, (DatedRule(JANUARY, rule, cap_ms),), ALWAYS)


PAYOUTS = Payouts(
    calendar=Calendar(7, 90),
    approvals=2,
    hold_days=60,
    hold_unsure_clocks=True,
    pay_claimed=False,
    programs={
        "ads": program("ads", Rule.PRO_RATA),
        "capped": program("capped", Rule.CAPPED, 3_600_000),
        "members": program("members", Rule.USER_CENTRIC),
        "spots": program("spots", Rule.CPM),
    },
)

PAYEES = """payee_id,name,email,country,currency,iban,bic,min_payout_minor,withholding_bps,hold
ana,Ana Ärmel,ana@example.org,DE,EUR,DE89370400440532013000,COBADEFFXXX,2500,0,
ben,"Ben, Inc.",ben@example.org,US,USD,,,,3000,tax_form
"""
SPLITS = """show_id,payee_id,share,valid_from,valid_to
s-1,ana,60,2026-01-01,2026-07-01
s-1,ben,40,2026-01-01,2026-07-01
s-1,ana,1,2026-07-01,
007,ben,1,2026-01-01,
"""
POOLS = """document_id,program,period,currency,gross_minor,fee_bps,holdback_bps
inv-1,ads,2026-10,EUR,1000000,1000,500
inv-2,ads,2026-10,EUR,-2500,1000,500
mem-1,members,2026-10,EUR,1998,2000,0
"""
SUBSCRIPTIONS = """program,period,listener_id,fee_minor
members,2026-10,l-1,999
members,2026-10,l-2,999
"""
GOOD = {
    "payees.csv": PAYEES,
    "splits.csv": SPLITS,
    "pools.csv": POOLS,
    "subscriptions.csv": SUBSCRIPTIONS,
    "campaigns.csv": """campaign_id,advertiser_id,program,name,currency,cpm_minor,fee_bps,holdback_bps,tier,goal_plays,\
starts,ends,cap_per_listener,late_days
c-1,acme,spots,Autumn,EUR,2000,1500,0,audible,,2026-10-01,2026-10-31,3,30
""",
    "rates.csv": "date,from,to,numerator,denominator,source\n2026-10-30,EUR,USD,1085,1000,ECB\n",
    "bank_results.csv": "end_to_end_id,state,at,reason\nE-1,returned,2026-11-20T08:00:00Z,AC04\n",
    "decisions.csv": """listen_id,decision,by,at,reason
0123456789abcdef0123456789abcdef,void,fin,2026-11-02T09:30:00Z,bot
""",
}
KNOWN = Known(
    files=frozenset({"payees.csv"}),
    payees=frozenset({"ana"}),
    shows=frozenset({"s-1", "007"}),
    listens=frozenset({"0123456789abcdef0123456789abcdef"}),
    payments=frozenset({"E-1"}),
)


def read(changed: Mapping[str, str | bytes | None] | None = None, known: Known = KNOWN) -> tuple[FinanceSet, list[str]]:
    """The set with these files in the place of the good ones (None: left out), and its faults as they are told."""
    contents = {
        **{name: text.encode() for name, text in GOOD.items()},
        **{f"{name}.csv": text.encode() if isinstance(text, str) else text for name, text in (changed or {}).items()},
    }
    faults: list[Fault] = []
    finance = read_files({name: content for name, content in contents.items() if content is not None}, faults)
    judge(finance, known, PAYOUTS, faults)
    return finance, [str(fault) for fault in sorted(set(faults))]
