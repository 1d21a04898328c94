"""Query parameters into typed values."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from confsync.domain.errors import BadRequest
from confsync.web.endpoint import Call

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)


class Query:
    """Query parameters, of which each name is known and there once. Raises `BadRequest`, which names it."""

    def __init__(self, call: Call, names: Sequence[str]) -> None:
        self._given: dict[str, str] = {}
        for name in cast("Any", call.query):
            values = call.query.getlist(name)
            if name not in names:
                told = f"there are {', '.join(names)}" if names else "there are none here"
                raise BadRequest(f"there is no such parameter; {told}", field=name)
            if len(values) > 1:
                raise BadRequest("it is there several times", field=name)
            self._given[name] = values[0]

    def text(self, name: str) -> str | None:
        """Its value, None for none or an empty one."""
        return self._given.get(name) or None

    def one_of(self, name: str, values: Sequence[str]) -> str | None:
        """One of these values, None if it is not there."""
        value = self._given.get(name)
        if value is not None and value not in values:
            raise BadRequest(f"it is {' or '.join(values)}", field=name)
        return value

    def flag(self, name: str) -> bool:
        """Whether it is true."""
        return self.one_of(name, ("true", "false")) == "true"

    def number(self, name: str, *, low: int, high: int, default: int) -> int:
        """Within these bounds."""
        value = self._given.get(name)
        if value is None:
            return default
        if not (value.isascii() and value.isdigit() and len(value) < 6 and low <= int(value) <= high):
            raise BadRequest(f"it is a number from {low} to {high}", field=name)
        return int(value)

    def time(self, name: str) -> datetime | None:
        """Aware; RFC 3339 with an offset."""
        value = self._given.get(name)
        if value is None:
            return None
        text = value.upper()
        try:
            time = datetime.fromisoformat(text) if _TIME.fullmatch(text) else None  # which takes more than the RFC has
        except ValueError:
            time = None
        if time is None:
            raise BadRequest("it is a time with an offset, as 2026-03-01T10:00:00Z", field=name)
        return time
