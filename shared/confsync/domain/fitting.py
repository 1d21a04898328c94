"""What a vendor is asked for, where it can't keep all that an event says."""

from dataclasses import replace
from datetime import datetime, timedelta

from confsync.domain.conference import ConferenceSpec, Occurrence
from confsync.domain.recurrence import cancelled_by_exdate, upcoming
from confsync.domain.solution import Capabilities, OwnRecurrence


def fit(spec: ConferenceSpec, capabilities: Capabilities, now: datetime | None = None) -> ConferenceSpec:
    """The spec as this vendor takes it. Without `now`: as far as that does not depend on when it is sent."""
    fitted = spec if now is None else upcoming(spec, now, begun=capabilities.past_starts)
    if capabilities.mails_attendees and spec.attendees:
        fitted = replace(fitted, attendees=())
    if capabilities.recurrence is OwnRecurrence.NONE and spec.recurrence:
        fitted = replace(fitted, recurrence=(), occurrences=(), open_ended=True)
    occurrences = _occurrences(fitted, now) if capabilities.occurrences else ()
    fitted = replace(fitted, occurrences=tuple(_in_bounds(each, capabilities) for each in occurrences))
    if spec.all_day and not capabilities.all_day:
        fitted = replace(fitted, all_day=False)
    return _timed(fitted, capabilities, now)


def _occurrences(spec: ConferenceSpec, now: datetime | None) -> tuple[Occurrence, ...]:
    """All times that differ, those that EXDATE lines leave out among them, but for what is over as it was and is."""
    told = {each.original: each for each in (*cancelled_by_exdate(spec), *spec.occurrences)}
    length = spec.end - spec.start
    return tuple(each for at, each in sorted(told.items()) if now is None or max(each.end or at, at + length) > now)


def _in_bounds(occurrence: Occurrence, capabilities: Capabilities) -> Occurrence:
    if occurrence.start is None or occurrence.end is None:
        return occurrence
    return replace(occurrence, end=occurrence.start + _bounded(occurrence.end - occurrence.start, capabilities))


def notes(spec: ConferenceSpec, capabilities: Capabilities) -> list[str]:
    """What people should know of how their meeting differs from the event: a line for each, in plain words.

    That its start was moved into the present is no news to people who want to join now, and none at all later.
    """
    length, kept = spec.end - spec.start, fit(spec, capabilities)
    told = []
    if capabilities.shortest is not None and length < capabilities.shortest:
        told.append(f"The meeting is kept as {_minutes(capabilities.shortest)} long, the shortest that is possible.")
    if capabilities.longest is not None and length > capabilities.longest:
        told.append(f"The meeting is kept as {_minutes(capabilities.longest)} long, the longest that is possible.")
    if spec.all_day and not kept.all_day:
        told.append("The meeting is kept with times, as one for whole days is not possible.")
    return told


def _timed(spec: ConferenceSpec, capabilities: Capabilities, now: datetime | None) -> ConferenceSpec:
    start, end = spec.start, spec.end
    if now is not None and not capabilities.past_starts and not spec.recurrence and start < now:
        start = now
        end = max(end, start)
    end = start + _bounded(end - start, capabilities)
    return replace(spec, start=start, end=end) if (start, end) != (spec.start, spec.end) else spec


def _bounded(length: timedelta, capabilities: Capabilities) -> timedelta:
    if capabilities.shortest is not None:
        length = max(length, capabilities.shortest)
    if capabilities.longest is not None:
        length = min(length, capabilities.longest)
    return length


def _minutes(length: timedelta) -> str:
    minutes = int(length / timedelta(minutes=1))
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"
