"""One of the accounts that host for a solution, and for what it is booked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from confsync.domain.conference import ConferenceSpec

KEEP = timedelta(days=400)


@dataclass(frozen=True, kw_only=True)
class Host:
    """An account at a vendor, and its bookings."""

    key: str
    provider: str
    account: str
    expire_at: datetime
    booked: Mapping[str, tuple[ConferenceSpec, ...]] = field(default_factory=dict)
    """By the conference's id, when its events take place. It may be over or gone by now: its own record tells."""
    version: str | None = None

    def booking(self, conference_id: str, specs: Iterable[ConferenceSpec], now: datetime) -> "Host":
        """With this conference at these times, and no others."""
        times = tuple(_bare(spec) for spec in specs)
        return replace(self, booked={**self.booked, conference_id: times}, expire_at=now + KEEP)

    def without(self, conference_ids: Iterable[str]) -> "Host":
        """Without these conferences."""
        gone = set(conference_ids)
        return replace(self, booked={each: specs for each, specs in self.booked.items() if each not in gone})


def _bare(spec: ConferenceSpec) -> ConferenceSpec:
    """Nothing but its times: people's words are stored with their events only."""
    occurrences = tuple(replace(each, title="") for each in spec.occurrences)
    return replace(spec, title="", description="", attendees=(), host="", occurrences=occurrences)
