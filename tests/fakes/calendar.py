"""Google Calendar in a few dictionaries, for use-case tests: `fake.user("ann@example.com").insert(title="Standup")`."""

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from confsync.adapters.google_calendar import translate
from confsync.adapters.google_calendar.conference_data import conference_data
from confsync.domain import description_block
from confsync.domain.errors import (
    AuthExpired,
    Conflict,
    Invalid,
    NotFound,
    PreconditionFailed,
    ReauthorizationRequired,
    SyncTokenExpired,
    Unwatchable,
)
from confsync.domain.event import Event, EventConference, EventPage, EventTime, UnreadableEvent
from confsync.ports import ConferenceOnEvent, Watch
from tests.fakes.clock import FakeClock
from tests.fakes.peoples_calendar import PeoplesFake, answer_requests

MAX_DESCRIPTION = 8192
"""Characters that Calendar takes."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of the port: the method's name, on which calendar, as whom."""

    method: str
    account: str
    calendar_id: str = ""
    event_id: str = ""


@dataclass(kw_only=True)
class FakeChannel:
    """A watch channel as Google would hold it."""

    id: str
    calendar_id: str
    account: str
    token: str
    ttl: timedelta
    resource_id: str
    expiration: datetime
    stopped: bool = False


@dataclass(kw_only=True)
class _Calendar:
    owner: str
    readers: set[str]
    time_zone: str = "UTC"
    events: dict[str, Event] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    """When each event last changed."""
    unreadable: dict[str, str] = field(default_factory=dict)
    viewers: set[str] = field(default_factory=set)
    """Those of the readers who may change nothing."""
    more: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Resources as they were last written: for the fields that `Event` does not have, and whole conferences."""
    asked: set[str] = field(default_factory=set)
    """Events on which somebody waits for a Meet."""
    conference_types: tuple[str, ...] = ("hangoutsMeet",)
    token_era: int = 0
    watchable: bool = True


class FakeCalendars:
    """The `Calendars` port. Every address has its own calendar from its first use; ids of events count up.

    `writes` tells what becomes of conferences: kept, refused (400), or stripped; `meet` what becomes of a Meet that is
    asked for, by the next call for its calendar. `calls` is what the port was asked.
    """

    def __init__(self, clock: FakeClock | None = None, *, page_size: int = 2500) -> None:
        self.query_version = 1
        self.clock = clock or FakeClock()
        self.page_size = page_size
        self.writes: Literal["keep", "refuse", "strip"] = "keep"
        self.calls: list[Call] = []
        self.channels: dict[str, FakeChannel] = {}
        self.revoked: set[str] = set()
        self.meet: Literal["success", "failure"] = "success"
        self.adding_meet: set[str] = set()
        """Accounts to whose events Calendar's dialogs add one."""
        self._calendars: dict[str, _Calendar] = {}
        self._tokens: dict[str, str] = {}
        self._failures: dict[str, deque[Exception]] = {}
        self._pages: dict[str, tuple[list[str], bool, str]] = {}
        self._revision = 0

    # --- what use cases see

    def acting_as(self, account: str) -> "FakeCalendar":
        return FakeCalendar(self, account)

    def event_of(self, resource: Mapping[str, Any], *, time_zone: str) -> Event:
        return translate.event(json.dumps(resource).encode(), time_zone)

    def with_token(self, access_token: str) -> "FakeCalendar":
        return FakeCalendar(self, self._tokens.get(access_token, ""))

    # --- what tests do

    def user(self, account: str) -> "FakeUser":
        """Somebody who clicks in Calendar, on the account's own calendar."""
        return FakeUser(self, account, self._of(account).owner)

    def grant(self, account: str) -> str:
        """An access token of the account, for `with_token`."""
        token = f"token-{len(self._tokens)}"
        self._tokens[token] = account
        return token

    def add_calendar(self, calendar_id: str, owner: str, *, time_zone: str = "UTC") -> "FakeUser":
        """A secondary calendar; its owner uses it."""
        self._calendars[calendar_id] = _Calendar(owner=owner, readers={owner}, time_zone=time_zone)
        return FakeUser(self, owner, calendar_id)

    def share(self, calendar_id: str, account: str) -> "FakeUser":
        """The account may do there what the owner may."""
        self._of(calendar_id).readers.add(account)
        return FakeUser(self, account, calendar_id)

    def let_see(self, calendar_id: str, account: str) -> None:
        """The account may look at it, and change nothing."""
        self.share(calendar_id, account)
        self._of(calendar_id).viewers.add(account)

    def unshare(self, calendar_id: str, account: str) -> None:
        """For this account the calendar is not there any more."""
        self._of(calendar_id).readers.discard(account)

    def remove_calendar(self, calendar_id: str) -> None:
        """Calls for it raise `NotFound` from now on."""
        self._calendars[calendar_id].readers.clear()

    def make_unwatchable(self, calendar_id: str, *, watchable: bool = False) -> None:
        self._of(calendar_id).watchable = watchable

    def expire_sync_tokens(self, calendar_id: str) -> None:
        """Every token given so far raises `SyncTokenExpired`."""
        self._of(calendar_id).token_era += 1

    def make_unreadable(self, calendar_id: str, event_id: str, reason: str = "start: not a date") -> None:
        """The event shows up as changed, and can't be read."""
        self._of(calendar_id).unreadable[event_id] = reason
        self._touch(calendar_id, event_id)

    def fail(self, method: str, *errors: Exception) -> None:
        """The next calls of the port's `method` raise these errors, one each."""
        self._failures.setdefault(method, deque()).extend(errors)

    # --- below

    def _of(self, calendar_id: str) -> _Calendar:
        if calendar_id not in self._calendars and "@" in calendar_id:
            self._calendars[calendar_id] = _Calendar(owner=calendar_id, readers={calendar_id})
        if calendar_id not in self._calendars:
            raise NotFound(f"calendar {calendar_id}")
        return self._calendars[calendar_id]

    def _touch(self, calendar_id: str, event_id: str) -> int:
        self._revision += 1
        self._of(calendar_id).changed[event_id] = self._revision
        return self._revision

    def _put(self, calendar_id: str, event: Event) -> Event:
        """Store with a new etag; as another request would find it."""
        stored = replace(event, etag=f'"{self._touch(calendar_id, event.id)}"')
        self._of(calendar_id).events[event.id] = stored
        return stored

    def _ask(self, method: str, account: str, calendar_id: str, event_id: str = "") -> _Calendar:
        """Record the call, and let it fail as planned; returns the calendar that the account may see."""
        self._admit(Call(method=method, account=account, calendar_id=calendar_id, event_id=event_id))
        calendar = self._of(calendar_id)
        if account not in calendar.readers:
            raise NotFound(f"calendar {calendar_id} as {account}")
        answer_requests(self, calendar_id, calendar)
        return calendar

    def _admit(self, call: Call) -> None:
        self.calls.append(call)
        if failures := self._failures.get(call.method):
            raise failures.popleft()
        if not call.account:
            raise AuthExpired("an unknown access token")
        if call.account in self.revoked:
            raise ReauthorizationRequired(f"{call.account} took the access back")


