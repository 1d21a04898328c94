"""The meetings that a text links to."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from confsync.domain.detection import wrappers
from confsync.domain.detection.apps import web_address
from confsync.domain.detection.links import Catalogue, Link
from confsync.domain.detection.reading import entities
from confsync.domain.detection.scanning import addresses, replaced
from confsync.domain.detection.url import parse

MAX_WRAPPED = 8
"""How often an address may be wrapped into others. Each time it is shorter, so that the time stays in proportion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Links in the order of the text, and addresses that only a gateway can undo."""

    links: tuple[Link, ...] = ()
    unresolved: tuple[str, ...] = ()

    @property
    def meetings(self) -> frozenset[tuple[str, ...]]:
        """Which meetings the links lead into."""
        return frozenset(link.meeting for link in self.links)


NOTHING = Found()


def find(text: str, catalogue: Catalogue) -> Found:
    """What a text (as `reading.read` gives it) links to."""
    meant = [each for address in addresses(text) for each in _meant(address, catalogue, MAX_WRAPPED)]
    if not meant:
        return NOTHING
    links = tuple(each for each in meant if isinstance(each, Link))
    return Found(links=links, unresolved=tuple(dict.fromkeys(each for each in meant if isinstance(each, str))))


def unwrapped(text: str, catalogue: Catalogue) -> str:
    """The text with the meetings' own addresses in it, where they were wrapped into others."""

    def own(address: str) -> str:
        links: Iterable[Link] = (e for e in _meant(address, catalogue, MAX_WRAPPED) if isinstance(e, Link))
        return next((link.url for link in links), address)

    return replaced(text, own)


def _meant(address: str, catalogue: Catalogue, left: int) -> Iterator[Link | str]:
    """The meetings that it leads into, at most one but for strange wrappers; addresses that can't be undone."""
    url = parse(web_address(address))
    if url is None:
        return
    if wrappers.is_opaque(url):
        yield address
    elif (inner := wrappers.unwrap(url)) is None:
        if link := catalogue.link(url):
            yield link
    elif left:
        for each in addresses(entities(inner)):
            yield from _meant(each, catalogue, left - 1)
