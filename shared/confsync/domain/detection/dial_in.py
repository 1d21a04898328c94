"""How to join by telephone or video system, read out of an invitation's text.

Invitations come in any language: what a thing is follows from its shape, from what stands next to it, and from whether
the same digits stand in a link or a dial string. Words only break ties.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from confsync.domain.conference_data import ShownEntryPoint
from confsync.domain.detection.phones import Phone, codes, phones
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


@dataclass(frozen=True, kw_only=True)
class _Wording:
    """What a provider calls the first code that a caller types, and whether it is (or there is) a meeting's id.

    `bare`: whether it stands there without a `#`, a dial string, or digits of the link.
    """

    asks_for: str = "pin"
    for_id: bool = False
    has_id: bool = True
    bare: bool = False


_WORDING: Mapping[str, _Wording] = {
    "Zoom Meeting": _Wording(asks_for="meeting_code", for_id=True),
    "ZoomGov": _Wording(asks_for="meeting_code", for_id=True),
    "WebEx": _Wording(asks_for="access_code", for_id=True),
    "GoToMeeting": _Wording(asks_for="access_code", for_id=True),
    "Google Meet": _Wording(has_id=False),
    "Microsoft Teams": _Wording(asks_for="access_code"),
    "Skype for Business": _Wording(asks_for="access_code", has_id=False, bare=True),
}

_VIDEO_HOSTS = (".zoomcrc.com", ".plcm.vc", ".bjn.vc", ".pexip.me")
"""All addresses there are video systems': of Zoom, of gateways to Teams, of BlueJeans."""
_VIDEO_SITES = (".webex.com",)
"""So are those below a customer's name; Webex itself has mail there."""

MIN_ID, MAX_CODE, MAX_PASSCODE = 9, 15, 10
"""Digits of a meeting's id, of any code, of a passcode."""

_SIP = re.compile(r"^\W*(sips?):\s*$", re.IGNORECASE)
_LINKED_ID = re.compile(r"[0-9]{9,15}")
_PIN = re.compile(r"\bPIN\b", re.IGNORECASE)
_PASSCODE = re.compile(
    r"pass(?:code|wor[dt])|kenn(?:code|wort)|code secret|mot de passe|contrase|c[óo]digo de acc?es|senha|"
    r"パス|رمز المرور|كلمة المرور",
    re.IGNORECASE,
)
_NEAR = 4
"""Lines between two things of one invitation, at most; blank ones don't count."""
_GAP = 3
"""Lines from one number of a list to the next, at most."""


def read(text: str, provider: str = "") -> DialIn:
    """What the text tells about joining without a browser. Takes any text.

    The provider, by its name in the conferencing object, decides what a code is called.
    """
    found = list(shapes(text))
    return _Reading(found, _WORDING.get(provider, _Wording())).dial_in() if found else DialIn()


@dataclass(frozen=True, kw_only=True)
class _Typed:
    """A code that is typed on a telephone, and what it is called."""

    line: int
    code: str
    name: str


