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
        self._mine = calendar.lease
        self.calendar = calendar

    def take(self) -> None:
        """Take the lease. Raises `StoreConflict`, and what `reload_own` raises."""
        now = self._clock.now()
        self._mine = self.calendar.lease.take(self._clock.new_id(), now, self._lease)
        self._store.commit([Save(record=replace(self.calendar, lease=self._mine, last_attempt=now))])
        self.reload_own()

    def extended(self, update: Calendar) -> Calendar:
        """The update as it has to be stored so that the lease is held for longer."""
        return replace(update, lease=update.lease.extend(self._clock.now(), self._lease))

    @property
    def lease_is_old(self) -> bool:
        """Whether half of the lease is over."""
        until = self.calendar.lease.until
        return until is None or until - self._clock.now() < self._lease / 2

    def finish(self, update: Calendar) -> None:
        """The last commit, which gives the lease back. Raises `StoreConflict`."""
        self._store.commit([Save(record=update)])

    def reload(self) -> None:
        """The record as it is stored now."""
        stored = self._store.get(Calendar, self.calendar.key)
        assert stored is not None, "calendars are never removed"
        self.calendar = stored

    def reload_own(self) -> None:
        """The same under the lease. Raises `Busy` if that is another's by now, or over.

        Also after a commit of our own: others may have come in between, and what was read before theirs is stale.
        """
        self.reload()
        if not self.calendar.lease.holds(self._mine, self._clock.now()):
            raise Busy(f"lost the lease of calendar {self.calendar.key}; whoever has it now goes on")
