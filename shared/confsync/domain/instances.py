"""How the times of a series at a vendor differ from those that its event has."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from confsync.domain.conference import ConferenceSpec, Occurrence
from confsync.domain.recurrence import spans


@dataclass(frozen=True, kw_only=True)
class Instance:
    """A time of a series as a vendor has it."""

    id: str
    original: datetime
    """When the series has it, aware."""
    start: datetime
    end: datetime
    title: str | None = None
    """None: the vendor does not tell."""


@dataclass(frozen=True, kw_only=True)
class Differences:
    """What has to be done, by the vendor's ids."""

    cancel: tuple[str, ...] = ()
    change: tuple[Instance, ...] = ()
    """As they should be."""
    missing: bool = False
    """Whether a time is not there that should be: the series has to be made anew."""


def differences(
    spec: ConferenceSpec,
    kept: Iterable[Instance],
    since: datetime,
    until: datetime,
    *,
    as_kept: Callable[[Instance], Instance] = lambda instance: instance,
) -> Differences:
    """Of the times that the series has between `since` and `until`.

    `as_kept` makes of a time what the vendor would have of it: its title cut, its length in whole minutes. A title that
    the vendor does not tell counts only where it is another one than the series'. Nothing of a series by more than a
    simple rule, whose times can't be told.
    """
    rules = tuple(line for line in spec.recurrence if not line.strip().upper().startswith("EXDATE"))
    regular = spans(replace(spec, recurrence=rules, occurrences=()), since, until)
    told = {each.original.astimezone(UTC): each for each in spec.occurrences}
    there = {each.original.astimezone(UTC): each for each in kept}
    cancel, change, missing = list[str](), list[Instance](), False
    for original, end in regular or ():
        occurrence = told.get(original, Occurrence(original=original, start=original, end=end))
        found = there.get(original)
        if occurrence.start is None or occurrence.end is None:
            cancel += [found.id] if found else []
        elif occurrence.end <= since:
            continue  # it was held earlier, and its vendor does not list it any more
        elif found is None:
            missing = True
        else:
            title = occurrence.title or spec.title
            wanted = as_kept(replace(found, start=occurrence.start, end=occurrence.end, title=title))
            untold = found.title is None
            same_title = title == spec.title if untold else wanted.title == found.title
            if (found.start, found.end) != (wanted.start, wanted.end) or not same_title:
                change.append(wanted)
    return Differences(cancel=tuple(cancel), change=tuple(change), missing=missing)
