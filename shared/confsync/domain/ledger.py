"""The records that one decision may touch, and what becomes of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from confsync.domain.conference import Conference
from confsync.domain.link import Link


@dataclass
class Ledger:
    """Working copy of the records that one decision may touch, and what became of them."""

    links: dict[str, Link] = field(default_factory=dict)
    conferences: dict[str, Conference] = field(default_factory=dict)
    changed: dict[str, Link | Conference] = field(default_factory=dict)
    removed: dict[str, Link] = field(default_factory=dict)

    @classmethod
    def of(cls, links: Mapping[str, Link], conferences: Mapping[str, Conference]) -> "Ledger":
        """A ledger of these records, by key, with nothing changed."""
        return cls(links=dict(links), conferences=dict(conferences))

    def put(self, record: Link | Conference) -> None:
        """Change or add a record."""
        if isinstance(record, Link):
            gone = self.removed.pop(record.key, None)
            if gone is not None:
                record = replace(record, version=gone.version)  # it is still stored
            if self.links.get(record.key) == record:
                return
            self.links[record.key] = record
        else:
            if self.conferences.get(record.id) == record:
                return
            self.conferences[record.id] = record
        self.changed[record.key] = record

    def drop(self, link: Link) -> None:
        """Remove a link."""
        self.links.pop(link.key, None)
        self.changed.pop(link.key, None)
        if link.version is not None:
            self.removed[link.key] = link
