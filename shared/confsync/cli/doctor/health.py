"""What the records say of how things go: sweeps, what is due, and what waits for a person."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

from confsync.cli.answers import minute, shown
from confsync.cli.deployment import Deployment
from confsync.cli.doctor.finding import Check, Finding, fail, ok, warn
from confsync.domain.calendar import Calendar, CalendarState
from confsync.domain.channel import Channel, ChannelState
from confsync.domain.conference import Conference, ConferenceState
from confsync.domain.connection import Connection, ConnectionState
from confsync.domain.sweep import LAST, Sweep
from confsync.ports import Due, Store

SWEEP_AFTER = timedelta(minutes=20)
"""Two of its periods (deploy/functions.toml)."""
LATE, TOO_LATE = timedelta(minutes=20), timedelta(hours=1)
REGISTERING_FOR = timedelta(minutes=30)
MOST = 1000
"""So many of a kind are counted."""
NAMED = 3
"""So many of them are told."""
READABLE = "look at [store], and whether whoever runs this may read it (roles/datastore.viewer)"
RENEWALS = "the log of renew_channels says why: the vendor, its solution's secret, or more than `sweep.threads` can do"
SCHEDULER = "gcloud scheduler jobs run confsync-renew-channels, and look at that function's log"


def checks(deployment: Deployment) -> Iterator[Check]:
    """Each by one query of the store, or a few."""
    looks: dict[str, Callable[[Store, datetime], Finding]] = {
        "store": _readable,
        "sweep": _sweep,
        "calendars due": partial(_due, kind=Calendar),
        "conferences due": partial(_due, kind=Conference),
        "channels due": partial(_due, kind=Channel),
        "channels that open": _registering,
        "channels that tell nothing": _silent,
        "paused calendars": _paused,
        "failed conferences": _failed,
        "connections that ended": _ended,
        "connections that lie idle": _idle,
    }
    for name, look in looks.items():
        looked, signed_in = partial(_looked, deployment, look), deployment.records_at_google
        yield Check(name=name, look=looked, mend=READABLE, signed_in=signed_in)


def _looked(deployment: Deployment, look: Callable[[Store, datetime], Finding]) -> Finding:
    return look(deployment.stored, deployment.adapters.clock.now())


def _readable(store: Store, _: datetime) -> Finding:
    found = next(store.find(Calendar), None)
    return ok("it can be read" + ("" if found else ", and is empty: nobody has made a conference yet"))


def _sweep(store: Store, now: datetime) -> Finding:
    last = store.get(Sweep, LAST)
    if last is None:
        return fail("none has ever completed", SCHEDULER)
    told = f"the last one completed at {minute(last.completed_at)}"
    if now - last.completed_at > SWEEP_AFTER:
        return fail(told, SCHEDULER)
    if last.more_due or last.failed:
        more = f"; more were due than it takes: {', '.join(last.more_due)}" if last.more_due else ""
        mend = "raise sweep.batch and sweep.per_second" if last.more_due else "its log says what it could not do"
        return warn(f"{told}; failed: {last.failed}{more}", mend)
    return ok(told)


def _due(store: Store, now: datetime, kind: type[Due]) -> Finding:
    first = next(iter(store.due(kind, now, limit=1)), None)
    late = now - first.due_at if first is not None and first.due_at is not None else timedelta(0)
    if first is None or late <= LATE:
        return ok("none is late")
    told = f"{first.key} has been due for {_span(late)}"
    mend = f"look at sweep and queue; `python -m confsync {kind.__name__.lower()}s list --due` shows them"
    return fail(told, mend) if late > TOO_LATE else warn(told, mend)


def _registering(store: Store, now: datetime) -> Finding:
    found = islice(store.find(Channel, state=ChannelState.REGISTERING), MOST)
    stuck = [each for each in found if now - each.created_at > REGISTERING_FOR]
    if not stuck:
        return ok("none is stuck")
    named = _named([each.calendar_id for each in stuck])
    return warn(f"registering for too long: {named}", "the next sweep gives them up; if not, look at sweep")


def _silent(store: Store, _: datetime) -> Finding:
    last = store.get(Sweep, LAST)
    silent, seen = (last.channels_silent, last.calendars_due) if last else (0, 0)
    told = f"{silent} of the {seen} calendars that were due last"
    if not silent:
        return ok(told)
    mend = "look whether the function calendar_notifications answers, and at its log; until then sweeps find changes"
    return warn(told, mend)


def _paused(store: Store, _: datetime) -> Finding:
    found = list(islice(store.find(Calendar, state=CalendarState.PAUSED), MOST))
    if not found:
        return ok("none")
    named = _named([f"{each.calendar_id} ({each.reason})" for each in found])
    mend = "give its account access again, or connect it; `python -m confsync calendars list --state paused`"
    return warn(f"{_number(found)}: {named}", mend)


def _failed(store: Store, _: datetime) -> Finding:
    found = list(islice(store.find(Conference, state=ConferenceState.FAILED), MOST))
    if not found:
        return ok("none")
    reasons = Counter(f"{each.solution}: {each.last_error}" for each in found)
    named = _named([f"{reason} ({count})" for reason, count in reasons.most_common()])
    mend = "mend the grant, licence or setting, then `python -m confsync conferences retry ID`, or wait an hour"
    return warn(f"{_number(found)}: {named}", mend)


def _ended(store: Store, _: datetime) -> Finding:
    states = (ConnectionState.EXPIRED, ConnectionState.LACKS_SCOPES)
    found = [each for state in states for each in islice(store.find(Connection, state=state), MOST)]
    if not found:
        return ok("none")
    named = _named([f"{each.owner} at {each.vendor} ({each.reason})" for each in found])
    return warn(f"{_number(found)}: {named}", "they connect them again; `python -m confsync connections list`")


def _idle(store: Store, now: datetime) -> Finding:
    """Those that it was time to renew, an hour ago and more."""
    active = islice(store.find(Connection, state=ConnectionState.ACTIVE), MOST)
    found = [each for each in active if each.renew_at is not None and each.idle(now - TOO_LATE)]
    if not found:
        return ok("each is renewed in time")
    named = _named([f"{each.owner} at {each.vendor} (since {minute(each.renew_at)})" for each in found])
    return warn(f"{_number(found)} not renewed, and ends sooner or later: {named}", RENEWALS)


def _named(found: list[str]) -> str:
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return shown(", ".join(found[:NAMED])) + more


def _number(found: list[Calendar] | list[Conference] | list[Connection]) -> str:
    return f"{MOST} or more" if len(found) >= MOST else str(len(found))


def _span(late: timedelta) -> str:
    minutes = int(late / timedelta(minutes=1))
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
