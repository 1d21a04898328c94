"""Which of a text's numbers are telephone numbers, and what is dialled after them."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from confsync.domain.detection.shapes import Shape
from confsync.domain.telephone import MAX_DIGITS, PAUSE, Number, number

MAX_PHONES = 300
"""As many as an event has entry points."""
_MAX_LOOKED_UP = 2 * MAX_PHONES

_CODE = re.compile(r"[0-9]{3,}")  # Zoom's lone 0 stands for: no participant id
_WEBEX_MARK = "*01*"
_COUNTRY_BEFORE = re.compile(r"(?:\(([A-Z]{2})\)|(?<![A-Za-z])(?!ID|AM|PM)([A-Z]{2})):?\s*$")
"""Not "Meeting ID:", which would be Indonesia, nor "5 PM"."""
_COUNTRY_AFTER = re.compile(r"\s*\(?([A-Z]{2})(?![A-Za-z])")
_TOLL = re.compile(r"\btoll\b(?![\s-]*free)", re.IGNORECASE)
_NORTH_AMERICAN = re.compile(r"1[ .-]?\(?[2-9]\d\d\)?[ .-]?\d{3}[ .-]?\d{4}")
_UK = {"UK": "GB"}


@dataclass(frozen=True, kw_only=True)
class Phone:
    """A number that can be dialled."""

    shape: Shape
    dialled: str
    """With its extension."""
    label: str
    region: str | None
    features: tuple[str, ...]
    then: str
    """Pauses, codes, `#` and `*`, as the text has them; "": it has the number alone."""

    @property
    def typed(self) -> tuple[str, ...]:
        """Those that are dialled after it."""
        return typed_in(self.then)


def typed_in(then: str) -> tuple[str, ...]:
    """The codes in what is dialled after a number."""
    return tuple(_CODE.findall(_compact(then).replace(_WEBEX_MARK, "*")))


def _compact(then: str) -> str:
    return then.replace(" ", "").replace("-", "")


def phones(numbers: Sequence[Shape], ids: Collection[str]) -> Iterator[Phone]:
    """The telephone numbers among the numbers, in order. `ids`: what is known to be none."""
    likely = [each for each in numbers if _may_be_phone(each, ids)][:_MAX_LOOKED_UP]
    regions = {_place(each): known.region for each in likely if (known := _international(each)) is not None}
    found = (_phone(each, regions.get(_place(each))) for each in likely)
    return islice((each for each in found if each is not None), MAX_PHONES)


def _may_be_phone(each: Shape, ids: Collection[str]) -> bool:
    return 7 <= len(each.digits) <= MAX_DIGITS + 3 and not each.hashed and each.digits not in ids


def _phone(each: Shape, region: str | None) -> Phone | None:
    known = _international(each) or _national(each, region)
    then = _compact(each.then) if typed_in(each.then) else ""
    if known is None and not then:
        return None
    extension = PAUSE + "".join(filter(str.isdigit, each.extension)) if each.extension else ""
    cost = ("toll_free",) if known and known.toll_free else ("toll",) if _TOLL.search(each.after) else ()
    return Phone(
        shape=each,
        dialled=(known.e164 if known else f"+{each.digits}" if "+" in each.text else each.digits) + extension,
        label=known.label if known else each.text.strip(),
        region=known.region if known else None,
        features=cost,
        then=then,
    )


def _international(each: Shape) -> Number | None:
    text = each.text
    if "+" in text:
        return number(text)
    if text.startswith("00") and not text.isdigit():
        return number(f"+{text[2:]}")
    return number(f"+{text}") if _NORTH_AMERICAN.fullmatch(text) and not text.isdigit() else None


def _national(each: Shape, region: str | None) -> Number | None:
    """A number without its country's code: the country stands beside it, or elsewhere before one that has it."""
    if "+" in each.text:
        return None
    before, after = _COUNTRY_BEFORE.search(each.label), _COUNTRY_AFTER.match(each.after)
    beside = (before and (before[1] or before[2])) or (after and after[1]) or ""
    home = _UK.get(beside, beside) or region
    return number(each.text, home) if home else None


def _place(each: Shape) -> str:
    """What stands before a number, up to a bracket or colon: the country's name in a list of numbers."""
    return re.split("[(:]", each.label, maxsplit=1)[0].strip(" -*\t")
