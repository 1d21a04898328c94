"""What must always hold, and what must hold once everything is quiet. Judged by what people and the vendor see.

Of our own store only this is read: that nothing is left to do, that a sync token never runs ahead, that what is wrong
with a calendar is told there, and that the index of its links lacks none.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from confsync.domain import link_index
from confsync.domain.calendar import Calendar, CalendarState
from confsync.domain.channel import Channel, ChannelState
from confsync.domain.conference import Conference, ConferenceSpec, ConferenceState
from confsync.domain.event import Event
from confsync.domain.fitting import fit
from confsync.domain.keys import calendar_key, is_conference_id, link_key
from confsync.domain.link import COLLECT_AFTER, Link
from confsync.domain.recurrence import last_end, occurrence_of, upcoming, with_occurrence
from confsync.domain.solution import Capabilities
from confsync.ports import Save, Write
from tests.fakes.provider import Meeting
from tests.fakes.store import MemoryStore
from tests.simulation.gate import promised
from tests.simulation.google import is_ours

if TYPE_CHECKING:
    from tests.simulation.cloud import Cloud


class ObservedStore(MemoryStore):
    """The store in memory, which shows every commit to an observer."""

    observer: Callable[[Sequence[Write]], None] = staticmethod(lambda _: None)

    def commit(self, writes: Sequence[Write]) -> None:
        super().commit(writes)
        with promised():
            self.observer(writes)


class Promises:
    """The promises of confsync to the people of one cloud."""

    def __init__(self, cloud: "Cloud") -> None:
        self.cloud = cloud
        self.links: dict[tuple[str, str], str] = {}
        """Which meeting link people were given for which event: it stays for as long as the event keeps it."""
        self.chosen: dict[str, datetime] = {}
        """When each conference was chosen or saved the last time."""
        self.wanted: dict[tuple[str, str], str] = {}
        """Which conference of ours an application asked for last, until somebody takes it away."""
        self.keys: set[tuple[str, str]] = set()
        """The events that applications named by their keys: each is made once."""
        self.handed_over: set[tuple[str, str]] = set()
        """Events that have another organizer by now: what is left there is a guest's copy, which still counts."""

    def promise(self, calendar_id: str, event_id: str, uri: str | None) -> None:
        """People have this link now."""
        if uri is not None:
            self.links[calendar_id, event_id] = uri

    def release(self, calendar_id: str, event_id: str) -> None:
        """Somebody took the conference or the event away: another link may come."""
        self.links.pop((calendar_id, event_id), None)
        self.wanted.pop((calendar_id, event_id), None)

    def ask(self, calendar_id: str, event_id: str, conference_id: str) -> None:
        """An application wants the event to have this conference of ours, and no other."""
        if self.cloud.shows(calendar_id, event_id) != conference_id:
            self.release(calendar_id, event_id)
        self.wanted[calendar_id, event_id] = conference_id
        self.cloud.google.wishes[calendar_id, event_id].add(conference_id)
        self.chosen[conference_id] = self.cloud.clock.now()

    # --- at every step -----------------------------------------------------------------------------------------------

    def committed(self, writes: Sequence[Write]) -> None:
        """What was just stored may be read by others, or be the last thing that is stored."""
        for write in writes:
            told = getattr(write.record, "last_error", None) or getattr(write.record, "reason", None)
            assert "unexpected" not in str(told).lower(), f"a fault of our own: {write.record}"
            if isinstance(write, Save) and isinstance(write.record, Calendar):
                calendar = self.cloud.store.get(Calendar, write.record.key)
                assert calendar is not None
                self._looked_after(calendar)
                if calendar.sync_token is not None:
                    self._durable(calendar)
        touched = {w.record.calendar_key if isinstance(w.record, Link) else w.record.key for w in writes}
        for calendar in self.cloud.store.get_many(Calendar, sorted(touched)).values():
            self._indexed(calendar)

    def _looked_after(self, calendar: Calendar) -> None:
        """Nobody has to find out by themselves that a calendar is not followed."""
        assert calendar.due_at is not None or calendar.state is CalendarState.GONE, f"{calendar} is forgotten"
        match calendar.state:
            case CalendarState.ACTIVE if calendar.sync_token is not None and calendar.channel_id is not None:
                assert self.cloud.store.get(Channel, calendar.channel_id) is not None, calendar
            case CalendarState.POLLING | CalendarState.GONE:
                assert calendar.reason, f"{calendar} does not say why it is not watched"

    def _indexed(self, calendar: Calendar) -> None:
        if calendar.link_index is not None:
            links = {link.key for link in self.cloud.store.links_of_calendar(calendar.key)}
            lacking = links - link_index.named(calendar.link_index, links)
            assert not lacking, f"the index of {calendar.calendar_id} lacks {lacking}"

    def _durable(self, calendar: Calendar) -> None:
        """A sync token is stored: everything up to it must be stored as well."""
        account, calendar_id, _, revision = json.loads(calendar.sync_token or "")
        assert (account, calendar_id) == (calendar.owner, calendar.calendar_id)
        unread = {event.id for event in calendar.quarantined}
        for event_id, since in self.cloud.google.unreadable(calendar_id).items():
            assert since > revision or event_id in unread, f"{event_id} can't be read, and nobody is told"
        for (where, event_id), versions in self.cloud.google.versions.items():
            if where != calendar_id or event_id in unread:
                continue
            told = [at for at, _ in versions if at <= revision]
            if told:
                current = [event for at, event in versions if at >= told[-1]]
                if self._beyond(calendar, current[0]):
                    continue
                link = self.cloud.store.get(Link, link_key(calendar.key, event_id))
                late = f"the token of {calendar_id} is past a change of {event_id} that is not stored"
                assert any(self._agrees(calendar, link, event) for event in current), late
                if link is not None and link.conference_id is not None:
                    spec = replace(link.spec, occurrences=())
                    assert any(not e.cancelled and spec == e.spec(host=link.owner) for e in current), late

    def _beyond(self, calendar: Calendar, event: Event) -> bool:
        """Whether a full list need not tell of the event: it was over, and never seen with a conference."""
        link = self.cloud.store.get(Link, link_key(calendar.key, event.id))
        if self.cloud.window is None or (link is not None and link.seen_at is not None):
            return False
        over = event.end is not None and event.end.at <= self.cloud.clock.now() - self.cloud.window
        return over and not event.recurrence

    def _agrees(self, calendar: Calendar, link: Link | None, event: Event) -> bool:
        """Whether the link has the conference that it should after this version of the event was read."""
        seen = link.conference_id if link else None
        if event.cancelled or not is_conference_id(event.conference_id):
            return seen is None
        if link is not None and link.replaces == event.conference_id:
            return True  # a copy, which has a conference of its own
        if link is not None and event.conference_id in self.cloud.google.wishes[calendar.calendar_id, event.id]:
            return (
                event.conference_id in link.conference_ids
            )  # an application asked for it again: it is looked at later
        return seen == event.conference_id or (seen is None and not self._adoptable(calendar, event))

    def _adoptable(self, calendar: Calendar, event: Event) -> bool:
        conference = self.cloud.store.get(Conference, event.conference_id or "")
        if conference is None or conference.tenant != calendar.tenant:
            return False
        return event.organizer_self and event.recurring_event_id is None

    def stopped(self, channel_id: str) -> None:
        """A channel was stopped: a calendar that is watched has another one."""
        with promised():
            self._another_is_open(channel_id)

    def _another_is_open(self, channel_id: str) -> None:
        google, now = self.cloud.google, self.cloud.clock.now()
        calendar_id = google.channels[channel_id].calendar_id
        calendar = self.cloud.store.get(Calendar, calendar_key(calendar_id))
        if calendar is None or calendar.state is not CalendarState.ACTIVE or calendar.channel_id is None:
            return
        others = [c for c in google.channels.values() if c.calendar_id == calendar_id and not c.stopped]
        watching = [c for c in others if c.expiration > now or c.id in google.killed]
        assert watching, f"the only channel of {calendar_id} was stopped"

    # --- once it is quiet --------------------------------------------------------------------------------------------

    def at_rest(self) -> bool:
        """Whether nothing waits that is only a matter of time."""
        calendars = self.cloud.store._records(Calendar)
        lost = any(each.state in {CalendarState.PAUSED, CalendarState.GONE} for each in calendars)
        return not lost and all(conference.settled for conference in self.cloud.store._records(Conference))

    def check(self, *, collected: bool = False) -> None:
        """All of it; `collected`: so much time has passed that no unsaved choice may have a meeting any more."""
        self._check_vendor(collected=collected)
        self._check_events()
        self._check_conferences(collected=collected)
        self._check_calendars()
        self._check_secrets()
        self._check_applications()

    def _showing(self) -> dict[str, list[tuple[str, Event]]]:
        """The live events of followed calendars by the conference of ours that they show."""
        followed = {calendar.calendar_id: calendar for calendar in self.cloud.store._records(Calendar)}
        showing: dict[str, list[tuple[str, Event]]] = defaultdict(list)
        for calendar_id, event in self.cloud.events():
            if event.cancelled or calendar_id not in followed or self._beyond(followed[calendar_id], event):
                continue
            if not event.organizer_self and (calendar_id, event.id) not in self.handed_over:
                continue
            if is_ours(event.conference_id):
                showing[event.conference_id].append((calendar_id, event))
        return showing

    def _check_vendor(self, *, collected: bool) -> None:
        showing = self._showing()
        now = self.cloud.clock.now()
        meetings: dict[str, list[Meeting]] = defaultdict(list)
        for meeting in self.cloud.vendor.meetings.values():
            if meeting.id in self.cloud.vendor.foreign:
                assert meeting.spec == self.cloud.vendor.foreign[meeting.id], f"{meeting.id} is not ours"
            else:
                meetings[meeting.marker.rpartition(".")[0]].append(meeting)
        for conference_id, found in meetings.items():
            if not self.cloud.vendor.capabilities.deletes:
                continue  # it never removes any
            assert len(found) == 1, f"{conference_id} has {[meeting.id for meeting in found]}"
            chosen = self.chosen.get(conference_id)  # None: nobody chose it, its event was copied
            if collected or chosen is None or now - chosen > COLLECT_AFTER:
                assert conference_id in showing, f"{found[0]} was left behind: no event shows {conference_id}"
        for conference_id, events in showing.items():
            if conference_id in self.cloud.vendor.lost.values() and conference_id not in meetings:
                continue  # nobody knows before the next change
            assert conference_id in meetings, f"{[e.id for _, e in events]} show {conference_id}, which has no meeting"
            self._check_agreement(meetings[conference_id][-1], [event for _, event in events])

    def _check_agreement(self, meeting: Meeting, events: Sequence[Event]) -> None:
        """The meeting is what one of the events that show it says; that is a matter of order if there are several."""

        def differing(event: Event) -> list[str]:
            spec: ConferenceSpec = event.spec(host=meeting.spec.host)
            # of a series what is to come will do: a meeting that was made later began later
            pairs = [(meeting.spec, spec), (upcoming(meeting.spec, now), upcoming(spec, now))]
            ends = [last_end(each) for each in (meeting.spec, spec)]
            over = all(end is not None and end <= now for end in ends)  # then no time is to come, here or there
            follows = sorted(self.cloud.vendor.follows - ({"start", "end", "recurrence"} if over else set()))
            return [name for name in follows if all(getattr(a, name) != getattr(b, name) for a, b in pairs)]

        now = self.cloud.clock.now()

        masters = [event for event in events if event.recurring_event_id is None] or events
        differences = {event.id: differing(event) for event in masters}
        assert not all(differences.values()), f"{meeting} differs from its events in {differences}"
        if self.cloud.vendor.capabilities.occurrences and len(masters) == 1:
            self._check_occurrences(meeting, masters[0])

    def _check_occurrences(self, meeting: Meeting, series: Event) -> None:
        """Single times of the series are at the vendor as they are in Calendar; those that are over don't matter."""
        spec = series.spec(host="")
        instances = [
            event
            for _, event in self.cloud.events()
            if event.recurring_event_id == series.id
            and (event.cancelled or event.conference_id == series.conference_id)
        ]
        expected = spec
        for event in instances:
            assert event.original_start is not None
            expected = with_occurrence(expected, event.original_start.at, occurrence_of(event, spec))
        now = self.cloud.clock.now()
        wanted, held = (
            fit(expected, self.cloud.vendor.capabilities, now),
            fit(meeting.spec, Capabilities(occurrences=True), now),
        )
        assert wanted.occurrences == held.occurrences, f"{meeting.id} has {held.occurrences}, not {wanted.occurrences}"

    def _check_events(self) -> None:
        for conference_id, events in self._showing().items():
            for meeting in self.cloud.vendor.of(conference_id)[-1:]:
                for _, event in events:
                    uris = self.cloud.vendor.uris_on_events(meeting)
                    assert shown(event) == uris, f"{event.id} shows {shown(event)}, the meeting has {uris}"
        now = {(calendar_id, event.id): event for calendar_id, event in self.cloud.events()}
        for place, uri in self.links.items():
            assert uri in shown(now[place]), f"{place} lost its link {uri}; it shows {now[place]}"

    def _check_conferences(self, *, collected: bool) -> None:
        showing = self._showing()
        soon = self.cloud.clock.now() + timedelta(hours=1)
        assert self.cloud.store.due(Conference, soon, limit=9) == []
        for conference in self.cloud.store._records(Conference):
            if conference.state is ConferenceState.FAILED and not collected and conference.id not in showing:
                continue  # refused for good, for an event that nobody saved with it
            assert conference.state in {ConferenceState.ACTIVE, ConferenceState.DELETED}, conference
            assert conference.settled, conference
            assert not conference.lease.taken(self.cloud.clock.now()), conference
            assert (conference.expire_at is None) == conference.wanted, conference

    def _check_secrets(self) -> None:
        """By a channel's token, which is in no record and no task, anybody could speak for Google."""
        kept = str([*map(self.cloud.store._records, (Calendar, Channel, Conference, Link)), self.cloud.waiting])
        for channel in self.cloud.google.channels.values():
            assert channel.token.rpartition(".")[2] not in kept, f"the token of {channel.id} is kept"

    def _check_applications(self) -> None:
        """Each key made at most one event."""
        made = self.cloud.google.inserted
        assert len(made) == len(set(made)), f"made twice: {made}"
        assert set(made) <= self.keys, f"nobody asked for {set(made) - self.keys}"

    def _check_calendars(self) -> None:
        now = self.cloud.clock.now()
        for calendar in self.cloud.store._records(Calendar):
            assert not calendar.lease.taken(now), calendar
            if calendar.state is not CalendarState.ACTIVE:
                assert calendar.reason, f"{calendar} does not say why it is not watched"
                continue
            assert calendar.sync_token is not None, calendar
            channel = self.cloud.store.get(Channel, calendar.channel_id or "")
            assert channel is not None, f"{calendar} has no channel"
            assert channel.state is ChannelState.ACTIVE, channel
            open_at_google = self.cloud.google.channels[channel.key]
            assert not open_at_google.stopped, channel
            assert open_at_google.expiration > now or channel.key in self.cloud.google.killed, channel
        revoked = self.cloud.google.revoked  # what they opened nobody can stop
        in_use = [c for c in self.cloud.store._records(Channel) if c.due_at is not None and c.owner not in revoked]
        assert len({channel.calendar_key for channel in in_use}) == len(in_use), in_use


def shown(event: Event) -> frozenset[str]:
    """The meeting link that people find on the event; where it is written as text, it is the location too."""
    if event.conference is not None:
        return event.conference.uris
    return frozenset({event.location}) if event.text_conference_id is not None else frozenset()
