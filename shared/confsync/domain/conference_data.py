"""An event's whole conference as Calendar has it, whoever made it.

https://developers.google.com/workspace/calendar/api/v3/reference/events (conferenceData). What others wrote need not
keep our limits, so nothing is checked here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class RequestStatus(StrEnum):
    """What became of a request to make a conference (Meet)."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"


@dataclass(frozen=True, kw_only=True)
class ShownEntryPoint:
    """One way to join, with all its codes."""

    type: str
    uri: str = ""
    label: str | None = None
    meeting_code: str | None = None
    access_code: str | None = None
    passcode: str | None = None
    password: str | None = None
    pin: str | None = None
    region_code: str | None = None
    features: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ConferenceData:
    """A conference, or a request to make one."""

    conference_id: str | None = None
    solution_type: str = ""
    """`addOn`, `hangoutsMeet`, ..."""
    solution_name: str | None = None
    icon_uri: str | None = None
    entry_points: tuple[ShownEntryPoint, ...] = ()
    notes: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    request_id: str | None = None
    request_status: RequestStatus | None = None
    signature: str | None = None
    """Calendar's own, by which a Meet conference can be copied to another event. Opaque."""
