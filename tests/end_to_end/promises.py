"""The oracle: which of confsync's promises is broken at this moment, and for which event.

What should be is worked out from the events alone, as the simulated Calendar holds them; the store is asked only who
drives a shared conference, what was chosen and not saved yet, and whether it is at rest.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from confsync.domain.calendar import Calendar, CalendarState
from confsync.domain.channel import Channel, ChannelState
from confsync.domain.conference import Conference, ConferenceState
from confsync.domain.keys import calendar_key, is_conference_id
from confsync.domain.link import Link
from confsync.ports import Store
from playground.cloud import Cloud
from playground.google_calendar import recurrence
from playground.google_calendar.push import Channel as GoogleChannel
from playground.google_calendar.store import Calendar as GoogleCalendar
from playground.google_calendar.times import moment
from playground.vendors.zoom.rules import SHOWN_OCCURRENCES

Json = dict[str, Any]

OUR_TAG = re.compile(r"\[(confsync-[0-9a-f]+)\.\d+\]")
NO_FIXED_TIME, SCHEDULED, SERIES = 3, 2, 8
FAR_FUTURE = datetime(9999, 1, 1, tzinfo=UTC)
MANY = 10_000


@dataclass(kw_only=True)
class Promises:
    """`foreign_events` (by calendar and event id) and `foreign_meetings` are other people's, to stay as they are."""

    cloud: Cloud
    store: Store
    foreign_events: dict[tuple[str, str], Json] = field(default_factory=dict)
    foreign_meetings: list[Json] = field(default_factory=list)

    def broken(self, calendar_ids: Collection[str]) -> list[str]:
        """One line for each promise that does not hold for these calendars and the people who use them."""
        return [*self._at_zoom(calendar_ids), *self._in_store(calendar_ids), *self._of_others()]

    # --- events and meetings -----------------------------------------------------------------------------------------

    def _at_zoom(self, calendar_ids: Collection[str]) -> Iterator[str]:
        """Promises 1 and 2: an event has one meeting, which agrees with it; a meeting has an event."""
        meetings = self._our_meetings()
        shown = self._shown()
        chosen = {p.conference_id for link in self._links(calendar_ids) for p in link.provisional}
        for conference_id, events in shown.items():
            if any(calendar.id in calendar_ids for calendar, _ in events):
                yield from self._conference(conference_id, events, meetings[conference_id])
        people = self._people(calendar_ids)
        for conference_id in meetings.keys() - shown.keys():
            mine = [meeting for meeting in meetings[conference_id] if meeting["host_email"] in people]
            if len(mine) > (conference_id in chosen):
                ids = ", ".join(f"{meeting['id']} {meeting['topic']!r}" for meeting in mine)
                yield f"left behind at Zoom: {ids} of {conference_id}, which no event shows"

    def _our_meetings(self) -> defaultdict[str, list[Json]]:
        found: defaultdict[str, list[Json]] = defaultdict(list)
        for meeting in self.cloud.zoom.meetings():
            if tag := OUR_TAG.match(meeting["agenda"]):
                found[tag[1]].append(meeting)
        return found

    def _shown(self) -> dict[str, list[tuple[GoogleCalendar, Json]]]:
        """Our conferences, and the living events that show them on their organizer's calendar, series as one."""
        shown = defaultdict(list)
        for calendar, event in self._living():
            conference_id = event.get("conferenceData", {}).get("conferenceId")
            if is_conference_id(conference_id) and "recurringEventId" not in event:
                shown[conference_id].append((calendar, event))
        return shown

    def _living(self) -> Iterator[tuple[GoogleCalendar, Json]]:
        google = self.cloud.calendar.store
        with google.lock:
            for calendar in google.calendars.values():
                for record in calendar.records.values():
                    event = record.resource()
                    if not calendar.is_cancelled(record) and event["organizer"]["email"] == calendar.id:
                        yield calendar, event

    def _conference(
        self, conference_id: str, events: list[tuple[GoogleCalendar, Json]], meetings: list[Json]
    ) -> Iterator[str]:
        stored = self.store.get(Conference, conference_id)
        if stored is None:
            yield f"{_named(*events[0])}: nothing is stored of its conference {conference_id}"
            return
        if stored.state is not ConferenceState.ACTIVE:
            yield f"{_named(*events[0])}: its conference is {stored.state}: {stored.last_error}"
        links = self.store.get_many(Link, stored.links)
        oldest = next((links[key] for key in stored.links if links[key].conference_id == conference_id), None)
        driving = [(c, e) for c, e in events if oldest and (c.id, e["id"]) == (oldest.calendar_id, oldest.event_id)]
        if not driving:
            yield f"{_named(*events[0])}: the oldest link of its conference is {oldest}"
            return
        if stored.solution == "jitsi":
            uris = {point.uri for point in stored.applied.details.entry_points} if stored.applied.details else set()
        elif len(meetings) != 1:
            yield f"{_named(*driving[0])}: has {len(meetings)} meetings at Zoom"
            return
        else:
            uris = {meetings[0]["join_url"]}
            for problem in _differences(*driving[0], [event for _, event in events], meetings[0]):
                yield f"{_named(*driving[0])}: {problem}"
        for calendar, event in events:
            if not uris & {point["uri"] for point in event["conferenceData"].get("entryPoints", ())}:
                yield f"{_named(calendar, event)}: shows no way into its meeting"

    # --- records -----------------------------------------------------------------------------------------------------

    def _in_store(self, calendar_ids: Collection[str]) -> Iterator[str]:
        """Every calendar is followed, every link has its event, and nothing is leased or left to do."""
        for calendar_id in calendar_ids:
            calendar = self.store.get(Calendar, calendar_key(calendar_id))
            if calendar is not None:
                yield from (f"calendar {calendar_id}: {problem}" for problem in self._calendar(calendar))
        for link in self._links(calendar_ids):
            event = self.cloud.calendar.store.calendars[link.calendar_id].resource(link.event_id)
            alive = event is not None and event["status"] != "cancelled"
            shown = event.get("conferenceData", {}).get("conferenceId") if event and alive else None
            if link.conference_id is not None and link.conference_id != shown:
                yield f"the link of {link.event_id} on {link.calendar_id} names {link.conference_id}, not {shown}"
        people = self._people(calendar_ids)
        for conference in self.store.due(Conference, FAR_FUTURE, limit=MANY):
            if conference.host in people and not self._provisional(conference) and not _only_looked_after(conference):
                yield f"{conference.id} is {conference.state} and due at {conference.due_at}: {conference.last_error}"

    def _calendar(self, calendar: Calendar) -> Iterator[str]:
        now = datetime.now(UTC)
        if calendar.state is not CalendarState.ACTIVE:
            yield f"is {calendar.state}: {calendar.reason}"
        if calendar.sync_token is None or calendar.failures:
            yield f"was not read to its end: {calendar.failures} failures, {calendar.reason}"
        if calendar.quarantined:
            yield f"has quarantined events: {calendar.quarantined}"
        if calendar.lease.until is not None:
            yield f"is leased until {calendar.lease.until}"
        if calendar.due_at is None or calendar.due_at < now - timedelta(days=1):
            yield f"is not visited any more: due at {calendar.due_at}"
        channel = self.store.get(Channel, calendar.channel_id or "none")
        open_ones = {c.id for c in list(self.cloud.calendar.push.channels.values()) if _tells(c, calendar)}
        if channel is None or channel.state is not ChannelState.ACTIVE or channel.key not in open_ones:
            yield f"has no open channel: {channel}"
        for channel_id in open_ones - {calendar.channel_id}:
            other = self.store.get(Channel, channel_id)
            # one whose watch was never answered can't be stopped: Google alone knows its resource id
            if other is None or other.resource_id is not None:
                yield f"has a second open channel: {other or channel_id}"

    def _provisional(self, conference: Conference) -> bool:
        """Whether it is due only because somebody may not save it with their event."""
        links = self.store.get_many(Link, conference.links).values()
        chosen = any(p.conference_id == conference.id for link in links for p in link.provisional)
        return chosen and conference.state is ConferenceState.ACTIVE and conference.lease.until is None

    def _links(self, calendar_ids: Collection[str]) -> list[Link]:
        return [link for each in calendar_ids for link in self.store.links_of_calendar(calendar_key(each))]

    def _people(self, calendar_ids: Collection[str]) -> set[str]:
        calendars = [self.cloud.calendar.store.calendars[each] for each in calendar_ids]
        return {person for calendar in calendars for person in (calendar.owner, *calendar.acl)}

    # --- other people's ----------------------------------------------------------------------------------------------

    def _of_others(self) -> Iterator[str]:
        """Promise 3."""
        for (calendar_id, event_id), before in self.foreign_events.items():
            if self.cloud.calendar.store.calendars[calendar_id].resource(event_id) != before:
                yield f"another vendor's event {event_id} on {calendar_id} was touched"
        meetings = {meeting["id"]: meeting for meeting in self.cloud.zoom.meetings()}
        for before in self.foreign_meetings:
            if meetings.get(before["id"]) != before:
                yield f"somebody else's meeting {before['id']} was touched"


