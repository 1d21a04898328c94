"""An account is disconnected, or gives way to another one: what becomes of the conferences that it hosts.

It is used on until its meetings are removed that have to go, and then taken back at its vendor. What can't be done
while somebody waits is done by tasks, and the sweep sees when it is over.

Google hosts no meetings: without it they stay as they are at their vendors, and their calendars wait, paused, until it
is connected again.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from confsync.domain import description_block, keys
from confsync.domain.conference import Conference
from confsync.domain.connection import GOOGLE, LOOK_AGAIN, Connection, Leaving, declined, gone
from confsync.domain.errors import BadRequest, ConfsyncError, NotFound, ServiceError, StoreConflict, Temporary
from confsync.domain.link import Link
from confsync.domain.transitions import left_alone, to_be_remade
from confsync.ports import Calendars, Clock, Logins, Queue, Save, Sealer, Store
from confsync.usecases.connecting.dependents import PATIENCE, Dependents
from confsync.usecases.connecting.dropped_grants import DroppedGrants
from confsync.usecases.connecting.people_tokens import opened
from confsync.usecases.reconcile_conference import ReconcileConference
from confsync.usecases.records.change import CONFLICTS, change
from confsync.usecases.records.tasks import queued

log = structlog.get_logger()

GIVE_UP_AFTER = timedelta(hours=25)
"""So long meetings are tried to be removed: an unsaved choice is given up by then. The rest is left where it is."""


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
    dropped: DroppedGrants
    reconcile: Callable[[], ReconcileConference]

    def __call__(self, owner: str, vendor: str, then: Leaving, *, shown: str | None = None) -> int:
        """How many meetings are still to be removed; 0: it is over.

        `shown`: what its person saw when they decided (`Connection.shown`). None: an operator decides, who was not
        asked about an account that waits to take its place; that one does not, and is given back.

        Raises `BadRequest`, and nothing is changed, if nothing is connected, if it is not what was shown any more, or
        if that can't be had: Google can only be left with all kept.
        """
        if vendor == GOOGLE and then is not Leaving.KEEP:
            raise BadRequest("of Google nothing can be removed: take conferences off your events first", field="then")
        key, now = keys.connection_key(owner, vendor), self.clock.now()
        before: Connection | None = None

        def begin(connection: Connection) -> Connection:
            nonlocal before
            if connection.over or shown not in {None, connection.shown}:
                raise BadRequest(f"the connection of {owner} to {vendor} is not what was decided about", field="shown")
            before = connection
            kept = connection if shown is not None else declined(connection)
            return replace(kept, leaving=then, leaving_since=now, due_at=now + LOOK_AGAIN)

        begun = change(self.store, Connection, key, begin)
        if begun is None:
            raise BadRequest(f"{owner} has no account at {vendor} connected", field="vendor")
        self.dropped.between(before, begun)
        return self.finish(key)

    def finish(self, key: str) -> int:
        """What is left to do for a connection that is due. If it is left: how many meetings are still to be removed.

        Raises `Temporary` if others keep changing it.
        """
        until = self.clock.now() + PATIENCE
        for _ in range(CONFLICTS):
            with suppress(StoreConflict):
                return self._finish(key, until)
        raise Temporary(f"connections/{key} is being changed by others", service="confsync")

    def _finish(self, key: str, until: datetime) -> int:
        connection = self.store.get(Connection, key)
        if connection is None:
            return 0
        if connection.leaving is None:
            if connection.untold:
                self.dependents.resume(connection, patience=None)
            return 0
        now = self.clock.now()
        reachable = connection.usable and now < (connection.leaving_since or now) + GIVE_UP_AFTER
        untold = self._tell_meetings(connection, until, reachable=reachable)
        left = max(untold, self._meetings(connection))
        if untold or (left and reachable):
            self.store.commit([Save(record=replace(self._still(connection), due_at=now + LOOK_AGAIN))])
            return left
        self._revoke(self._still(connection))
        self._replace(connection)
        return 0

    def _still(self, connection: Connection) -> Connection:
        """The connection, while it is left as it was decided. Raises `StoreConflict` if its person has thought better
        of it."""
        current = self.store.get(Connection, connection.key)
        decided = (connection.leaving, connection.leaving_since)
        if current is None or (current.leaving, current.leaving_since) != decided:
            raise StoreConflict(f"connections/{connection.key} is not being left any more")
        return current

    # --- its conferences ---------------------------------------------------------------------------------------------

    def _tell_meetings(self, connection: Connection, until: datetime, *, reachable: bool) -> int:
        """Begin, or go on, to do with them what was decided. How many there was no time for."""
        hosted = self._hosted(connection)
        for number, conference in enumerate(hosted):
            if self.clock.now() >= until:
                return len(hosted) - number
            self._leave(conference, connection, reachable=reachable)
        if connection.leaving is Leaving.ANEW and reachable:
            self._remove_now((each.id for each in self._hosted(connection) if each.at_vendor), until)
        return 0

    def _meetings(self, connection: Connection) -> int:
        """How many are still to be removed, with what was made meanwhile."""
        return sum(each.at_vendor for each in self._hosted(connection))

    def _hosted(self, connection: Connection) -> list[Conference]:
        if connection.vendor == GOOGLE:
            return []
        return [each for each in self.dependents.of(connection.owner, connection.vendor) if not each.frozen]

    def _leave(self, conference: Conference, connection: Connection, *, reachable: bool) -> None:
        now, then = self.clock.now(), connection.leaving
        if then is Leaving.KEEP or (then is Leaving.REMOVE and not reachable):
            account = connection.account_id
            self._change(connection, conference, lambda c: left_alone(c, account, reachable=reachable))
        elif then is Leaving.ANEW:
            reason = f"waits for an account of {connection.owner} at {connection.vendor}"
            self._change(connection, conference, lambda c: to_be_remade(c, now, reason, reachable=reachable))
        if then is Leaving.REMOVE and conference.wanted:
            self._still(connection)
            self._clear_events(conference)

    def _change(self, left: Connection, conference: Conference, decide: Callable[[Conference], Conference]) -> None:
        """In one commit with the connection: once it is connected again, nobody may stop what goes on by then."""
        current, connection = self.store.get(Conference, conference.key), self._still(left)
        changed = decide(current) if current is not None else None
        if changed is not None and changed != current:
            self.store.commit([Save(record=changed), Save(record=connection)])

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

    def _remove_now(self, conference_ids: Iterable[str], until: datetime) -> None:
        """As many as there is time for; the rest is queued."""
        for each in conference_ids:
            if self.clock.now() >= until:
                queued(self.queue.reconcile_conference, each)
                continue
            try:
                self.reconcile()(each)
            except ConfsyncError as error:
                log.warning("a meeting is not removed yet", conference_id=each, error=str(error))

    # --- the account -------------------------------------------------------------------------------------------------

    def _revoke(self, connection: Connection) -> None:
        """A vendor that does not answer keeps nobody from leaving."""
        if not connection.sealed:
            return
        try:
            self.logins.revoke(connection.vendor, opened(self.sealer, connection))
        except ConfsyncError as error:
            log.warning("tokens are not taken back at the vendor", connection=connection.key, error=str(error))

    def _replace(self, connection: Connection) -> None:
        """By the account that comes next, or by nothing."""
        after = gone(self._still(connection), self.clock.now())
        self.store.commit([Save(record=after)])
        if after.usable:
            self.dependents.resume(after)
        elif after.vendor == GOOGLE:
            self.dependents.look_at_calendars(after.owner)
        log.info("account left", owner=connection.owner, vendor=connection.vendor, then=connection.leaving)