class FakeCalendar(PeoplesFake):
    """The `CalendarApi` port as one account."""

    def __init__(self, fake: FakeCalendars, account: str) -> None:
        self._fake = fake
        self._account = account

    def resolve(self, calendar_id: str) -> str:
        real = self._account if calendar_id == "primary" else calendar_id
        self._fake._ask("resolve", self._account, real)
        return real

    def list_calendars(self) -> list[str]:
        self._fake._admit(Call(method="list_calendars", account=self._account, calendar_id=self._account))
        mine = [name for name, each in self._fake._calendars.items() if self._account in each.readers]
        return sorted(mine, key=lambda name: (name != self._account, name))

    def get_event(self, calendar_id: str, event_id: str) -> Event:
        calendar = self._fake._ask("get_event", self._account, calendar_id, event_id)
        if event_id in calendar.unreadable:
            raise Invalid(calendar.unreadable[event_id])
        return _read(_found(calendar, event_id))

    def list_events(
        self,
        calendar_id: str,
        *,
        sync_token: str | None = None,
        page_token: str | None = None,
        since: datetime | None = None,
    ) -> EventPage:
        calendar = self._fake._ask("list_events", self._account, calendar_id)
        if page_token is not None:
            ids, delta, token = self._fake._pages[page_token]
        else:
            ids, delta = self._changed(calendar, sync_token), sync_token is not None
            ids = [each for each in ids if delta or since is None or not _ended(calendar.events[each], since)]
            token = json.dumps([self._account, calendar_id, calendar.token_era, self._fake._revision])
        return self._page(calendar, ids, delta, token)

    def _changed(self, calendar: _Calendar, sync_token: str | None) -> list[str]:
        in_order = sorted(calendar.changed, key=calendar.changed.__getitem__)
        if sync_token is None:
            return [each for each in in_order if each in calendar.unreadable or _is_listed(calendar, each)]
        account, _, era, since = json.loads(sync_token)
        if (account, era) != (self._account, calendar.token_era):
            raise SyncTokenExpired(sync_token)
        return [each for each in in_order if calendar.changed[each] > since]

    def _page(self, calendar: _Calendar, ids: list[str], delta: bool, token: str) -> EventPage:
        here, later = ids[: self._fake.page_size], ids[self._fake.page_size :]
        page_token = None
        if later:
            page_token = f"page:{len(self._fake._pages)}"
            self._fake._pages[page_token] = (later, delta, token)
        bad = [each for each in here if each in calendar.unreadable]
        return EventPage(
            events=tuple(_listed(calendar.events[each]) for each in here if each not in bad),
            unreadable=tuple(UnreadableEvent(id=each, reason=calendar.unreadable[each]) for each in bad),
            page_token=page_token,
            sync_token=None if later else token,
        )

    def write_conference(self, calendar_id: str, event: Event, conference: ConferenceOnEvent) -> Event:
        calendar = self._fake._ask("write_conference", self._account, calendar_id, event.id)
        stored = _unchanged(calendar, event)
        if self._fake.writes == "refuse":
            raise Invalid("400 invalid: Invalid conference data")
        if self._fake.writes == "keep":
            stored = replace(stored, conference=_shown(conference))
            calendar.more.setdefault(event.id, {})["conferenceData"] = conference_data(conference)
        return _read(self._fake._put(calendar_id, stored))

    def write_text(self, calendar_id: str, event: Event, *, location: str | None, description: str | None) -> Event:
        calendar = self._fake._ask("write_text", self._account, calendar_id, event.id)
        if len(description or "") > MAX_DESCRIPTION:
            raise Invalid("400 invalid: the description is too long")
        words = {"location": location, "description": description}
        written = {name: text for name, text in words.items() if text is not None}
        stored = replace(_unchanged(calendar, event), **written, conference=None)
        return _read(self._fake._put(calendar_id, stored))

    def watch(self, calendar_id: str, channel_id: str, *, token: str, ttl: timedelta) -> Watch:
        if not self._fake._ask("watch", self._account, calendar_id).watchable:
            raise Unwatchable(calendar_id)
        if channel_id in self._fake.channels:
            raise Conflict(f"channel {channel_id} exists")
        channel = FakeChannel(
            id=channel_id,
            calendar_id=calendar_id,
            account=self._account,
            token=token,
            ttl=ttl,
            resource_id=f"resource of {calendar_id}",
            expiration=self._fake.clock.now() + ttl,
        )
        self._fake.channels[channel_id] = channel
        return Watch(resource_id=channel.resource_id, expiration=channel.expiration)

    def stop(self, channel_id: str, resource_id: str) -> None:
        self._fake._admit(Call(method="stop", account=self._account))
        channel = self._fake.channels.get(channel_id)
        if channel is None or channel.stopped or channel.expiration <= self._fake.clock.now():
            raise NotFound(f"channel {channel_id}")
        if (channel.account, channel.resource_id) != (self._account, resource_id):
            raise NotFound(f"channel {channel_id} as {self._account}")
        channel.stopped = True


