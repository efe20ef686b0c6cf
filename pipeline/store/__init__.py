"""The store: SQLite by default, PostgreSQL when one machine is not enough, one layer over both."""
