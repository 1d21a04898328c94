"""Every change of a conference's record: what was taken, made, refused, given up, asked again. Pure.

    chosen, changed --> PENDING ----- made, updated, published, nothing left to do ---> ACTIVE
                         |   ^ |
                         |   | |----- no answer to a create --> UNCONFIRMED -- looked for, or made --> PENDING
                         |   | |
                         |   | `----- refused ----------------> FAILED
                         |   |                                    | an hour, for what a person can mend;
                         |   `--- event changed, asked again -----' a day, for what the vendor can never take
                         |
                         `- no meeting wanted, and none left -> DELETED -- 60 days --> (expires)

Every change of an event leads back to PENDING, from any state. A refused step makes only calls of its own kind wait.
What the functions take and return is the whole record; whoever calls them stores it, or does not.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from confsync.domain.backoff import TASK_GRACE, retry_time
from confsync.domain.budget import staggered
from confsync.domain.conference import (
    Applied,
    CallKind,
    Conference,
    ConferenceSpec,
    ConferenceState,
    Desired,
    ProviderConference,
)
from confsync.domain.errors import (
    Ambiguous,
    ConfsyncError,
    Invalid,
    NotConfigured,
    PermissionDenied,
    RateLimited,
    ReauthorizationRequired,
    Unexpected,
)
from confsync.domain.link import COLLECT_AFTER, LOOK_AGAIN, Link
from confsync.domain.step import CHANGING, KINDS, Step
from confsync.domain.upkeep import Upkeep, is_over

KEEP_DELETED = timedelta(days=60)
"""Events stay in Calendar's trash for 30 days; one that is restored finds its conference's record."""

REFUSED_RETRY = timedelta(hours=1)
"""A refusal that a person can mend (a licence, a scope, a grant) is tried again this often."""

FINAL_RETRY = timedelta(days=1)
"""What a vendor can never take is tried again this often: the configuration, or an account's rules, may be mended
without any change of the event."""

FOR_GOOD = timedelta(days=365)
"""That long, if the event will be over by then. A change of it is a reason to try again at once."""

STAGGER = 0.1
"""Of the time that a vendor told many to wait: within it they come back one after the other."""


_AFTER_CREATE = {CallKind.CREATE, CallKind.LOOK, CallKind.REMOVE}

# --- what is wanted --------------------------------------------------------------------------------------------------


UNTIL_CONNECTED = timedelta(days=3650)
"""So long a meeting is waited for whose account nobody has connected; connecting one ends it."""


def desire(conference: Conference, spec: ConferenceSpec | None, now: datetime) -> Conference:
    """The conference with this desired state; unchanged if it is the same already. Its host stays who it was.

    A change is a reason to try again at once what was refused; a pause that the provider asked for is kept.
    """
    if spec is not None:
        spec = replace(spec, host=conference.host)
    if conference.desired.spec == spec:
        return conference
    return replace(
        conference,
        desired=Desired(version=conference.desired.version + 1, spec=spec),
        state=ConferenceState.PENDING,
        attempts=0,
        pauses={} if conference.state is ConferenceState.FAILED else conference.pauses,
        last_error=None,
        due_at=now + TASK_GRACE,
        expire_at=None,
    )


def asked_again(conference: Conference, now: datetime) -> Conference:
    """A person chose it once more: that is a reason to try again at once what was refused."""
    if conference.state is not ConferenceState.FAILED:
        return conference
    return replace(conference, state=ConferenceState.PENDING, pauses={}, due_at=now + TASK_GRACE)


def waits_for_account(conference: Conference, reason: str) -> Conference:
    """The account by which it is made is of no use any more: visible, and no reason to change anything."""
    return conference if conference.frozen else replace(conference, last_error=reason)


def thawed(conference: Conference, now: datetime) -> Conference:
    """There is an account for it again: whatever was refused for want of one is tried at once."""
    state = ConferenceState.PENDING if conference.state is ConferenceState.FAILED else conference.state
    return replace(conference, state=state, kept_by="", pauses={}, attempts=0, last_error=None, due_at=now + TASK_GRACE)


def can_show(conference: Conference, now: datetime) -> Conference:
    """Its events are within reach again: they are shown its details at once. Unchanged if none of them waits."""
    if CallKind.PUBLISH not in conference.pauses:
        return conference
    pauses: dict[CallKind, datetime] = {
        kind: until for kind, until in conference.pauses.items() if kind != CallKind.PUBLISH
    }
    waits = conference.state is ConferenceState.FAILED and not pauses
    state = ConferenceState.PENDING if waits else conference.state
    return replace(conference, state=state, pauses=pauses, attempts=0, due_at=now + TASK_GRACE)


def left_alone(conference: Conference, account_id: str, *, reachable: bool) -> Conference:
    """Its meeting stays as it is, and nobody looks at it any more until that account is back.

    Unchanged if there is none, and while one that nobody wants can still be removed (see `to_be_remade`). One that may
    be there, and that nobody can look for any more, is none.
    """
    if not reachable and conference.applied.reference is None and conference.creating_since is not None:
        version = 0 if conference.wanted else conference.desired.version
        return replace(given_up(conference, Step.LOOK, version=version), remake=False)
    if conference.applied.reference is None or (reachable and not conference.wanted):
        return conference
    return replace(conference, kept_by=account_id, remake=False, pauses={}, due_at=None, last_error=None)


def to_be_remade(conference: Conference, now: datetime, reason: str, *, reachable: bool) -> Conference:
    """Its meeting goes, and another account makes the next one as soon as there is one; unchanged if it is so already.

    `reachable`: whether the account that hosts it can still be used; else its meeting is left where it is.
    """
    waits = conference.pauses.get(CallKind.CREATE, now) - now > UNTIL_CONNECTED / 2
    if waits and (conference.remake if reachable else not conference.at_vendor):
        return conference
    if conference.at_vendor and not reachable:
        conference = given_up(conference, Step.UPDATE)
    later = {**conference.pauses, CallKind.CREATE: now + UNTIL_CONNECTED}
    waiting = replace(conference, pauses=later, state=ConferenceState.PENDING, last_error=reason)
    return _made_by_another(replace(waiting, remake=reachable, due_at=now + TASK_GRACE))


def _made_by_another(conference: Conference) -> Conference:
    """Once nothing is left of its meeting there is nothing to do until another account is connected."""
    until = conference.pauses.get(CallKind.CREATE)
    if until is None or not conference.wanted or conference.at_vendor:
        return conference
    return replace(conference, due_at=_earliest(until, conference.verify_at))


# --- a step ----------------------------------------------------------------------------------------------------------


def taken(
    conference: Conference, step: Step, *, holder: str, now: datetime, ttl: timedelta, sent: ConferenceSpec | None
) -> Conference:
    """Its lease is the holder's, and what is about to happen is on record.

    If a meeting is to be made: since when, and from what (`sent`). If one is to be changed or removed: that nobody
    knows, until the outcome is recorded, how it is.
    """
    creates = step is Step.CREATE
    return replace(
        conference,
        lease=conference.lease.take(holder, now, ttl),
        creating_since=now if creates else conference.creating_since,
        sent_spec=sent if creates else conference.sent_spec,
        applied=replace(conference.applied, spec=None) if step in CHANGING else conference.applied,
        attempts=conference.attempts + 1,
        due_at=now + ttl,
    )


def done(conference: Conference, step: Step) -> Conference:
    """The step succeeded: the lease goes back, and what was refused for the same reason need not wait.

    While calls of another kind were refused, that stays visible. What is due is left to `rested`.
    """
    over = _AFTER_CREATE if step in {Step.CREATE, Step.LOOK} else {KINDS[step]}
    if conference.remake:
        over = over - {CallKind.CREATE}  # that waits for another account
    pauses = {kind: until for kind, until in conference.pauses.items() if kind not in over}
    released = replace(conference, lease=conference.lease.release(), pauses=pauses)
    if pauses:
        return released
    return replace(released, state=ConferenceState.PENDING, attempts=0, last_error=None)


def made(conference: Conference, step: Step, meeting: ProviderConference, sent: Desired, now: datetime) -> Conference:
    """The meeting is there as it was `sent` (version 0: made at another time, from what is not known any more)."""
    applied = Applied(
        version=sent.version,
        spec=sent.spec if sent.version else None,
        reference=meeting.reference,
        details=meeting.details,
        fingerprint=meeting.fingerprint,
        touched_at=now,
        checked_at=now,
    )
    remake = conference.remake and step is not Step.CREATE
    return done(replace(conference, applied=applied, creating_since=None, remake=remake), step)


def agreed(conference: Conference) -> Conference:
    """The meeting is as desired without any call: what changed is nothing that the vendor keeps."""
    desired = conference.desired
    applied = replace(conference.applied, version=desired.version, spec=desired.spec)
    return done(replace(conference, applied=applied), Step.UPDATE)


def not_found(conference: Conference, before: Conference, *, look_again_at: datetime | None) -> Conference:
    """What a lost create may have made was looked for, and was not there: it may be made now.

    Should it show up all the same: look again, when another one is made already. `before`: as it was when the look
    began, whose backoff goes on.
    """
    verify_at = _later(_asked_since(conference, before), look_again_at)
    released = done(conference, Step.LOOK)
    return _made_by_another(replace(released, attempts=before.attempts, creating_since=None, verify_at=verify_at))


def verified(conference: Conference, before: Conference) -> Conference:
    """No second meeting is left of a slow first attempt."""
    return done(replace(conference, verify_at=_asked_since(conference, before)), Step.VERIFY)


def given_up(conference: Conference, step: Step, *, version: int = 0) -> Conference:
    """There is no meeting any more. `version`: the desired version for which that is right; 0: there should be one.

    While a second one may still show up, it goes by the same marker.
    """
    generation = conference.generation + (conference.verify_at is None)
    gone = replace(
        conference, applied=Applied(version=version), creating_since=None, generation=generation, meeting_key=None
    )
    return _made_by_another(done(gone, step))


def removed(conference: Conference, before: Conference) -> Conference:
    """Its meeting was removed, as it was desired `before`, and every other one that a create may have left."""
    without = replace(conference, verify_at=_asked_since(conference, before))
    return given_up(without, Step.REMOVE, version=before.desired.version)


def checked(conference: Conference, meeting: ProviderConference, now: datetime) -> Conference:
    """The vendor's copy was read. If somebody changed there what we set, it has to be set again."""
    applied = conference.applied
    drifted = "" not in {applied.fingerprint, meeting.fingerprint} and applied.fingerprint != meeting.fingerprint
    seen = replace(applied, details=meeting.details, fingerprint=meeting.fingerprint, checked_at=now)
    if drifted:
        seen = replace(seen, version=0, spec=None)
    return done(replace(conference, applied=seen), Step.CHECK)