class FakeUser:
    """A person who uses one calendar. Times are aware datetimes, or dates for all day."""

    def __init__(self, fake: FakeCalendars, account: str, calendar_id: str) -> None:
        self._fake = fake
        self.account = account
        self.calendar_id = calendar_id

    def insert(
        self,
        *,
        title: str = "Standup",
        start: datetime | date = datetime(2026, 3, 3, 9, 0, tzinfo=UTC),
        end: datetime | date | None = None,
        id: str | None = None,
        **more: Any,
    ) -> Event:
        """A new event, half an hour (or a day) long unless `end` says else; `more` are further fields of `Event`."""
        length = timedelta(minutes=30) if isinstance(start, datetime) else timedelta(days=1)
        event_id = id or f"event{self._fake._revision + 1}"
        event = Event(id=event_id, title=title, **{"organizer": self.account, **more})
        return self._put(replace(event, start=self._time(start), end=self._time(end or start + length)))

    def update(self, event_id: str, **changes: Any) -> Event:
        """Change fields of `Event`; `start` and `end` as for `insert`."""
        times = {name: self._time(changes.pop(name)) for name in ("start", "end") if name in changes}
        return self._put(replace(self._stored(event_id), **changes, **times))

    def delete(self, event_id: str) -> Event:
        """Put it into the trash."""
        return self._put(replace(self._stored(event_id), cancelled=True))

    def restore(self, event_id: str) -> Event:
        """Take it out of the trash again."""
        return self._put(replace(self._stored(event_id), cancelled=False))

    def move(self, event_id: str, destination: str) -> Event:
        """Change its organizer, exceptions included; what stays behind is a stub that holds only the id."""
        for exception in self._of_series(event_id):
            self._move(exception, destination)
        return self._move(self._stored(event_id), destination)

    def _of_series(self, event_id: str) -> list[Event]:
        events = self._fake._of(self.calendar_id).events.values()
        return [each for each in events if each.recurring_event_id == event_id]

    def _move(self, event: Event, destination: str) -> Event:
        self._fake._of(destination).more[event.id] = self._fake._of(self.calendar_id).more.pop(event.id, {})
        self._put(_tombstone(event))
        return _read(self._fake._put(destination, replace(event, organizer=destination)))

    def event(self, event_id: str) -> Event:
        """The event as the port would read it; nothing is recorded."""
        return _read(self._stored(event_id))

    def raw_description(self, event_id: str) -> str:
        """The description with our block in it, if it has one."""
        return self._stored(event_id).description

    def _stored(self, event_id: str) -> Event:
        return _found(self._fake._of(self.calendar_id), event_id)

    def _put(self, event: Event) -> Event:
        return _read(self._fake._put(self.calendar_id, event))

    def _time(self, at: datetime | date) -> EventTime:
        zone = self._fake._of(self.calendar_id).time_zone
        if isinstance(at, datetime):
            return EventTime(at=at.astimezone(UTC), time_zone=getattr(at.tzinfo, "key", None) or zone)
        midnight = datetime.combine(at, time(), ZoneInfo(zone))
        return EventTime(at=midnight.astimezone(UTC), time_zone=zone, all_day=True)


