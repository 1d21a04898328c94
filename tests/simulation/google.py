"""Google Calendar for the simulation: the fake of the port, with people, notifications, and a memory of every version.

What it does follows Google's documentation; see `tests/fakes/calendar.py` for the port itself.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, TypeGuard

from confsync.domain.errors import Temporary
from confsync.domain.event import Event, EventConference, EventPage
from confsync.domain.keys import by_hand_id, is_conference_id
from confsync.ports import ConferenceOnEvent, EventResource
from tests.fakes.calendar import FakeCalendar, FakeCalendars, FakeUser, _read
from tests.fakes.clock import FakeClock
from tests.simulation.gate import promised

FOREIGN = EventConference(
    id="abc-defg-hij",
    solution_type="hangoutsMeet",
    solution_name="Google Meet",
    uris=frozenset({"https://meet.google.com/abc-defg-hij"}),
)


DEAD = "dead"
"""The token of a page that Google does not know any more."""


BY_HAND = by_hand_id("").removesuffix(by_hand_id("").rpartition("-")[2])
"""How the ids of conferences begin that an application puts on events by their addresses."""

SHARED = ("conference", "description", "location")
"""What a changed instance has from its series, as long as it was not given its own."""

_SHARED = attrgetter(*SHARED)


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A push notification on its way."""

    calendar_id: str
    channel_id: str
    token: str


class SimulatedGoogle(FakeCalendars):
    """`notices` are the notifications that were sent and not delivered; `versions` all that events ever were."""

    def __init__(self, clock: FakeClock, *, page_size: int) -> None:
        super().__init__(clock, page_size=page_size)
        self.notices: list[Notice] = []
        self.copies: set[str] = set()
        """Ids of events that were copied from others."""
        self.seen: dict[tuple[str, str], set[str | None]] = defaultdict(set)
        """The conferences that events showed when an application's requests read them."""
        self.inserted: list[tuple[str, str]] = []
        """Calendar and id of each event that an application made."""
        self.wishes: dict[tuple[str, str], set[str]] = defaultdict(set)
        """The conferences of ours that an application asked for, by place, until it asks for another."""
        self.versions: dict[tuple[str, str], list[tuple[int, Event]]] = defaultdict(list)
        self.killed: set[str] = set()
        """Channels that ended before their time: nobody can know."""
        self.stopping: Callable[[str], object] = lambda _: None
        """Told of each channel that is to be stopped."""
        self._hidden: dict[str, set[str]] = {}

    def acting_as(self, account: str) -> FakeCalendar:
        return _Watched(self, account)

    def calendar_ids(self) -> list[str]:
        return list(self._calendars)

    def events(self, calendar_id: str) -> list[Event]:
        """Every event of the calendar, in the trash or not, as the port would read it."""
        return [_read(event) for event in self._of(calendar_id).events.values()]

    def expire_channels(self, calendar_id: str) -> None:
        """They end before their time, and nobody is told."""
        for channel in self.channels.values():
            if channel.calendar_id == calendar_id:
                channel.expiration = self.clock.now()
                self.killed.add(channel.id)

    def hide(self, calendar_id: str) -> None:
        """It answers 404 to everybody until it is shown again; people go on using it."""
        self._hidden.setdefault(calendar_id, set(self._of(calendar_id).readers))
        self.remove_calendar(calendar_id)

    def show_all(self) -> None:
        """Calendars that were hidden are there again."""
        for calendar_id, readers in self._hidden.items():
            self._of(calendar_id).readers |= readers
        self._hidden.clear()

    def make_readable(self, calendar_id: str, event_id: str) -> None:
        """What could not be read of the event was changed."""
        if self._of(calendar_id).unreadable.pop(event_id, None) is not None:
            self._put(calendar_id, self._of(calendar_id).events[event_id])

    def unreadable(self, calendar_id: str) -> dict[str, int]:
        """The events that can't be read, and since which revision."""
        calendar = self._of(calendar_id)
        return {id: calendar.changed[id] for id in calendar.unreadable}

    def kill_pages(self) -> None:
        """Google keeps pages of a list for a while only."""
        self._pages = {token: ([], False, DEAD) for token in self._pages}

    def put(self, calendar_id: str, event: Event) -> Event:
        return self._put(calendar_id, event)

    def _put(self, calendar_id: str, event: Event) -> Event:
        before = self._of(calendar_id).events.get(event.id)
        stored = super()._put(calendar_id, event)
        self.versions[calendar_id, event.id].append((self._revision, _read(stored)))
        if stored.organizer_self:
            for guest in stored.attendees:  # each has a copy in a calendar of their own
                if guest != calendar_id:
                    self._put(guest, replace(stored, organizer_self=False))
        if before is not None and _SHARED(before) != _SHARED(stored):
            for exception in self.exceptions(calendar_id, stored.id, cancelled=True):
                if _SHARED(exception) == _SHARED(before):  # it has what its series has
                    shared = zip(SHARED, _SHARED(stored), strict=True)
                    self._put(calendar_id, replace(exception, **dict(shared)))
        return stored

    def exceptions(self, calendar_id: str, event_id: str, *, cancelled: bool = False) -> list[Event]:
        """Changed instances of a series, as stored; those that were cancelled only if asked for."""
        events = self._of(calendar_id).events.values()
        return [e for e in events if e.recurring_event_id == event_id and (cancelled or not e.cancelled)]

    def _touch(self, calendar_id: str, event_id: str) -> int:
        revision = super()._touch(calendar_id, event_id)
        for channel in self.channels.values():
            if channel.calendar_id == calendar_id and not channel.stopped and channel.expiration > self.clock.now():
                self.notices.append(Notice(calendar_id=calendar_id, channel_id=channel.id, token=channel.token))
        return revision


