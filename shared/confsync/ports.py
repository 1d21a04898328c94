"""Every seam of confsync on one page: what use cases need from the outside, and nothing of how it is done.

All raise the errors of `domain/errors.py` and no others. Times are aware UTC. Each port has one contract suite in
`tests/contracts/`, run on every implementation and on the fake.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, TypeVar

from confsync.domain.budget import Budget
from confsync.domain.calendar import Calendar
from confsync.domain.channel import Channel
from confsync.domain.conference import Conference, ConferenceSpec, ProviderConference, Reference
from confsync.domain.conference_data import ConferenceData
from confsync.domain.connection import Account, Connection, Granted, Tokens
from confsync.domain.entry_point import ConferenceDetails
from confsync.domain.event import Event, EventPage
from confsync.domain.host import Host
from confsync.domain.link import Link
from confsync.domain.repeat import Repeat
from confsync.domain.solution import Capabilities, Solution
from confsync.domain.sweep import Sweep

Record = Budget | Calendar | Channel | Conference | Connection | Host | Link | Repeat | Sweep
R = TypeVar("R", Budget, Calendar, Channel, Conference, Connection, Host, Link, Repeat, Sweep)
Due = TypeVar("Due", Calendar, Channel, Conference, Connection)


class Clock(Protocol):
    """Time and chance."""

    def now(self) -> datetime:
        """The present, aware UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def new_id(self) -> str:
        """A fresh unguessable id: 32 hex digits."""
        ...


class Secrets(Protocol):
    """Third-party credentials."""

    def get(self, name: str) -> str:
        """The newest value of the named secret, at most a short while old.

        Raises `NotFound`, `PermissionDenied`, `Temporary`.
        """
        ...


class Grants(Protocol):
    """People's own accounts at vendors, for solutions that are personal."""

    def token(self, owner: str, vendor: str, *, refused: str | None = None) -> str:
        """An access token of this owner (a Google account) at the vendor, usable for some minutes.

        `refused`: one that the vendor does not take any more, before its time; another one is given.
        Raises `ReauthorizationRequired` if they have not connected their account, or took that back, and `Temporary`.
        """
        ...


class Sealer(Protocol):
    """What is stored, and may be read by nobody who can read the store."""

    def seal(self, text: str) -> str:
        """The text, sealed by the newest key; the same text never looks the same."""
        ...

    def open(self, sealed: str) -> str:
        """The text. Raises `NotConfigured` if no key of the ring has sealed it."""
        ...

    def reseal(self, sealed: str) -> str:
        """The same text, sealed by the newest key; as it is if it was so already. Raises `NotConfigured`, as `open`."""
        ...


class Logins(Protocol):
    """Where people let us use their accounts: OAuth 2.0's authorization code flow, at each vendor and at Google."""

    def vendors(self) -> Mapping[str, str]:
        """Those that are configured, with what people call them."""
        ...

    def scopes(self, vendor: str) -> tuple[str, ...]:
        """What is asked for."""
        ...

    def issuer(self, vendor: str) -> str | None:
        """Who the vendor says it is, where it comes back with a code (RFC 9207); None: nobody knows."""
        ...

    def start(self, vendor: str, *, state: str, challenge: str, redirect_uri: str, hint: str) -> str:
        """The address of the vendor's consent page. `hint`: the person's address, as far as a vendor takes one."""
        ...

    def finish(self, vendor: str, *, code: str, verifier: str, redirect_uri: str) -> Granted:
        """What the code is good for. Raises `ReauthorizationRequired` if it is not, and `Temporary`."""
        ...

    def renew(self, vendor: str, refresh: str) -> Granted:
        """New tokens; without a refresh token among them the old one stays good.

        Raises `ReauthorizationRequired` if the vendor does not take this one, and `Temporary`, after which it may
        have been used all the same.
        """
        ...

    def account(self, vendor: str, access: str) -> Account:
        """Whose account a token is for."""
        ...

    def revokes(self, vendor: str) -> bool:
        """Whether the vendor has a way to forget tokens; else people take the application out there themselves."""
        ...

    def revoke(self, vendor: str, tokens: Tokens) -> None:
        """Have the vendor forget them, if it has a way to."""
        ...


# --- store -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Save:
    """Write the record if it still has the version it was read with; a record without a version must not exist yet."""

    record: Record


@dataclass(frozen=True, kw_only=True)
class Remove:
    """Delete the record if it still has the version it was read with."""

    record: Record


Write = Save | Remove


