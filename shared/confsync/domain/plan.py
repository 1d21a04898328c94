"""What an event means for its conferences: the whole policy of confsync, without any I/O.

`apply_event` takes one event as Calendar has it now and brings links and desired states in agreement with it; `choose`
is a person's choice in the event's dialog. Both may be called any number of times with the same thing. They never touch
a conference that is not ours: only our own records are changed, and those say which meetings we made.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from confsync.domain import keys
from confsync.domain.backoff import TASK_GRACE
from confsync.domain.calendar import Calendar
from confsync.domain.caller import Caller
from confsync.domain.conference import Conference, ConferenceSpec, Desired
from confsync.domain.event import Event
from confsync.domain.keys import link_key
from confsync.domain.ledger import Ledger
from confsync.domain.link import LOOK_AGAIN, Link
from confsync.domain.recurrence import last_end, occurrence_of, still_taking_place, with_occurrence
from confsync.domain.transitions import asked_again, desire


class Action(StrEnum):
    """What `apply_event` found, for logs and reports."""

    NOTHING = "nothing"
    UPDATED = "updated"  # the event's own conference follows it
    SEEN = "seen"  # a provisional conference was saved with the event
    ADOPTED = "adopted"  # the event carries a conference of ours that another event has too
    REVIVED = "revived"  # the event carries a conference that was given up
    COPIED = "copied"  # the event was copied with a conference, and gets its own
    DETACHED = "detached"  # the user took the conference away
    DELETED = "deleted"  # the event is gone
    HIDDEN = "hidden"  # the event is gone here, and may live on where nobody can look


PLACEHOLDER_LENGTH = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A person's choice of a solution for an event. `event` is None if it has not been saved yet."""

    event_id: str
    solution: str
    person: Caller
    event: Event | None
    """With `put_at` as it is to be, else as it is."""
    settings: str | None = None
    """In place of the solution's: a JSON object, its keys in order."""
    account: str = ""
    """Who is to host it; "": its solution says."""
    shared: str | None = None
    """A conference that there is already, which this event is to have too."""
    put_at: datetime | None = None
    """When we put it on the event ourselves, if whoever asks has not done so. None: people do, in their dialog."""

    def conference_id(self, calendar: Calendar) -> str:
        """Of the conference that they get; the same for the same choice."""
        own = keys.variant(self.settings, self.account)
        return self.shared or keys.conference_id(calendar.key, self.event_id, self.solution, own)


def choose(ledger: Ledger, calendar: Calendar, choice: Choice, now: datetime) -> None:
    """The event has the chosen conference from now on, which is to be made if there is none yet.

    It is provisional until the event is seen with it. `ledger` holds the event's link and what hangs on it.
    """
    conference_id, person = choice.conference_id(calendar), choice.person
    stored = ledger.links.get(link_key(calendar.key, choice.event_id))
    spec = _chosen_spec(choice, stored, now)
    series = choice.event.recurring_event_id if choice.event else None
    link = stored or _new_link(calendar, choice.event_id, spec, owner=person.email, series=series, now=now)
    organizer = choice.event.organizer if choice.event and not choice.event.organizer_self else link.organizer
    link = replace(link, spec=replace(spec, host=link.owner), organizer=organizer)
    shown = choice.event.conference_id if choice.event else None
    if link.conference_id != conference_id:
        link = link.with_provisional(conference_id, now, put_at=choice.put_at, instead_of=shown)
    elif choice.event is not None and choice.event.etag and shown != conference_id:
        # it was taken off the event (one that was read: one still to be made shows nothing), and is chosen once more
        link = link.without(conference_id)
        link = link.with_provisional(conference_id, now, put_at=choice.put_at, instead_of=shown)
    ledger.put(link.put_only(conference_id) if choice.put_at is not None else link)
    conference = ledger.conferences.get(conference_id) or Conference(
        id=conference_id,
        solution=choice.solution,
        tenant=person.tenant,
        host=person.email,
        desired=Desired(version=0, spec=None),
        created_at=now,
        settings=choice.settings,
        account=choice.account,
    )
    if link.key not in conference.links:
        conference = replace(conference, links=(*conference.links, link.key))
    ledger.put(asked_again(conference, now))
    drive(ledger, conference_id, now)


def _chosen_spec(choice: Choice, link: Link | None, now: datetime) -> ConferenceSpec:
    """The event as it is; before it is saved placeholders, which the first sync replaces."""
    host = choice.person.email
    if choice.put_at is not None and link is not None and link.conference_id is not None:
        return link.spec  # what is to be written may never be; until it is, the event's own conference is as it was
    if choice.event is not None:
        return choice.event.spec(host=host)
    if link is not None:
        return link.spec
    start = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return ConferenceSpec(title="", start=start, end=start + PLACEHOLDER_LENGTH, time_zone="UTC", host=host)