class _Watched(FakeCalendar):
    """The port, which sees to it that confsync never writes over a conference that is not its own, nor an application
    over what somebody else changed.
    """

    def list_events(self, calendar_id: str, *, page_token: str | None = None, **more: Any) -> EventPage:
        if page_token is not None and self._fake._pages[page_token][2] == DEAD:
            raise Temporary(f"page {page_token} is not known any more")  # what the adapter makes of that 400
        return super().list_events(calendar_id, page_token=page_token, **more)

    def __init__(self, fake: FakeCalendars, account: str) -> None:
        super().__init__(fake, account)
        self._read: dict[str, str] = {}
        """The etag with which each event was last read."""

    def read_event(self, calendar_id: str, event_id: str) -> EventResource:
        event = self._noted(super().read_event(calendar_id, event_id))
        self._fake.seen[calendar_id, event_id].add(self._before(calendar_id, event_id).conference_id)  # type: ignore[attr-defined]
        return event

    def insert_event(self, calendar_id: str, body: Mapping[str, Any], **more: Any) -> EventResource:
        made = super().insert_event(calendar_id, body, **more)
        self._fake.inserted.append((calendar_id, made.id))  # type: ignore[attr-defined]
        return self._noted(made)

    def patch_event(self, calendar_id: str, event_id: str, body: Mapping[str, Any], **more: Any) -> EventResource:
        before = self._fake._of(calendar_id).events[event_id].etag
        patched = super().patch_event(calendar_id, event_id, body, **more)
        with promised():
            assert self._read.get(event_id) == before, f"{event_id} was changed by somebody else meanwhile"
        return self._noted(patched)

    def _noted(self, event: EventResource) -> EventResource:
        self._read[event.id] = event.etag
        return event

    def delete_event(self, calendar_id: str, event_id: str, **more: Any) -> None:
        super().delete_event(calendar_id, event_id, **more)
        for exception in self._fake.exceptions(calendar_id, event_id):  # type: ignore[attr-defined]
            self._fake._put(calendar_id, replace(exception, cancelled=True))

    def write_conference(self, calendar_id: str, event: Event, conference: ConferenceOnEvent) -> Event:
        before = self._before(calendar_id, event.id)
        back = super().write_conference(calendar_id, event, conference)
        carried = before.conference_id
        copied = event.id in self._fake.copies and is_conference_id(carried)  # it may get one of its own
        place = calendar_id, event.id
        asked = conference.conference_id in self._fake.wishes[place] and carried in {None, *self._fake.seen[place]}
        with promised():
            assert carried == conference.conference_id or copied or asked, f"{event.id} had {carried}: not ours"
        return back

    def write_text(self, calendar_id: str, event: Event, *, location: str | None, description: str | None) -> Event:
        before = self._before(calendar_id, event.id)
        back = super().write_text(calendar_id, event, location=location, description=description)
        carried = before.conference_id
        with promised():
            assert carried is None or is_conference_id(carried), f"{event.id} had {carried}: not ours"
        return back

    def stop(self, channel_id: str, resource_id: str) -> None:
        super().stop(channel_id, resource_id)
        self._fake.stopping(channel_id)  # type: ignore[attr-defined]

    def _before(self, calendar_id: str, event_id: str) -> Event:
        return _read(self._fake._of(calendar_id).events[event_id])


def is_ours(conference_id: str | None) -> TypeGuard[str]:
    """Whether it is the id of a conference that confsync made, and not that of one that was put there by hand."""
    return is_conference_id(conference_id) and not conference_id.startswith(BY_HAND)


