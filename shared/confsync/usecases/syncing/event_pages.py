"""Reading a calendar page by page: what changed, or everything."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from confsync.domain.errors import Invalid, NotFound, SyncTokenExpired, Temporary
from confsync.domain.event import Event, EventPage, UnreadableEvent
from confsync.ports import CalendarApi

ASKED_PER_PAGE = 20
"""A call each: the reader's lease is renewed with every page, and must outlive it."""


def delta(google: CalendarApi, calendar_id: str, sync_token: str) -> Iterator[EventPage]:
    """Pages of changes since the token; an empty page may still have a next one. Raises `SyncTokenExpired`."""
    page = google.list_events(calendar_id, sync_token=sync_token)
    yield page
    while page.page_token is not None:
        page = google.list_events(calendar_id, sync_token=sync_token, page_token=page.page_token)
        yield page


def everything(
    google: CalendarApi, calendar_id: str, linked: Mapping[str, bool], since: datetime | None
) -> Iterator[EventPage]:
    """Pages of all events. A full list has no tombstones: `linked` events that it lacks are asked for one by one.

    They make further pages. Those that are found after all (they were outside the list) come as they are, if they can
    be read, and the others as cancelled. `linked` tells of each whether it was seen with its conference: one that was
    only chosen for may not be saved yet, so that its absence says nothing.
    """
    page = _listed(google, calendar_id, None, since)
    missing = linked.keys() - page.ids
    yield page
    while page.page_token is not None:
        page = _listed(google, calendar_id, page.page_token, since)
        missing -= page.ids
        yield page
    asked = sorted(missing)
    for start in range(0, len(asked), ASKED_PER_PAGE):
        some = asked[start : start + ASKED_PER_PAGE]
        confirmed = _page([_confirmed(google, calendar_id, event_id, seen=linked[event_id]) for event_id in some])
        if any(event.cancelled for event in confirmed.events):
            # a calendar that was lost by now answers 404 for every event, too: raises what it answers for itself
            google.resolve(calendar_id)
        yield confirmed


def _listed(google: CalendarApi, calendar_id: str, page_token: str | None, since: datetime | None) -> EventPage:
    try:
        return google.list_events(calendar_id, page_token=page_token, since=since)
    except SyncTokenExpired as error:
        # without a token there is nothing to drop: asking again at once would be a loop
        raise Temporary("Calendar answers 410 to a full list", service="google-calendar") from error


def _confirmed(google: CalendarApi, calendar_id: str, event_id: str, *, seen: bool) -> Event | UnreadableEvent | None:
    try:
        return google.get_event(calendar_id, event_id)
    except NotFound:
        return Event(id=event_id, cancelled=True) if seen else None
    except Invalid as error:
        return UnreadableEvent(id=event_id, reason=str(error))


def _page(found: Sequence[Event | UnreadableEvent | None]) -> EventPage:
    return EventPage(
        events=tuple(each for each in found if isinstance(each, Event)),
        unreadable=tuple(each for each in found if isinstance(each, UnreadableEvent)),
    )