def apply_event(
    ledger: Ledger, calendar: Calendar, event: Event, now: datetime, *, own_copies: Collection[str] = ()
) -> Action:
    """Bring links and desired states in agreement with the event.

    `own_copies` are the solutions of which a copied event gets a conference of its own; of others it shares one.
    `ledger` holds the event's link, that of its series, every conference that they or the event name, and those
    conferences' other links.
    """
    followed = _follow_instance(ledger, calendar, event, now)
    action = _apply(ledger, calendar, event, now, own_copies)
    return Action.UPDATED if followed and action is Action.NOTHING else action


def _apply(ledger: Ledger, calendar: Calendar, event: Event, now: datetime, own_copies: Collection[str]) -> Action:
    stored = ledger.links.get(link_key(calendar.key, event.id))
    if event.cancelled:
        return _deleted(ledger, stored, now)
    if stored is None:
        return _adopt(ledger, calendar, event, now, own_copies)
    spec, organizer = event.spec(host=stored.owner), None if event.organizer_self else event.organizer
    spec = replace(spec, occurrences=still_taking_place(spec, stored.spec.occurrences))
    link = replace(stored, spec=spec, organizer=organizer, hidden_at=None)
    ledger.put(link)
    action = _recognise(ledger, calendar, link, event, now)
    for conference_id in ledger.links.get(link.key, link).conference_ids:
        drive(ledger, conference_id, now)
    if action is Action.NOTHING and link.spec != stored.spec:
        return Action.UPDATED
    return action


def _follow_instance(ledger: Ledger, calendar: Calendar, event: Event, now: datetime) -> bool:
    """Note at its series how an instance differs from it; whether that is news.

    One with another conference than its series, or with none, says nothing about the series' meeting.
    """
    series = ledger.links.get(link_key(calendar.key, event.recurring_event_id)) if event.recurring_event_id else None
    if series is None or series.organizer is not None or event.original_start is None:
        return False
    same = event.cancelled or event.conference_id in series.conference_ids
    occurrence = occurrence_of(event, series.spec) if same else None
    spec = with_occurrence(series.spec, event.original_start.at, occurrence)
    if spec == series.spec:
        return False
    ledger.put(replace(series, spec=spec))
    for conference_id in series.conference_ids:
        drive(ledger, conference_id, now)
    return True


def _recognise(ledger: Ledger, calendar: Calendar, link: Link, event: Event, now: datetime) -> Action:
    """See which of its conferences the event shows."""
    carried = event.conference_id
    if carried is not None and carried == _of_series(ledger, calendar, event):
        return _rejoin(ledger, link, carried, now)
    if carried == link.conference_id:
        if link.replaces is not None:
            ledger.put(replace(link, replaces=None))
        return Action.NOTHING
    if carried is not None and carried == link.replaces:
        return Action.NOTHING  # until its own is published
    if carried is not None and carried in link.conference_ids:
        _see(ledger, link, carried, event, now)
        return Action.SEEN
    ours = _adoptable(ledger, calendar, event)
    if ours is not None:
        return _attach(ledger, link, ours, event, now)
    if link.conference_id is None:
        return Action.NOTHING  # chosen, not saved yet: it stays provisional until it is collected
    if _still_shown(ledger, link.conference_id, event):
        return Action.NOTHING
    let_go(ledger, link, link.conference_id, now)
    return Action.DETACHED


def _still_shown(ledger: Ledger, conference_id: str, event: Event) -> bool:
    """Whether the event shows the meeting somewhere all the same, say in a text block that a client has changed."""
    conference = ledger.conferences.get(conference_id)
    details = conference.applied.details if conference else None
    return event.shows(conference_id, details.uris if details else ())


def _rejoin(ledger: Ledger, link: Link, conference_id: str, now: datetime) -> Action:
    """An instance shows its series' conference: that is the series' alone, and one of its own is over."""
    held = [each for each in (link.conference_id, conference_id) if each in link.conference_ids]
    for each in dict.fromkeys(held):
        let_go(ledger, link, each, now)
    return Action.DETACHED if held else Action.NOTHING


def let_go(ledger: Ledger, link: Link, conference_id: str, now: datetime) -> None:
    """Take a conference off a link, which goes with its last one. The conference goes with its last link."""
    detach(ledger, link, conference_id, now)
    remaining = ledger.links[link.key]
    if not remaining.conference_ids:
        ledger.drop(remaining)


