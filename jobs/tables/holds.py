"""Holds: which listens wait for a decision, and by which rule."""

from jobs.tables.declare import BIGINT, STRING, TIMESTAMP, Column, Table

HOLDS = Table(
    name="gold/holds",
    about="One row a held listen and rule, from the close on that first held it; follows knowledge, like the ledger.",
    columns=(
        Column("listen_id", STRING, "The listen."),
        Column("rule", STRING, "Rule that holds it."),
        Column("measured", BIGINT, "What was measured."),
        Column("threshold", BIGINT, "What the rule allows."),
        Column("since", TIMESTAMP, "Cut-off of the close that first held it, UTC."),
        Column("until", TIMESTAMP, "By when it is decided, UTC."),
        Column("settlement_period", STRING, "Month whose close first held it."),
    ),
    key=("listen_id", "rule"),
    skip_by=("since",),
    published=False,
)
