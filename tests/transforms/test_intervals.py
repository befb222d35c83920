"""The union of intervals, as SQL, against plain sets of milliseconds."""

import random
from itertools import groupby

import duckdb
import pyarrow as pa

from jobs.transforms.intervals import unions


def union_of(rows: list[tuple[int, int, int]]) -> dict[int, list[tuple[int, int]]]:
    """The unions that SQL finds for ``(key, from_ms, to_ms)``."""
    with duckdb.connect() as connection:
        columns = [list(column) for column in zip(*rows, strict=True)]
        connection.register("heard", pa.table(columns, names=["k", "from_ms", "to_ms"]))
        found = connection.execute(unions("heard", "k")).fetchall()
    return {key: [(piece["from_ms"], piece["to_ms"]) for piece in heard] for key, heard in found}


def plain_union(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same from the milliseconds themselves."""
    heard = sorted({ms for start, end in spans for ms in range(start, end)})
    runs = [[ms for _, ms in run] for _, run in groupby(enumerate(heard), lambda place: place[1] - place[0])]
    return [(run[0], run[-1] + 1) for run in runs]


def test_touching_and_nested_intervals_are_one() -> None:
    assert union_of([(1, 0, 10), (1, 10, 20), (1, 2, 5), (2, 0, 10), (2, 11, 20)]) == {
        1: [(0, 20)],
        2: [(0, 10), (11, 20)],
    }


def test_equal_intervals_are_of_one_piece_in_whatever_order_they_come() -> None:
    rows = [(key, 0, 10) for key in range(300) for _ in range(40)]
    random.Random(1).shuffle(rows)
    assert union_of(rows) == {key: [(0, 10)] for key in range(300)}


def test_unions_are_those_of_sets() -> None:
    choose = random.Random(7)
    rows = []
    for key in range(200):
        for _ in range(choose.randint(1, 12)):
            start = choose.randrange(60)
            rows.append((key, start, start + choose.randint(1, 15)))
    assert union_of(rows) == {key: plain_union([row[1:] for row in rows if row[0] == key]) for key in range(200)}
