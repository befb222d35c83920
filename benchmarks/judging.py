"""What rules against invalid traffic found, held against who was planted: precision, recall, and the price."""

from dataclasses import dataclass
from pathlib import Path

import duckdb
from deltalake import DeltaTable

from jobs.transforms.settlement.costs import rule_costs

SURE = {"impossible_day": "bot", "bot_agent": "bot_agent"}
"""Rules that make listens invalid, and the role of those who are planted for each."""
GOLD = ("holds", "listen_settlements", "allocations")


@dataclass(frozen=True, slots=True)
class Found:
    """A rule: counted listens planted for it, what it found, how much of both is right, and the price, minor units.

    ``hits`` are listens it found of what was planted for it, ``right`` those of any fraud; ``cost_minor`` is what it
    keeps from all payees, ``innocent_minor`` what of that honest listens brought.
    """

    rule: str
    planted: int
    found: int
    hits: int
    right: int
    cost_minor: int
    innocent_minor: int

    @property
    def precision(self) -> float | None:
        """Of what it found, the part that is fraud; None where it found nothing."""
        return self.right / self.found if self.found else None

    @property
    def recall(self) -> float | None:
        """Of what was planted for it, the part it found; None where nothing was."""
        return self.hits / self.planted if self.planted else None


@dataclass(frozen=True, slots=True)
class Oddity:
    """Honest people who look odd: their counted or invalid listens, how many are invalid, and how many rules hold."""

    role: str
    listens: int
    invalid: int
    held: dict[str, int]


def judge(lake: Path, truth: Path, period: str) -> tuple[list[Found], list[Oddity]]:
    """What was found in a settled month of a simulation with frauds, by rule, and what became of the oddities."""
    with duckdb.connect() as sql:
        _name(sql, lake, truth, period)
        of_holds = sql.execute(BY_RULE).fetchall()
        all_costs, innocent = (
            dict(sql.execute(f"SELECT rule, sum(cost_minor)::BIGINT FROM ({query}) GROUP BY 1").fetchall())
            for query in (
                rule_costs("settled", "holds", "allocations"),
                rule_costs("settled", "(FROM holds ANTI JOIN suspects USING (listen_id))", "allocations"),
            )
        )
        found = [
            Found(rule, planted, caught, hits, right, all_costs.get(rule, 0), innocent.get(rule, 0))
            for rule, planted, caught, hits, right in of_holds
        ]
        for rule, role in SURE.items():
            ((planted, caught, hits, right),) = sql.execute(INVALID.format(rule=rule, role=role)).fetchall()
            found.append(Found(rule, planted, caught, hits, right, 0, 0))
        return found, _oddities(sql)


def _name(sql: duckdb.DuckDBPyConnection, lake: Path, truth: Path, period: str) -> None:
    """Relations: ``holds``, ``settled``, ``allocations``, ``listens`` of the month, ``roles``, and ``suspects``."""
    for name in GOLD:
        sql.register(f"all_{name}", DeltaTable(str(lake / "gold" / name)).to_pyarrow_table())
    columns = ["listen_id", "listener_id", "episode_id", "listen_day", "status", "reasons"]
    sql.register("every_listen", DeltaTable(str(lake / "silver" / "listens")).to_pyarrow_table(columns=columns))
    of_month = f"strftime(listen_day, '%Y-%m') = '{period}'"
    sql.execute(f"CREATE VIEW listens AS SELECT * FROM every_listen WHERE {of_month}")
    sql.execute("CREATE VIEW holds AS SELECT * FROM all_holds SEMI JOIN listens USING (listen_id)")
    sql.execute("CREATE VIEW settled AS SELECT * FROM all_listen_settlements WHERE \"class\" = 'held'")
    sql.execute("CREATE VIEW allocations AS SELECT * FROM all_allocations")
    sql.execute(f"""
        CREATE TABLE truly AS SELECT listener_id, episode_id, listen_day::DATE AS listen_day, status
        FROM read_json('{truth / "listens.ndjson"}', columns = {{listener_id: 'VARCHAR', episode_id: 'VARCHAR',
            listen_day: 'VARCHAR', status: 'VARCHAR'}})""")
    sql.execute(f"""
        CREATE TABLE roles AS SELECT listener_id, role, fraud FROM read_json('{truth / "cast.ndjson"}')
        UNION ALL SELECT DISTINCT listener_id, '{SURE["impossible_day"]}', true FROM truly WHERE status = 'invalid'
            AND listener_id NOT IN (SELECT listener_id FROM read_json('{truth / "cast.ndjson"}'))""")
    sql.execute("CREATE VIEW suspects AS SELECT listen_id FROM listens SEMI JOIN (FROM roles WHERE fraud) "
                "USING (listener_id)")  # fmt: skip


BY_RULE = f"""
    WITH rules AS (
        SELECT DISTINCT rule FROM holds
        UNION SELECT DISTINCT role FROM roles WHERE fraud AND role NOT IN {tuple(SURE.values())}
    ),
    planted AS (
        SELECT r.role AS rule, count(*) AS listens FROM listens JOIN roles AS r USING (listener_id)
        WHERE status = 'counted' AND r.fraud GROUP BY r.role
    ),
    found AS (
        SELECT h.rule, count(DISTINCT listen_id) AS listens,
            count(DISTINCT listen_id) FILTER (r.role = h.rule) AS hits,
            count(DISTINCT listen_id) FILTER (r.fraud) AS right
        FROM holds AS h JOIN listens USING (listen_id) LEFT JOIN roles AS r USING (listener_id) GROUP BY h.rule
    )
    SELECT rule, coalesce(p.listens, 0), coalesce(f.listens, 0), coalesce(f.hits, 0), coalesce(f.right, 0)
    FROM rules LEFT JOIN planted AS p USING (rule) LEFT JOIN found AS f USING (rule) ORDER BY rule"""
INVALID = """
    SELECT count(*) FILTER (is_planted), count(*) FILTER (is_found), count(*) FILTER (is_planted AND is_found),
        count(*) FILTER (is_invalid AND is_found)
    FROM (
        SELECT coalesce(t.status = 'invalid', false) AS is_invalid, is_invalid AND r.role = '{role}' AS is_planted,
            list_contains(l.reasons, '{rule}') AS is_found
        FROM listens AS l LEFT JOIN truly AS t USING (listener_id, episode_id, listen_day)
            LEFT JOIN roles AS r USING (listener_id)
    )"""
ODDITIES = """
    SELECT r.role, count(DISTINCT listen_id), count(DISTINCT listen_id) FILTER (l.status = 'invalid')
    FROM roles AS r JOIN listens AS l USING (listener_id) WHERE NOT r.fraud AND l.status <> 'too_short'
    GROUP BY r.role ORDER BY r.role"""
HELD_ODDITIES = """
    SELECT r.role, h.rule, count(*) FROM roles AS r JOIN listens USING (listener_id) JOIN holds AS h USING (listen_id)
    WHERE NOT r.fraud GROUP BY ALL ORDER BY ALL"""


def _oddities(sql: duckdb.DuckDBPyConnection) -> list[Oddity]:
    held: dict[str, dict[str, int]] = {}
    for role, rule, listens in sql.execute(HELD_ODDITIES).fetchall():
        held.setdefault(role, {})[rule] = listens
    return [
        Oddity(role, listens, invalid, held.get(role, {}))
        for role, listens, invalid in sql.execute(ODDITIES).fetchall()
    ]
