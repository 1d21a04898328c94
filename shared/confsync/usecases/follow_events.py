"""Bring links and desired states in agreement with some events of a calendar, as one commit."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from confsync.domain.calendar import Calendar
from confsync.domain.event import Event
from confsync.domain.keys import link_key
from confsync.domain.link import Link
from confsync.domain.plan import Action, follow
from confsync.ports import Clock, Store
from confsync.usecases import ledgers
from confsync.usecases.moved_events import Moved, Search


@dataclass
class Followed:
    """What was found and stored. `reconcile`: conferences with something to do. `first_syncs`: keys of calendars that
    are followed from now on, or again, because an event was moved to them.
    """

    actions: Counter[Action] = field(default_factory=Counter)
    reconcile: set[str] = field(default_factory=set)
    first_syncs: set[str] = field(default_factory=set)


@dataclass(frozen=True, kw_only=True)
class FollowEvents:
    """`search` finds events that were moved to other calendars."""

    store: Store
    clock: Clock
    search: Search

    def __call__(self, calendar: Calendar, events: Sequence[Event]) -> Followed:
        """Commit what the events mean together with the calendar's record. Raises `StoreConflict`."""
        links = self._links([(calendar, event) for event in events])
        moved = self._moved(calendar, events, links)
        calendars = {calendar.key: calendar} | {each.calendar.key: each.calendar for each in reversed(moved)}
        # where an event lives now comes first: so its meeting is never without any event
        seen = [(calendars[each.calendar.key], each.event) for each in moved] + [(calendar, event) for event in events]
        links |= self._links(seen[: len(moved)])
        ledger = ledgers.load(self.store, links, [event.conference_id for _, event in seen])
        now = self.clock.now()
        actions = Counter(follow(ledger, of, event, now) for of, event in seen)
        self.store.commit(ledgers.writes(ledger, *calendars.values()))
        others = {each.key for each in calendars.values() if each.key != calendar.key and each.sync_token is None}
        return Followed(actions=actions, reconcile=set(ledgers.unfinished(ledger)), first_syncs=others)

    def _moved(self, calendar: Calendar, events: Iterable[Event], links: dict[str, Link]) -> list[Moved]:
        """Where those of the events live that have a link and are gone from the calendar."""
        gone = [event.id for event in events if event.cancelled and event.recurring_event_id is None]
        lost = [link for event_id in gone if (link := links.get(link_key(calendar.key, event_id)))]
        return [moved for link in lost if (moved := self.search(link))]

    def _links(self, events: Sequence[tuple[Calendar, Event]]) -> dict[str, Link]:
        keys = [link_key(calendar.key, event.id) for calendar, event in events]
        return self.store.get_many(Link, keys) if keys else {}
