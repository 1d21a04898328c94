"""Answers: tables for people, JSON for programs."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice

Say = Callable[[str], object]
Value = str | int | datetime | Sequence[str] | None
Facts = Mapping[str, Value]
"""What is told of one thing, by the name that people know it by."""

PAGE = 100
"""So many rows are in memory, and share the widths of their columns."""


def rows(found: Iterable[Facts], say: Say, *, nothing: str, as_json: bool = False) -> None:
    """A line each: of a table with a head, or a JSON object. `nothing`: what is said where there is none."""
    if as_json:
        for each in found:
            say(_json(each))
        return
    rest = iter(found)
    widths: list[int] = []
    while page := [list(each.items()) for each in islice(rest, PAGE)]:
        lines = [[cell(value) for _, value in items] for items in page]
        if not widths:
            lines.insert(0, [name for name, _ in page[0]])
            widths = [0] * len(page[0])
        widths = [max(width, *(len(cells[n]) for cells in lines)) for n, width in enumerate(widths)]
        for cells in lines:
            say("  ".join(text.ljust(width) for text, width in zip(cells, widths, strict=True)).rstrip())
    if not widths:
        say(nothing)


def facts(told: Facts, say: Say, *, as_json: bool = False) -> None:
    """One thing: a line for each fact that there is, or one JSON object."""
    if as_json:
        say(_json(told))
        return
    known = {name: value for name, value in told.items() if value not in (None, "", ())}
    width = max(map(len, known))
    for name, value in known.items():
        first, *rest = value if isinstance(value, tuple) else [value]
        for head, line in ((name, first), *(("", each) for each in rest)):
            say(f"{head.ljust(width)}  {cell(line)}".rstrip())


def cell(value: Value) -> str:
    """As people read it."""
    if value is None or isinstance(value, datetime):
        return minute(value)
    return shown("; ".join(value) if isinstance(value, tuple) else str(value))


def minute(at: datetime | None) -> str:
    """The time, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%MZ") if at else "never"


def shown(text: str) -> str:
    """Without what could steer a terminal: names come from vendors, and titles from anybody."""
    return "".join(each if each.isprintable() else "?" for each in text)


def _json(told: Facts) -> str:
    return json.dumps({name.replace(" ", "_"): _plain(value) for name, value in told.items()})


def _plain(value: Value) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
