"""What finance keeps, version by version, as it was read."""

from jobs.tables.declare import BINARY, BOOLEAN, INT, STRING, TIMESTAMP, Column, Table, array_of, map_of, struct_of

FINANCE_SETS = Table(
    name="bronze/finance_sets",
    about="One row a set of finance files that was read, in force or refused; none is ever changed.",
    columns=(
        Column("set_no", INT, "Number of the reading, from 1.", check="set_no >= 1"),
        Column("checksum", STRING, "SHA-256 over the files' names and checksums: what tells a set."),
        Column("read_at", TIMESTAMP, "When it was read, UTC."),
        Column("read_by", STRING, "System user who read it."),
        Column("in_force", BOOLEAN, "Whether it took effect from then on; a refused one never did."),
        Column("files", map_of(STRING, STRING), "SHA-256 of each file's bytes, by name, in hex."),
        Column(
            "faults",
            array_of(struct_of(file=STRING, line=INT, fault=STRING)),
            "Why it was refused, by file and line (0: the whole file).",
        ),
    ),
    key=("set_no",),
    published=False,
)

FINANCE_FILES = Table(
    name="bronze/finance_files",
    about="Each file of a finance set as it was read, once for each content.",
    columns=(
        Column("checksum", STRING, "SHA-256 of its bytes, in hex."),
        Column("content", BINARY, "Its bytes.", personal=True),
    ),
    key=("checksum",),
    skip_by=("checksum",),
    published=False,
)
