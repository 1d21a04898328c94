"""What a test or a demo may turn on the whole simulator."""

from typing import Literal

import msgspec


class Settings(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Changeable at any time through `PATCH /_playground/settings`. Times are seconds."""

    conference_delay: float = 0.2
    """From an event's createRequest `pending` to its outcome."""
    conference_outcome: Literal["success", "failure"] = "success"
    push_backoff: float = 0.2
    """Wait before the first repetition of a notification; it doubles each time."""
    push_attempts: int = 12
    filtered_channels_silent: bool = False
    """Channels that were opened with `eventTypes` never deliver anything: https://github.com/closeio/sync-engine/pull/688"""
    channel_max_ttl: int = 604_800
    """Google's limit is not documented; 7 days is its default and what clients see granted."""
    quota_units_per_minute: int | None = None
    """Per user, sliding window. A patch costs three units, anything else one."""
    quota_error: Literal["rateLimitExceeded", "userRateLimitExceeded", "429"] = "rateLimitExceeded"
    usage_limit_exceeded: bool = False
    """403 `quotaExceeded` on every write: the read-only state after too much use."""
    idle_writes: Literal["count", "ignored"] = "count"
    """Whether a write that changes nothing is a change, with a new etag and a notification. Nowhere written."""
    foreign_attachments: Literal["accept", "refuse"] = "accept"
    """Attachments that are no files in Drive. The reference speaks of them, an older one did not, and people have
    written such: https://github.com/pulsemcp/mcp-servers/pull/270"""
    second_ical_uid: Literal["accept", "refuse"] = "refuse"
    """An insert with an `iCalUID` that an event of this calendar has: 409 `duplicate`, or another event. The reference
    says only that it identifies events across systems."""
    ical_uid_beside_id: Literal["accept", "refuse"] = "accept"
    """An insert with both: "only one of them should be supplied", says the reference, and not what else happens."""
    detailed_tombstones: bool = False
    """Deleted events in lists keep their details, as Google may do on the organizer's calendar."""
