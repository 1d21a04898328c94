"""Conference details as text, for calendars that don't take them natively.

The block stands at the end of the description between two delimiters, so that it can be found, replaced and taken out
again without touching a word that a person wrote. It carries our conference id: an event that shows it has the
conference. Clients save descriptions anew as HTML, one element a line, with entities and other breaks: it is found all
the same. (Where it is not, the meeting's address still tells that the event has the conference: see `text.shows`.)
"""

import re
from dataclasses import dataclass
from html import unescape

from confsync.domain.conference_data import ShownEntryPoint
from confsync.domain.entry_point import ConferenceDetails, EntryPoint, EntryPointType
from confsync.domain.keys import CONFERENCE_PREFIX

MAX_DESCRIPTION = 8192
"""Characters. https://developers.google.com/workspace/calendar/api/v3/reference/events#description"""

_RULE = "\u2500" * 12
_DASH = r"(?:\u2500|&#9472;|&#[xX]2500;|&boxh;)"
_ANY_RULE = rf"{_DASH}{{12}}"
_UNTIL_RULE = rf"(?:(?!{_ANY_RULE}).)+"
_GAP = r"(?:\s|&nbsp;|&#160;|<[^<>]*>)+"
_BREAK = r"(?:\n|<br\s*/?>)"
"""Calendar's editor turns line breaks into <br> as soon as somebody formats a word of the description."""

_BLOCK = re.compile(
    rf"(?:(?:\r\n){{2}}|{_BREAK}{{0,2}}){_ANY_RULE}{_UNTIL_RULE}{_ANY_RULE}{_UNTIL_RULE}{_ANY_RULE}"
    rf"{_GAP}(?P<id>{CONFERENCE_PREFIX}[\w-]+){_GAP}{_ANY_RULE}",
    re.DOTALL,
)
_VIDEO = re.compile(r"\bvideo:\s*(?:<[^<>]*>)*\s*(https?://[^\s<>\"]+)")
_CODES = {
    "meeting ID": "meeting_code",
    "access code": "access_code",
    "passcode": "passcode",
    "password": "password",
    "PIN": "pin",
}
_LINE = re.compile(rf"(?P<type>{'|'.join(EntryPointType)}): (?P<address>\S.*?)(?: \((?P<codes>[^()]*: [^()]*)\))?")
_ENDS = re.compile(r"<br\s*/?>|</(?:div|p|li)>")
_TAG = re.compile(r"<[^<>]*>")
_EMPTY = re.compile(r"<(div|p|span)\b[^<>]*>\s*</\1>")
"""What is left of an element whose only content was the block."""


def render(name: str, conference_id: str, details: ConferenceDetails) -> str:
    """The block: how to join by each entry point, in plain text."""
    lines = [line(point) for point in details.entry_points]
    return "\n".join([f"{_RULE} {name} {_RULE}", *lines, f"{_RULE} {conference_id} {_RULE}"])


def put(description: str, block: str) -> str | None:
    """The description with this block at its end, in place of any earlier one.

    None if that is more than Calendar takes: people's words come first.
    """
    text = strip(description)
    whole = f"{text}\n\n{block}" if text else block
    return whole if len(whole) <= MAX_DESCRIPTION else None


def strip(description: str) -> str:
    """The description as people wrote it."""
    while (block := _BLOCK.search(description)) is not None:
        before, after = description[: block.start()], description[block.end() :]
        description = before + after
        while (empty := _EMPTY.search(description)) is not None and empty.start() <= len(before) <= empty.end():
            before = before[: empty.start()]
            description = description[: empty.start()] + description[empty.end() :]
    return description


def conference_ids(description: str) -> list[str]:
    """The conference ids of all blocks, in order."""
    return [match["id"] for match in _BLOCK.finditer(description)]


def conference_id(description: str) -> str | None:
    """The conference id in the first block, None if there is no block."""
    return next(iter(conference_ids(description)), None)


@dataclass(frozen=True, kw_only=True)
class Block:
    """What a block tells."""

    name: str
    entry_points: tuple[ShownEntryPoint, ...]


def read(description: str) -> Block | None:
    """What the first block tells, None if there is none, or it tells of no way to join."""
    block = _BLOCK.search(description[:MAX_DESCRIPTION])
    if block is None:
        return None
    title, *lines = [line.strip() for line in unescape(_TAG.sub("", _ENDS.sub("\n", block[0]))).strip().split("\n")]
    points = tuple(point for line in lines if (point := _point(line)) is not None)
    return Block(name=title.strip(f"{_RULE} "), entry_points=points) if points else None


def _point(line: str) -> ShownEntryPoint | None:
    """The entry point of a line, as `line` wrote it."""
    from confsync.domain.telephone import dial  # a large library, which no sync needs

    found = _LINE.fullmatch(line)
    if found is None:
        return None
    kind, address = found["type"], found["address"]
    uri, label = address, None
    if kind == EntryPointType.PHONE and not address.startswith("tel:"):
        uri, label = dial(address) or ("", address)
    elif kind == EntryPointType.SIP and not address.startswith(("sip:", "sips:")):
        uri, label = f"sip:{address}", address
    codes = dict(each.partition(": ")[::2] for each in (found["codes"] or "").split(", "))
    told = {field: value for name, field in _CODES.items() if (value := codes.get(name))}
    return ShownEntryPoint(type=kind, uri=uri, label=label, **told) if uri else None


def video_uri(description: str) -> str | None:
    """The address to click in the first block, None if there is none."""
    block = _BLOCK.search(description)
    found = _VIDEO.search(block[0]) if block else None
    return unescape(found[1]) if found else None


def beside(location: str, uri: str, *, earlier: str | None) -> str:
    """The location with the address beside what people typed there, in place of the `earlier` one."""
    parts = [part for part in location.split(_BESIDE) if part and part not in {uri, earlier}]
    return _BESIDE.join([*parts, uri])


def apart(location: str, uri: str | None) -> str:
    """The location without the address."""
    return _BESIDE.join(part for part in location.split(_BESIDE) if part and part != uri)


_BESIDE = "; "


def line(point: EntryPoint | ShownEntryPoint) -> str:
    """How to join by it, on a line that begins and ends no block."""
    address = point.uri if point.type == EntryPointType.VIDEO else point.label or point.uri
    told = ", ".join(f"{name}: {value}" for name, field in _CODES.items() if (value := getattr(point, field)))
    return _on_a_line(f"{point.type}: {address}" + (f" ({told})" if told else ""))


def _on_a_line(text: str) -> str:
    """A vendor's text as one line, in which no block can end or begin: it could name another conference."""
    return re.sub(_DASH, "-", " ".join(text.split()))
