"""Our own addresses of meetings whose people need a link each, and when they lead on to it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from confsync.domain.conference import ConferenceSpec
from confsync.domain.errors import Forbidden
from confsync.domain.keys import CONFERENCE_PREFIX, is_conference_id
from confsync.domain.recurrence import spans
from confsync.domain.signing import is_signed, mac

EARLY, LATE = timedelta(minutes=15), timedelta(minutes=60)
"""People come before a meeting begins, and stay after it should have ended."""

HORIZON = timedelta(days=400)
_DIGITS = 32  # 128 bits: links should not be longer than they have to be


def token(keys: Sequence[bytes], conference_id: str) -> str:
    """What stands at the end of the address: it names a conference, and no person."""
    signature = mac(keys, "join", conference_id, digits=_DIGITS)
    return f"{conference_id.removeprefix(CONFERENCE_PREFIX)}.{signature}"


def conference_of(keys: Sequence[bytes], text: str) -> str:
    """The conference's id. Raises `Forbidden` if the token is not ours."""
    name, _, signature = text.partition(".")
    conference_id = f"{CONFERENCE_PREFIX}{name}"
    if not is_conference_id(conference_id) or not is_signed(keys, signature, "join", conference_id, digits=_DIGITS):
        raise Forbidden("this link was not made here, or not all of it was copied")
    return conference_id


@dataclass(frozen=True, kw_only=True)
class Doors:
    """Whether people can go in now and, if they can't, when they can; None: never again."""

    open: bool
    opens_at: datetime | None = None


def doors(specs: Iterable[ConferenceSpec], now: datetime) -> Doors:
    """Of a meeting whose events these are. One whose times can't be told is always open."""
    opens: list[datetime] = []
    for spec in specs:
        times = None if spec.open_ended else spans(spec, now - LATE, now + HORIZON)
        if times is None or any(start - EARLY <= now for start, _ in times):
            return Doors(open=True)
        opens += [start - EARLY for start, _ in times[:1]]
    return Doors(open=False, opens_at=min(opens, default=None))
