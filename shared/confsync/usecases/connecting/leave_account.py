"""An account is disconnected, or gives way to another one: what becomes of the conferences that it hosts.

It is used on until its meetings are removed that have to go, and then taken back at its vendor. What can't be done
while somebody waits is done by tasks, and the sweep sees when it is over.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from confsync.domain import description_block, keys
from confsync.domain.conference import Conference
from confsync.domain.connection import Connection, Leaving, gone
from confsync.domain.errors import BadRequest, ConfsyncError, NotFound, ServiceError, StoreConflict
from confsync.domain.link import Link
from confsync.domain.transitions import left_alone, to_be_remade
from confsync.ports import Calendars, Clock, Logins, Queue, Save, Sealer, Store
from confsync.usecases.connecting.dependents import Dependents
from confsync.usecases.connecting.people_tokens import opened
from confsync.usecases.reconcile_conference import ReconcileConference
from confsync.usecases.records.change import CONFLICTS, change
from confsync.usecases.records.tasks import queued

log = structlog.get_logger()

PATIENCE = timedelta(seconds=15)
"""So long a person waits for meetings to be removed; the rest goes on without them."""
LOOK_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class LeaveAccount:
    """One connection ends, as its person (or an operator) decided."""

    store: Store
    calendars: Calendars
    queue: Queue
    clock: Clock
    sealer: Sealer
    logins: Logins
    dependents: Dependents
    reconcile: Callable[[], ReconcileConference]

    def __call__(self, owner: str, vendor: str, then: Leaving) -> int:
        """How many meetings are still to be removed; 0: it is over. Raises `BadRequest` if nothing is connected."""
        key, now = keys.connection_key(owner, vendor), self.clock.now()
        found = change(self.store, Connection, key, lambda c: replace(c, leaving=then, due_at=now + LOOK_AGAIN))
        if found is None:
            raise BadRequest(f"{owner} has no account at {vendor} connected", field="vendor")
        waiting = list(self.dependents.of(owner, vendor))
        for conference in waiting:
            self._leave(conference, found, then)
        if then is Leaving.ANEW:
            self._remove_now([each.id for each in waiting])
        return self.finish(key)

    def finish(self, key: str) -> int:
        """Take the account back if none of its meetings is left to be removed. How many are."""
        connection = self.store.get(Connection, key)
        if connection is None or connection.leaving is None:
            return 0
        left = sum(
            1 for each in self.dependents.of(connection.owner, connection.vendor) if self._goes(each, connection)
        )
        if left and connection.usable:
            now = self.clock.now()
            change(self.store, Connection, key, lambda c: replace(c, due_at=now + LOOK_AGAIN) if c.leaving else c)
            return left
        self._revoke(connection)
        self._replace(key)
        return 0

    # --- its conferences ---------------------------------------------------------------------------------------------

    def _leave(self, conference: Conference, connection: Connection, then: Leaving) -> None:
        now, reachable = self.clock.now(), connection.usable
        if then is Leaving.KEEP or (then is Leaving.REMOVE and not reachable):
            change(self.store, Conference, conference.key, left_alone)
        elif then is Leaving.ANEW:
            change(self.store, Conference, conference.key, lambda c: to_be_remade(c, now, reachable=reachable))
        if then is Leaving.REMOVE:
            self._clear_events(conference)

    def _clear_events(self, conference: Conference) -> None:
        """Its events show it no more; their calendars' sync then lets it go, as if a person had taken it away."""
        calendars = set()
        for link in self.store.get_many(Link, conference.links).values():
            try:
                self._clear(link, conference)
            except ServiceError as error:
                log.warning("an event keeps a conference that was to go", event_id=link.event_id, error=str(error))
            calendars.add(link.calendar_key)
        for each in calendars:
            queued(self.queue.sync_calendar, each)

    def _clear(self, link: Link, conference: Conference) -> None:
        google = self.calendars.acting_as(link.owner)
        try:
            event = google.get_event(link.calendar_id, link.event_id)
        except NotFound:
            return
        uris = set(filter(None, [link.shown_uri]))
        if event.cancelled or not event.shows(conference.id, uris):
            return
        location = description_block.apart(event.location, link.shown_uri)
        google.write_text(link.calendar_id, event, location=location, description=event.description)

    def _remove_now(self, conference_ids: list[str]) -> None:
        """As many as there is time for; the rest is queued."""
        until = self.clock.now() + PATIENCE
        for each in conference_ids:
            if self.clock.now() >= until:
                queued(self.queue.reconcile_conference, each)
                continue
            try:
                self.reconcile()(each)
            except ConfsyncError as error:
                log.warning("a meeting is not removed yet", conference_id=each, error=str(error))

    @staticmethod
    def _goes(conference: Conference, connection: Connection) -> bool:
        """Whether its meeting is still to be removed."""
        if conference.frozen or conference.applied.reference is None:
            return False
        return conference.remake if connection.leaving is Leaving.ANEW else True

    # --- the account -------------------------------------------------------------------------------------------------

    def _revoke(self, connection: Connection) -> None:
        """A vendor that does not answer keeps nobody from leaving."""
        if not connection.sealed:
            return
        try:
            self.logins.revoke(connection.vendor, opened(self.sealer, connection))
        except ConfsyncError as error:
            log.warning("tokens are not taken back at the vendor", connection=connection.key, error=str(error))

    def _replace(self, key: str) -> None:
        """By the account that comes next, or by nothing."""
        for _ in range(CONFLICTS):
            connection = self.store.get(Connection, key)
            if connection is None or connection.leaving is None:
                return
            after = gone(connection, self.clock.now())
            try:
                self.store.commit([Save(record=after)])
            except StoreConflict:
                continue
            if after.usable:
                self.dependents.resume(after.owner, after.vendor)
            log.info("account left", owner=connection.owner, vendor=connection.vendor, then=connection.leaving)
            return
