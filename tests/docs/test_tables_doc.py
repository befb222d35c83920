"""docs/tables.md says what the declarations say."""

from pathlib import Path

from jobs.tables import BY_NAME, TABLES
from jobs.tables.declare import BIGINT, STRING, Column, Table, array_of, struct_of
from jobs.tables.document import document

PAGE = Path(__file__).parents[2] / "docs" / "tables.md"


def test_the_page_is_up_to_date() -> None:
    says = PAGE.read_text(encoding="utf-8")
    assert says == document(TABLES), "docs/tables.md differs from jobs/tables: run `make docs` and commit the page"


def test_a_table_is_told_whole() -> None:
    spans = array_of(struct_of(from_the_very_beginning_ms=BIGINT, to_the_very_end_ms=BIGINT))
    table = Table(
        name="gold/days",
        about="One row a day.",
        columns=(
            Column("day", STRING, "The day | UTC.", one_of=("mon", "tue")),
            Column("who", STRING, "Whose.", nullable=True, personal=True),
            Column("heard_ms", BIGINT, "Heard.", check="heard_ms >= 0"),
            Column("spans", spans, "Where."),
        ),
        key=("day", "who"),
        cluster_by=("day",),
        skip_by=("heard_ms",),
        published=False,
    )
    page = document([table])
    assert page.endswith(f"""
## gold/days

One row a day.

- Key: `day`, `who`
- Rows lie together by: `day`
- Files are skipped by: `heard_ms`
- Not published.

| column | type | null | personal | meaning |
|---|---|---|---|---|
| `day` | `STRING` |  |  | The day \\| UTC. One of `mon`, `tue`. |
| `who` | `STRING` | null | personal | Whose. |
| `heard_ms` | `BIGINT` |  |  | Heard. Always `heard_ms >= 0`. |
| `spans` | `ARRAY`, below |  |  | Where. |

The type of `spans`:

```
{spans}
```
""")


def test_every_table_and_column_is_on_the_page() -> None:
    page = document(TABLES)
    for name, table in BY_NAME.items():
        (section,) = (part for part in page.split("\n## ") if part.startswith(f"{name}\n"))
        for column in table.columns:
            assert f"| `{column.name}` |" in section
