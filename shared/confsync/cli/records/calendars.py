"""Calendars, for people."""

import re
from itertools import islice

from confsync.cli.answers import Facts
from confsync.cli.deployment import Deployment
from confsync.cli.records.kind import Kind
from confsync.domain.calendar import Calendar, is_silent
from confsync.domain.keys import calendar_key
from confsync.domain.link import Link

MOST_EVENTS = 20
"""So many of its events are told."""

_KEY = re.compile(r"[0-9a-f]{40}")


def _key(named: str) -> str:
    """Of Google's id of it or, as logs have it, its own."""
    return named if _KEY.fullmatch(named) else calendar_key(named)


def _row(calendar: Calendar) -> Facts:
    return {
        "calendar": calendar.calendar_id,
        "state": calendar.state,
        "owner": calendar.owner,
        "last read": calendar.last_success,
        "due": calendar.due_at,
        "failures": calendar.failures,
        "why": _why(calendar),
    }


def _why(calendar: Calendar) -> tuple[str, ...]:
    """Why it is not active, and what else is not as it should be."""
    told = [calendar.reason] if calendar.reason else []
    if is_silent(calendar):
        told.append("its channel tells nothing of changes")
    if calendar.quarantined:
        told.append(f"events that can't be read: {len(calendar.quarantined)}")
    return tuple(told)


def _facts(deployment: Deployment, calendar: Calendar) -> Facts:
    store, now = deployment.adapters.store, deployment.adapters.clock.now()
    links = list(islice(store.links_of_calendar(calendar.key), MOST_EVENTS + 1))
    return {
        **_row(calendar),
        "key": calendar.key,
        "tenant": calendar.tenant,
        "followed since": calendar.created_at,
        "last tried": calendar.last_attempt,
        "left alone until": calendar.retry_at,
        "gone since": calendar.gone_since,
        "being read until": calendar.lease.until if calendar.lease.taken(now) else None,
        "next time": "only what changed" if calendar.sync_token else "everything is listed",
        "channel": calendar.channel_id,
        "changes it did not tell": calendar.unheard,
        "tried to be watched again": calendar.watch_at,
        "conferences are written": calendar.write_mode,
        "unreadable events": tuple(f"{each.id}: {each.reason}" for each in calendar.quarantined),
        "events": (*map(_event, links[:MOST_EVENTS]), *(("and more",) if len(links) > MOST_EVENTS else ())),
    }


def _event(link: Link) -> str:
    return f"{link.event_id}: {', '.join(link.conference_ids) or 'no conference'}"


CALENDARS = Kind(
    name="calendar",
    record=Calendar,
    owner="owner",
    key=_key,
    row=_row,
    facts=_facts,
    actions={
        "retry": lambda hand, key, _: hand.retry_calendar(key),
        "pause": lambda hand, key, why: hand.pause_calendar(key, why),
        "resume": lambda hand, key, _: hand.resume_calendar(key),
    },
    outcomes={
        "retry": "it is read now",
        "pause": "nobody reads it until it is resumed; its conferences stay as they are",
        "resume": "it is read now, from the beginning",
    },
)
