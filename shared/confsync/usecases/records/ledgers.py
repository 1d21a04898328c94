"""Loading the records that a decision may touch, and turning what became of them into writes."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from confsync.domain import link_index
from confsync.domain.calendar import Calendar
from confsync.domain.conference import Conference
from confsync.domain.event import Event
from confsync.domain.keys import is_conference_id, link_key
from confsync.domain.ledger import Ledger
from confsync.domain.link import Link
from confsync.ports import Remove, Save, Store, Write


def links_of(store: Store, seen: Iterable[tuple[Calendar, Event]]) -> dict[str, Link]:
    """The links of these calendars' events and of their series, by key."""
    keys = {
        link_key(calendar.key, event_id)
        for calendar, event in seen
        for event_id in (event.id, event.recurring_event_id)
        if event_id is not None
    }
    return store.get_many(Link, sorted(keys)) if keys else {}


def load(store: Store, links: dict[str, Link], shown: Iterable[str | None]) -> Ledger:
    """A ledger of these links, the conferences that they name or that events show, and those conferences' other links.

    `shown` are conference ids of any kind.
    """
    named = {cid for link in links.values() for cid in link.conference_ids}
    named |= {each for each in shown if is_conference_id(each)}
    conferences = store.get_many(Conference, sorted(named)) if named else {}
    others = {key for c in conferences.values() for key in c.links} - links.keys()
    return Ledger.of(links | (store.get_many(Link, sorted(others)) if others else {}), conferences)


def writes(ledger: Ledger, *calendars: Calendar) -> list[Write]:
    """What has to be committed for the ledger to be true, the calendars' records with their indexes of links among it.

    `calendars` are those whose events were applied.
    """
    return [
        *(Save(record=_indexed(calendar, ledger)) for calendar in calendars),
        *(Save(record=record) for record in ledger.changed.values()),
        *(Save(record=conference) for conference in _read_by_others(ledger)),
        *(Remove(record=link) for link in ledger.removed.values()),
    ]


def _read_by_others(ledger: Ledger) -> list[Conference]:
    """Unchanged conferences with a changed link, which events of other calendars have too.

    Each calendar's commit decides by all the links what is desired. Two that change one link each at the same time
    would miss each other's; the conference's record makes the later one a conflict.
    """
    changed = [each for each in ledger.changed.values() if isinstance(each, Link)]
    found = {each: link.calendar_key for link in changed for each in link.conference_ids if each not in ledger.changed}
    return [
        conference
        for conference_id, calendar_key in found.items()
        if (conference := ledger.conferences.get(conference_id)) is not None
        and any(ledger.links[key].calendar_key != calendar_key for key in conference.links if key in ledger.links)
    ]


def _indexed(calendar: Calendar, ledger: Ledger) -> Calendar:
    links = [each for each in ledger.changed.values() if isinstance(each, Link) and each.calendar_key == calendar.key]
    added = [link for link in links if link.version is None]
    removed = [link for link in ledger.removed.values() if link.calendar_key == calendar.key]
    return replace(calendar, link_index=link_index.updated(calendar.link_index, added, removed))


def unfinished(ledger: Ledger, now: datetime) -> list[str]:
    """Ids of the conferences for which there is something to reconcile, whoever caused it."""
    return [
        conference.id
        for conference in ledger.conferences.values()
        if not conference.settled or unpublished(conference, ledger.links, now)
    ]


def unpublished(conference: Conference, links: dict[str, Link], now: datetime) -> list[Link]:
    """The conference's links whose events are known to have it, but with other details, or are to be given it."""
    details = conference.applied.details
    if details is None or not conference.wanted:
        return []
    known = [link for key in conference.links if (link := links.get(key)) is not None]
    return [link for link in known if _lacks(link, conference.id, details.revision, now)]


def _lacks(link: Link, conference_id: str, revision: str, now: datetime) -> bool:
    if link.conference_id == conference_id:
        return link.published != revision
    chosen = link.to_put(conference_id)
    return chosen is not None and chosen.put_at is not None and chosen.put_at <= now
