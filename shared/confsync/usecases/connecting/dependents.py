"""What lives by a person's own account: conferences at a vendor, calendars at Google."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import structlog

from confsync.domain.calendar import Calendar, CalendarState
from confsync.domain.conference import Conference
from confsync.domain.connection import GOOGLE, Connection, told
from confsync.domain.errors import ConfsyncError, NotConfigured
from confsync.domain.link import Link
from confsync.domain.transitions import can_show, thawed, waits_for_account
from confsync.ports import Clock, Providers, Queue, Store
from confsync.usecases.records.change import change
from confsync.usecases.records.tasks import queued

log = structlog.get_logger()

PATIENCE = timedelta(seconds=15)
"""So long a person waits for what is done to their conferences; the rest goes on without them."""


@dataclass(frozen=True, kw_only=True)
class Dependents:
    """What depends on a connection, and what becomes of it."""

    store: Store
    providers: Providers
    queue: Queue
    clock: Clock

    def of(self, owner: str, vendor: str) -> Iterator[Conference]:
        """Those that are wanted, or still have a meeting. On Google all of the owner's depend: on reaching events."""
        for conference in self.store.conferences_of_host(owner):
            alive = conference.wanted or conference.at_vendor
            if alive and (vendor == GOOGLE or self._personal(conference, vendor)):
                yield conference

    def mark(self, connection: Connection) -> None:
        """They say what they wait for. What can't be marked now says so when it is worked on; calendars always do."""
        if connection.vendor == GOOGLE:
            return
        reason = f"{connection.owner} has to connect their account at {connection.vendor} again"
        try:
            for each in self.of(connection.owner, connection.vendor):
                change(self.store, Conference, each.key, lambda c: waits_for_account(c, reason))
        except ConfsyncError as error:
            log.warning("what depends on a connection is not marked", connection=connection.key, error=str(error))

    def resume(self, connection: Connection, *, patience: timedelta | None = PATIENCE) -> int:
        """Whatever waited for it goes on at once. How many. Until all of it is told, the connection stays due.

        What was kept as it is follows its events again if it is hosted by this very account. `patience`: so long, and
        the rest is left to the sweep, which has to have none to come to an end: each time it is told from the first.
        """
        count, began = 0, self.clock.now()
        go_on = self._go_on_at_google if connection.vendor == GOOGLE else self._go_on_at_vendor
        try:
            for waited in go_on(connection) if connection.usable else ():
                count += waited
                if patience is not None and self.clock.now() - began >= patience:
                    log.info("not all that waited goes on yet; left to the sweep", connection=connection.key)
                    return count
            change(self.store, Connection, connection.key, lambda c: self._told(c, connection))
        except ConfsyncError as error:
            log.warning("not all that waited goes on; left to the sweep", connection=connection.key, error=str(error))
        return count

    def look_at_calendars(self, owner: str) -> None:
        """Have the calendars read that the owner reads: without an account of theirs they find that they can't be."""
        try:
            for each in self._read_by(owner, list(self.of(owner, GOOGLE))):
                queued(self.queue.sync_calendar, each.key)
        except ConfsyncError as error:
            log.warning("calendars are left to the sweep", owner=owner, error=str(error))

    def _go_on_at_vendor(self, connection: Connection) -> Iterator[bool]:
        """One after the other, and whether it had waited."""
        now = self.clock.now()
        for each in self.of(connection.owner, connection.vendor):
            if each.frozen and each.kept_by != connection.account_id:
                continue
            if change(self.store, Conference, each.key, lambda c: thawed(c, now)) is not None:
                queued(self.queue.reconcile_conference, each.key)
                yield True

    def _go_on_at_google(self, connection: Connection) -> Iterator[bool]:
        """Calendars that wait are read, from a full list; events that could not be written are shown their meetings."""
        now, found = self.clock.now(), list(self.of(connection.owner, GOOGLE))
        for calendar in self._read_by(connection.owner, found):
            if calendar.state is CalendarState.PAUSED:
                queued(self.queue.sync_calendar, calendar.key)
                yield True
        for each in found:
            shown = change(self.store, Conference, each.key, lambda c: can_show(c, now))
            if shown is not None and shown.pauses != each.pauses:
                queued(self.queue.reconcile_conference, each.key)
            yield False

    def _read_by(self, owner: str, conferences: list[Conference]) -> list[Calendar]:
        """The calendars of these conferences' events that the owner reads."""
        links = self.store.get_many(Link, [key for each in conferences for key in each.links])
        keys = sorted({link.calendar_key for link in links.values()})
        found = self.store.get_many(Calendar, keys).values()
        return [each for each in found if each.owner.lower() == owner]

    def _personal(self, conference: Conference, vendor: str) -> bool:
        try:
            solution = self.providers.solution(conference.solution)
        except NotConfigured:
            return False
        return solution.personal and solution.provider == vendor

    def _told(self, current: Connection, connection: Connection) -> Connection:
        same = current.leaving is None and current.connected_at == connection.connected_at
        return told(current, self.clock.now()) if same else current
