"""Who hosts a meeting, where a solution has hosts of its own: one who has no other meeting of ours at that time."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from confsync.domain.conference import Conference, ConferenceSpec
from confsync.domain.host import Host
from confsync.domain.recurrence import Span, spans

HORIZON = timedelta(days=400)
"""So far ahead series are compared: a yearly meeting meets the next one."""


def hosted_by(conference: Conference) -> str | None:
    """Who hosts its meeting, or the one that is being made; None if there is none, and none is being made."""
    if conference.applied.reference is not None:
        return conference.applied.reference.host
    being_made = conference.wanted or conference.creating_since is not None
    return conference.sent_spec.host if being_made and conference.sent_spec is not None else None


def has_room(host: Host, conference_id: str, specs: Sequence[ConferenceSpec], now: datetime, *, at_once: int) -> bool:
    """Whether at none of these times the host has `at_once` other meetings already.

    A series by more than a simple rule may take place at any time.
    """
    wanted = _spans(specs, now)
    taken = [_spans(each, now) for other, each in host.booked.items() if other != conference_id]
    if wanted is None:
        return sum(each is None or bool(each) for each in taken) < at_once
    left = at_once - sum(each is None for each in taken)
    return left > 0 and _most_at_once(wanted, [span for each in taken for span in each or ()]) < left


def over(host: Host, now: datetime) -> list[str]:
    """Ids of the conferences that it is booked for no more: all of their times are over."""
    return [each for each, specs in host.booked.items() if _spans(specs, now) == []]


def _spans(specs: Iterable[ConferenceSpec], now: datetime) -> list[Span] | None:
    """All times to come of these specs, None if they can't be told."""
    found: list[Span] = []
    for spec in specs:
        known = spans(spec, now, now + HORIZON)
        if known is None:
            return None
        found += known
    return found


def _most_at_once(wanted: Iterable[Span], taken: Sequence[Span]) -> int:
    """How many of the taken spans overlap at one moment of a wanted one, at most."""
    return max((_depth(each, taken) for each in wanted), default=0)


def _depth(wanted: Span, taken: Iterable[Span]) -> int:
    during = [(max(start, wanted[0]), end) for start, end in taken if start < wanted[1] and wanted[0] < end]
    return max((sum(start <= moment < end for start, end in during) for moment, _ in during), default=0)
