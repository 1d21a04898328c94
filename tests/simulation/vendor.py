"""The conferencing vendor for the simulation: the fake of the port, which knows of each call whether it was of use."""

from datetime import timedelta

from confsync.domain.conference import ConferenceSpec, ProviderConference, Reference
from confsync.domain.errors import Invalid, RateLimited, ReauthorizationRequired
from tests.fakes.clock import FakeClock
from tests.fakes.provider import SETTLE, WATCHED, FakeProvider, Meeting
from tests.simulation.gate import BrokenPromise, promised

LAG = SETTLE - timedelta(milliseconds=100)
"""A new meeting shows up in a search at the last moment that the vendor promises."""

PER_DAY = 100
"""Zoom takes that many creations and changes per host and UTC day."""

REFUSED = "Refused"
"""A title for which there will be no meeting."""


class SimulatedVendor(FakeProvider):
    """`answered` are the meetings whose creator got an answer. `needless` counts changes that changed nothing.

    While it is `closed`, it lets nobody in. `lost` are the meetings that somebody deleted here, with their
    conferences: nobody tells us.
    """

    keeps_links = True
    """Whether a meeting has the same link for life."""
    hosts: tuple[str, ...] = ()
    """The solutions' own (see `Solution`)."""
    follows = WATCHED - {"open_ended"}
    """In what its meetings agree with their events."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock, lag=LAG)
        self.limit_days(PER_DAY)
        self.answered: set[str] = set()
        self.foreign: dict[str, ConferenceSpec] = {}
        self.needless = 0
        self.closed = False
        self.lost: dict[str, str] = {}

    def add_foreign(self, id: str, spec: ConferenceSpec) -> None:
        """A meeting that somebody made without us."""
        self.meetings[id] = Meeting(id=id, marker="", spec=spec, shows_at=self._clock.now())
        self.foreign[id] = spec

    def lose(self, id: str) -> None:
        """Somebody deletes the meeting here."""
        self.lost[id] = self.meetings.pop(id).marker.rpartition(".")[0]

    def uris_on_events(self, meeting: Meeting) -> frozenset[str]:
        """Where people join."""
        return self.shown(meeting).details.uris

    def of(self, conference_id: str) -> list[Meeting]:
        """Its meetings, of whatever generation."""
        return [meeting for meeting in self.meetings.values() if meeting.marker.rpartition(".")[0] == conference_id]

    def create(self, spec: ConferenceSpec, marker: str) -> ProviderConference:
        others = [meeting.id for meeting in self.of(marker.rpartition(".")[0]) if meeting.id in self.answered]
        with promised():
            assert not others or not self.capabilities.deletes, (
                f"a second meeting for {marker}: {others} exist, and their creator knew"
            )
        _acceptable(spec)
        return super().create(spec, marker)

    def update(
        self, reference: Reference, spec: ConferenceSpec, changed: frozenset[str], marker: str
    ) -> ProviderConference:
        self._must_be_ours(reference)
        _acceptable(spec)
        before = self.meetings.get(reference.ids["id"])
        if before is not None and self.kept(spec) == self.kept(before.spec):
            self.needless += 1
        return super().update(reference, spec, changed, marker)

    def delete(self, reference: Reference) -> None:
        self._must_be_ours(reference)
        super().delete(reference)

    def _must_be_ours(self, reference: Reference) -> None:
        with promised():
            assert reference.ids["id"] not in self.foreign, f"meeting {reference.ids['id']} is not ours"

    def _count(self, host: str) -> None:
        try:
            super()._count(host)
        except RateLimited as refused:
            raise BrokenPromise(f"too many creations and changes for {host} in a day") from refused

    def _begin(self, method: str) -> None:
        super()._begin(method)
        if self.closed:
            raise ReauthorizationRequired("invalid_grant", service="vendor")


def _acceptable(spec: ConferenceSpec) -> None:
    if spec.title == REFUSED:
        raise Invalid("400 topic", service="vendor")
