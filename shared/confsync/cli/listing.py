"""The vendors, and what each of them can do: one row each, from what their modules say of themselves."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from confsync.domain.solution import Capabilities, OwnRecurrence
from confsync.providers import PROVIDERS, Vendor, vendor

Cell = Callable[[Vendor], str]


def _updates(each: Vendor) -> str:
    return "yes" if each.capabilities.updates else "made anew: the link changes"


def _deletes(each: Vendor) -> str:
    return "yes" if each.capabilities.deletes else "left to itself"


def _series(each: Vendor) -> str:
    own = {OwnRecurrence.NONE: "one meeting for all", OwnRecurrence.LIMITED: "its own", OwnRecurrence.RRULE: "RRULE"}
    return each.series or own[each.capabilities.recurrence]


def _limits(each: Vendor) -> str:
    return each.limits or "none known"


COLUMNS: Mapping[str, Cell] = {
    "provider": lambda each: f"`{each.provider}`",
    "vendor": lambda each: each.name,
    "accounts": lambda each: ", ".join(each.accounts),
    "changes": _updates,
    "deletes": _deletes,
    "series": _series,
    "single times": lambda each: "follow" if each.capabilities.occurrences else "stay as the series has them",
    "dial-in": lambda each: each.dial_in,
    "found again by": lambda each: each.marker,
    "length": lambda each: _length(each.capabilities),
    "scopes": lambda each: ", ".join(f"`{scope}`" for scope in each.scopes) or "none",
    "limits": _limits,
    "what it can't": lambda each: each.cannot or "nothing that we know of",
}


def rows() -> list[list[str]]:
    """Cells by vendor, in the order of the columns."""
    return [[cell(vendor(name)) for cell in COLUMNS.values()] for name in PROVIDERS]


def markdown() -> str:
    """As a table of Markdown."""
    lines = [list(COLUMNS), ["---"] * len(COLUMNS), *rows()]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def table() -> str:
    """For a terminal: a paragraph each."""
    told = []
    for cells in rows():
        named = dict(zip(COLUMNS, cells, strict=True))
        head = f"{named.pop('provider').strip('`')}: {named.pop('vendor')}"
        told.append("\n".join([head, *(f"  {name}: {cell.replace('`', '')}" for name, cell in named.items())]))
    return "\n\n".join(told)


def _length(capabilities: Capabilities) -> str:
    shortest, longest = capabilities.shortest, capabilities.longest
    if shortest is None and longest is None:
        return "any"
    return " to ".join(_short(each) for each in (shortest, longest) if each is not None)


def _short(length: timedelta) -> str:
    minutes = int(length / timedelta(minutes=1))
    hours, rest = divmod(minutes, 60)
    return f"{minutes} min" if minutes < 60 else f"{hours} h" + (f" {rest} min" if rest else "")
