"""A calendar with conferences of ours, and the two ways to sync it: our use case, and gcal_sync."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiohttp
import structlog
from gcal_sync.api import GoogleCalendarService
from gcal_sync.auth import AbstractAuth
from gcal_sync.store import InMemoryCalendarStore
from gcal_sync.sync import CalendarEventSyncManager
from google.oauth2.credentials import Credentials

from confsync.adapters.google_calendar import GoogleCalendars
from confsync.adapters.google_credentials import Purpose, SharedCredentials
from confsync.adapters.system import SystemClock
from confsync.domain import keys
from confsync.domain.calendar import Calendar
from confsync.domain.conference import Applied, Conference, ConferenceSpec, ConferenceState, Desired, Reference
from confsync.domain.link import Link
from confsync.ports import Save, Store
from confsync.usecases.assembly import Limits, UseCases
from confsync.usecases.sync_calendar import SyncCalendar, SyncReport
from tests.benchmarks.calendar_process import ANN, RunningCalendar
from tests.fakes.ports import FakePorts
from tests.fakes.queue import FakeQueue

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Seeded:
    """A calendar of `count` events, of which `ours` show a conference of ours."""

    calendar_id: str
    count: int
    ours: Sequence[str] = ()

    @property
    def key(self) -> str:
        """Our key of it."""
        return keys.calendar_key(self.calendar_id)


def seed(google: RunningCalendar, *, count: int, ours: int) -> Seeded:
    """Make such a calendar at the simulator."""
    calendar_id = google.new_calendar(f"calendar-{count}-{ours}")
    google.control("POST", f"calendars/{calendar_id}/seed", {"count": count})
    seeded = Seeded(calendar_id=calendar_id, count=count, ours=[f"seed{n * count // ours:07d}" for n in range(ours)])
    for event_id in seeded.ours:
        google.show_conference(calendar_id, event_id, keys.conference_id(seeded.key, event_id, "zoom"))
    return seeded


def fill(store: Store, seeded: Seeded) -> None:
    """Our records of the calendar, as if it had never been listed, and of conferences whose events changed since."""
    calendar = Calendar(
        key=seeded.key,
        calendar_id=seeded.calendar_id,
        owner=ANN,
        tenant="example.com",
        created_at=LONG_AGO,
        channel_id="channel",  # so that it is listed, and nothing else
    )
    records = [record for event_id in seeded.ours for record in _records(seeded, event_id)]
    store.commit([Save(record=record) for record in (calendar, *records)])


def syncing(google: RunningCalendar, store: Store) -> SyncCalendar:
    """The use case with the real Calendar adapter."""
    logging.getLogger("googleapiclient").setLevel(logging.ERROR)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    clock = SystemClock()
    calendars = GoogleCalendars(
        api=google.api, credentials=_FixedToken(google.token), notifications_url="https://example.com", clock=clock
    )
    ports = FakePorts(clock=clock, store=store, calendars=calendars, providers=None, queue=FakeQueue())
    return UseCases(ports, Limits()).sync_calendar


def sync_ours(sync: SyncCalendar, seeded: Seeded) -> None:
    """One sync. Raises `AssertionError` if it did not see everything."""
    report: SyncReport = sync(seeded.key)
    assert report.full
    assert (report.events, report.unreadable) == (seeded.count, 0)
    assert len(report.reconcile) == len(seeded.ours)


def sync_theirs(google: RunningCalendar, seeded: Seeded) -> None:
    """One sync by gcal_sync, into its own store. Raises `AssertionError` if it did not see everything."""
    asyncio.run(_sync_theirs(google, seeded))


async def _sync_theirs(google: RunningCalendar, seeded: Seeded) -> None:
    async with aiohttp.ClientSession() as session:
        service = GoogleCalendarService(_Auth(session, google))
        store = InMemoryCalendarStore()
        await CalendarEventSyncManager(service, seeded.calendar_id, store).run()
        stored = await store.async_load()
    assert stored is not None
    assert len(stored["event_sync"][seeded.calendar_id]["items"]) == seeded.count


class _Auth(AbstractAuth):
    def __init__(self, session: aiohttp.ClientSession, google: RunningCalendar) -> None:
        super().__init__(session, google.api)
        self._token = google.token

    async def async_get_access_token(self) -> str:
        return self._token


class _FixedToken:
    """Everybody is Ann."""

    impersonates = True

    def __init__(self, token: str) -> None:
        self._credentials = SharedCredentials(Credentials(token=token))

    def of(self, account: str, purpose: Purpose = Purpose.CALENDAR) -> SharedCredentials:
        return self._credentials


def _records(seeded: Seeded, event_id: str) -> tuple[Conference, Link]:
    spec = ConferenceSpec(
        title="Before it was renamed", start=LONG_AGO, end=LONG_AGO + timedelta(hours=1), time_zone="UTC", host=ANN
    )
    conference_id, link_key = keys.conference_id(seeded.key, event_id, "zoom"), keys.link_key(seeded.key, event_id)
    conference = Conference(
        id=conference_id,
        solution="zoom",
        tenant="example.com",
        host=ANN,
        desired=Desired(version=1, spec=spec),
        applied=Applied(version=1, spec=spec, reference=Reference(ids={"id": event_id})),
        state=ConferenceState.ACTIVE,
        links=(link_key,),
        created_at=LONG_AGO,
    )
    link = Link(
        key=link_key,
        calendar_key=seeded.key,
        calendar_id=seeded.calendar_id,
        event_id=event_id,
        owner=ANN,
        spec=spec,
        conference_id=conference_id,
        seen_at=LONG_AGO,
        created_at=LONG_AGO,
    )
    return conference, link