class Store(Protocol):
    """Records with versions, and atomic conditional writes.

    Each record that a read returns carries an opaque `version`, which every save changes, also one of the same data.
    There are no interactive transactions: read, decide, then `commit` everything at once on the condition that nothing
    changed meanwhile. Leases and fencing are conditional writes like any other. Queries may lag; a commit's
    conditions never do.
    """

    def get(self, kind: type[R], key: str) -> R | None:
        """The record, or None. Strongly consistent."""
        ...

    def get_many(self, kind: type[R], keys: Sequence[str]) -> dict[str, R]:
        """Those of the records that exist, by key. Strongly consistent."""
        ...

    def commit(self, writes: Sequence[Write]) -> None:
        """All of the writes or none (up to 450). Raises `StoreConflict` if any condition does not hold.

        After a `Temporary` error the writes may have been done: read before deciding again.
        """
        ...

    def links_of_calendar(self, calendar_key: str, *, limit: int | None = None) -> Iterator[Link]:
        """Links of a calendar in any stable order, at most `limit`."""
        ...

    def conference_of_meeting(self, meeting_key: str) -> Conference | None:
        """The conference whose meeting at a vendor has this key (see `keys.meeting_key`). May lag behind a commit."""
        ...

    def conferences_of_host(self, host: str) -> Iterator[Conference]:
        """Conferences that were made for this Google account, in any stable order. May lag behind a commit."""
        ...

    def connections_of(self, owner: str) -> list[Connection]:
        """The accounts that this Google account has connected, or had. May lag behind a commit."""
        ...

    def find(self, kind: type[R], **having: str | None) -> Iterator[R]:
        """Records with these values (None: nothing) in these fields, or all, in any stable order, read page by page.

        May lag behind a commit.
        """
        ...

    def due(self, kind: type[Due], now: datetime, *, limit: int) -> list[Due]:
        """Records with `due_at` <= now, the longest due first."""
        ...


# --- Google Calendar -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ConferenceOnEvent:
    """What is written to an event: our conference id, the solution people see, the details."""

    conference_id: str
    solution: Solution
    details: ConferenceDetails


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Google's answer to a watch request."""

    resource_id: str
    expiration: datetime


SendUpdates = Literal["all", "externalOnly", "none"]
"""Which guests Calendar mails about a change. (It may mail some all the same.)"""


@dataclass(frozen=True, kw_only=True)
class EventResource:
    """An event as Calendar's API has it, and its conference as a value (None: it has none).

    https://developers.google.com/workspace/calendar/api/v3/reference/events#resource-representations
    """

    resource: Mapping[str, Any]
    """All its fields, as they came."""
    conference: ConferenceData | None

    @property
    def id(self) -> str:
        """Its id on this calendar."""
        return str(self.resource["id"])

    @property
    def etag(self) -> str:
        """Its version, for a later write."""
        return str(self.resource["etag"])

    @property
    def cancelled(self) -> bool:
        """Whether it was deleted, or is an instance that its series has no more."""
        return bool(self.resource.get("status") == "cancelled")

    @property
    def hangout_link(self) -> str | None:
        """Where its Meet is joined."""
        return self.resource.get("hangoutLink")


@dataclass(frozen=True, kw_only=True)
class ResourcePage:
    """A page of people's events. It may hold none though there is a next one."""

    events: tuple[EventResource, ...]
    time_zone: str
    """The calendar's: of times and dates that name none."""
    page_token: str | None = None
    """Leads to the next page, if there is one."""


@dataclass(frozen=True, kw_only=True)
class CalendarAccess:
    """What an account may do with a calendar."""

    role: str
    """`owner`, `writer`, `reader`, `freeBusyReader`, ... as Calendar calls it."""
    time_zone: str
    """The calendar's: of times and dates that name none."""


