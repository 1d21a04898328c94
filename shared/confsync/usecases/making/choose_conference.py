"""Put on record which conference somebody chose for an event."""

from collections.abc import Callable
from dataclasses import dataclass

from confsync.domain import keys
from confsync.domain.calendar import Calendar, followed
from confsync.domain.caller import Caller
from confsync.domain.conference import Conference
from confsync.domain.errors import StoreConflict, Temporary
from confsync.domain.link import Link
from confsync.domain.plan import Choice, choose, let_go
from confsync.ports import Clock, Queue, Store
from confsync.usecases.records import ledgers
from confsync.usecases.records.change import CONFLICTS
from confsync.usecases.records.tasks import queued


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Keys of what was put on record."""

    conference_id: str
    calendar_key: str


@dataclass(frozen=True, kw_only=True)
class ChooseConference:
    """From now on the event is to have the conference, and its calendar is followed."""

    store: Store
    queue: Queue
    clock: Clock

    def __call__(self, calendar_id: str, event_id: str, person: Caller, read: Callable[[], Choice]) -> Chosen:
        """Record calendar, link and desired state in one commit; whoever asks again or at the same time finds them.

        `read` tells the choice, with the event as it is. It is asked after our records of the event were read: what a
        sync writes of a newer state of it is a conflict then. Raises what `read` raises, and `Temporary`.
        """
        key = keys.calendar_key(calendar_id)
        for _ in range(CONFLICTS):
            now = self.clock.now()
            stored = self.store.get(Calendar, key)
            calendar = followed(stored, calendar_id=calendar_id, owner=person.email, tenant=person.tenant, now=now)
            link = self.store.get(Link, keys.link_key(key, event_id))
            choice = read()
            conference_id = choice.conference_id(calendar)
            ledger = ledgers.load(self.store, {link.key: link} if link else {}, [conference_id])
            choose(ledger, calendar, choice, now)
            try:
                # always with the calendar's record, on which each sync's commits hang: what one of them read before us,
                # or writes between our reads, is a conflict
                self.store.commit(ledgers.writes(ledger, calendar))
            except StoreConflict:
                continue
            return Chosen(conference_id=conference_id, calendar_key=key)
        raise Temporary(f"event {event_id} is being changed by others", service="confsync")

    def take_back(self, chosen: Chosen, event_id: str) -> None:
        """Nothing comes of the choice: what was made for it goes, unless another event has it."""
        for _ in range(CONFLICTS):
            calendar = self.store.get(Calendar, chosen.calendar_key)
            link = self.store.get(Link, keys.link_key(chosen.calendar_key, event_id))
            if calendar is None or link is None or link.conference_id == chosen.conference_id:
                return
            ledger = ledgers.load(self.store, {link.key: link}, [])
            let_go(ledger, link, chosen.conference_id, self.clock.now())
            try:
                self.store.commit(ledgers.writes(ledger, calendar))
            except StoreConflict:
                continue
            self._remove(ledger.conferences.get(chosen.conference_id))
            return

    def begin_following(self, calendar_key: str) -> None:
        """The first sync opens the watch channel. Whether the queue takes it or not, people get their meeting now."""
        calendar = self.store.get(Calendar, calendar_key)
        if calendar is not None and calendar.sync_token is not None:
            return
        queued(self.queue.sync_calendar, calendar_key)

    def _remove(self, conference: Conference | None) -> None:
        if conference is not None and not conference.wanted:
            queued(self.queue.reconcile_conference, conference.id)
