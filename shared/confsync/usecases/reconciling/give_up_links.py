"""Give up links of which nothing came, or whose event is gone after all."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import structlog

from confsync.domain.calendar import Calendar, CalendarState
from confsync.domain.conference import Conference
from confsync.domain.errors import NotFound
from confsync.domain.event import Event
from confsync.domain.link import COLLECT_AFTER, Link
from confsync.domain.plan import apply_event, let_go
from confsync.ports import Calendars, Clock, Store
from confsync.usecases.records import ledgers
from confsync.usecases.syncing.apply_events import ApplyEvents
from confsync.usecases.syncing.find_moved import FindMoved, Moved

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class GiveUpLinks:
    """Calendar makes a conference when people choose it; they may close the event without saving.

    https://developers.google.com/workspace/add-ons/calendar/conferencing/create-conference
    And an event may have gone to where nobody could look, and be over by now, or be found.
    """

    store: Store
    calendars: Calendars
    clock: Clock

    def __call__(self, conference: Conference, links: Mapping[str, Link]) -> bool:
        """Whether anything was given up (or found to be saved after all); the conference has to be read again then.

        `links` are the conference's. The event itself has the last word: it is read once more, in case it was saved
        and no notification arrived, or it was saved on another calendar. Raises what Calendar raises: what can't be
        looked at is not given up.
        """
        now = self.clock.now()
        stale = [link for link in links.values() if link.collectable(conference.id, now)]
        settled = [self._settle(conference, link) for link in stale]
        hidden = [link for link in links.values() if link.is_hidden(now)]
        for link in hidden:
            self._look_again(link)
        return any(settled) or bool(hidden)

    def _look_again(self, link: Link) -> None:
        """For an event that nobody could look for."""
        calendar = self.store.get(Calendar, link.calendar_key)
        assert calendar is not None, "calendars are never removed"
        find_moved = FindMoved(self.store, self.calendars, self.clock, calendar)
        apply_events = ApplyEvents(
            store=self.store,
            clock=self.clock,
            find_moved=find_moved,
            account_gone=calendar.state is CalendarState.GONE,
        )
        apply_events(calendar, [Event(id=link.event_id, cancelled=True, recurring_event_id=link.series)])

    def _settle(self, conference: Conference, link: Link) -> bool:
        calendar = self.store.get(Calendar, link.calendar_key)
        assert calendar is not None, "calendars are never removed"
        event = self._event(calendar, link)
        if event.conference_id != conference.id and not self._was_read(calendar, link, conference):
            return False
        find_moved = FindMoved(self.store, self.calendars, self.clock, calendar)
        if event.cancelled and isinstance(find_moved(link), Moved):
            # it was saved on another calendar than it was chosen on, which the sweep has synced from now on
            ApplyEvents(store=self.store, clock=self.clock, find_moved=find_moved)(calendar, [event])
            return True
        links = ledgers.links_of(self.store, [(calendar, event)]) | {link.key: link}  # as it was before the event
        ledger = ledgers.load(self.store, links, [event.conference_id])
        if event.conference_id == conference.id:
            apply_event(ledger, calendar, event, self.clock.now())
        else:
            log.info("conference was never saved with its event", conference_id=conference.id)
            let_go(ledger, link, conference.id, self.clock.now())
        self.store.commit(ledgers.writes(ledger, calendar))
        return True

    @staticmethod
    def _was_read(calendar: Calendar, link: Link, conference: Conference) -> bool:
        """Whether all of the calendar was seen since the time was up: a copy of the event may have the conference."""
        chosen = max(p.since for p in link.provisional if p.conference_id == conference.id)
        return calendar.last_success is not None and calendar.last_success >= chosen + COLLECT_AFTER

    def _event(self, calendar: Calendar, link: Link) -> Event:
        # as whoever reads the calendar by now: the one who chose may have no access any more
        google = self.calendars.acting_as(calendar.owner)
        try:
            return google.get_event(link.calendar_id, link.event_id)
        except NotFound:
            google.resolve(link.calendar_id)  # raises, if it is the calendar that is not found
            return replace(Event(id=link.event_id), cancelled=True)
