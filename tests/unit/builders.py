"""Events, links and conferences for the tests of what events mean."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from confsync.domain import keys
from confsync.domain.calendar import Calendar
from confsync.domain.conference import Applied, Conference, ConferenceSpec, Desired, Reference
from confsync.domain.entry_point import ConferenceDetails, EntryPoint, EntryPointType
from confsync.domain.event import Event, EventConference, EventTime
from confsync.domain.ledger import Ledger
from confsync.domain.link import Link
from confsync.domain.plan import drive

NOW = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
START = NOW + timedelta(days=1)
DETAILS = ConferenceDetails(
    entry_points=(EntryPoint(type=EntryPointType.VIDEO, uri="https://meet.example.com/room"),), notes="Be early"
)


def calendar(name: str = "alice", tenant: str = "example.com") -> Calendar:
    """A calendar that its owner follows."""
    address = f"{name}@{tenant}"
    key = keys.calendar_key(address)
    return Calendar(key=key, calendar_id=address, owner=address, tenant=tenant, created_at=NOW)


def event(event_id: str = "planning", shows: str | None = None, **fields: object) -> Event:
    """An event of one hour; `shows` is the id of its conference."""
    times = {
        "start": EventTime(at=START, time_zone="UTC"),
        "end": EventTime(at=START + timedelta(hours=1), time_zone="UTC"),
        "title": "Planning",
    }
    return Event(**{"id": event_id, "conference": conference_data(shows), **times, **fields})  # type: ignore[arg-type]


def series_of(event_id: str) -> str | None:
    """Of which series it is an instance, as Calendar's own ids tell."""
    series, underscore, _ = event_id.partition("_")
    return series if underscore else None


def tombstone(event_id: str = "planning") -> Event:
    """What Calendar tells of a deleted event."""
    return Event(id=event_id, cancelled=True)


def conference_data(conference_id: str | None, uris: frozenset[str] = DETAILS.uris) -> EventConference | None:
    """What an event shows."""
    return EventConference(id=conference_id, solution_type="addOn", uris=uris) if conference_id else None


def conference_id(of: Calendar, event_id: str = "planning", solution: str = "zoom") -> str:
    """The conference that is made when somebody chooses the solution for the event."""
    return keys.conference_id(of.key, event_id, solution)


def choose(
    ledger: Ledger, of: Calendar, event_id: str = "planning", solution: str = "zoom", now: datetime = NOW
) -> str:
    """What is on record once somebody chose a solution for an event and a meeting was made. Returns its id."""
    made = conference_id(of, event_id, solution)
    key = keys.link_key(of.key, event_id)
    spec = ConferenceSpec(title="", start=NOW, end=NOW + timedelta(hours=1), time_zone="UTC", host=of.owner)
    link = ledger.links.get(key) or Link(
        key=key,
        calendar_key=of.key,
        calendar_id=of.calendar_id,
        event_id=event_id,
        owner=of.owner,
        spec=spec,
        series=series_of(event_id),
        created_at=now,
    )
    conference = ledger.conferences.get(made) or Conference(
        id=made,
        solution=solution,
        tenant=of.tenant,
        host=of.owner,
        desired=Desired(version=0, spec=None),
        created_at=now,
    )
    if made != link.conference_id:
        link = link.with_provisional(made, now)
    if key not in conference.links:
        conference = replace(conference, links=(*conference.links, key))
    ledger.put(link)
    ledger.put(conference)
    drive(ledger, made, now)
    ledger.put(reconciled(ledger.conferences[made]))
    return made


def reconciled(conference: Conference) -> Conference:
    """The conference once its provider has what is desired."""
    spec = conference.desired.spec
    applied = Applied(version=conference.desired.version)
    if spec is not None:
        applied = replace(
            applied, spec=spec, reference=Reference(ids={"id": "1"}, host="ann@example.com"), details=DETAILS
        )
    return replace(conference, applied=applied)


def stored(ledger: Ledger) -> Ledger:
    """The same records as a store would return them: each with a version, and nothing changed."""
    return Ledger.of(
        {key: replace(link, version="1") for key, link in ledger.links.items()},
        {key: replace(conference, version="1") for key, conference in ledger.conferences.items()},
    )


def titles(ledger: Ledger, ids: Sequence[str]) -> list[str | None]:
    """The titles that conferences should have; None for one that should not be."""
    specs = [ledger.conferences[each].desired.spec for each in ids]
    return [spec.title if spec else None for spec in specs]
