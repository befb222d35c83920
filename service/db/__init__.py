"""The database: SQLite by default, PostgreSQL by one setting."""
