"""What a vendor tells of its meetings by itself: verified and parsed without any I/O, whatever server received it.

A vendor's module that has webhooks has a function of type `Parse`. Who receives one looks its conference up by
`keys.meeting_key` and `Store.conference_of_meeting`, and has it compared with the vendor's copy: what a webhook says is
a hint, and never believed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Happening(StrEnum):
    """What became of a meeting."""

    CHANGED = "changed"
    GONE = "gone"
    STARTED = "started"
    ENDED = "ended"


@dataclass(frozen=True, kw_only=True)
class MeetingEvent:
    """Something happened to the meeting with these ids (as in its `Reference`)."""

    ids: Mapping[str, str]
    what: Happening


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """The vendor asks whether it is us who receive: `answer` is the JSON object to answer with."""

    answer: Mapping[str, str]


class Parse(Protocol):
    """How a vendor's webhook is read."""

    def __call__(
        self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime
    ) -> MeetingEvent | Challenge | None:
        """What it says; None if that is nothing to us. Header names are in lower case.

        Raises `Forbidden` if it is not signed with one of the secrets, or too old, and `BadRequest` if it can't be
        read.
        """
        ...