class CalendarApi(Protocol):
    """Google Calendar, as one account sees it."""

    def resolve(self, calendar_id: str) -> str:
        """The calendar's real id ("primary" becomes the account's address). Raises `NotFound`."""
        ...

    def list_calendars(self) -> list[str]:
        """Ids of the calendars that the account may write to, its own first. Raises `PermissionDenied`."""
        ...

    def get_event(self, calendar_id: str, event_id: str) -> Event:
        """The event, cancelled or not. Raises `NotFound`, `Invalid` if it can't be read."""
        ...

    def list_events(
        self,
        calendar_id: str,
        *,
        sync_token: str | None = None,
        page_token: str | None = None,
        since: datetime | None = None,
    ) -> EventPage:
        """One page of changes since the token, or of all events without one. Raises `SyncTokenExpired`, `NotFound`.

        `since` leaves out of a full list what ended before (a series ends with its last instance); with a token it
        has no meaning. The other query parameters are fixed and identical for first list and delta; see
        `Calendars.query_version`.
        """
        ...

    def write_conference(self, calendar_id: str, event: Event, conference: ConferenceOnEvent) -> Event:
        """Put the conference on the event natively (PATCH of that field, If-Match); returns the event read back.

        Raises `PreconditionFailed` if the event changed since it was read, `Invalid` if Google refuses the data.
        Google may also accept and strip it: compare what comes back.
        """
        ...

    def write_text(self, calendar_id: str, event: Event, *, location: str | None, description: str | None) -> Event:
        """Set location and description (PATCH, If-Match; None: as it is); returns it. Raises `PreconditionFailed`.

        Native conference data that `event` shows is cleared: beside the text it would be a link to nowhere.
        """
        ...

    # people's own reads and writes, apart from the sync, whose query is fixed: a body holds fields of Calendar's own
    # resource, and is passed on as it is; after `Temporary` a write may have been done (an insert is repeated safely
    # only with an id of one's own)

    def read_event(self, calendar_id: str, event_id: str) -> EventResource:
        """The event with all its fields, cancelled or not; also an instance of a series. Raises `NotFound`."""
        ...

    def list_window(
        self,
        calendar_id: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        text: str | None = None,
        expand: bool = True,
        deleted: bool = False,
        page_size: int = 250,
        page_token: str | None = None,
    ) -> ResourcePage:
        """A page (of 2500 at most) of the events that end after `since` and begin before `until`.

        `text`: those in which each of its words stands. `expand`: instances in place of their series, by their start;
        else series and what differs from them (cancelled instances too) in no order. `deleted`: cancelled ones too, as
        far as Calendar still has them. With a `page_token` all the rest must be as it was.
        Raises `NotFound`, `Invalid`, `Temporary` also if the page token is no longer good: begin anew.
        """
        ...

    def access(self, calendar_id: str) -> CalendarAccess:
        """What the account may do there. Raises `NotFound`."""
        ...

    def insert_event(
        self,
        calendar_id: str,
        body: Mapping[str, Any],
        *,
        conference: ConferenceOnEvent | None = None,
        send_updates: SendUpdates = "none",
    ) -> EventResource:
        """A new event, as it was stored. It may bring its own `id`: 5 to 1024 of the characters a-v and 0-9.

        `conference`: it is to show this one, natively, which Google may refuse (`Invalid`) or leave out. A Meet that
        the body asks for (`createRequest`) comes later, or never: see `ConferenceData.request`.

        Raises `Conflict` if the id was ever used on this calendar, `Invalid` with Calendar's reason,
        `PermissionDenied`.
        """
        ...

    def patch_event(
        self,
        calendar_id: str,
        event_id: str,
        body: Mapping[str, Any],
        *,
        conference: ConferenceOnEvent | None = None,
        etag: str | None = None,
        send_updates: SendUpdates = "none",
    ) -> EventResource:
        """Change the fields in the body; returns the event as it was stored.

        Objects are merged, lists replaced, None takes a field away. A deleted event comes back with its `status`.
        `conference`: as for an insert.
        `etag`: only if it still has this one, else `PreconditionFailed`. Raises `NotFound`, and what an insert raises.
        """
        ...

    def delete_event(
        self, calendar_id: str, event_id: str, *, etag: str | None = None, send_updates: SendUpdates = "none"
    ) -> None:
        """Put the event into the trash: a whole series, or one instance of it.

        Raises `NotFound` if there is none (`status` 404) or it is deleted (410), `PreconditionFailed` as above.
        """
        ...

    def conference_types(self, calendar_id: str) -> tuple[str, ...]:
        """Types of conferences that Calendar itself can make there (`hangoutsMeet`); asking for another is `Invalid`.

        Third parties' are never among them, and may be written all the same. Raises `NotFound`.
        """
        ...

    def adds_meet(self) -> bool:
        """Whether Calendar's own dialogs add a Meet to each new event of this account. (The API adds none unasked.)

        Raises `PermissionDenied` where Google does not tell.
        """
        ...

    def watch(self, calendar_id: str, channel_id: str, *, token: str, ttl: timedelta) -> Watch:
        """Open a watch channel. Raises `Unwatchable`, `Conflict` if the channel id is taken, `NotFound`."""
        ...

    def stop(self, channel_id: str, resource_id: str) -> None:
        """Close a watch channel. Raises `NotFound` if there is none (any more)."""
        ...


