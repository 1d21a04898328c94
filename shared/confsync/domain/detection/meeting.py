"""One meeting out of all that an event tells: which it is, and which words are about it. Two meetings never mix."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from confsync.domain.conference_data import ShownEntryPoint
from confsync.domain.conferencing import Conferencing, Confidence, JoinDetails, Source
from confsync.domain.detection.finding import NOTHING, Found, unwrapped
from confsync.domain.detection.links import Catalogue, Link, squeezed
from confsync.domain.detection.reading import shown
from confsync.domain.detection.service import Service

if TYPE_CHECKING:
    from confsync.domain.detection.dial_in import DialIn

_NOT_TEXT = frozenset({Source.CONFERENCE_DATA, Source.HANGOUT_LINK})
_GAP = re.compile(r"\S\s+\S")
"""Without one there is an address, and nothing else."""
_MIN_CODE = 6
"""Characters of a code that is no word or year, which may stand in any text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of an event."""

    source: Source
    text: str
    """As `reading.read` gives it."""
    found: Found = NOTHING


def linked(parts: Sequence[Part], catalogue: Catalogue) -> Conferencing | None:
    """The meeting that the first part with a link leads into; one that may be something else only if there is no other.

    None if there is no link.
    """
    links = [(part, link) for part in parts for link in part.found.links]
    if not links:
        return None
    part, link = min(links, key=lambda each: each[1].confidence is Confidence.LOW)
    url = max((each.url for _, each in links if each.meeting == link.meeting), key=len)
    video = ShownEntryPoint(type="video", uri=url, meeting_code=link.code or None)
    found = Conferencing(
        provider=link.service.told,
        details=JoinDetails(url=url, meeting_code=link.code, entry_points=(video,)),
        source=part.source,
        confidence=None if part.source in _NOT_TEXT else _confidence(part, link),
    )
    told = _told(link.meeting, link.code, parts, found.provider, catalogue, sure=found.confidence is None)
    return replace(found, details=_spoken(_with(found.details, told), link.service)) if told else found


def completed(found: Conferencing, link: Link | None, parts: Sequence[Part], catalogue: Catalogue) -> Conferencing:
    """The conference with what the parts tell of the same meeting, where it says nothing itself."""
    meeting = link.meeting if link else ()
    told = _told(meeting, found.details.meeting_code, parts, found.provider, catalogue, sure=True)
    return replace(found, details=_with(found.details, told)) if told else found


def number(uri: str) -> str:
    """The telephone number of a `tel:` URI, without what is dialled after it, in E.164 if it says its country."""
    dialled = uri.removeprefix("tel:").partition(",")[0].partition(";")[0].partition("p")[0]
    return "".join(each for each in dialled if each in "+0123456789")


def _confidence(part: Part, link: Link) -> Confidence:
    several = len(part.found.meetings) > 1
    return Confidence.MEDIUM if several and link.confidence is Confidence.HIGH else link.confidence


def _told(
    meeting: tuple[str, ...], code: str, parts: Sequence[Part], provider: str, catalogue: Catalogue, *, sure: bool
) -> "DialIn | None":
    """What the words about the meeting say of joining it by telephone or video system, and of passcodes.

    A text is about it that links to it and to no other; that shows its code; and, unless one has to be sure, that links
    nowhere, if the event has no other meeting. None is, whose codes are another's.
    """
    about = [part.found.meetings == {meeting} for part in parts]
    alone = not sure and all(part.found.meetings <= {meeting} for part in parts)
    near = [not part.found.links and (alone or _shows(part.text, code)) for part in parts]
    for chosen in ([either or other for either, other in zip(about, near, strict=True)], about):
        text = "\n".join(part.text for part, taken in zip(parts, chosen, strict=True) if taken)
        if _GAP.search(text):
            told = _read(shown(unwrapped(text, catalogue)), provider)
            if not _is_another(told, code):
                return told
    return None


def _read(text: str, provider: str) -> "DialIn":
    # telephone numbers are a large library, which most events have no need of
    from confsync.domain.detection.dial_in import read

    return read(text, provider)


def _shows(text: str, code: str) -> bool:
    if len(code) < _MIN_CODE:
        return False
    return code in text or (code.isdigit() and code in squeezed(text))


def _is_another(told: "DialIn", code: str) -> bool:
    return code.isdigit() and bool(told.meeting_codes) and code not in {*told.meeting_codes, *told.pins}


def _with(details: JoinDetails, told: "DialIn") -> JoinDetails:
    """The details, filled where they are empty."""
    sips = [ShownEntryPoint(type="sip", uri=uri) for uri in told.sips]
    more = (*(() if details.phone else told.phones), *(() if details.sip else sips))
    return replace(
        details,
        meeting_code=details.meeting_code or _first(told.meeting_codes),
        password=details.password or _first(told.passcodes),
        pin=details.pin or _first(told.pins),
        phone=details.phone or _numbers(told.phones),
        sip=details.sip or _first(told.sips),
        entry_points=(*details.entry_points, *more),
    )


def _spoken(details: JoinDetails, service: Service) -> JoinDetails:
    """The details with their codes at the link too, which is the first entry point."""
    word = details.password or None
    video = replace(
        details.entry_points[0],
        meeting_code=details.meeting_code or None,
        passcode=word if service.word == "passcode" else None,
        password=word if service.word == "password" else None,
    )
    return replace(details, entry_points=(video, *details.entry_points[1:]))


def _numbers(phones: Iterable[ShownEntryPoint]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(number(phone.uri) for phone in phones))


def _first(texts: Sequence[str]) -> str:
    return texts[0] if texts else ""
