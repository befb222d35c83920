"""Dividing in whole numbers: products over a number, rounded down, and by largest remainder."""

NARROW_AMOUNT, NARROW_WEIGHT, NARROW_TOTAL = 2**31, 2**32, 2**62
"""Below these a product and what it is divided by fit into a BIGINT, which divides a hundred times as fast."""


def floored(amount: str, weight: str, total: str) -> str:
    """``floor(amount * weight / total)`` of whole numbers, none of them negative and the last above 0, as HUGEINT.

    Exact at any size; where the numbers are small enough for 63 bits, as they mostly are, it is worked out in these.
    """
    is_narrow = f"({amount}) < {NARROW_AMOUNT} AND ({weight}) < {NARROW_WEIGHT} AND ({total}) < {NARROW_TOTAL}"
    narrow = f"(({amount})::BIGINT * ({weight})::BIGINT // ({total})::BIGINT)::HUGEINT"
    return f"if({is_narrow}, {narrow}, ({amount})::HUGEINT * ({weight}) // ({total}))"


def divided(rows: str, amount: str, weight: str, within: str, tie: str) -> str:
    """The rows with ``total``, ``base``, ``remainder``, ``bonus``: what is divided comes to ``base + bonus`` a row.

    ``amount`` (0 or more, one value within each group of the columns ``within``) is divided over the rows by
    ``weight``: ``base = floor(amount * weight / total)``, and the units left over go one each to the largest
    remainders, ties to the smaller ``tie``. A group without weight gets nothing. All are HUGEINT.
    """
    return f"""
        SELECT * EXCLUDE (to_divide), if(
                row_number() OVER (PARTITION BY {within} ORDER BY remainder DESC, {tie})
                    <= to_divide - sum(base) OVER (PARTITION BY {within}), 1, 0
            )::HUGEINT AS bonus
        FROM (
            SELECT *, (to_divide * {weight}::HUGEINT - base * total)::HUGEINT AS remainder
            FROM (
                SELECT *, if(total = 0, 0, {floored("to_divide", weight, "total")})::HUGEINT AS base
                FROM (
                    SELECT *, if(total = 0, 0, {amount})::HUGEINT AS to_divide
                    FROM (SELECT *, sum({weight}::HUGEINT) OVER (PARTITION BY {within}) AS total FROM {rows})
                )
            )
        )"""


def tie_of(*parts: str) -> str:
    """The lower-case hex SHA-256 of these texts joined by line feeds, by which ties are told apart; null is empty."""
    texts = ", chr(10), ".join(f"coalesce({part}::VARCHAR, '')" for part in parts)
    return f"sha256(concat({texts}))"
