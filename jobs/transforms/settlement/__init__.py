"""Settling: from listens and money to amounts, exactly.

Numbers are HUGEINT, whole and 127 bits wide, in which DuckDB refuses to overflow. No product gets that large within the
bounds that the finance files are held to: docs/decisions/0041-dividing-in-sql.md adds them up.
"""
