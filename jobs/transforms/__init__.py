"""The rules of counting as SQL: each function takes the names of relations and gives the query over them.

Nothing here knows a file, a clock or an engine's connection. The dialect is DuckDB's; times are Unix ms where a name
ends in ``_ms``, and instants (TIMESTAMP WITH TIME ZONE, UTC) in the tables' own columns.
"""
