"""Conference details as text, for calendars that don't take them natively.

The block stands at the end of the description between two delimiters, so that it can be found, replaced and taken out
again without touching a word that a person wrote. It carries our conference id: an event that shows it has the
conference.
"""

import re

from confsync.domain.entry_point import ConferenceDetails, EntryPoint, EntryPointType
from confsync.domain.keys import CONFERENCE_PREFIX

_RULE = "\u2500" * 12
_BREAK = r"(?:\r?\n|<br\s*/?>)"
"""Calendar's editor turns line breaks into <br> as soon as somebody formats a word of the description."""

_BLOCK = re.compile(
    rf"{_BREAK}{{0,2}}{_RULE} (?:(?!{_RULE})[^\n])* {_RULE}{_BREAK}"
    rf"(?:(?!{_RULE}).)*{_RULE} (?P<id>{CONFERENCE_PREFIX}[\w.-]+) {_RULE}",
    re.DOTALL,
)


def render(name: str, conference_id: str, details: ConferenceDetails) -> str:
    """The block: how to join by each entry point, in plain text."""
    lines = [_line(point) for point in details.entry_points]
    return "\n".join([f"{_RULE} {name} {_RULE}", *lines, f"{_RULE} {conference_id} {_RULE}"])


def put(description: str, block: str) -> str:
    """The description with this block at its end, in place of any earlier one."""
    text = strip(description)
    return f"{text}\n\n{block}" if text else block


def strip(description: str) -> str:
    """The description as people wrote it."""
    return _BLOCK.sub("", description)


def conference_id(description: str) -> str | None:
    """The conference id in the block, None if there is no block."""
    match = _BLOCK.search(description)
    return match["id"] if match else None


def _line(point: EntryPoint) -> str:
    address = point.uri if point.type is EntryPointType.VIDEO else point.label or point.uri
    codes = {
        "meeting ID": point.meeting_code,
        "access code": point.access_code,
        "passcode": point.passcode,
        "password": point.password,
        "PIN": point.pin,
    }
    told = ", ".join(f"{name}: {value}" for name, value in codes.items() if value)
    return f"{point.type}: {address}" + (f" ({told})" if told else "")