class Person:
    """Somebody who uses one calendar in a browser."""

    def __init__(self, google: SimulatedGoogle, account: str, calendar_id: str) -> None:
        self.google = google
        self.account = account
        self.calendar_id = calendar_id
        self._user = FakeUser(google, account, calendar_id)

    def insert(self, id: str, **fields: Any) -> Event:
        return self._user.insert(id=id, **{"organizer": self.calendar_id, **fields})

    def update(self, event_id: str, **changes: Any) -> Event:
        return self._user.update(event_id, **changes)

    def event(self, event_id: str) -> Event:
        """As the port would read it."""
        return self._user.event(event_id)

    def deleted(self, event_id: str) -> bool:
        """Whether it is in the trash."""
        return any(event.id == event_id and event.cancelled for event in self.google.events(self.calendar_id))

    def has(self, event_id: str) -> bool:
        """Whether it is there, and not in the trash."""
        return any(event.id == event_id and not event.cancelled for event in self.google.events(self.calendar_id))

    def delete(self, event_id: str) -> None:
        self._user.delete(event_id)
        for exception in self._exceptions(event_id):
            self._user.delete(exception.id)

    def restore(self, event_id: str, *, exceptions: bool = False) -> None:
        """Take it out of the trash, with the instances of it that are there if wanted."""
        self._user.restore(event_id)
        for exception in self.google.exceptions(self.calendar_id, event_id, cancelled=True) if exceptions else []:
            self._user.restore(exception.id)

    def copy(self, event_id: str, new_id: str, *, to: str | None = None) -> Event:
        """Duplicate: a client copies the whole of conferenceData."""
        calendar_id = to or self.calendar_id
        copied = replace(
            self._stored(event_id),
            id=new_id,
            organizer=calendar_id,
            attendees=(),
            organizer_self=True,
            recurring_event_id=None,
            original_start=None,
        )
        self.google.copies.add(new_id)
        return self.google.put(calendar_id, copied)

    def hand_over(self, event_id: str, to: str) -> None:
        """Make somebody else its organizer: the event lives in their calendar, and a guest's copy stays here."""
        stored = self._stored(event_id)
        guests = tuple(dict.fromkeys([self.calendar_id, *(each for each in stored.attendees if each != to)]))
        for event in [stored, *self._exceptions(event_id)]:
            self.google.put(to, replace(event, organizer=to, organizer_self=True, attendees=guests))

    def move(self, event_id: str, to: str) -> None:
        """To another calendar: the same id there, a stub here."""
        moved = [self._stored(event_id), *self._exceptions(event_id)]
        for event in moved:
            self.google.put(self.calendar_id, Event(id=event.id, cancelled=True))
        for event in moved:
            self.google.put(to, replace(event, organizer=to))

    def split(self, event_id: str, new_id: str, at: datetime, *, new_first: bool = False, **changes: Any) -> None:
        """Change "this and following": the master is cut, the rest is a new series with the same conference.

        Exceptions in the rest get new ids.
        """
        master = self._stored(event_id)
        assert master.start is not None
        assert master.end is not None
        shift = at - master.start.at
        rest = replace(
            master,
            id=new_id,
            start=replace(master.start, at=at),
            end=replace(master.end, at=master.end.at + shift),
            **changes,
        )
        until = f"{at - timedelta(seconds=1):%Y%m%dT%H%M%SZ}"
        cut = replace(master, recurrence=(f"RRULE:FREQ=WEEKLY;UNTIL={until}",))
        for part in (rest, cut) if new_first else (cut, rest):
            self.google.put(self.calendar_id, part)
        for exception in self._exceptions(event_id):
            if exception.start is not None and exception.start.at >= at:
                self.google.put(self.calendar_id, replace(exception, cancelled=True))
                new = exception.id.replace(event_id, new_id, 1)
                self.google.put(self.calendar_id, replace(exception, id=new, recurring_event_id=new_id))

    def change_instance(self, event_id: str, at: datetime, **changes: Any) -> str:
        """Change one time of a series; it has the series' conference unless it is given another. Returns its id."""
        master = self._stored(event_id)
        assert master.start is not None
        assert master.end is not None
        id = f"{event_id}_{at:%Y%m%dT%H%M%SZ}"
        instance = replace(
            master,
            id=id,
            recurring_event_id=event_id,
            original_start=replace(master.start, at=at),
            recurrence=(),
            start=replace(master.start, at=at),
            end=replace(master.end, at=at + (master.end.at - master.start.at)),
        )
        known = self.google._of(self.calendar_id).events
        self.google.put(self.calendar_id, replace(known.get(id, instance), **changes))
        return id

    def cancel_instance(self, event_id: str, at: datetime) -> None:
        self.change_instance(event_id, at, cancelled=True)

    def _stored(self, event_id: str) -> Event:
        return self._user._stored(event_id)

    def _exceptions(self, event_id: str) -> list[Event]:
        return self.google.exceptions(self.calendar_id, event_id)
