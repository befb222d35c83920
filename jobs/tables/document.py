"""``python -m jobs.tables.document`` writes docs/tables.md to standard output, from the declarations alone."""

import sys
import textwrap
from collections.abc import Iterable, Sequence

from jobs.tables import TABLES
from jobs.tables.declare import Column, Table

WIDTH = 120
WIDEST_TYPE = 60  # characters that a table cell takes well; longer types stand below the table
LAYERS = {
    "bronze": "what landed, as it landed",
    "silver": "what is true, once",
    "gold": "what people read, and what was said when",
}
HEAD = """\
# The tables

<!-- Generated from jobs/tables by `make docs`: change the declarations, not this page. -->

Every table of the lake, as `jobs/tables` declares it: Delta tables in `<lake>/<layer>/<table>`. Times and dates are
UTC; a unit stands at the end of a name (`_ms`: milliseconds).

- **Published** tables are named, with their version, by each publication (`<lake>/_published/current.json`). A table
  that is not published is the jobs' own.
- The **key** tells rows apart. Columns are never null but where *null* says so.
- A **personal** value is about a listener or a device: it never leaves its table as a sample, neither in logs nor in
  check results.
"""


def document(tables: Sequence[Table]) -> str:
    """The page about these tables: an overview, then each table with its columns, in Markdown."""
    parts = [HEAD, _overview(tables)]
    parts += [_table(table) for table in tables]
    return "\n".join(parts)


def _overview(tables: Iterable[Table]) -> str:
    lines = ["| table | about | published |", "|---|---|---|"]
    for table in tables:
        published = "yes" if table.published else "no"
        lines.append(f"| [{table.name}](#{_anchor(table)}) | {_cell(table.about)} | {published} |")
    layers = [f"**{layer}**: {meaning}" for layer, meaning in LAYERS.items()]
    return "\n".join([*lines, "", f"Layers: {'; '.join(layers)}.", ""])


def _anchor(table: Table) -> str:
    """The anchor that renderers of Markdown give the table's heading."""
    return table.name.replace("/", "")


def _table(table: Table) -> str:
    lines = [f"## {table.name}", "", table.about, "", *_facts(table), ""]
    lines += ["| column | type | null | personal | meaning |", "|---|---|---|---|---|"]
    lines += [_row(column) for column in table.columns]
    for column in table.columns:
        if len(column.type) > WIDEST_TYPE:
            lines += ["", f"The type of `{column.name}`:", "", "```", *textwrap.wrap(column.type, WIDTH), "```"]
    return "\n".join([*lines, ""])


def _facts(table: Table) -> list[str]:
    facts = [f"- Key: {_names(table.key)}"]
    if table.cluster_by:
        facts.append(f"- Rows lie together by: {_names(table.cluster_by)}")
    if table.skip_by:
        facts.append(f"- Files are skipped by: {_names(table.skip_by)}")
    if not table.published:
        facts.append("- Not published.")
    return facts


def _row(column: Column) -> str:
    kind = f"`{column.type}`" if len(column.type) <= WIDEST_TYPE else f"`{column.type.split('<')[0]}`, below"
    null = "null" if column.nullable else ""
    personal = "personal" if column.personal else ""
    return f"| `{column.name}` | {kind} | {null} | {personal} | {_meaning(column)} |"


def _meaning(column: Column) -> str:
    text = column.about
    if column.one_of:
        text += f" One of {_names(column.one_of)}."
    if column.check:
        text += f" Always `{column.check}`."
    return _cell(text)


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(document(TABLES))
