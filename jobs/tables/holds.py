"""Holds: which listens wait for a decision, by which rule, and what that costs."""

from jobs.tables.declare import BIGINT, STRING, TIMESTAMP, Column, Table
from jobs.tables.money import CURRENCY, PERIOD, PROGRAM, RUN_ID, SHOW_ID

HOLDS = Table(
    name="gold/holds",
    about="One row a held listen and rule, from the close on that first held it; follows knowledge, like the ledger.",
    columns=(
        Column("listen_id", STRING, "The listen."),
        Column("rule", STRING, "Rule that holds it."),
        Column("measured", BIGINT, "What was measured."),
        Column("threshold", BIGINT, "What the rule allows."),
        Column(
            "peers_median",
            BIGINT,
            "The median of the same over all others in that close; null where none was measured.",
            nullable=True,
        ),
        Column("since", TIMESTAMP, "Cut-off of the close that first held it, UTC."),
        Column("until", TIMESTAMP, "By when it is decided, UTC."),
        Column("settlement_period", STRING, "Month whose close first held it."),
    ),
    key=("listen_id", "rule"),
    skip_by=("since",),
    published=False,
)

RULE_COSTS = Table(
    name="gold/rule_costs",
    about="What each rule keeps on hold in a run, by show: were it the only one. Several may hold one listen.",
    columns=(
        RUN_ID,
        PROGRAM,
        PERIOD,
        CURRENCY,
        SHOW_ID,
        Column("rule", STRING, "Rule that holds listens."),
        Column("listens", BIGINT, "Listens of the show that it holds and nobody has decided."),
        Column("listeners", BIGINT, "By so many listeners."),
        Column("cost_minor", BIGINT, "What of the show's amount stands on hold by it.", check="cost_minor >= 0"),
    ),
    key=("run_id", "currency", "show_id", "rule"),
    skip_by=("run_id", "rule"),
    published=False,
)
