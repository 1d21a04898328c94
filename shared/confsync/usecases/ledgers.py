"""Loading the records that a decision may touch, and turning what became of them into writes."""

from collections.abc import Iterable

from confsync.domain.conference import Conference
from confsync.domain.event import Event
from confsync.domain.keys import is_conference_id
from confsync.domain.link import Link
from confsync.domain.plan import Ledger
from confsync.ports import Remove, Save, Store, Write


def load(store: Store, links: dict[str, Link], events: Iterable[Event]) -> Ledger:
    """A ledger of these links, the conferences that they or the events name, and those conferences' other links."""
    named = {cid for link in links.values() for cid in link.conference_ids}
    named |= {event.conference_id for event in events if is_conference_id(event.conference_id)}
    conferences = store.get_many(Conference, sorted(named)) if named else {}
    others = {key for c in conferences.values() for key in c.links} - links.keys()
    return Ledger.of(links | (store.get_many(Link, sorted(others)) if others else {}), conferences)


def writes(ledger: Ledger) -> list[Write]:
    """What has to be committed for the ledger to be true."""
    return [
        *(Save(record=record) for record in ledger.changed.values()),
        *(Remove(record=link) for link in ledger.removed.values()),
    ]


def unfinished(ledger: Ledger) -> list[str]:
    """Ids of the conferences for which there is something to reconcile, whoever caused it."""
    return [
        conference.id
        for conference in ledger.conferences.values()
        if not conference.settled or unpublished(conference, ledger.links)
    ]


def unpublished(conference: Conference, links: dict[str, Link]) -> list[Link]:
    """The conference's links whose events are known to have it, but with other details."""
    details = conference.applied.details
    if details is None or not conference.wanted:
        return []
    return [
        link
        for key in conference.links
        if (link := links.get(key)) is not None
        and link.conference_id == conference.id
        and link.published != details.revision
    ]
