"""Which events of a calendar have links, in so few digits that the calendar's own record holds them.

An event that the index does not name costs no read. It may name too much (digits may be alike), never too little:
whoever adds a link writes the calendar's record in the same commit. None: too many links, or not known.
"""

from collections import Counter
from collections.abc import Iterable

from confsync.domain.link import Link

MAX_LINKS = 500
"""The record is written with every sync: it has to stay small."""

_DIGITS = 8


def index_of(links: Iterable[Link]) -> str | None:
    """The index of all links of a calendar."""
    return _joined(map(_digits, links))


def updated(index: str | None, added: Iterable[Link], removed: Iterable[Link]) -> str | None:
    """The index after these links came and went."""
    if index is None:
        return None
    digits = Counter(_split(index))
    digits.update(map(_digits, added))
    digits.subtract(map(_digits, removed))
    return _joined(digits.elements())


def named(index: str, keys: Iterable[str]) -> set[str]:
    """Those of the link keys that the index names."""
    known = set(_split(index))
    return {key for key in keys if key[:_DIGITS] in known}


def _digits(link: Link) -> str:
    return link.key[:_DIGITS]


def _split(index: str) -> list[str]:
    return [index[at : at + _DIGITS] for at in range(0, len(index), _DIGITS)]


def _joined(digits: Iterable[str]) -> str | None:
    found = sorted(digits)
    return "".join(found) if len(found) <= MAX_LINKS else None