def _see(ledger: Ledger, link: Link, conference_id: str, event: Event, now: datetime) -> None:
    """The event shows this conference: it is the link's own now, and the one it replaces goes."""
    replaced = link.conference_id
    if replaced is not None:
        detach(ledger, link, replaced, now)
        link = ledger.links.get(link.key, link)
    published = _published(ledger.conferences.get(conference_id), event)
    seen = replace(link.without(conference_id), conference_id=conference_id, seen_at=now, published=published)
    ledger.put(replace(seen, shown_uri=_video_uri(ledger, conference_id) if published else link.shown_uri))
    if published is None:
        _look_soon(ledger, conference_id, now)
    conference = ledger.conferences.get(conference_id)
    for other in [ledger.links.get(key) for key in conference.links] if conference else []:
        if other is not None and (other.calendar_key, other.series) == (link.calendar_key, link.event_id):
            let_go(ledger, other, conference_id, now)  # an instance that was read before its series


def _video_uri(ledger: Ledger, conference_id: str) -> str | None:
    conference = ledger.conferences.get(conference_id)
    details = conference.applied.details if conference else None
    return details.video_uri if details else None


def _look_soon(ledger: Ledger, conference_id: str, now: datetime) -> None:
    """Have the conference looked at, say because the event shows other details than the meeting has."""
    conference = ledger.conferences.get(conference_id)
    if conference is not None:
        due = min(filter(None, (conference.due_at, now + TASK_GRACE)))
        ledger.put(replace(conference, due_at=due))


def _published(conference: Conference | None, event: Event) -> str | None:
    """The revision of the details that the event shows, None if it shows others."""
    details = conference.applied.details if conference else None
    if details is None:
        return None
    if event.conference is None:
        # a block is as we wrote it, or was taken apart
        told = conference is not None and event.text_conference_id == conference.id and event.text_uri is not None
        return details.revision if told and event.text_uri == details.video_uri else None
    return details.revision if event.conference.uris == details.uris else None


def _adoptable(ledger: Ledger, calendar: Calendar, event: Event) -> Conference | None:
    """The conference of ours that the event shows and may share, on an organizer's own copy.

    An instance shares no conference with its series: it follows the series.
    """
    conference = ledger.conferences.get(event.conference_id or "")
    if conference is None or not _at_home(ledger, calendar, event, conference):
        return None
    return conference if event.organizer_self and conference.id != _of_series(ledger, calendar, event) else None


def _at_home(ledger: Ledger, calendar: Calendar, event: Event, conference: Conference) -> bool:
    """Whether it is of the calendar's tenant, or of this event or calendar: several tenants may write to one."""
    if conference.tenant == calendar.tenant:
        return True
    if conference.id == keys.conference_id(calendar.key, event.id, conference.solution, conference.variant):
        return True
    links = (ledger.links.get(key) for key in conference.links)
    return any(link is not None and link.calendar_key == calendar.key for link in links)


def _of_series(ledger: Ledger, calendar: Calendar, event: Event) -> str | None:
    """The conference that the event's series was seen with, if the event is an instance."""
    if event.recurring_event_id is None:
        return None
    series = ledger.links.get(link_key(calendar.key, event.recurring_event_id))
    return series.conference_id if series else None


def _adopt(ledger: Ledger, calendar: Calendar, event: Event, now: datetime, own_copies: Collection[str]) -> Action:
    """An event without a link that carries one of our conferences: a copy, a split series, an event from the trash."""
    conference = _adoptable(ledger, calendar, event)
    if conference is None:
        return Action.NOTHING
    if conference.solution in own_copies and _is_copy(ledger, conference, event):
        return _give_its_own(ledger, calendar, event, conference, now)
    spec = event.spec(host=calendar.owner)
    # an event that was moved here has the id, and the instances, that it had on its calendar before
    before = [link for key in conference.links if (link := ledger.links.get(key)) and link.event_id == event.id]
    told = [each for link in before for each in link.spec.occurrences]
    spec = replace(spec, occurrences=still_taking_place(spec, told))
    link = _new_link(calendar, event.id, spec, owner=calendar.owner, series=event.recurring_event_id, now=now)
    return _attach(ledger, link, conference, event, now)


def _is_copy(ledger: Ledger, conference: Conference, event: Event) -> bool:
    """Whether the event was copied from another one that has the conference.

    One that moved here has its id; the later part of a series that was split has the series' id, "_R" and its start.
    """
    others = [link.event_id for key in conference.links if (link := ledger.links.get(key)) is not None]
    whole = event.id.partition("_R")[0]
    return bool(others) and whole not in {each.partition("_R")[0] for each in others}


