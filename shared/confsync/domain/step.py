"""What is to be done for a conference, and in which order: a decision without any I/O."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from confsync.domain.conference import Conference


class Step(StrEnum):
    """What is done under one lease."""

    REMOVE = "remove"
    LOOK = "look"  # whether an earlier create made a meeting after all
    CREATE = "create"
    UPDATE = "update"
    VERIFY = "verify"  # that an earlier create made no second meeting
    PUBLISH = "publish"


COUNTED = frozenset({Step.CREATE, Step.UPDATE})
"""What counts for a vendor's daily limit."""

CHANGING = frozenset({Step.UPDATE, Step.REMOVE})
"""What leaves a meeting in an unknown state until its outcome is recorded."""


def steps(conference: Conference, now: datetime, *, unpublished: bool) -> Iterator[Step]:
    """The steps that can be taken now, the first of them first; none needs another one of them to be taken before.

    `unpublished`: an event of the conference does not show its details yet.
    """
    # what an earlier create may have left is looked for, whatever was refused since
    verify = conference.verify_at is not None and conference.verify_at <= now
    allowed = not conference.refused
    if not conference.wanted:
        if verify or (allowed and not conference.settled):
            yield Step.REMOVE
    elif conference.applied.reference is None:
        if verify or allowed:
            yield Step.LOOK if verify or conference.creating_since is not None else Step.CREATE
    else:
        if allowed and not conference.settled:
            yield Step.UPDATE
        if verify:
            yield Step.VERIFY
        if allowed and unpublished:
            yield Step.PUBLISH