class _Reading:
    """One text's things, told apart: a number is a phone, or one of the codes, or nothing."""

    def __init__(self, found: Sequence[Shape], wording: _Wording) -> None:
        self.wording = wording
        numbers = [each for each in found if each.kind == "number"]
        self.linked = {code for each in found if each.kind == "url" for code in _LINKED_ID.findall(each.text)}
        dialled = {typed[0] for each in numbers if (typed := codes(each.then))}
        self.phones = list(phones(numbers, self.linked | dialled))
        self.dialled = dict.fromkeys(phone.codes[0] for phone in self.phones if phone.codes)
        self.addresses = [each for each in found if each.kind == "address"]
        self.phone_lines = {phone.shape.line for phone in self.phones}
        self.near_phone = _around(self.phone_lines)
        self.near = self.near_phone | _around(each.line for each in found if each.kind == "url")
        taken = {phone.shape for phone in self.phones}
        rest = [each for each in found if each not in taken]
        self.codes = [each for each in rest if each.kind == "number" and self._may_be_code(each)]
        self.ids = dict.fromkeys(self._ids())
        self.known = self.linked | self.dialled.keys() | {each.digits for each in self.ids}
        self.passcodes = dict.fromkeys(self._passcodes(rest))
        self.typed = self._typed()

    def dial_in(self) -> DialIn:
        ids = [*(each.digits for each in self.ids), *(self.dialled if self.wording.for_id else ())]
        return DialIn(
            phones=tuple(self._points()),
            meeting_codes=tuple(dict.fromkeys(ids)),
            passcodes=tuple(dict.fromkeys(each.text.strip("(.") for each in self.passcodes)),
            pins=tuple(dict.fromkeys(each.code for each in self.typed if each.name != "meeting_code")),
            sips=tuple(dict.fromkeys(filter(None, map(self._sip, self.addresses)))),
        )

    # --- codes -------------------------------------------------------------------------------------------------------

    def _may_be_code(self, each: Shape) -> bool:
        known = each.digits in self.linked or each.digits in self.dialled
        is_short = len(each.digits) <= MAX_CODE and not each.after[:1].isalpha()
        return known or (is_short and (each.hashed or each.is_labelled))

    def _ids(self) -> list[Shape]:
        """Where the meeting's id stands: that of a link or dial string, else what looks like one and is near either."""
        of_devices = {each.line + 1 for each in self.addresses}
        may_be = [each for each in self.codes if self._may_be_id(each) and each.line not in of_devices]
        known = self.linked | self.dialled.keys()
        sure = [each for each in may_be if each.digits in known]
        return sure if sure or not self.wording.has_id else [each for each in may_be if self._looks_like_id(each)]

    def _may_be_id(self, each: Shape) -> bool:
        return self.wording.for_id or not (each.hashed or each.digits in self.dialled)

    def _looks_like_id(self, each: Shape) -> bool:
        return len(each.digits) >= MIN_ID and each.is_labelled and not each.hashed and each.line in self.near

    def _passcodes(self, rest: Sequence[Shape]) -> Iterator[Shape]:
        """What stands right after the id, on its line or the next, or is called a passcode near it."""
        near = self.near | _around(each.line for each in self.ids)
        id_line = told_line = -_NEAR
        for each in rest:
            if each in self.ids:
                id_line = each.line
            elif _may_be_passcode(each):
                follows = each.line == id_line or (each.line == id_line + 1 and each.line not in self.phone_lines)
                looks = each.kind == "number" or _looks_secret(each.text)
                if (follows and looks) or (each.line in near and _PASSCODE.search(each.label)):
                    told_line = each.line
                    yield each
            elif each.line == told_line and each.text.startswith("(") and each.text[1:].isdigit():
                yield each  # Webex: the same for telephones

    def _typed(self) -> list[_Typed]:
        """In the order of certainty."""
        name = self.wording.asks_for
        told = [_Typed(line=phone.shape.line, code=phone.codes[0], name=name) for phone in self.phones if phone.codes]
        asked = self.ids if self.wording.for_id and self.phones else ()
        sure = [*(each for each in self.codes if each.hashed), *asked]
        told += [_Typed(line=each.line, code=each.digits, name=name) for each in sure]
        left = [each for each in self.codes if each.line in self.near_phone and each not in self.passcodes]
        told += [_Typed(line=each.line, code=each.digits, name="pin") for each in left if _PIN.search(each.label)]
        bare = [each for each in left if self.wording.bare or each.line in self.phone_lines]
        return told or [_Typed(line=each.line, code=each.digits, name=name) for each in bare]

    # --- phones ------------------------------------------------------------------------------------------------------

    def _points(self) -> Iterator[ShownEntryPoint]:
        """Each number once for each code."""
        typed = {each.line: each for each in reversed(self.typed)}
        seen = set()
        for listed in _lists(self.phones):
            asked = _nearest(typed, listed[0].shape.line, listed[-1].shape.line)
            if asked is None:
                continue
            then = next((phone.then for phone in listed if phone.then), f"{PAUSE}{asked.code}#")
            for phone in listed:
                then = phone.then or then
                if (key := (phone.dialled, codes(then)[0])) not in seen:
                    seen.add(key)
                    yield self._point(phone, then, asked.name)

    def _point(self, phone: Phone, then: str, name: str) -> ShownEntryPoint:
        code, *more = codes(then)
        spoken = [each.digits for each in self.passcodes if each.kind == "number"] if self.wording.for_id else []
        fields = {name: code, "passcode": next(iter([*more, *reversed(spoken)]), None)}
        return ShownEntryPoint(
            type="phone",
            uri=f"tel:{phone.dialled}{then}",
            label=phone.label,
            region_code=phone.region,
            features=phone.features,
            **fields,
        )

    # --- video systems -----------------------------------------------------------------------------------------------

    def _sip(self, each: Shape) -> str | None:
        scheme, _, address = each.text.rpartition(":")
        scheme = scheme or "".join(_SIP.findall(each.label))
        user, _, host = address.rstrip(".-").partition("@")
        at = f".{host.lower()}"
        known = at.endswith(_VIDEO_HOSTS) or host.lower().endswith(_VIDEO_SITES)
        if (
            scheme
            or known
            or user in self.linked
            or user in self.dialled
            or any(user == each.digits for each in self.ids)
        ):
            return f"{scheme.lower() or 'sip'}:{user}@{host}"
        return None


def _around(lines: Iterable[int]) -> set[int]:
    return {near for line in lines for near in range(line - _NEAR, line + _NEAR + 1)}


def _lists(found: Sequence[Phone]) -> list[list[Phone]]:
    """The phones, those together that stand in one list."""
    lists: list[list[Phone]] = []
    for phone in found:
        if lists and phone.shape.line - lists[-1][-1].shape.line <= _GAP:
            lists[-1].append(phone)
        else:
            lists.append([phone])
    return lists


def _nearest(typed: Mapping[int, _Typed], first: int, last: int) -> _Typed | None:
    """The code that belongs to a list from one line to another: within it, else below, else above."""
    lines = chain(range(first, last + _NEAR + 1), range(first - 1, first - _NEAR - 1, -1))
    return next((typed[line] for line in lines if line in typed), None)


def _may_be_passcode(each: Shape) -> bool:
    if each.kind == "number":
        plain = each.text.isdigit() and len(each.text) <= MAX_PASSCODE
        return (
            plain
            and each.is_labelled
            and not each.hashed
            and not each.after[:1].isalpha()
            and not _PIN.search(each.label)
        )
    return each.kind == "word" and 4 <= len(each.text) <= 32


def _looks_secret(text: str) -> bool:
    """Digits among letters, or capitals among small ones: no word of any language."""
    mixed = text[1:] != text[1:].lower() and text != text.upper()
    return len(text) >= 6 and (mixed or (any(map(str.isdigit, text)) and any(map(str.isalpha, text))))
