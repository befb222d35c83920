"""What people read, and what was said when."""

from jobs.tables.declare import BIGINT, DATE, STRING, TIMESTAMP, Column, Table, map_of

RESTATEMENTS = Table(
    name="gold/restatements",
    about="What a later record changed in a day that had ended and was already published.",
    columns=(
        Column("table", STRING, "Table whose row changed."),
        Column("key", STRING, "Key of the row."),
        Column("listen_day", DATE, "Day it belongs to."),
        Column("before", STRING, "The row's figures as published before, JSON; null if there was none.", True),
        Column("after", STRING, "The row's figures now, JSON; null if it is gone.", nullable=True),
        Column("published_before", BIGINT, "Publication that said what was before."),
        Column("published_after", BIGINT, "Publication that says what is now."),
        Column("why", STRING, "What made the difference.", one_of=("late", "corrected", "rule", "catalogue")),
    ),
    key=("table", "key", "published_after"),
    skip_by=("published_after",),
)

GATE_RESULTS = Table(
    name="gold/gate_results",
    about="One row an expectation of a publication: what was checked and what came out.",
    columns=(
        Column("publication", BIGINT, "Publication it was checked for."),
        Column("checked_at", TIMESTAMP, "When, UTC."),
        Column("table", STRING, "Table that was checked."),
        Column("expectation", STRING, "Name of the expectation."),
        Column("severity", STRING, "What a failure does.", one_of=("stop", "warn")),
        Column("outcome", STRING, "What came out.", one_of=("passed", "failed", "broke")),
        Column("unexpected_rows", BIGINT, "Number of rows against it, where it counts rows.", nullable=True),
        Column("about", STRING, "What it says, in words."),
    ),
    key=("publication", "table", "expectation", "checked_at"),
    skip_by=("checked_at",),
)

RUNS = Table(
    name="gold/runs",
    about="One row a publication: what the work that led to it took in, kept, refused and restated.",
    columns=(
        Column("publication", BIGINT, "Publication."),
        Column("at", TIMESTAMP, "When, UTC."),
        Column("figures", map_of(STRING, BIGINT), "Figures of the steps since the last one, `<step>.<name>`."),
        Column("versions", map_of(STRING, BIGINT), "Delta version of each table of the lake then."),
    ),
    key=("publication",),
    skip_by=("publication",),
)
