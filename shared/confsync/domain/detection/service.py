"""A service that people meet on, and the addresses that lead into its meetings: one row of the catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from confsync.domain.conferencing import Confidence


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """One kind of address.

    `path`, `query` and `fragment` are regular expressions for the whole (decoded) path, for one `name=value` of the
    query, and for the whole fragment. What their groups hold tells a meeting from every other of the service:

    - `code`: the meeting's id, as people see and type it
    - `id`: what only stands in addresses (a thread, a name)

    Upper and lower case are the same, and a slash at the end means nothing. None repeats what itself repeats, so that
    each takes time in proportion to the address.
    """

    hosts: tuple[str, ...]
    """`zoom.us`, or `*.zoom.us` for all below it; `bbb.*` is a server of that name anywhere, and `*` any server."""
    path: str
    query: str = ""
    fragment: str = ""
    """Where it is given the fragment is kept: without it nobody gets in."""
    confidence: Confidence = Confidence.HIGH


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """A row: facts, and examples that the tests hold true."""

    name: str
    forms: tuple[Form, ...]
    joins: Mapping[str, str]
    """Examples of addresses that lead into a meeting -> the meeting's code, "" if the address has none."""
    refuses: tuple[str, ...] = ()
    """Examples of the service's other pages, which look similar."""
    provider: str = ""
    """As it is told, if not by its name."""
    also: tuple[str, ...] = ()
    """What others call it."""
    word: Literal["passcode", "password"] = "passcode"
    """What the service calls the one that it asks for."""
    local: bool = False
    """A code is one meeting's on its own server only, though it be a number."""
    lower: bool = False
    """Its codes are in lower case."""
    drops: tuple[str, ...] = field(default=())
    """Parameters of an address that are about one person, or how they came there."""

    @property
    def told(self) -> str:
        """The provider in the conferencing object."""
        return self.provider or self.name
