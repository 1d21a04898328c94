"""How to join by telephone or video system, read out of an invitation's text.

Invitations come in any language: what a thing is follows from its shape (`shapes`), from what stands next to it, and
from whether the same digits stand in a link or a dial string (`phones`, `codes`). Words only break ties.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from confsync.domain.conference_data import ShownEntryPoint
from confsync.domain.detection.codes import NEAR, Codes, Typed, Wording
from confsync.domain.detection.phones import Phone, typed_in
from confsync.domain.detection.shapes import Shape, shapes
from confsync.domain.telephone import PAUSE


@dataclass(frozen=True, kw_only=True)
class DialIn:
    """What an invitation tells, each in the order of the text and once."""

    phones: tuple[ShownEntryPoint, ...] = ()
    """One a number, with the codes that it asks for. A number after which nothing is typed is somebody's own."""
    meeting_codes: tuple[str, ...] = ()
    """The meeting's id, digits only; those that a link has, if any does."""
    passcodes: tuple[str, ...] = ()
    """As they are typed."""
    pins: tuple[str, ...] = ()
    """What is typed on a telephone: PIN, access code, conference id. Digits only."""
    sips: tuple[str, ...] = ()
    """`sip:` and an address."""


_WORDING: Mapping[str, Wording] = {
    "Zoom Meeting": Wording(asks_for="meeting_code", for_id=True),
    "ZoomGov": Wording(asks_for="meeting_code", for_id=True),
    "WebEx": Wording(asks_for="access_code", for_id=True),
    "GoToMeeting": Wording(asks_for="access_code", for_id=True),
    "Google Meet": Wording(has_id=False),
    "Microsoft Teams": Wording(asks_for="access_code"),
    "Skype for Business": Wording(asks_for="access_code", has_id=False, bare=True),
}
_UNKNOWN = Wording()

_VIDEO_HOSTS = (".zoomcrc.com", ".plcm.vc", ".bjn.vc", ".pexip.me")
"""All addresses there are video systems': of Zoom, of gateways to Teams, of BlueJeans."""
_VIDEO_SITES = (".webex.com",)
"""So are those below a customer's name; Webex itself has mail there."""
_SIP = re.compile(r"^\W*(sips?):\s*$", re.IGNORECASE)

_GAP = 3
"""Lines from one number of a list to the next, at most."""


def read(text: str, provider: str = "") -> DialIn:
    """What the text tells about joining without a browser. Takes any text.

    The provider, by its name in the conferencing object, decides what a code is called.
    """
    found = list(shapes(text))
    if not found:
        return DialIn()
    wording = _WORDING.get(provider, _UNKNOWN)
    codes = Codes(found, wording)
    ids = [*(each.digits for each in codes.ids), *(codes.dialled if wording.for_id else ())]
    return DialIn(
        phones=tuple(_points(codes, has_passcodes=wording.for_id)),
        meeting_codes=tuple(dict.fromkeys(ids)),
        passcodes=tuple(dict.fromkeys(each.text.strip("(.") for each in codes.passcodes)),
        pins=tuple(dict.fromkeys(each.code for each in codes.typed if each.name != "meeting_code")),
        sips=tuple(_sips(found, codes.known)),
    )


# --- phones ----------------------------------------------------------------------------------------------------------


def _points(codes: Codes, *, has_passcodes: bool) -> Iterator[ShownEntryPoint]:
    """Each number once for each code that it asks for."""
    typed = {each.line: each for each in reversed(codes.typed)}
    spoken = [each.digits for each in codes.passcodes if each.kind == "number"] if has_passcodes else []
    seen = set()
    for listed in _lists(codes.phones):
        asked = _nearest(typed, listed[0].shape.line, listed[-1].shape.line)
        if asked is None:
            continue
        then = next((phone.then for phone in listed if phone.then), f"{PAUSE}{asked.code}#")
        for phone in listed:
            then = phone.then or then
            if (key := (phone.dialled, typed_in(then)[0])) not in seen:
                seen.add(key)
                yield _point(phone, then, asked.name, spoken)


def _lists(found: Sequence[Phone]) -> list[list[Phone]]:
    """The phones, those together that stand in one list."""
    lists: list[list[Phone]] = []
    for phone in found:
        if lists and phone.shape.line - lists[-1][-1].shape.line <= _GAP:
            lists[-1].append(phone)
        else:
            lists.append([phone])
    return lists


def _nearest(typed: Mapping[int, Typed], first: int, last: int) -> Typed | None:
    """The code that belongs to a list from one line to another: within it, else below, else above."""
    lines = chain(range(first, last + NEAR + 1), range(first - 1, first - NEAR - 1, -1))
    return next((typed[line] for line in lines if line in typed), None)


def _point(phone: Phone, then: str, name: str, spoken: Sequence[str]) -> ShownEntryPoint:
    """`spoken`: passcodes in digits; the last is the one beside the numbers."""
    code, *more = typed_in(then)
    fields = {name: code, "passcode": next(iter([*more, *reversed(spoken)]), None)}
    return ShownEntryPoint(
        type="phone",
        uri=f"tel:{phone.dialled}{then}",
        label=phone.label,
        region_code=phone.region,
        features=phone.features,
        **fields,
    )


# --- video systems ---------------------------------------------------------------------------------------------------


def _sips(found: Sequence[Shape], known: set[str]) -> dict[str, None]:
    """Addresses of video systems: they say so, or are at such a host, or begin with the meeting's id."""
    told = (_sip(each, known) for each in found if each.kind == "address")
    return dict.fromkeys(sip for sip in told if sip is not None)


def _sip(each: Shape, known: set[str]) -> str | None:
    named, _, address = each.text.rpartition(":")
    scheme = named or "".join(_SIP.findall(each.label))
    user, _, host = address.rstrip(".-").partition("@")
    at = f".{host.lower()}"
    is_known = at.endswith(_VIDEO_HOSTS) or at[1:].endswith(_VIDEO_SITES) or user in known
    return f"{scheme.lower() or 'sip'}:{user}@{host}" if scheme or is_known else None
