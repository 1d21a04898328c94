"""Conferences, for people."""

from confsync.cli.answers import Facts, minute
from confsync.cli.deployment import Deployment
from confsync.cli.records.kind import Kind
from confsync.domain.conference import BY_AN_OPERATOR, Conference, ConferenceSpec
from confsync.domain.hosting import hosted_by
from confsync.domain.link import Link


def _row(conference: Conference) -> Facts:
    spec = _spec(conference)
    return {
        "conference": conference.id,
        "state": conference.state,
        "solution": conference.solution,
        "owner": conference.host,
        "title": spec.title if spec else "",
        "start": spec.start if spec else None,
        "due": conference.due_at,
        "why": _why(conference),
    }


def _spec(conference: Conference) -> ConferenceSpec | None:
    return conference.desired.spec or conference.applied.spec


def _why(conference: Conference) -> tuple[str, ...]:
    """What is not as it should be."""
    told = [conference.last_error] if conference.last_error else []
    if conference.frozen:
        by = "an operator paused it" if conference.kept_by == BY_AN_OPERATOR else "its account was disconnected"
        told.append(f"its meeting is kept as it is: {by}")
    return tuple(told)


def _facts(deployment: Deployment, conference: Conference) -> Facts:
    now, applied, spec = deployment.adapters.clock.now(), conference.applied, _spec(conference)
    links = deployment.adapters.store.get_many(Link, conference.links)
    return {
        **_row(conference),
        "end": spec.end if spec else None,
        "time zone": spec.time_zone if spec else None,
        "repeats": spec.recurrence if spec else (),
        "tenant": conference.tenant,
        "made since": conference.created_at,
        "should be": "there" if conference.wanted else "removed",
        "is": _is(conference),
        "hosted by": hosted_by(conference) or "",
        "meeting": tuple(f"{name}: {each}" for name, each in sorted(_ids(conference).items())),
        "joined by": tuple(sorted({each.type for each in applied.details.entry_points})) if applied.details else (),
        "last changed": applied.touched_at,
        "last compared": applied.checked_at,
        "waits": tuple(f"to {kind} until {minute(until)}" for kind, until in sorted(conference.pauses.items())),
        "failures": conference.attempts,
        "being worked on until": conference.lease.until if conference.lease.taken(now) else None,
        "forgotten": conference.expire_at,
        "events": tuple(_event(links[key], conference.id) for key in conference.links if key in links),
    }


def _is(conference: Conference) -> str:
    """Its meeting at the vendor."""
    if conference.creating_since is not None:
        return "perhaps there: a create gave no answer"
    if conference.applied.reference is None:
        return "not there"
    return "there, as it should be" if conference.settled else "there, with changes to make"


def _ids(conference: Conference) -> dict[str, str]:
    reference = conference.applied.reference
    return dict(reference.ids) if reference else {}


def _event(link: Link, conference_id: str) -> str:
    if link.conference_id != conference_id:
        how = "chosen, not seen there yet"
    elif link.published is None:
        how = "not known to show it"
    else:
        how = "shows it"
    return f"{link.event_id} on {link.calendar_id}: {how}"


CONFERENCES = Kind(
    name="conference",
    record=Conference,
    owner="host",
    key=str,
    row=_row,
    facts=_facts,
    actions={
        "retry": lambda hand, key, _: hand.retry_conference(key),
        "pause": lambda hand, key, _: hand.pause_conference(key),
        "resume": lambda hand, key, _: hand.resume_conference(key),
    },
    outcomes={
        "retry": "it is looked after now; what its vendor asked to wait for is waited for",
        "pause": "its meeting stays as it is, whatever becomes of its events, until it is resumed",
        "resume": "its meeting follows its events again",
    },
)
