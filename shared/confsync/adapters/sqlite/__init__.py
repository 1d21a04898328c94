"""The store in one SQLite file: for the playground, and for running confsync on a single machine."""

from confsync.adapters.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
