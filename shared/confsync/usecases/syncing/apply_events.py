"""Bring links and desired states in agreement with some events of a calendar, as one commit."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from confsync.domain import link_index
from confsync.domain.calendar import Calendar
from confsync.domain.event import Event
from confsync.domain.keys import conference_id, link_key
from confsync.domain.link import Link
from confsync.domain.plan import Action, apply_event, hand_over, has_passed, hide
from confsync.ports import Clock, Store
from confsync.usecases.records import ledgers
from confsync.usecases.syncing.find_moved import FindMoved, Hidden, Moved


class Turn(IntEnum):
    """In which order events are applied.

    So an instance is never taken for the owner of its series' conference, and a conference that only changes its event
    (a split series, a copy whose original goes) is never without one.
    """

    WHOLE = 0  # single events and series
    INSTANCE = 1
    GONE = 2
    GONE_INSTANCE = 3


def turn(event: Event) -> Turn:
    """Whose turn it is."""
    instance = event.recurring_event_id is not None
    if event.cancelled:
        return Turn.GONE_INSTANCE if instance else Turn.GONE
    return Turn.INSTANCE if instance else Turn.WHOLE


@dataclass
class AppliedEvents:
    """What was found and stored."""

    actions: Counter[Action] = field(default_factory=Counter)
    reconcile: set[str] = field(default_factory=set)
    """Ids of conferences with something to do."""
    first_syncs: set[str] = field(default_factory=set)
    """Keys of calendars that are followed from now on, or again, because an event was moved to them."""


@dataclass(frozen=True, kw_only=True)
class ApplyEvents:
    """For events of one calendar; `find_moved` finds those that left it."""

    store: Store
    clock: Clock
    find_moved: FindMoved
    account_gone: bool = False
    """Whether the calendar went with its account."""
    own_copies: frozenset[str] = frozenset()
    """Ids of the solutions of which a copied event gets a conference of its own."""

    def __call__(self, calendar: Calendar, events: Sequence[Event]) -> AppliedEvents:
        """Commit what the events mean together with the calendar's record. Raises `StoreConflict`."""
        links = ledgers.links_of(self.store, [(calendar, event) for event in events])
        orphans = self._orphans(calendar, events, links)
        links |= {link.key: link for link in orphans}
        events = sorted([*events, *map(_tombstone, orphans)], key=turn)
        moved, hidden = self._left(calendar, events, links)
        calendars = {calendar.key: calendar} | {each.calendar.key: each.calendar for each in reversed(moved)}
        # where an event lives now comes first: so its meeting is never without any event
        arrived = [(calendars[each.calendar.key], each.event) for each in moved]
        seen = [*arrived, *((calendar, event) for event in events)]
        links |= ledgers.links_of(self.store, arrived)
        ledger = ledgers.load(self.store, links, [*self._own(seen), *(event.conference_id for _, event in seen)])
        now = self.clock.now()
        for of, event in arrived:
            hand_over(ledger, of, event)
        actions = Counter(
            hide(ledger, of, event, now)
            if of is calendar and event.id in hidden
            else apply_event(ledger, of, event, now, own_copies=self.own_copies)
            for of, event in seen
        )
        self.store.commit(ledgers.writes(ledger, *calendars.values()))
        others = {each.key for each in calendars.values() if each.key != calendar.key and each.sync_token is None}
        return AppliedEvents(actions=actions, reconcile=set(ledgers.unfinished(ledger, now)), first_syncs=others)

    def _own(self, seen: Sequence[tuple[Calendar, Event]]) -> Iterator[str]:
        """Ids of the conferences that these events would have if they were copies."""
        return (conference_id(of.key, event.id, each) for of, event in seen for each in self.own_copies)

    def _orphans(self, calendar: Calendar, events: Sequence[Event], links: dict[str, Link]) -> list[Link]:
        """Links of instances whose series is gone: of those there need not be any tombstone."""
        told = {event.id for event in events}
        gone = {e.id for e in events if turn(e) is Turn.GONE and _may_have_instances(calendar, e, links)}
        if not gone:
            return []
        of_calendar = self.store.links_of_calendar(calendar.key)
        return [link for link in of_calendar if link.series in gone and link.event_id not in told]

    def _left(
        self, calendar: Calendar, events: Sequence[Event], links: dict[str, Link]
    ) -> tuple[list[Moved], set[str]]:
        """Where those of the events live that have a link and are gone from the calendar; and the ids of those that may
        live where nobody can look.

        An instance only moves with its series: it is not looked for while that stays.
        """
        gone = [event for event in events if event.cancelled]
        left = {event.id for event in gone}
        stays = {link.event_id for link in links.values() if link.calendar_key == calendar.key} - left
        lost = [
            link
            for event in gone
            if event.recurring_event_id not in stays and (link := links.get(link_key(calendar.key, event.id)))
        ]
        now = self.clock.now()
        # of one that nobody could look for, and that is over by now, it does not matter where it lived
        over = {link.event_id for link in lost if link.hidden_at is not None and has_passed(link, now)}
        found = {
            link.event_id: self.find_moved(link, account_gone=self.account_gone)
            for link in lost
            if link.event_id not in over
        }
        hidden = {event_id for event_id, where in found.items() if isinstance(where, Hidden)}
        return [where for where in found.values() if isinstance(where, Moved)], hidden


def _tombstone(link: Link) -> Event:
    return Event(id=link.event_id, cancelled=True, recurring_event_id=link.series)


def _may_have_instances(calendar: Calendar, event: Event, links: dict[str, Link]) -> bool:
    key = link_key(calendar.key, event.id)
    if calendar.link_index is not None:
        return link_index.names_series(calendar.link_index, key)
    return key not in links or bool(links[key].spec.recurrence)
