"""The conferencing object of the API: how an event's meeting is joined, in one shape whatever its source.

The shape is that of Nylas (https://developer.nylas.com/docs/v3/calendar/add-conferencing/), made stricter: `source`
says where it stands on the event, and `entry_points` hold all ways to join.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from confsync.domain.conference_data import ShownEntryPoint


class Source(StrEnum):
    """Where a conference stands on an event: the first of these that has one."""

    CONFERENCE_DATA = "conferenceData"
    HANGOUT_LINK = "hangoutLink"
    LOCATION = "location"
    BLOCK = "block"  # text between two delimiters in the description, which a client or we put there
    DESCRIPTION = "description"
    TEXT = "text"  # of no event: an invitation


class Confidence(StrEnum):
    """How sure it is that text is about this meeting."""

    HIGH = "high"  # a link that only a meeting has
    MEDIUM = "medium"  # a link that may lead to something else there, or one of several
    LOW = "low"  # a link that looks like a meeting's, of a server that we do not know


class Status(StrEnum):
    """Of a conference that is being made; one that can be joined has none."""

    PENDING = "pending"
    FAILURE = "failure"


@dataclass(frozen=True, kw_only=True)
class JoinDetails:
    """How to join. Every text may be "", which is: not known."""

    url: str = ""
    """Where people click."""
    meeting_code: str = ""
    """The meeting's id, without blanks and hyphens where its vendor shows it with some."""
    password: str = ""
    """What the vendor calls passcode or password, as it is typed."""
    pin: str = ""
    """What is typed on a telephone: PIN, access code, conference id."""
    phone: tuple[str, ...] = ()
    """Numbers to dial, in E.164 where that can be told."""
    sip: str = ""
    """`sip:` and an address."""
    entry_points: tuple[ShownEntryPoint, ...] = ()
    """All ways to join, with the codes that belong to each."""


@dataclass(frozen=True, kw_only=True)
class Conferencing:
    """One meeting, as an event tells of it."""

    provider: str
    """The vendor's name, as Nylas has it where it has one ("Zoom Meeting"); of an unknown one the solution's name."""
    details: JoinDetails
    source: Source
    confidence: Confidence | None = None
    """Of text only."""
    status: Status | None = None

    def json(self) -> dict[str, Any]:
        """As callers see it: empty fields are left out."""
        points = [_told(vars(point)) for point in self.details.entry_points]
        details = _told({**vars(self.details), "entry_points": points})
        told: dict[str, Any] = {"provider": self.provider, "details": details, "source": self.source.value}
        if self.confidence is not None:
            told["confidence"] = self.confidence.value
        if self.status is not None:
            told["status"] = self.status.value
        return told


@dataclass(frozen=True, kw_only=True)
class Detected:
    """What was found."""

    conferencing: Conferencing | None = None
    unresolved: tuple[str, ...] = field(default=())
    """Links that somebody's mail gateway has replaced by its own (Mimecast), so that where they lead can't be told."""


def _told(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items() if value}
