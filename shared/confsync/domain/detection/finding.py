"""The meetings that a text links to."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from confsync.domain.detection import wrappers
from confsync.domain.detection.apps import web_address
from confsync.domain.detection.links import Catalogue, Link
from confsync.domain.detection.reading import entities
from confsync.domain.detection.scanning import addresses
from confsync.domain.detection.url import parse

MAX_WRAPPED = 8
"""How often an address may be wrapped into others. Each time it is shorter, so that the time stays in proportion."""


@dataclass(slots=True)
class Found:
    """Links in the order of the text, and addresses that only a gateway can undo."""

    links: list[Link] = field(default_factory=list)
    unresolved: list[str] = field(default_factory=list)


def find(text: str, catalogue: Catalogue) -> Found:
    """What a text (as `reading.read` gives it) links to."""
    found = Found()
    for address in addresses(text):
        for each in _meant(address, catalogue, MAX_WRAPPED):
            if isinstance(each, Link):
                found.links.append(each)
            elif each not in found.unresolved:
                found.unresolved.append(each)
    return found


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
