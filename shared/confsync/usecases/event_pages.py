"""Reading a calendar page by page: what changed, or everything."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from confsync.domain.errors import Invalid, NotFound, SyncTokenExpired, Temporary
from confsync.domain.event import Event, EventPage, UnreadableEvent
from confsync.ports import Calendar


def delta(google: Calendar, calendar_id: str, sync_token: str) -> Iterator[EventPage]:
    """Pages of changes since the token; an empty page may still have a next one. Raises `SyncTokenExpired`."""
    page = google.list_events(calendar_id, sync_token=sync_token)
    yield page
    while page.page_token is not None:
        page = google.list_events(calendar_id, sync_token=sync_token, page_token=page.page_token)
        yield page


def everything(google: Calendar, calendar_id: str, seen: set[str], since: datetime | None) -> Iterator[EventPage]:
    """Pages of all events. A full list has no tombstones: events of `seen` that it lacks are asked for
    one by one.

    On the last page, those that are found after all (they were outside the list) come as they are, if they can be
    read, and the others as cancelled.
    """
    page_token = None
    while True:
        page = _listed(google, calendar_id, page_token, since)
        seen = seen - page.ids
        page_token = page.page_token
        if page_token is None:
            yield _with_missing(page, [_confirmed(google, calendar_id, event_id) for event_id in sorted(seen)])
            return
        yield page


def _listed(google: Calendar, calendar_id: str, page_token: str | None, since: datetime | None) -> EventPage:
    try:
        return google.list_events(calendar_id, page_token=page_token, since=since)
    except SyncTokenExpired as error:
        # without a token there is nothing to drop: asking again at once would be a loop
        raise Temporary("Calendar answers 410 to a full list", service="google-calendar") from error


def _confirmed(google: Calendar, calendar_id: str, event_id: str) -> Event | UnreadableEvent:
    try:
        return google.get_event(calendar_id, event_id)
    except NotFound:
        return Event(id=event_id, cancelled=True)
    except Invalid as error:
        return UnreadableEvent(id=event_id, reason=str(error))


def _with_missing(page: EventPage, missing: Sequence[Event | UnreadableEvent]) -> EventPage:
    return replace(
        page,
        events=(*page.events, *(each for each in missing if isinstance(each, Event))),
        unreadable=(*page.unreadable, *(each for each in missing if isinstance(each, UnreadableEvent))),
    )
