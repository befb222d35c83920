"""Money: what runs divided, and what became of each listen in them."""

from jobs.tables.declare import BIGINT, DATE, INT, STRING, TIMESTAMP, WEIGHT, Column, Table

CLASSES = ("invalid", "too_short", "not_payable", "late", "void", "held", "unassigned", "paid")
KINDS = ("settle", "true_up", "final")
STATES = ("settled", "approved", "rejected", "posted")
RUN_ID = Column("run_id", STRING, "Run: a hash of what it settled, its inputs, code and configuration.")
PROGRAM = Column("program", STRING, "Program, as conf/payouts.toml names it.")
PERIOD = Column("period", STRING, "Month that is settled, `YYYY-MM`, UTC.")
CURRENCY = Column("currency", STRING, "ISO 4217 code of the amounts.")
SHOW_ID = Column("show_id", STRING, "Show.")
VALID_FROM = Column("valid_from", DATE, "Split version in force on the listen's day; null without one.", nullable=True)

SETTLEMENT_RUNS = Table(
    name="gold/settlement_runs",
    about="One row a run and each state it came to: a program and period, settled with a close.",
    columns=(
        RUN_ID,
        PROGRAM,
        PERIOD,
        Column("settlement_period", STRING, "Month whose close it belongs to, `YYYY-MM`."),
        Column("kind", STRING, "What it does.", one_of=KINDS),
        Column("draft_no", INT, "Which draft of that close, from 1: the last one counts.", check="draft_no >= 1"),
        Column("state", STRING, "What it came to.", one_of=STATES),
        Column("at", TIMESTAMP, "When, UTC."),
        Column("by", STRING, "Authenticated user who did this."),
        Column("inputs", STRING, "JSON: checksums of what was frozen, where it lies, and the documents with money."),
        Column(
            "pools",
            STRING,
            "JSON: gross, fee, net, holdback, what there was to divide and was, by currency and campaign.",
        ),
        Column("code", STRING, "Version of the code, and checksum of the rules as code."),
        Column("config", STRING, "JSON: rule, cap, shows and dates as conf had them."),
        Column("checksum", STRING, "SHA-256 of its allocations in the order of their key."),
        Column("reason", STRING, "Why it was rejected; null of every other state.", nullable=True),
    ),
    key=("run_id", "draft_no", "state", "by"),
    published=False,
)

ALLOCATIONS = Table(
    name="gold/allocations",
    about="One row a run, pool, item and payee: how the amount came about, in both stages.",
    columns=(
        RUN_ID,
        PROGRAM,
        PERIOD,
        CURRENCY,
        Column("campaign_id", STRING, "Campaign, where it is the pool; empty otherwise."),
        SHOW_ID,
        VALID_FROM,
        Column("payee_id", STRING, "Payee; null where the item has no split.", nullable=True),
        Column(
            "weight",
            WEIGHT,
            "Weight of the item: ms, micro-units of what listeners paid, or plays.",
            check="weight >= 0",
        ),
        Column("held_weight", WEIGHT, "Of it, by held listens."),
        Column("total_weight", WEIGHT, "Weight of all items."),
        Column("pool_minor", BIGINT, "What was divided.", check="pool_minor >= 0"),
        Column("item_base", BIGINT, "`floor(pool_minor * weight / total_weight)`."),
        Column("item_remainder", WEIGHT, "Remainder of that division, by which units left over are given."),
        Column("item_bonus", BIGINT, "Unit left over that it got.", check="item_bonus IN (0, 1)"),
        Column("item_minor", BIGINT, "Amount of the item."),
        Column("share", BIGINT, "Share of the payee."),
        Column("total_shares", WEIGHT, "Shares of all payees of the item."),
        Column("base_minor", BIGINT, "`floor(item_minor * share / total_shares)`."),
        Column("remainder", WEIGHT, "Remainder of that division."),
        Column("bonus_minor", BIGINT, "Unit left over that it got.", check="bonus_minor IN (0, 1)"),
        Column("amount_minor", BIGINT, "Amount of the payee.", check="amount_minor >= 0"),
        Column("held_minor", BIGINT, "Of it, what held listens brought; not payable yet.", check="held_minor >= 0"),
    ),
    key=("run_id", "program", "period", "currency", "campaign_id", "show_id", "valid_from", "payee_id"),
    skip_by=("run_id", "payee_id"),
    published=False,
)

LISTEN_SETTLEMENTS = Table(
    name="gold/listen_settlements",
    about="One row a listen and a run: what became of it, and what its listener's listening to its item weighed. "
    "Programs that count plays have none.",
    columns=(
        RUN_ID,
        Column("listen_id", STRING, "The listen.", distinct=True),
        Column("listener_id", STRING, "Who listened.", personal=True),
        Column("listen_day", DATE, "UTC date on which the session began."),
        SHOW_ID,
        VALID_FROM,
        Column("class", STRING, "What became of it.", one_of=CLASSES),
        Column("heard_ms", BIGINT, "Unique content heard, ms."),
        Column("raw_weight", BIGINT, "What its listener heard of the item and is weighed in, ms."),
        Column("scaled_weight", WEIGHT, "What the rule made of that."),
    ),
    key=("run_id", "listen_id"),
    skip_by=("run_id", "show_id", "listen_day"),
    published=False,
)
