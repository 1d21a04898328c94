"""Entry points and conference details, within Calendar's limits.

Limits: https://developers.google.com/workspace/calendar/api/v3/reference/events (conferenceData) and
https://developers.google.com/apps-script/reference/conference-data. Building a value that Calendar would refuse raises
`Invalid`.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum

from confsync.domain.errors import Invalid

MAX_URI = 1300
MAX_LABEL = 512
MAX_CODE = 128
MAX_NOTES = 2048
MAX_ENTRY_POINTS = 300
MAX_PARAMETERS = 300
MAX_PARAMETER_KEY = 50
MAX_PARAMETER_VALUE = 1024

CODES = ("meeting_code", "access_code", "passcode", "password", "pin")


class EntryPointType(StrEnum):
    """How people join, in the Calendar API's spelling."""

    VIDEO = "video"
    PHONE = "phone"
    SIP = "sip"
    MORE = "more"


class Feature(StrEnum):
    """What a phone number costs the caller."""

    TOLL = "toll"
    TOLL_FREE = "toll_free"


SCHEMES: Mapping[EntryPointType, tuple[str, ...]] = {
    EntryPointType.VIDEO: ("https:", "http:"),
    EntryPointType.MORE: ("https:", "http:"),
    EntryPointType.PHONE: ("tel:",),
    EntryPointType.SIP: ("sip:", "sips:"),
}


@dataclass(frozen=True, kw_only=True)
class EntryPoint:
    """One way to join. Codes are filled only where the provider's own wording matches the field's name."""

    type: EntryPointType
    uri: str
    label: str | None = None
    meeting_code: str | None = None
    access_code: str | None = None
    passcode: str | None = None
    password: str | None = None
    pin: str | None = None
    region_code: str | None = None
    features: tuple[Feature, ...] = ()

    def __post_init__(self) -> None:
        _require(self.uri.startswith(SCHEMES[self.type]), f"a {self.type} uri starts with {SCHEMES[self.type]}")
        _at_most(f"{self.type} uri", self.uri, MAX_URI)
        _at_most(f"{self.type} label", self.label, MAX_LABEL)
        for name in CODES:
            _at_most(name, getattr(self, name), MAX_CODE)
        is_phone = self.type is EntryPointType.PHONE
        _require(is_phone or self.region_code is None, "only a phone entry point has a region code")
        _require(is_phone or not self.features, "only a phone entry point is toll or toll-free")
        _require(len(set(self.features)) <= 1, "a phone number is either toll or toll-free")
        _require(self.label is None or self.type is not EntryPointType.MORE, "a `more` entry point has no label")


@dataclass(frozen=True, kw_only=True)
class ConferenceDetails:
    """All that people need to join one conference: 1 to 300 entry points, notes (HTML), parameters."""

    entry_points: tuple[EntryPoint, ...]
    notes: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        counts = Counter(point.type for point in self.entry_points)
        _require(0 < len(self.entry_points) <= MAX_ENTRY_POINTS, "a conference has 1 to 300 entry points")
        _require(set(counts) != {EntryPointType.MORE}, "a conference with only `more` can't be joined")
        for kind in (EntryPointType.VIDEO, EntryPointType.SIP, EntryPointType.MORE):
            _require(counts[kind] <= 1, f"a conference has at most one {kind} entry point")
        _at_most("notes", self.notes, MAX_NOTES)
        _require(len(self.parameters) <= MAX_PARAMETERS, f"at most {MAX_PARAMETERS} parameters")
        for key, value in self.parameters.items():
            _require(bool(key) and bool(value), "a parameter has a key and a value")
            _at_most("parameter key", key, MAX_PARAMETER_KEY)
            _at_most(f"parameter {key}", value, MAX_PARAMETER_VALUE)

    @property
    def revision(self) -> str:
        """Short hash that changes whenever anything that people see changes."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def video_uri(self) -> str | None:
        """The link most people click."""
        return next((p.uri for p in self.entry_points if p.type is EntryPointType.VIDEO), None)

    def joined_at(self, uri: str, label: str) -> "ConferenceDetails":
        """The same, with this link to click, which people see by its label."""
        points = (replace(p, uri=uri, label=label) if p.type is EntryPointType.VIDEO else p for p in self.entry_points)
        return replace(self, entry_points=tuple(points))

    def noting(self, lines: Sequence[str]) -> "ConferenceDetails":
        """The same, with these lines among the notes that people see, as far as there is room."""
        if not lines:
            return self
        notes = "<br>".join([*([self.notes] if self.notes else []), *lines])
        return self if len(notes) > MAX_NOTES else replace(self, notes=notes)

    @property
    def uris(self) -> frozenset[str]:
        """Every entry point's URI: enough to tell whether an event shows these details."""
        return frozenset(point.uri for point in self.entry_points)


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise Invalid(f"conference data: {message}")


def _at_most(name: str, value: str | None, limit: int) -> None:
    _require(value is None or len(value) <= limit, f"{name} is longer than {limit} characters")
