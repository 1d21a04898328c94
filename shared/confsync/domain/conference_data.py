"""An event's whole conference as Calendar has it, whoever made it.

https://developers.google.com/workspace/calendar/api/v3/reference/events (conferenceData). What others wrote need not
keep our limits, so nothing is checked here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class RequestStatus(StrEnum):
    """What became of a request to make a conference (Meet). Calendar answers it later, and tells by a change."""

    PENDING = "pending"
    SUCCESS = "success"  # the entry points are there
    FAILURE = "failure"  # there are none


@dataclass(frozen=True, kw_only=True)
class CreateRequest:
    """A request to make a conference, still on the event once it was answered."""

    id: str
    """Made by whoever asked. Asking again with the same id is ignored."""
    solution_type: str
    """Which kind was asked for; "" if Calendar does not say."""
    status: RequestStatus | None
    """None: one that we do not know."""


@dataclass(frozen=True, kw_only=True)
class ShownEntryPoint:
    """One way to join, with all its codes."""

    type: str
    """`video`, `phone`, `sip`, `more`, or what there may be one day."""
    uri: str = ""
    label: str | None = None
    meeting_code: str | None = None
    access_code: str | None = None
    passcode: str | None = None
    password: str | None = None
    pin: str | None = None
    region_code: str | None = None
    """Of a phone number, found by Calendar."""
    features: tuple[str, ...] = ()
    """`toll` or `toll_free`, of a phone number."""


@dataclass(frozen=True, kw_only=True)
class ConferenceData:
    """A conference, or a request to make one. Without entry points nobody can join (yet, or ever)."""

    conference_id: str | None = None
    """Of a Meet its code, of a third party's whatever that party wrote (ours: our conference id)."""
    solution_type: str = ""
    """`addOn`, `hangoutsMeet`, ... A client that does not know it shows the entry points and changes nothing."""
    solution_name: str | None = None
    icon_uri: str | None = None
    entry_points: tuple[ShownEntryPoint, ...] = ()
    notes: str | None = None
    """May be HTML."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    request: CreateRequest | None = None
    signature: str | None = None
    """Calendar's own, by which a Meet can be copied to another event: opaque, and handed back unchanged."""
