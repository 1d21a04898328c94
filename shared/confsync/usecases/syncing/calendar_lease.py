"""One worker's hold on a calendar while it reads page after page."""

from dataclasses import replace
from datetime import timedelta

from confsync.domain.calendar import Calendar
from confsync.domain.errors import Busy
from confsync.ports import Clock, Save, Store


class CalendarLease:
    """The lease, and the calendar's record as it was last read under it.

    Every commit of the holder is conditional on that record's version, and followed by `reload`: others may write it
    too (the sweep puts it off, a person chooses a conference), and what was read before theirs is stale.
    """

    def __init__(self, store: Store, clock: Clock, ttl: timedelta, calendar: Calendar) -> None:
        """Take the lease of the calendar, as it was read. Raises `StoreConflict`, and what `reload` raises."""
        self._store = store
        self._clock = clock
        self._ttl = ttl
        now = clock.now()
        self._mine = calendar.lease.take(clock.new_id(), now, ttl)
        store.commit([Save(record=replace(calendar, lease=self._mine, last_attempt=now))])
        self.calendar = calendar
        self.reload()

    def extended(self, update: Calendar) -> Calendar:
        """The update as it has to be stored so that the lease is held for longer."""
        return replace(update, lease=update.lease.extend(self._clock.now(), self._ttl))

    @property
    def is_old(self) -> bool:
        """Whether half of it is over."""
        until = self.calendar.lease.until
        return until is None or until - self._clock.now() < self._ttl / 2

    def finish(self, update: Calendar) -> None:
        """The last commit, which gives the lease back. Raises `StoreConflict`."""
        self._store.commit([Save(record=update)])

    def reload(self) -> None:
        """Read the record as it is stored now. Raises `Busy` if the lease is another's by now, or over."""
        stored = self._store.get(Calendar, self.calendar.key)
        assert stored is not None, "calendars are never removed"
        self.calendar = stored
        if not stored.lease.holds(self._mine, self._clock.now()):
            raise Busy(f"lost the lease of calendar {stored.key}; whoever has it now goes on")
