"""Vendors of every kind that `Capabilities` tells of, each of which insists on its own ways."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any

from confsync.domain.conference import ConferenceSpec, ProviderConference, Reference
from confsync.domain.entry_point import ConferenceDetails, EntryPoint, EntryPointType
from confsync.domain.joining import token
from confsync.domain.solution import CallLimit, Capabilities, LimitWindow, OwnRecurrence
from tests.fakes.clock import FakeClock
from tests.fakes.grants import FakeGrants
from tests.fakes.provider import SETTLE, WATCHED, Meeting
from tests.simulation.gate import BrokenPromise, promised
from tests.simulation.vendor import SimulatedVendor

HOUR = timedelta(hours=1)
LIFETIME = timedelta(days=8)
JOIN = "https://join.example.com/j"


class Kind(SimulatedVendor):
    """A vendor with capabilities of its own."""

    quirks = Capabilities()

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.capabilities = replace(self.quirks, settle=SETTLE)

    def accept(self, spec: ConferenceSpec) -> None:
        """Fails the test if the vendor was not told about its own kind."""

    def create(self, spec: ConferenceSpec, marker: str) -> ProviderConference:
        with promised():
            self.accept(spec)
        return super().create(spec, marker)

    def update(
        self, reference: Reference, spec: ConferenceSpec, changed: frozenset[str], marker: str
    ) -> ProviderConference:
        with promised():
            self.accept(spec)
        return super().update(reference, spec, changed, marker)


class WithoutTimes(Kind):
    """A meeting has a title and is valid at any time."""

    follows = frozenset({"title"})

    def kept(self, spec: ConferenceSpec) -> dict[str, Any]:
        return {"title": spec.title}


class WithoutSeries(Kind):
    """One meeting for a whole series."""

    quirks = Capabilities(recurrence=OwnRecurrence.NONE)
    follows = WATCHED - {"open_ended", "recurrence"}

    def accept(self, spec: ConferenceSpec) -> None:
        assert spec.recurrence == ()


class WithAnySeries(Kind):
    """All of RFC 5545."""

    quirks = Capabilities(recurrence=OwnRecurrence.RRULE)


class WithOccurrences(Kind):
    """Single times of a series are cancelled, moved and renamed here too."""

    quirks = Capabilities(recurrence=OwnRecurrence.RRULE, occurrences=True)

    def kept(self, spec: ConferenceSpec) -> dict[str, Any]:
        return {**super().kept(spec), "occurrences": spec.occurrences}


class WithAnotherLink(Kind):
    """Every change changes the link."""

    keeps_links = False

    def update(
        self, reference: Reference, spec: ConferenceSpec, changed: frozenset[str], marker: str
    ) -> ProviderConference:
        if reference.ids["id"] in self.meetings:
            self.meetings[reference.ids["id"]].secret += 1
        return super().update(reference, spec, changed, marker)


class WithoutUpdate(Kind):
    """A meeting never changes."""

    quirks = Capabilities(updates=False)
    keeps_links = False

    def update(self, *_: Any) -> ProviderConference:
        raise BrokenPromise("it can't update")


class WithoutDelete(Kind):
    """A meeting is there for ever."""

    quirks = Capabilities(deletes=False)

    def delete(self, *_: Any) -> None:
        raise BrokenPromise("it can't delete")


class Mailing(Kind):
    """It writes to everybody whom it knows."""

    quirks = Capabilities(mails_attendees=True)

    def accept(self, spec: ConferenceSpec) -> None:
        assert spec.attendees == (), "people would get mail"


class Redirecting(Kind):
    """Each person needs a link of their own."""

    quirks = Capabilities(join_redirect=True)

    def uris_on_events(self, meeting: Meeting) -> frozenset[str]:
        return frozenset({f"{JOIN}/{token((b'j' * 32,), meeting.marker.rpartition('.')[0])}"})


class Clamping(Kind):
    """Meetings of an hour to a day, with times, none of them over."""

    quirks = Capabilities(shortest=HOUR, longest=24 * HOUR, all_day=False, past_starts=False)
    follows = WATCHED - {"open_ended", "start", "end", "all_day"}

    def accept(self, spec: ConferenceSpec) -> None:
        assert HOUR <= spec.end - spec.start <= 24 * HOUR
        assert not spec.all_day
        assert spec.recurrence or spec.start >= self._clock.now() - timedelta(seconds=1)


class Listing(Kind):
    """It finds meetings by a list of those around a time."""

    def find(self, marker: str, spec: ConferenceSpec) -> list[ProviderConference]:
        around = [each.id for each in self.meetings.values() if each.spec.start == spec.start]
        return [each for each in super().find(marker, spec) if each.reference.ids["id"] in around]


class ByClientId(Kind):
    """The marker is the meeting's id: a second create gives the first one's."""

    def create(self, spec: ConferenceSpec, marker: str) -> ProviderConference:
        for meeting in self.meetings.values():
            if meeting.marker == marker:
                return self.shown(meeting)
        return super().create(spec, marker)


class Derived(Kind):
    """A room is there as soon as it can be named, and nothing is kept of its event."""

    quirks = Capabilities(drifts=False)
    follows = frozenset[str]()

    def kept(self, spec: ConferenceSpec) -> dict[str, Any]:
        return {}

    def find(self, marker: str, spec: ConferenceSpec) -> list[ProviderConference]:
        found = super().find(marker, spec)
        return found or [self.create(spec, marker)]


class RollingLimit(Kind):
    """So many creations and changes in 24 hours; what it refuses does not count."""

    PER_DAY = 10
    quirks = Capabilities(
        limit=CallLimit(calls=PER_DAY, account="acme", window=LimitWindow.ROLLING_DAY, counts_refused=False)
    )

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.taken: list[datetime] = []

    def _count(self, host: str) -> None:
        now = self._clock.now()
        recent = [at for at in self.taken if now - at < timedelta(days=1)]
        if len(recent) >= self.PER_DAY:
            raise BrokenPromise(f"too many calls in 24 hours: {recent}")
        self.taken.append(now)


class Lapsing(Kind):
    """So long after its last time or change a meeting gets another dial-in number."""

    quirks = Capabilities(lifetime=LIFETIME)

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.touched: dict[str, datetime] = {}

    def shown(self, meeting: Meeting) -> ProviderConference:
        told = super().shown(meeting)
        base = max(self.touched.get(meeting.id, meeting.shows_at), meeting.spec.end)
        lapses = max(0, (self._clock.now() - base) // LIFETIME)
        phone = EntryPoint(type=EntryPointType.PHONE, uri=f"tel:+1555{lapses:07}")
        details = ConferenceDetails(entry_points=(*told.details.entry_points, phone))
        return ProviderConference(reference=told.reference, details=details, fingerprint=told.fingerprint)

    def update(
        self, reference: Reference, spec: ConferenceSpec, changed: frozenset[str], marker: str
    ) -> ProviderConference:
        self.touched[reference.ids["id"]] = self._clock.now()
        return super().update(reference, spec, changed, marker)


class LapsingWithoutUpdate(WithoutUpdate):
    """Rooms with an end that nobody can move."""

    quirks = Capabilities(updates=False, lifetime=LIFETIME)


class Pooled(Kind):
    """Its meetings have two hosts, each of whom can run one at a time."""

    hosts = ("room1@example.com", "room2@example.com")
    keeps_links = False

    def create(self, spec: ConferenceSpec, marker: str) -> ProviderConference:
        made = super().create(spec, marker)
        self._nobody_is_needed_twice()
        return made

    def update(
        self, reference: Reference, spec: ConferenceSpec, changed: frozenset[str], marker: str
    ) -> ProviderConference:
        updated = super().update(reference, spec, changed, marker)
        self._nobody_is_needed_twice()
        return updated

    def _nobody_is_needed_twice(self) -> None:
        ours = [each for each in self.meetings.values() if each.id not in self.foreign]
        with promised():
            assert all(each.spec.host in self.hosts for each in ours)
            for one, other in combinations(ours, 2):
                same = one.marker.rpartition(".")[0] == other.marker.rpartition(".")[0]
                meet = one.spec.start < other.spec.end and other.spec.start < one.spec.end
                assert same or one.spec.host != other.spec.host or not meet, f"{one} and {other}"


class Personal(Kind):
    """Each person's own account: every call needs its host's token."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.grants = FakeGrants(self.everybody)

    everybody = ("ann@example.com", "ben@example.com", "cara@example.com")

    def create(self, spec: ConferenceSpec, marker: str) -> ProviderConference:
        self.grants.token(spec.host, "personal")
        return super().create(spec, marker)

    def find(self, marker: str, spec: ConferenceSpec) -> list[ProviderConference]:
        self.grants.token(spec.host, "personal")
        return super().find(marker, spec)

    def get(self, reference: Reference) -> ProviderConference:
        self.grants.token(reference.host, "personal")
        return super().get(reference)

    def update(
        self, reference: Reference, spec: ConferenceSpec, changed: frozenset[str], marker: str
    ) -> ProviderConference:
        self.grants.token(reference.host, "personal")
        return super().update(reference, spec, changed, marker)

    def delete(self, reference: Reference) -> None:
        self.grants.token(reference.host, "personal")
        super().delete(reference)