def _only_looked_after(conference: Conference) -> bool:
    """Whether nothing is left to do but to compare it with its vendor's copy some time later."""
    seen = conference.applied.checked_at
    later = seen is not None and conference.due_at is not None and conference.due_at - seen > timedelta(hours=12)
    return conference.state is ConferenceState.ACTIVE and later


def _named(calendar: GoogleCalendar, event: Json) -> str:
    return f"{event.get('summary')!r} ({event['id']} on {calendar.id})"


def _tells(channel: GoogleChannel, calendar: Calendar) -> bool:
    return channel.live and channel.calendar_id == calendar.calendar_id


# --- what a meeting should be ----------------------------------------------------------------------------------------


def _differences(calendar: GoogleCalendar, event: Json, sharers: list[Json], meeting: Json) -> Iterator[str]:
    """How the meeting differs from the event that drives it. `sharers`: all events that have it."""
    title = " ".join(event.get("summary", "").split())
    if title and meeting["topic"] != title:
        yield f"is called {meeting['topic']!r} at Zoom"
    ends = _last_end(event)
    outlived = ends is not None and any(end is None or end > ends for end in map(_last_end, sharers))
    wanted = NO_FIXED_TIME if outlived else SERIES if "recurrence" in event else SCHEDULED
    if meeting["type"] != wanted:
        yield f"should be of type {wanted} at Zoom, and is of type {meeting['type']}"
        return
    if wanted == NO_FIXED_TIME:
        return
    zone = event["start"]["timeZone"]
    if (meeting["timezone"], meeting["duration"]) != (zone, _minutes(event)):
        yield f"takes {meeting['duration']} minutes in {meeting['timezone']} at Zoom"
    if wanted == SCHEDULED and _instant(meeting["start_time"], zone) != moment(event["start"]):
        yield f"begins at {meeting['start_time']} at Zoom"
    if wanted == SERIES:
        available = [each["start_time"] for each in meeting["occurrences"] if each["status"] == "available"]
        if sorted(_instant(each, zone) for each in available) != _times(calendar, event):
            yield f"is another series at Zoom: {meeting['recurrence']} from {meeting['start_time']}"