def to_verify(conference: Conference, at: datetime) -> Conference:
    """A worker that lost its lease may have made a second meeting: that is looked for then."""
    return replace(conference, verify_at=_later(conference.verify_at, at), due_at=conference.due_at or at)


def _asked_since(conference: Conference, before: Conference) -> datetime | None:
    """When to verify, if a worker that was late asked for it after the step had begun."""
    return conference.verify_at if conference.verify_at != before.verify_at else None


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(filter(None, (one, other)), default=None)


# --- refused ---------------------------------------------------------------------------------------------------------


def failed(
    conference: Conference,
    before: Conference,
    step: Step,
    error: ConfsyncError,
    *,
    now: datetime,
    settle: timedelta,
    next_visit: datetime | None,
) -> Conference:
    """Why a step failed, and when calls of its kind are made again; nothing is wiped.

    `before`: as it was when the step began. `next_visit`: when there is something to do whatever becomes of this.
    """
    # another wish may have come meanwhile, which nobody has refused
    refused = _refused(error) and conference.desired == before.desired
    state = ConferenceState.FAILED if refused or isinstance(error, Unexpected) else ConferenceState.PENDING
    until = _retry_at(conference, step, error, now, settle, refused=refused)
    creating_since = conference.creating_since
    if creating_since is not None and before.creating_since is None:
        # the time to settle counts from the end of the call; else the provider said that it made nothing
        creating_since = now if _may_be_done(error) else None
    if creating_since is not None and state is ConferenceState.PENDING:
        state = ConferenceState.UNCONFIRMED
    # who does not know whether a meeting was made has to look; too early would be too early to remove it, too
    looks = step is Step.CREATE and creating_since is not None
    kinds = {CallKind.LOOK, CallKind.REMOVE} if looks else {KINDS[step]}
    return replace(
        conference,
        lease=conference.lease.release(),
        state=state,
        creating_since=creating_since,
        pauses={**conference.pauses, **dict.fromkeys(kinds, until)},
        due_at=next_visit if until - now >= FOR_GOOD else _earliest(until, next_visit),
        last_error=f"{type(error).__name__}: {error}",
    )


