"""The ledger: what was posted, in double entry, each posting chained to the one before."""

from jobs.tables.declare import BIGINT, INT, STRING, TIMESTAMP, Column, Table, array_of, struct_of
from jobs.tables.money import CURRENCY

ENTRY_KINDS = ("accrual", "adjustment", "assign", "payment", "withholding", "conversion", "return")
PAYMENT_STATES = ("issued", "returned", "cleared", "carried")
CLOSE = Column("settlement_period", STRING, "Month whose close posted it, `YYYY-MM`.")

LEDGER = Table(
    name="gold/ledger",
    about="One row a posting of a balanced entry; only ever appended to.",
    columns=(
        Column("place", BIGINT, "Place in the chain, from 1.", check="place >= 1", distinct=True),
        Column("entry_id", STRING, "Entry: its kind, then what it comes from."),
        Column("posting_no", INT, "Place within the entry, from 1.", check="posting_no >= 1"),
        Column("account", STRING, "Account: its kind, then whose."),
        Column("side", STRING, "Side of the account.", one_of=("debit", "credit")),
        Column("amount_minor", BIGINT, "Amount, minor units.", check="amount_minor > 0"),
        CURRENCY,
        Column("payee_id", STRING, "Payee, where the account is one's.", nullable=True),
        Column("show_id", STRING, "Show it was earned by, where it was by one.", nullable=True),
        Column("program", STRING, "Program, where it is one's.", nullable=True),
        Column("period", STRING, "Month in which it was earned, `YYYY-MM`.", nullable=True),
        CLOSE,
        Column("kind", STRING, "What happened.", one_of=ENTRY_KINDS),
        Column("run_id", STRING, "Run it comes from.", nullable=True),
        Column("corrects_entry_id", STRING, "Entry that it corrects or reverses.", nullable=True),
        Column("previous_hash", STRING, "Hash of the posting before; 64 zeros before the first."),
        Column("hash", STRING, "SHA-256 of that and all other columns, in hex.", distinct=True),
    ),
    key=("entry_id", "posting_no"),
    skip_by=("place", "settlement_period", "payee_id"),
    published=False,
)

PAYMENTS = Table(
    name="gold/payments",
    about="One row an instruction and each state it came to, or a balance that was carried, and why.",
    columns=(
        Column("end_to_end_id", STRING, "Instruction, as the bank names it back; of what is carried, its own."),
        Column("payee_id", STRING, "Payee."),
        CLOSE,
        Column("amount_minor", BIGINT, "What is paid, or carried.", check="amount_minor >= 0"),
        Column("withheld_minor", BIGINT, "What is withheld beside it.", check="withheld_minor >= 0"),
        CURRENCY,
        Column("state", STRING, "What it came to.", one_of=PAYMENT_STATES),
        Column("blocked_by", STRING, "Why it is carried.", nullable=True),
        Column("at", TIMESTAMP, "When, UTC."),
        Column("by", STRING, "Authenticated user who did this."),
    ),
    key=("end_to_end_id", "state"),
    skip_by=("settlement_period",),
    published=False,
)

BALANCES = Table(
    name="gold/balances",
    about="One row an account and currency: what it holds after the last close, derived from the ledger.",
    columns=(
        Column("account", STRING, "Account: its kind, then whose."),
        CURRENCY,
        Column("payee_id", STRING, "Payee, where the account is one's.", nullable=True),
        Column("balance_minor", BIGINT, "Credits less debits."),
    ),
    key=("account", "currency"),
    published=False,
)

LINES = array_of(
    struct_of(
        show_id=STRING,
        program=STRING,
        period=STRING,
        accrued_minor=BIGINT,
        adjusted_minor=BIGINT,
        assigned_minor=BIGINT,
        held_minor=BIGINT,
        released_minor=BIGINT,
    )
)

STATEMENTS = Table(
    name="gold/statements",
    about="One row a payee, currency and close: opening and closing balance, and everything between, from the ledger.",
    columns=(
        Column("payee_id", STRING, "Payee."),
        CURRENCY,
        CLOSE,
        Column("opening_minor", BIGINT, "Payable before; the closing of the statement before."),
        Column("accrued_minor", BIGINT, "Earned in the month closed, with what is held of it."),
        Column("adjusted_minor", BIGINT, "Corrections of earlier months, with what is held of them."),
        Column("assigned_minor", BIGINT, "From final months, for shows that had no split."),
        Column("held_minor", BIGINT, "Of what was earned, put on the hold account."),
        Column("released_minor", BIGINT, "Taken off the hold account: released, or void and so adjusted too."),
        Column("paid_minor", BIGINT, "Paid out; subtracted."),
        Column("withheld_minor", BIGINT, "Withheld; subtracted."),
        Column("returned_minor", BIGINT, "Payments that came back, with what was withheld beside them."),
        Column("converted_minor", BIGINT, "Converted from other currencies, or into them where negative."),
        Column(
            "closing_minor",
            BIGINT,
            "Payable after.",
            check="closing_minor = opening_minor + accrued_minor + adjusted_minor + assigned_minor - held_minor"
            " + released_minor - paid_minor - withheld_minor + returned_minor + converted_minor",
        ),
        Column("lines", LINES, "What was earned, by show, program and month."),
    ),
    key=("payee_id", "currency", "settlement_period"),
    skip_by=("settlement_period", "payee_id"),
    published=False,
)