def _times(calendar: GoogleCalendar, event: Json) -> list[datetime]:
    """When the series takes place: as its rule says, but for instances that were cancelled or moved."""
    times = {at.astimezone(UTC): at for at in islice(recurrence.occurrences(event), SHOWN_OCCURRENCES)}
    for each in calendar.exceptions_of(event["id"]):
        instance = calendar.resource(each)
        assert instance is not None
        original = moment(instance["originalStartTime"]).astimezone(UTC)
        if original in times and instance["status"] == "cancelled":
            del times[original]
        elif original in times and _shown(instance) == _shown(event):  # one with a conference of its own is its own
            times[original] = moment(instance["start"])
    return sorted(at.astimezone(UTC) for at in times.values())


def _shown(event: Json) -> str | None:
    return event.get("conferenceData", {}).get("conferenceId")


def _last_end(event: Json) -> datetime | None:
    """When its last time is over, None if it never is."""
    if "recurrence" not in event:
        return moment(event["end"])
    if not re.search("COUNT|UNTIL", event["recurrence"][0]):
        return None
    *_, last = recurrence.occurrences(event)
    return last + (moment(event["end"]) - moment(event["start"]))


def _minutes(event: Json) -> int:
    return (moment(event["end"]) - moment(event["start"])) // timedelta(minutes=1)


def _instant(text: str, zone: str) -> datetime:
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