def _give_its_own(ledger: Ledger, calendar: Calendar, event: Event, copied: Conference, now: datetime) -> Action:
    """A conference for this event alone; its details replace those that it was copied with."""
    spec, series = event.spec(host=calendar.owner), event.recurring_event_id
    link = _new_link(calendar, event.id, spec, owner=calendar.owner, series=series, now=now)
    own = keys.conference_id(calendar.key, event.id, copied.solution, copied.variant)
    ledger.put(replace(link, conference_id=own, seen_at=now, replaces=copied.id))
    made = ledger.conferences.get(own) or Conference(
        id=own,
        solution=copied.solution,
        tenant=calendar.tenant,
        host=calendar.owner,
        desired=Desired(version=0, spec=None),
        created_at=now,
        settings=copied.settings,
        account=copied.account,
    )
    ledger.put(replace(made, links=(*made.links, link.key)))
    drive(ledger, own, now)
    return Action.COPIED


def _new_link(
    calendar: Calendar, event_id: str, spec: ConferenceSpec, *, owner: str, series: str | None, now: datetime
) -> Link:
    return Link(
        key=link_key(calendar.key, event_id),
        calendar_key=calendar.key,
        calendar_id=calendar.calendar_id,
        event_id=event_id,
        owner=owner,
        spec=spec,
        series=series,
        created_at=now,
    )


def _attach(ledger: Ledger, link: Link, conference: Conference, event: Event, now: datetime) -> Action:
    """The event shows a conference that it had no part in so far: it is one of its links from now on."""
    ledger.put(replace(conference, links=(*conference.links, link.key)))
    _see(ledger, link, conference.id, event, now)
    drive(ledger, conference.id, now)
    return Action.ADOPTED if conference.wanted else Action.REVIVED


def hand_over(ledger: Ledger, calendar: Calendar, event: Event) -> None:
    """The event was moved to this calendar. Its conference goes with it, and is of this calendar's tenant: on the one
    before it may have been somebody else's who writes there, too.
    """
    conference = ledger.conferences.get(event.conference_id or "")
    if conference is not None:
        ledger.put(replace(conference, tenant=calendar.tenant))


def hide(ledger: Ledger, calendar: Calendar, event: Event, now: datetime) -> Action:
    """The event is gone from this calendar, and may live on where nobody can look: what it has stays until it is over.

    A conference goes only when its event is known to be gone for its organizer.
    """
    link = ledger.links.get(link_key(calendar.key, event.id))
    if link is None:
        return Action.NOTHING
    if has_passed(link, now):
        return _deleted(ledger, link, now)
    ledger.put(replace(link, hidden_at=now))
    for conference_id in link.conference_ids:
        _look_soon(ledger, conference_id, now + LOOK_AGAIN)
    return Action.HIDDEN


def has_passed(link: Link, now: datetime) -> bool:
    """Whether the last time of the link's event is over."""
    ends = last_end(link.spec)
    return ends is not None and ends < now


def _deleted(ledger: Ledger, link: Link | None, now: datetime) -> Action:
    if link is None:
        return Action.NOTHING
    for conference_id in link.conference_ids:
        detach(ledger, link, conference_id, now)
    ledger.drop(ledger.links.get(link.key, link))
    return Action.DELETED


def detach(ledger: Ledger, link: Link, conference_id: str, now: datetime) -> None:
    """Take a conference off a link. The last link takes the meeting with it; else the next oldest drives it."""
    link = ledger.links.get(link.key, link)
    ledger.put(link.without(conference_id))
    conference = ledger.conferences.get(conference_id)
    if conference is None:
        return
    left = tuple(key for key in conference.links if key != link.key)
    ledger.put(replace(conference, links=left))
    drive(ledger, conference_id, now)


def drive(ledger: Ledger, conference_id: str, now: datetime) -> None:
    """Let the event of the oldest link set the conference's desired state. Without any link there should be none.

    Events that were not seen with it yet, and may never be, count only while none shows it. A meeting that another
    event needs for longer (the later half of a split series, a copy on a later day) must not end with the driving one's
    schedule: it gets an open end.
    """
    conference = ledger.conferences.get(conference_id)
    if conference is None:
        return
    if not conference.links:
        ledger.put(desire(conference, None, now))
        return
    links = [link for key in conference.links if (link := ledger.links.get(key)) is not None]
    showing = [link for link in links if link.conference_id == conference_id]
    if links:
        driver, *others = showing or links
        ends = last_end(driver.spec) if others else None  # a series takes milliseconds
        outlived = any(_outlives(last_end(other.spec), ends) for other in others)
        ledger.put(desire(conference, replace(driver.spec, open_ended=outlived), now))


def _outlives(other: datetime | None, ends: datetime | None) -> bool:
    """Whether something that ends at `other` goes on after `ends`; None is never."""
    return ends is not None and (other is None or other > ends)
