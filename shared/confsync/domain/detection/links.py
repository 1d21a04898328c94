"""Whether an address leads into a meeting, and into which."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from confsync.domain.conferencing import Confidence
from confsync.domain.detection.catalogue import SERVICES
from confsync.domain.detection.hosts import HostTable
from confsync.domain.detection.own import services
from confsync.domain.detection.service import Form, Service
from confsync.domain.detection.url import Url
from confsync.domain.own_service import OwnService

Row = tuple[Form, Service]
_TABLE = HostTable((host, (form, row)) for row in SERVICES for form in row.forms for host in form.hosts)
_NO_PART_OF_IT = re.compile(r"[^\w./~%@+=&-]|[^\x00-\x7f]")
"""What ends a path where somebody's words follow it without a blank, if it leads nowhere as a whole."""
_GAPS = str.maketrans("", "", " -\u00a0\u2010\u2011")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An address that leads into a meeting."""

    service: Service
    url: str
    code: str
    """As people type it, without blanks; "" if the address does not tell it."""
    meeting: tuple[str, ...]
    """Two links with the same lead into the same meeting."""
    confidence: Confidence


class Catalogue:
    """All services: those that are known, and servers of one's own, which come first."""

    def __init__(self, own: Sequence[OwnService] = ()) -> None:
        rows = ((host, (form, row)) for row in services(own) for form in row.forms for host in form.hosts)
        self._own: HostTable[Row] = HostTable(rows)

    def link(self, url: Url) -> Link | None:
        """The meeting that this address leads into, None if it leads into none."""
        known = self._own.named(url.host) + _TABLE.named(url.host)
        # an address of a server that nobody knows is one only if it says that it is an address
        rows = known or (_TABLE.anywhere(url.host) if url.scheme and "xn--" not in url.host else ())
        return _first(url, rows) or _shortened(url, rows)


@lru_cache(maxsize=16)
def catalogue(own: tuple[OwnService, ...]) -> Catalogue:
    """The catalogue with these servers of one's own."""
    return Catalogue(own)


def squeezed(code: str) -> str:
    """A code as it is compared: people write it with blanks and hyphens, or without."""
    return code.translate(_GAPS).lower()


def _first(url: Url, rows: tuple[Row, ...]) -> Link | None:
    return next((found for row in rows if (found := _link(url, *row)) is not None), None)


def _shortened(url: Url, rows: tuple[Row, ...]) -> Link | None:
    """The meeting of an address that somebody's words follow without a blank."""
    end = _NO_PART_OF_IT.search(url.path) if rows else None
    return _first(Url(url.scheme, url.host, url.path[: end.start()]), rows) if end else None


def _link(url: Url, form: Form, service: Service) -> Link | None:
    named = groups(url, form)
    if named is None:
        return None
    code = _code(named.get("code") or "", service)
    parts = [code if name == "code" else value for name, value in sorted(named.items()) if value]
    # a number is one meeting's wherever the service has a host
    where = () if code.isdigit() and not service.local else (url.host,)
    return Link(
        service=service,
        url=(_lower(url) if service.lower else url).told(without=service.drops, fragment=bool(form.fragment)),
        code=code,
        meeting=(service.told, *where, *(parts or [url.plain_path])),
        confidence=form.confidence,
    )


def _code(code: str, service: Service) -> str:
    bare = squeezed(code)
    return bare if bare.isdigit() else code.lower() if service.lower else code


def groups(url: Url, form: Form) -> dict[str, str | None] | None:
    """What the form's groups hold in an address, None if it is not of that form."""
    found = [_compiled(form.path).fullmatch(url.plain_path)]
    if form.query:
        matches = (_compiled(form.query).fullmatch(each) for each in url.query.split("&"))
        found.append(next(filter(None, matches), None))
    if form.fragment:
        found.append(_compiled(form.fragment).fullmatch(url.fragment))
    if any(match is None for match in found):
        return None
    return {name: value for match in found if match for name, value in match.groupdict().items()}


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII | re.IGNORECASE | re.DOTALL)


def _lower(url: Url) -> Url:
    return url._replace(path=url.path.lower())
