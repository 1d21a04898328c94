"""A calendar's record while it is synced: the lease, and commits that are conditional on it."""

from dataclasses import replace
from datetime import timedelta

from confsync.domain.calendar import Calendar
from confsync.domain.errors import Busy
from confsync.ports import Clock, Save, Store


class CalendarRecord:
    """`calendar` is the record as last stored, perhaps with what the next commit is to store besides.

    The next commit is conditional on its version.
    """

    def __init__(self, store: Store, clock: Clock, lease: timedelta, calendar: Calendar) -> None:
        self._store = store
        self._clock = clock
        self._lease = lease
        self.calendar = calendar

    def take(self) -> None:
        """Take the lease. Raises `StoreConflict`."""
        now = self._clock.now()
        lease = self.calendar.lease.take(self._clock.new_id(), now, self._lease)
        self.commit(replace(self.calendar, lease=lease, last_attempt=now))

    def extended(self, update: Calendar) -> Calendar:
        """The update as it has to be stored so that the lease is held for longer."""
        return replace(update, lease=update.lease.extend(self._clock.now(), self._lease))

    @property
    def lease_is_old(self) -> bool:
        """Whether half of the lease is over."""
        until = self.calendar.lease.until
        return until is None or until - self._clock.now() < self._lease / 2

    def commit(self, update: Calendar) -> None:
        """Store the update and read it back. Raises `StoreConflict`."""
        self._store.commit([Save(record=update)])
        self.reload()

    def reload(self) -> None:
        """The record as it is stored now."""
        stored = self._store.get(Calendar, self.calendar.key)
        assert stored is not None, "calendars are never removed"
        self.calendar = stored

    def reload_own(self) -> None:
        """The same under the lease. Raises `Busy` if that is another's by now, or over."""
        mine = self.calendar.lease
        self.reload()
        if not self.calendar.lease.holds(mine, self._clock.now()):
            raise Busy(f"lost the lease of calendar {self.calendar.key}; whoever has it now goes on")
