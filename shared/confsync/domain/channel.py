"""Watch channels, and the token by which a notification proves that it comes from one of ours."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from confsync.domain import signing
from confsync.domain.backoff import RENEW_AT, STAGGER
from confsync.domain.errors import Forbidden

TOKEN_VERSION = "v1"  # noqa: S105 - a format, not a secret


class ChannelState(StrEnum):
    """A channel is stored before Google knows it, so that a crash never leaves an unknown one."""

    REGISTERING = "registering"
    ACTIVE = "active"
    RETIRED = "retired"


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One watch channel.

    REGISTERING -- Google answered --> ACTIVE -- replaced, stopped, or its calendar is not read --> RETIRED
         `------- Google never answered, or said no: retired when due, or removed -----------------^
    """

    key: str
    """The channel's id."""
    calendar_key: str
    calendar_id: str
    owner: str
    """The account that opened it; no other can stop it."""
    created_at: datetime
    state: ChannelState = ChannelState.REGISTERING
    resource_id: str | None = None
    """Known once Google answered, and so is the expiration."""
    expiration: datetime | None = None
    due_at: datetime | None = None
    """When to renew it, or to give up one that is stuck; None if it is retired."""
    expire_at: datetime | None = None
    version: str | None = None

    def is_open(self, now: datetime) -> bool:
        """Whether Google still tells us of changes on it."""
        return self.state is ChannelState.ACTIVE and self.expiration is not None and now < self.expiration

    def worn(self, now: datetime) -> bool:
        """Whether it is old enough to be renewed, or never opened."""
        if not self.is_open(now) or self.expiration is None:
            return True
        return now >= self.created_at + (self.expiration - self.created_at) * (RENEW_AT - STAGGER)


def token(keys: Sequence[bytes], channel_id: str, calendar_key: str) -> str:
    """The channel token: `v1.<calendar key>.<mac>`, made with the first key of the ring; at most 256 characters.

    https://developers.google.com/workspace/calendar/api/guides/push#create-watch-requests
    """
    return f"{TOKEN_VERSION}.{calendar_key}.{signing.mac(keys, channel_id, calendar_key)}"


def verified_calendar_key(keys: Sequence[bytes], channel_id: str, text: str) -> str:
    """The calendar key in a channel token, once its mac was checked in constant time against every key of the ring.

    Raises `Forbidden` if it is not ours.
    """
    version, _, rest = text.partition(".")
    calendar_key, _, mac = rest.partition(".")
    if not signing.is_signed(keys, mac, channel_id, calendar_key) or version != TOKEN_VERSION:
        raise Forbidden("the channel token was not made by this deployment's keys")
    return calendar_key


def bucket_end(now: datetime, seconds: float) -> datetime:
    """End of the time bucket that `now` is in: one task per calendar and bucket, run when the bucket is over."""
    size = timedelta(seconds=seconds)
    epoch = datetime.fromtimestamp(0, now.tzinfo)
    return epoch + ((now - epoch) // size + 1) * size
