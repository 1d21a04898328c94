"""Which meeting an event, or any text, is about: `detect`, `detect_text`. Pure; nothing is fetched.

README.md in this folder says what is found and what is not, and how it is put together.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from confsync.domain.conferencing import Detected, Source, Status
from confsync.domain.detection import blocks, meeting, native
from confsync.domain.detection.catalogue import provider
from confsync.domain.detection.finding import NOTHING, find
from confsync.domain.detection.links import Catalogue, catalogue
from confsync.domain.detection.meeting import Part
from confsync.domain.detection.reading import read
from confsync.domain.own_service import OwnService

__all__ = ["OwnService", "detect", "detect_parts", "detect_text", "provider"]


def detect(resource: Mapping[str, Any], own: Sequence[OwnService] = ()) -> Detected:
    """The meeting of a Calendar event, which is JSON as Google has it; what others wrote into it may be anything.

    https://developers.google.com/workspace/calendar/api/v3/reference/events#resource-representations
    """
    event, known = native.mapping(resource), catalogue(tuple(own))
    fields = ((Source.LOCATION, event.get("location")), (Source.DESCRIPTION, event.get("description")))
    texts = list(_parts(fields, known))
    made, link = native.conference(event.get("conferenceData"), known)
    if made is None or made.status is Status.FAILURE:
        hangout = _parts([(Source.HANGOUT_LINK, event.get("hangoutLink"))], known)
        made = meeting.linked([*hangout, *texts], known) or native.block(event.get("description")) or made
    elif made.status is None:
        made = meeting.completed(made, link, texts, known)
    return Detected(conferencing=made, unresolved=_unresolved(texts))


def detect_text(text: str, own: Sequence[OwnService] = ()) -> Detected:
    """The meeting that an invitation is about: its text, or its HTML."""
    return detect_parts([(Source.TEXT, text)], own)


def detect_parts(parts: Iterable[tuple[Source, str]], own: Sequence[OwnService] = ()) -> Detected:
    """The meeting of something that has several parts, of which those that come first are trusted most."""
    known = catalogue(tuple(own))
    read_parts = list(_parts(parts, known))
    return Detected(conferencing=meeting.linked(read_parts, known), unresolved=_unresolved(read_parts))


def _parts(fields: Iterable[tuple[Source, Any]], known: Catalogue) -> Iterator[Part]:
    """The parts that have any text, each with what it links to. A description's blocks are a part of their own."""
    for source, value in fields:
        raw = native.text(value)
        if not raw:
            continue
        text = read(raw)
        found = find(text, known)
        if source is Source.DESCRIPTION and found is not NOTHING:
            inside, outside = blocks.apart(text)
            if inside:
                yield Part(source=Source.BLOCK, text=inside, found=find(inside, known))
                text, found = outside, find(outside, known)
        yield Part(source=source, text=text, found=found)


def _unresolved(parts: Iterable[Part]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for part in parts for each in part.found.unresolved))
