"""The words in which a table is declared."""

from dataclasses import dataclass

STRING = "STRING"
BINARY = "BINARY"
INT = "INT"
BIGINT = "BIGINT"
DOUBLE = "DOUBLE"
WEIGHT = "DECIMAL(38,0)"  # a whole number too wide for a BIGINT
BOOLEAN = "BOOLEAN"
DATE = "DATE"
TIMESTAMP = "TIMESTAMP"


def array_of(element: str) -> str:
    """The type of a list, as Spark SQL writes it."""
    return f"ARRAY<{element}>"


def struct_of(**fields: str) -> str:
    """The type of a record with named fields, as Spark SQL writes it."""
    return "STRUCT<" + ", ".join(f"{name}: {kind}" for name, kind in fields.items()) + ">"


def map_of(key: str, value: str) -> str:
    """The type of a dictionary, as Spark SQL writes it."""
    return f"MAP<{key}, {value}>"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name (with the unit in it), Spark SQL type and what a value means.

    ``one_of`` closes the set of values; ``check`` is a Spark SQL condition every row meets. Both become
    Delta constraints. A ``personal`` value never leaves the table as a sample: not in logs, not in reports. Values of a
    ``distinct`` column hardly repeat: writers need not look for those that do.
    """

    name: str
    type: str
    about: str
    nullable: bool = False
    personal: bool = False
    one_of: tuple[str, ...] = ()
    check: str | None = None
    distinct: bool = False

    @property
    def conditions(self) -> list[str]:
        """The Spark SQL conditions that this declaration puts on every row."""
        listed = ", ".join(f"'{value}'" for value in self.one_of)
        conditions = [f"{self.name} IN ({listed})"] if self.one_of else []
        return conditions + ([self.check] if self.check else [])


FILE_BYTES = 256 * 1024 * 1024
GROUP_BYTES = 8_000_000


@dataclass(frozen=True, slots=True)
class Table:
    """One Delta table of the lake, by its ``<layer>/<table>`` name.

    ``published`` tables are named, with their version, by each publication. ``skip_by`` lists the columns whose
    statistics let readers skip files; by those of ``cluster_by``, rows lie together within a file.
    Files are put together up to half of ``file_bytes``: a table in which single rows change wants small ones, as a file
    is written anew for one of its rows. A row group of a clustered table has at most ``group_bytes``, as in memory: one
    in which single rows are sought wants small ones, as fewer others are read with them; all others cost less in large
    ones.
    """

    name: str
    about: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    skip_by: tuple[str, ...] = ()
    cluster_by: tuple[str, ...] = ()
    file_bytes: int = FILE_BYTES
    group_bytes: int = GROUP_BYTES
    published: bool = True

    @property
    def layer(self) -> str:
        """``bronze``, ``silver`` or ``gold``."""
        return self.name.split("/")[0]

    @property
    def noun(self) -> str:
        """The name without the layer, by which queries know it."""
        return self.name.split("/")[1]

    @property
    def column_names(self) -> list[str]:
        """The declared columns, in their order."""
        return [column.name for column in self.columns]

    @property
    def personal(self) -> list[str]:
        """Columns whose values are about a person."""
        return [column.name for column in self.columns if column.personal]

    @property
    def distinct(self) -> list[str]:
        """Columns whose values hardly repeat."""
        return [column.name for column in self.columns if column.distinct]

    @property
    def ddl(self) -> str:
        """The schema as Spark SQL's column list."""
        return ", ".join(
            f"{column.name} {column.type}{'' if column.nullable else ' NOT NULL'}" for column in self.columns
        )

    @property
    def constraints(self) -> dict[str, str]:
        """Named Delta CHECK constraints, from the columns' conditions."""
        return {
            f"{column.name}_{place}" if place else column.name: condition
            for column in self.columns
            for place, condition in enumerate(column.conditions)
        }