def _found(calendar: _Calendar, event_id: str) -> Event:
    if event_id not in calendar.events:
        raise NotFound(f"event {event_id}")
    return calendar.events[event_id]


def _ended(event: Event, since: datetime) -> bool:
    return event.end is not None and not event.recurrence and event.end.at <= since


def _unchanged(calendar: _Calendar, event: Event) -> Event:
    stored = _found(calendar, event.id)
    if stored.etag != event.etag:
        raise PreconditionFailed(f"event {event.id} changed")
    return stored


def _shown(conference: ConferenceOnEvent) -> EventConference:
    return EventConference(
        id=conference.conference_id,
        solution_type="addOn",
        solution_name=conference.solution.name,
        uris=conference.details.uris,
    )


def _is_listed(calendar: _Calendar, event_id: str) -> bool:
    """Whether a full list tells of it: a cancelled instance is told as long as its series lives."""
    event = calendar.events[event_id]
    series = calendar.events.get(event.recurring_event_id or "")
    return not event.cancelled or (series is not None and not series.cancelled)


def _listed(event: Event) -> Event:
    """A list tells nothing of a deleted event but that it is one."""
    if not event.cancelled:
        return _read(event)
    return replace(_tombstone(event), etag=event.etag)


def _tombstone(event: Event) -> Event:
    """What is left of a deleted event."""
    series, original = event.recurring_event_id, event.original_start
    return Event(id=event.id, cancelled=True, recurring_event_id=series, original_start=original)


def _read(event: Event) -> Event:
    return replace(
        event,
        description=description_block.strip(event.description),
        text_conference_id=description_block.conference_id(event.description),
        text_uri=description_block.video_uri(event.description),
        more_text_ids=tuple(description_block.conference_ids(event.description)[1:]),
    )
