"""The conference of an iCalendar file: an invitation by mail, a feed, an export."""

from collections.abc import Iterator, Sequence
from typing import Any

from icalendar import Calendar, Event

from confsync.domain.conferencing import Detected
from confsync.domain.detection import detect
from confsync.domain.errors import BadRequest
from confsync.domain.ics.properties import entry_points, links, values
from confsync.domain.own_service import OwnService

MAX_ICS = 1_048_576
"""Characters of a file that is read."""


def detect_ics(text: str, own: Sequence[OwnService] = ()) -> Detected:
    """The conference of the first event that has one. `own`: servers of one's own.

    What the file itself calls a conference comes before its links and its words. Raises `BadRequest` for what is no
    iCalendar.
    """
    unresolved: dict[str, None] = {}
    for event in _events(text):
        detected = detect(_resource(event), own)
        unresolved |= dict.fromkeys(detected.unresolved)
        if detected.conferencing is not None:
            return detected
    return Detected(unresolved=tuple(unresolved))


def _events(text: str) -> list[Event]:
    if len(text) > MAX_ICS:
        raise BadRequest(f"iCalendar of more than {MAX_ICS} characters", field="ics")
    try:
        found = Calendar.from_ical("\n".join(_without_time_zones(text)), multiple=True)
        events = [event for each in found for event in each.walk("VEVENT") if isinstance(event, Event)]
    except Exception as error:  # what its parser may raise is written down nowhere
        raise BadRequest(f"no iCalendar (RFC 5545): {str(error)[:200]}", field="ics") from error
    if not events:
        raise BadRequest(
            "no event in it: iCalendar (RFC 5545) has them between BEGIN:VEVENT and END:VEVENT", field="ics"
        )
    return events


def _without_time_zones(text: str) -> Iterator[str]:
    """The lines but those of time zones: where people meet does not depend on them, and many are broken."""
    within = False
    for line in text.splitlines():
        mark = line.strip().upper()
        within = within or mark == "BEGIN:VTIMEZONE"
        if not within:
            yield line
        within = within and mark != "END:VTIMEZONE"


def _resource(event: Event) -> dict[str, Any]:
    """The event as Calendar's API would have it, as far as a conference may stand there."""
    points = list(entry_points(event))
    if not any(each["entryPointType"] == "video" for each in points):
        points += [{"entryPointType": "video", "uri": link} for link in links(event)][:1]
    return {
        "conferenceData": {"entryPoints": points, "conferenceSolution": {"name": _name(points)}} if points else {},
        "location": "\n".join([*_texts(event, "LOCATION"), *_texts(event, "URL")]),
        "description": "\n".join([*_texts(event, "DESCRIPTION"), *_texts(event, "X-ALT-DESC")]),
    }


def _name(points: list[dict[str, Any]]) -> str:
    """What the link is called."""
    return next((each.get("label", "") for each in points if each["entryPointType"] == "video"), "")


def _texts(event: Event, name: str) -> list[str]:
    return [str(each) for each in values(event, name)]