def _retry_at(
    conference: Conference, step: Step, error: ConfsyncError, now: datetime, settle: timedelta, *, refused: bool
) -> datetime:
    if refused:
        # for good is only what was to be made: a meeting may stand still while it can't be removed, and what keeps an
        # event from being written may change unseen
        if not isinstance(error, Invalid) or step not in {Step.CREATE, Step.UPDATE}:
            return now + REFUSED_RETRY
        return now + (FOR_GOOD if is_over(conference, now + FINAL_RETRY) else FINAL_RETRY)
    backoff = retry_time(conference.id, conference.attempts, now)
    if isinstance(error, RateLimited) and error.retry_at is not None:
        return max(staggered(conference.id, error.retry_at, STAGGER * (error.retry_at - now)), backoff)
    return max(now + settle, backoff) if _may_be_done(error) else backoff


def _refused(error: ConfsyncError) -> bool:
    """Whether a person has to mend it: retried slowly, and visible meanwhile."""
    return isinstance(error, ReauthorizationRequired | PermissionDenied | NotConfigured | Invalid)


def _may_be_done(error: ConfsyncError) -> bool:
    """Whether the vendor may have done what it gave no answer to."""
    return isinstance(error, Ambiguous | Unexpected)


# --- at rest ---------------------------------------------------------------------------------------------------------


