"""Watch channels, for people."""

from confsync.cli.answers import Facts
from confsync.cli.deployment import Deployment
from confsync.cli.records.kind import Kind
from confsync.domain.calendar import Calendar, is_silent
from confsync.domain.channel import Channel


def _row(channel: Channel) -> Facts:
    return {
        "channel": channel.key,
        "state": channel.state,
        "calendar": channel.calendar_id,
        "owner": channel.owner,
        "opened": channel.created_at,
        "ends": channel.expiration,
        "due": channel.due_at,
    }


def _facts(deployment: Deployment, channel: Channel) -> Facts:
    store, now = deployment.adapters.store, deployment.adapters.clock.now()
    calendar = store.get(Calendar, channel.calendar_key)
    current = calendar is not None and calendar.channel_id == channel.key
    return {
        **_row(channel),
        "open": "yes" if channel.is_open(now) else "no",
        "serves": "its calendar" if current else "nothing: its calendar has another one, or none",
        "tells of changes": "no" if calendar is not None and current and is_silent(calendar) else None,
        "key of the calendar": channel.calendar_key,
        "resource at Google": channel.resource_id,
        "forgotten": channel.expire_at,
    }


CHANNELS = Kind(
    name="channel",
    record=Channel,
    owner="owner",
    key=str,
    row=_row,
    facts=_facts,
    actions={"retry": lambda hand, key, _: hand.retry_channel(key)},
    outcomes={"retry": "the next sweep replaces it or, if its calendar has another one, ends it"},
)
