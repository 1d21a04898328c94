"""What is to be done for a conference, and in which order: a decision without any I/O."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum

from confsync.domain.conference import CallKind, Conference
from confsync.domain.upkeep import Upkeep


class Step(StrEnum):
    """What is done under one lease."""

    REMOVE = "remove"
    LOOK = "look"  # whether an earlier create made a meeting after all
    CREATE = "create"
    UPDATE = "update"
    VERIFY = "verify"  # that an earlier create made no second meeting
    TOUCH = "touch"  # the meeting, before it lapses at the vendor
    CHECK = "check"  # whether the vendor still has what was applied
    PUBLISH = "publish"


KINDS: Mapping[Step, CallKind] = {
    Step.REMOVE: CallKind.REMOVE,
    Step.LOOK: CallKind.LOOK,
    Step.CREATE: CallKind.CREATE,
    Step.UPDATE: CallKind.UPDATE,
    Step.VERIFY: CallKind.LOOK,
    Step.TOUCH: CallKind.UPDATE,
    Step.CHECK: CallKind.LOOK,
    Step.PUBLISH: CallKind.PUBLISH,
}
"""A step that was refused makes those of its kind wait, and no others."""

COUNTED = frozenset({Step.CREATE, Step.UPDATE, Step.TOUCH})
"""What counts for a vendor's limit of calls."""

CHANGING = frozenset({Step.UPDATE, Step.REMOVE})
"""What leaves a meeting in an unknown state until its outcome is recorded."""


def steps(conference: Conference, now: datetime, upkeep: Upkeep, *, unpublished: bool) -> Iterator[Step]:
    """The steps that are to be taken, the first of them first; none needs another one of them to be taken before.

    `unpublished`: an event of the conference does not show its details yet.
    """
    if conference.frozen:
        return
    verify = conference.verify_at is not None and conference.verify_at <= now
    if not conference.wanted:
        if verify or not conference.settled:
            yield Step.REMOVE
    elif conference.applied.reference is None:
        yield Step.LOOK if verify or conference.creating_since is not None else Step.CREATE
    else:
        if not conference.settled or conference.remake:
            yield Step.UPDATE
        if verify:
            yield Step.VERIFY
        if conference.settled and upkeep.touch_is_due(conference, now):
            yield Step.TOUCH
        if upkeep.check_is_due(conference, now):
            yield Step.CHECK
        if unpublished:
            yield Step.PUBLISH
