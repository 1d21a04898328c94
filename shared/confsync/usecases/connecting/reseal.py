"""Everybody's tokens sealed anew by the newest key, so that an older one can go.

It may run at any time, beside everything else, and again. Whoever renews a token meanwhile finds that the record
changed, and that what it opens did not; and goes on.
"""

from dataclasses import dataclass, replace

from confsync.domain.connection import Connection
from confsync.domain.errors import NotConfigured
from confsync.ports import Sealer, Store
from confsync.usecases.records.change import change


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """A connection of which something is sealed that no key opens."""

    owner: str
    vendor: str


@dataclass(frozen=True, kw_only=True)
class Resealed:
    """What became of all connections."""

    done: int
    skipped: int
    """Sealed by the newest key already, or without tokens."""
    unreadable: tuple[Unreadable, ...]


@dataclass(frozen=True, kw_only=True)
class Reseal:
    """Seal all of it anew."""

    store: Store
    sealer: Sealer

    def __call__(self) -> Resealed:
        """How many, and which can't be opened: what is sealed there stays as it is, and holds up no other.

        Raises `StoreConflict` if others change a connection all the time, and what the store raises. What was done
        until then need not be done again.
        """
        done = skipped = 0
        unreadable = []
        for each in self.store.find(Connection):
            changed, opens = self._resealed(each.key)
            if not opens:
                unreadable.append(Unreadable(owner=each.owner, vendor=each.vendor))
            elif changed:
                done += 1
            else:
                skipped += 1
        return Resealed(done=done, skipped=skipped, unreadable=tuple(unreadable))

    def _resealed(self, key: str) -> tuple[bool, bool]:
        """Whether it was changed, and whether all of it can be opened."""
        changed, opens = False, True

        def anew(connection: Connection) -> Connection:
            nonlocal changed, opens
            sealed, first = self._anew(connection.sealed)
            successor_sealed, second = self._anew(connection.successor_sealed)
            after = replace(connection, sealed=sealed, successor_sealed=successor_sealed)
            changed, opens = after != connection, first and second
            return after

        change(self.store, Connection, key, anew)
        return changed, opens

    def _anew(self, sealed: str) -> tuple[str, bool]:
        """What is to be stored, and whether it can be opened."""
        if not sealed:
            return sealed, True
        try:
            return self.sealer.reseal(sealed), True
        except NotConfigured:
            return sealed, False
