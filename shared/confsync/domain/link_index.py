"""Which events of a calendar have links, in so few digits that the calendar's own record holds them.

The series of an instance that has a link is named too. An event that the index does not name costs no read. It may name
too much (digits may be alike), never too little: whoever adds a link writes the calendar's record in the same commit.
None: too many links, or not known.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from confsync.domain.keys import link_key
from confsync.domain.link import Link

MAX_ENTRIES = 4_000
"""32 KB: the record is read and written with every sync."""

_DIGITS = 8


def index_of(links: Iterable[Link]) -> str | None:
    """The index of all links of a calendar."""
    return _joined(_entries(links))


def updated(index: str | None, added: Iterable[Link], removed: Iterable[Link]) -> str | None:
    """The index after these links came and went."""
    if index is None:
        return None
    entries = Counter(_split(index))
    entries.update(_entries(added))
    entries.subtract(_entries(removed))
    return _joined(entries.elements())


def named(index: str, keys: Iterable[str]) -> set[str]:
    """Those of the link keys that the index names, as events with links or as series of instances with links."""
    known = set(_split(index))
    return {key for key in keys if not known.isdisjoint((_of_link(key), _of_series(key)))}


def names_series(index: str, key: str) -> bool:
    """Whether instances of the series with this link key have links."""
    return _of_series(key) in _split(index)


def _entries(links: Iterable[Link]) -> Iterator[str]:
    for link in links:
        yield _of_link(link.key)
        if link.series is not None:
            yield _of_series(link_key(link.calendar_key, link.series))


def _of_link(key: str) -> str:
    return key[:_DIGITS]


def _of_series(key: str) -> str:
    return key[_DIGITS : 2 * _DIGITS]


def _split(index: str) -> list[str]:
    return [index[at : at + _DIGITS] for at in range(0, len(index), _DIGITS)]


def _joined(entries: Iterable[str]) -> str | None:
    found = sorted(entries)
    return "".join(found) if len(found) <= MAX_ENTRIES else None
