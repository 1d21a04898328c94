"""Which numbers and words of a text are the meeting's id, its passcodes, and what is typed on a telephone."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from confsync.domain.detection.phones import Phone, phones, typed_in
from confsync.domain.detection.shapes import Shape

NEAR = 4
"""Lines between two things of one invitation, at most; blank ones don't count."""

_MIN_ID, _MAX_CODE, _MAX_PASSCODE = 9, 15, 10
"""Digits of a meeting's id, of any code, of a passcode."""
_LINKED_ID = re.compile(r"[0-9]{9,15}")
_PIN = re.compile(r"\bPIN\b", re.IGNORECASE)
_PASSCODE = re.compile(
    r"pass(?:code|wor[dt])|kenn(?:code|wort)|code secret|mot de passe|contrase|c[óo]digo de acc?es|senha|"
    r"パス|رمز المرور|كلمة المرور",
    re.IGNORECASE,
)
"""Where shape and place leave it open."""


@dataclass(frozen=True, kw_only=True)
class Wording:
    """What a provider calls the first code that a caller types, and whether it is (or there is) a meeting's id.

    `bare`: whether it stands there without a `#`, a dial string, or digits of the link.
    """

    asks_for: str = "pin"
    for_id: bool = False
    has_id: bool = True
    bare: bool = False


@dataclass(frozen=True, kw_only=True)
class Typed:
    """A code that is typed on a telephone, and what it is called."""

    line: int
    code: str
    name: str


class Codes:
    """One text's numbers and words, told apart: each is a phone, or one of the codes, or nothing."""

    def __init__(self, found: Sequence[Shape], wording: Wording) -> None:
        self._wording = wording
        numbers = [each for each in found if each.kind == "number"]
        self._linked = {code for each in found if each.kind == "url" for code in _LINKED_ID.findall(each.text)}
        dialled = {typed[0] for each in numbers if (typed := typed_in(each.then))}
        self.phones: list[Phone] = list(phones(numbers, self._linked | dialled))
        self.dialled = dict.fromkeys(phone.typed[0] for phone in self.phones if phone.typed)
        self._phone_lines = {phone.shape.line for phone in self.phones}
        self._near_phone = _around(self._phone_lines)
        self._near = self._near_phone | _around(each.line for each in found if each.kind == "url")
        taken = {phone.shape for phone in self.phones}
        rest = [each for each in found if each not in taken]
        self._all = [each for each in rest if each.kind == "number" and self._may_be_code(each)]
        self.ids = dict.fromkeys(self._ids({each.line + 1 for each in found if each.kind == "address"}))
        self.passcodes = dict.fromkeys(self._passcodes(rest))
        self.typed = list(self._typed())

    @property
    def known(self) -> set[str]:
        """All digits that are surely of the meeting."""
        return self._linked | self.dialled.keys() | {each.digits for each in self.ids}

    def _may_be_code(self, each: Shape) -> bool:
        if each.digits in self._linked or each.digits in self.dialled:
            return True
        if len(each.digits) > _MAX_CODE or each.after[:1].isalpha():
            return False
        return each.is_labelled or (each.hashed and each.line in self._near_phone)

    def _ids(self, of_devices: set[int]) -> list[Shape]:
        """Where the meeting's id stands: that of a link or dial string, else what looks like one and is near either.

        `of_devices`: lines below an address of a video system, which have an id for that system.
        """
        may_be = [each for each in self._all if self._may_be_id(each) and each.line not in of_devices]
        sure = [each for each in may_be if each.digits in self._linked or each.digits in self.dialled]
        return sure if sure or not self._wording.has_id else [each for each in may_be if self._looks_like_id(each)]

    def _may_be_id(self, each: Shape) -> bool:
        return self._wording.for_id or not (each.hashed or each.digits in self.dialled)

    def _looks_like_id(self, each: Shape) -> bool:
        return len(each.digits) >= _MIN_ID and each.is_labelled and not each.hashed and each.line in self._near

    def _passcodes(self, rest: Sequence[Shape]) -> Iterator[Shape]:
        """What stands right after the id, on its line or the next, or is called a passcode near it."""
        near = self._near | _around(each.line for each in self.ids)
        id_line = told_line = -NEAR
        for each in rest:
            if each in self.ids:
                id_line = each.line
            elif _may_be_passcode(each):
                follows = each.line == id_line or (each.line == id_line + 1 and each.line not in self._phone_lines)
                looks = each.kind == "number" or _looks_secret(each.text)
                if (follows and looks) or (each.line in near and _PASSCODE.search(each.label)):
                    told_line = each.line
                    yield each
            elif each.line == told_line and each.text.startswith("(") and each.text[1:].isdigit():
                yield each  # Webex: the same for telephones

    def _typed(self) -> Iterator[Typed]:
        """In the order of certainty."""
        name = self._wording.asks_for
        dialling = [phone for phone in self.phones if phone.typed]
        asked = self.ids if self._wording.for_id and self.phones else ()
        sure = [*(each for each in self._all if each.hashed), *asked]
        left = [each for each in self._all if each.line in self._near_phone and each not in self.passcodes]
        pins = [each for each in left if _PIN.search(each.label)]
        yield from (Typed(line=phone.shape.line, code=phone.typed[0], name=name) for phone in dialling)
        yield from (Typed(line=each.line, code=each.digits, name=name) for each in sure)
        yield from (Typed(line=each.line, code=each.digits, name="pin") for each in pins)
        if not (dialling or sure or pins):
            bare = (each for each in left if self._wording.bare or each.line in self._phone_lines)
            yield from (Typed(line=each.line, code=each.digits, name=name) for each in bare)


def _around(lines: Iterable[int]) -> set[int]:
    return {near for line in lines for near in range(line - NEAR, line + NEAR + 1)}


def _may_be_passcode(each: Shape) -> bool:
    if each.kind != "number":
        return each.kind == "word" and 4 <= len(each.text) <= 32
    is_plain = each.text.isdigit() and len(each.text) <= _MAX_PASSCODE and not each.hashed
    return is_plain and each.is_labelled and not each.after[:1].isalpha() and not _PIN.search(each.label)


def _looks_secret(text: str) -> bool:
    """Digits among letters, or capitals among small ones: no word of any language."""
    mixed = text[1:] != text[1:].lower() and text != text.upper()
    return len(text) >= 6 and (mixed or (any(map(str.isdigit, text)) and any(map(str.isalpha, text))))