def next_visit(conference: Conference, links: Mapping[str, Link], upkeep: Upkeep, now: datetime) -> datetime | None:
    """When there is something to do though nothing changes: a second meeting to look for, a choice to give up, an
    event to look for, a look after the meeting. What was due before could not be done.
    """
    if conference.frozen:
        return None
    choices = [p for link in links.values() for p in link.provisional if p.conference_id == conference.id]
    to_put = choices if conference.applied.details is not None else []  # else once there is a meeting
    times = (
        conference.verify_at,
        *(choice.put_at for choice in to_put),
        *(choice.since + COLLECT_AFTER for choice in choices),
        *(link.hidden_at + LOOK_AGAIN for link in links.values() if link.hidden_at is not None),
        upkeep.next_visit(conference, now),
    )
    return min((at if now < at else now + REFUSED_RETRY for at in filter(None, times)), default=None)


def rested(conference: Conference, *, due_at: datetime | None, now: datetime) -> Conference:
    """Nothing is left to do: the state that people see, and when to look again."""
    return replace(
        conference,
        lease=conference.lease.release(),
        state=ConferenceState.ACTIVE if conference.wanted else ConferenceState.DELETED,
        attempts=0,
        pauses={},
        last_error=None,
        due_at=due_at,
        expire_at=None if conference.wanted else conference.expire_at or now + KEEP_DELETED,
    )


def waiting(conference: Conference, *, due_at: datetime | None, postponed: RateLimited | None = None) -> Conference:
    """All that is left to do has to wait: because it was refused or, if `postponed`, for its share of a limit.

    The latter is no pause that the provider asked for: whoever changes the conference has it looked at again at once.
    """
    if postponed is None:
        return replace(conference, due_at=due_at)
    told = f"{type(postponed).__name__}: {postponed}"
    return replace(conference, state=ConferenceState.PENDING, due_at=due_at, last_error=told)


def _earliest(*times: datetime | None) -> datetime | None:
    return min(filter(None, times), default=None)