class Calendars(Protocol):
    """The way to Google Calendar as a given account."""

    query_version: int
    """Version of the fixed query parameters: a sync token made with another one is worthless."""

    def acting_as(self, account: str) -> CalendarApi:
        """Calendar as this account (an email address). Raises nothing; its calls raise `ReauthorizationRequired`."""
        ...

    def event_of(self, resource: Mapping[str, Any], *, time_zone: str) -> Event:
        """Calendar's resource as the sync has it, without asking Calendar. Raises `Invalid` if it can't be read.

        `time_zone`: the calendar's.
        """
        ...

    def with_token(self, access_token: str) -> CalendarApi:
        """Calendar as whoever this access token is from, for this request only; the token is never kept."""
        ...


@dataclass(frozen=True, kw_only=True)
class DriveFile:
    """A file as an event shows it."""

    title: str
    mime_type: str
    url: str
    icon_url: str | None = None


class Drive(Protocol):
    """People's files at Google, for what they attach to events."""

    def file(self, account: str, file_id: str) -> DriveFile:
        """The file, as this account sees it. Raises `NotFound`, `PermissionDenied`."""
        ...


# --- providers -------------------------------------------------------------------------------------------------------


class ConferenceProvider(Protocol):
    """A third-party conferencing system, for one configured solution.

    Every call ends within the configured provider deadline, which is shorter than a conference's lease. What one
    vendor can do more goes into the solution's settings, never into another method.
    """

    capabilities: Capabilities

    def create(self, spec: ConferenceSpec, marker: str) -> ProviderConference:
        """Make a meeting that carries the marker. Raises `Ambiguous` when it may have been made all the same."""
        ...

    def kept(self, spec: ConferenceSpec) -> Mapping[str, Any]:
        """What the vendor keeps of a spec, as it is sent there, by the provider's own names. Pure.

        Two specs of which it keeps the same need no call. Empty: the vendor keeps nothing of an event.
        """
        ...

    def find(self, marker: str, spec: ConferenceSpec) -> list[ProviderConference]:
        """Every meeting that carries the marker, oldest first.

        `spec` is what the create was sent with: its host and times say where to look. How a provider finds them is its
        own matter: in a list of the host's meetings around that time, by the marker as the client's own id, or because
        the meeting's address follows from the marker.
        """
        ...

    def get(self, reference: Reference) -> ProviderConference:
        """The meeting as it is. Raises `NotFound`."""
        ...

    def update(
        self, reference: Reference, spec: ConferenceSpec, changed: frozenset[str], marker: str
    ) -> ProviderConference:
        """Make the meeting agree with the spec. Raises `NotFound`.

        `changed` are those names of `kept` of which the meeting has, or may have, something else.
        """
        ...

    def delete(self, reference: Reference) -> None:
        """End the meeting's existence. Raises `NotFound` if there is none (any more)."""
        ...


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Somebody who wants to join a meeting."""

    name: str = ""
    """As others see them."""
    moderator: bool = False
    """Whether they may lead it: whose event it is."""
    email: str | None = None
    """Only if it is certain that it is theirs."""


class PersonalLinks(Protocol):
    """What providers whose `capabilities.join_redirect` is set can do besides."""

    def join(self, reference: Reference, spec: ConferenceSpec, visitor: Visitor) -> str:
        """An https address for this person alone, good for some minutes; the meeting is there when it is opened.

        Raises what the other calls of a provider raise.
        """
        ...


class Providers(Protocol):
    """The configured solutions."""

    def solution(self, solution_id: str) -> Solution:
        """Raises `NotConfigured`."""
        ...

    def offered(self) -> Sequence[Solution]:
        """All that people can choose, in the configuration's order."""
        ...

    def provider(self, solution_id: str, settings: str | None = None) -> ConferenceProvider:
        """The provider that makes this solution's conferences, built once. Raises `NotConfigured`.

        `settings`: of one conference in place of the solution's, a JSON object. Which there are is the vendor's matter.
        """
        ...


# --- queue -----------------------------------------------------------------------------------------------------------


class Queue(Protocol):
    """Work for later, delivered at least once, in any order."""

    def sync_calendar(
        self,
        calendar_key: str,
        *,
        at: datetime | None = None,
        name: str | None = None,
        renew: bool = False,
        notified: bool = False,
    ) -> None:
        """Have the calendar synced at (or soon after) that time. A task of the same name absorbs this one.

        `renew`: replace its watch channel first. `notified`: because its channel told of a change. Raises `Temporary`
        if the queue did not take it.
        """
        ...

    def reconcile_conference(self, conference_id: str, *, at: datetime | None = None) -> None:
        """Have the conference reconciled. Raises `Temporary` if the queue did not take it."""
        ...
