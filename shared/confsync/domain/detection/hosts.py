"""Which rows are about a host: looked up by name, so that the time does not grow with the number of rows."""

from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import Generic, TypeVar

T = TypeVar("T")
ANY = "*"
_MAX_LABELS = 8


class HostTable(Generic[T]):
    """Values by the pattern of a host: `zoom.us`; `*.zoom.us`, all below it; `bbb.*`, of that first label; `*`, any."""

    def __init__(self, pairs: Iterable[tuple[str, T]]) -> None:
        rows: defaultdict[str, list[T]] = defaultdict(list)
        for pattern, value in pairs:
            rows[pattern].append(value)
        self._rows = {pattern: tuple(values) for pattern, values in rows.items()}
        self.named = lru_cache(maxsize=1024)(self._named)
        """What is known of this host, or of the domain that it is in. The host is in lower case."""

    def _named(self, host: str) -> tuple[T, ...]:
        found = self._rows.get(host, ())
        parent, left = host, _MAX_LABELS
        while left and (dot := parent.find(".")) >= 0:
            parent, left = parent[dot + 1 :], left - 1
            found += self._rows.get(f"*.{parent}", ())
        return found

    def anywhere(self, host: str) -> tuple[T, ...]:
        """What a host may be by its first label, or whatever it is called."""
        return self._rows.get(f"{host.partition('.')[0]}.{ANY}", ()) + self._rows.get(ANY, ())
