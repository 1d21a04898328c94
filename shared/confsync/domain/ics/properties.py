"""How a conference stands on an iCalendar event, in RFC 7986's property and in those that vendors made up before."""

from collections.abc import Iterator, Mapping
from typing import Any

from icalendar import Event, vUri

from confsync.domain.conference_data import ShownEntryPoint
from confsync.domain.conferencing import Conferencing
from confsync.domain.entry_point import CODES
from confsync.domain.ics.resource import text, uri

GOOGLE = "X-GOOGLE-CONFERENCE"
VENDORS = (
    GOOGLE,  # Calendar; empty: asked for and not made yet
    "X-MICROSOFT-SKYPETEAMSMEETINGURL",  # Outlook: Teams
    "X-MICROSOFT-ONLINEMEETINGEXTERNALLINK",  # Outlook: Skype for Business
    "X-MICROSOFT-ONLINEMEETINGCONFLINK",  # the same for its app: `conf:sip:...`, unless it is a web link
    "X-OUTLOOK-CONFERENCE",
    "X-OPENPAAS-VIDEOCONFERENCE",
    "X-PM-CONFERENCE-URL",  # Proton
)

_FEATURES: Mapping[str, list[str]] = {
    "video": ["VIDEO", "AUDIO"],
    "sip": ["VIDEO", "AUDIO"],
    "phone": ["PHONE"],
    "more": ["PHONE"],  # a page of numbers
}
_MEETS = {"VIDEO", "AUDIO", "SCREEN"}
_SCHEMES = ("https:", "http:", "tel:", "sip:", "sips:")
_KEYS = {"meeting_code": "meetingCode", "access_code": "accessCode"}
"""Codes that Calendar's API spells in its own way."""


def conferences(conferencing: Conferencing) -> Iterator[tuple[str, vUri]]:
    """The properties of a conference."""
    for point in ways(conferencing):
        label = conferencing.provider if point.type == "video" else point.label
        if (address := uri(point.uri)).startswith(_SCHEMES):
            yield "conference", vUri(address, params=_parameters(point, text(label or "")))
    if is_link(address := uri(conferencing.details.url)):
        yield GOOGLE, vUri(address)


def ways(conferencing: Conferencing) -> tuple[ShownEntryPoint, ...]:
    """All ways to join; where details name none, those of its link and numbers."""
    details = conferencing.details
    if details.entry_points:
        return details.entry_points
    video = ShownEntryPoint(type="video", uri=details.url, meeting_code=details.meeting_code, passcode=details.password)
    phones = (ShownEntryPoint(type="phone", uri=f"tel:{each}", label=each, pin=details.pin) for each in details.phone)
    sip = ShownEntryPoint(type="sip", uri=details.sip)
    return tuple(each for each in (video, *phones, sip) if each.uri)


def _parameters(point: ShownEntryPoint, label: str) -> dict[str, Any]:
    """The codes stand in parameters that others ignore: an address has no place for them."""
    told = {"VALUE": "URI", "FEATURE": _FEATURES.get(point.type, []), "LABEL": label}
    codes = {_parameter(name): text(getattr(point, name) or "") for name in CODES}
    return {name: value for name, value in (told | codes).items() if value}


def entry_points(event: Event) -> Iterator[dict[str, Any]]:
    """The ways to join, as Calendar's API has them, by an event's CONFERENCE properties.

    Not those of moderators, which are nobody else's business, nor chats.
    """
    for each in values(event, "CONFERENCE"):
        features = {name.upper() for name in _list(each.params.get("FEATURE"))}
        kind = _kind(str(each), features)
        if kind and "MODERATOR" not in features:
            told = {"entryPointType": kind, "uri": str(each), "label": _text(each.params.get("LABEL"))}
            codes = {_KEYS.get(name, name): _text(each.params.get(_parameter(name))) for name in CODES}
            yield {name: value for name, value in (told | codes).items() if value}


def links(event: Event) -> Iterator[str]:
    """The web links in vendors' own properties."""
    found = (str(each).strip() for name in VENDORS for each in values(event, name))
    return (each for each in found if is_link(each))


def values(event: Event, name: str) -> list[Any]:
    """All values of a property."""
    found = event.get(name)
    return [] if found is None else found if isinstance(found, list) else [found]


def is_link(uri: str) -> bool:
    """Whether a browser can follow it."""
    return uri.lower().startswith(("https://", "http://"))


def _kind(uri: str, features: set[str]) -> str | None:
    scheme = uri.partition(":")[0].lower()
    if scheme in {"tel", "sip", "sips"}:
        return "phone" if scheme == "tel" else "sip"
    if not is_link(uri) or features & {"CHAT", "FEED"} == features != set():
        return None
    return "more" if features and not features & _MEETS else "video"


def _parameter(name: str) -> str:
    return f"X-CONFSYNC-{name.upper().replace('_', '-')}"


def _list(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else str(value).split(",") if value else []


def _text(value: object) -> str:
    return ", ".join(_list(value)) if isinstance(value, list) else str(value) if value else ""
