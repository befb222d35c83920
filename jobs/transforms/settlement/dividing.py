"""Dividing by largest remainder."""


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
            SELECT *, if(total = 0, 0, to_divide * {weight} // total)::HUGEINT AS base,
                if(total = 0, 0, to_divide * {weight} % total)::HUGEINT AS remainder
            FROM (
                SELECT *, if(total = 0, 0, {amount})::HUGEINT AS to_divide
                FROM (SELECT *, sum({weight}::HUGEINT) OVER (PARTITION BY {within}) AS total FROM {rows})
            )
        )"""


def tie_of(*parts: str) -> str:
    """The lower-case hex SHA-256 of these texts joined by line feeds, by which ties are told apart; null is empty."""
    texts = ", chr(10), ".join(f"coalesce({part}::VARCHAR, '')" for part in parts)
    return f"sha256(concat({texts}))"
