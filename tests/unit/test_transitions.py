"""Every way in which a conference's record changes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confsync.domain.conference import (
    Applied,
    CallKind,
    Conference,
    ConferenceSpec,
    ConferenceState,
    Desired,
    ProviderConference,
    Reference,
)
from confsync.domain.errors import (
    Ambiguous,
    ConfsyncError,
    Invalid,
    NotConfigured,
    PermissionDenied,
    RateLimited,
    ReauthorizationRequired,
    Temporary,
    Unexpected,
)
from confsync.domain.step import KINDS, Step, steps
from confsync.domain.transitions import (
    FINAL_RETRY,
    FOR_GOOD,
    REFUSED_RETRY,
    agreed,
    asked_again,
    checked,
    desire,
    done,
    failed,
    given_up,
    made,
    not_found,
    removed,
    rested,
    taken,
    to_verify,
    waiting,
)
from confsync.domain.upkeep import Upkeep
from tests.unit.builders import DETAILS

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TTL, SETTLE = timedelta(seconds=60), timedelta(seconds=5)
SPEC = ConferenceSpec(
    title="Standup",
    start=NOW + timedelta(days=7),
    end=NOW + timedelta(days=7, hours=1),
    time_zone="UTC",
    host="ann@example.com",
)
WANTED = Conference(
    id="confsync-1",
    solution="zoom",
    tenant="example.com",
    host="ann@example.com",
    desired=Desired(version=1, spec=SPEC),
    created_at=NOW,
    links=("link",),
    due_at=NOW,
)
MEETING = ProviderConference(reference=Reference(ids={"id": "1"}, host="h"), details=DETAILS, fingerprint="f1")
READY = rested(made(WANTED, Step.CREATE, MEETING, WANTED.desired, NOW), due_at=None, now=NOW)
RENAMED = desire(READY, replace(SPEC, title="Retro"), NOW)
UNWANTED = desire(READY, None, NOW)
ERRORS: list[ConfsyncError] = [
    Temporary("503"),
    Ambiguous("time-out"),
    Unexpected("a fault"),
    RateLimited("429", retry_at=NOW + timedelta(hours=15)),
    RateLimited("429"),
    PermissionDenied("no licence"),
    ReauthorizationRequired("connect again"),
    NotConfigured("solutions.zoom"),
    Invalid("title too long"),
]


def begin(conference: Conference, step: Step) -> Conference:
    return taken(conference, step, holder="me", now=NOW, ttl=TTL, sent=conference.desired.spec)


def refuse(conference: Conference, step: Step, error: ConfsyncError) -> Conference:
    return failed(begin(conference, step), conference, step, error, now=NOW, settle=SETTLE, next_visit=None)


def test_from_the_choice_to_the_meeting_and_back() -> None:
    states = [WANTED.state]
    conference = begin(WANTED, Step.CREATE)
    assert (conference.creating_since, conference.sent_spec, conference.attempts) == (NOW, SPEC, 1)
    conference = made(conference, Step.CREATE, MEETING, conference.desired, NOW)
    assert (conference.creating_since, conference.settled, conference.lease.until) == (None, True, None)
    conference = rested(conference, due_at=None, now=NOW)
    states.append(conference.state)
    conference = desire(conference, None, NOW)
    states.append(conference.state)
    before = begin(conference, Step.REMOVE)
    conference = rested(removed(before, before), due_at=None, now=NOW)
    states.append(conference.state)
    assert states == [
        ConferenceState.PENDING,
        ConferenceState.ACTIVE,
        ConferenceState.PENDING,
        ConferenceState.DELETED,
    ]
    assert conference.generation == WANTED.generation + 1
    assert conference.expire_at is not None
    assert conference.applied.reference is None


@pytest.mark.parametrize(
    ("error", "state", "retry"),
    [
        (Temporary("503"), ConferenceState.PENDING, (timedelta(seconds=1), timedelta(seconds=2))),
        (Unexpected("a fault"), ConferenceState.FAILED, (SETTLE, SETTLE)),
        (PermissionDenied("no licence"), ConferenceState.FAILED, (REFUSED_RETRY, REFUSED_RETRY)),
        (ReauthorizationRequired("again"), ConferenceState.FAILED, (REFUSED_RETRY, REFUSED_RETRY)),
        (NotConfigured("solutions.zoom"), ConferenceState.FAILED, (REFUSED_RETRY, REFUSED_RETRY)),
        (Invalid("title too long"), ConferenceState.FAILED, (FINAL_RETRY, FINAL_RETRY)),
    ],
)
def test_a_refused_change(error: ConfsyncError, state: ConferenceState, retry: tuple[timedelta, timedelta]) -> None:
    refused = refuse(RENAMED, Step.UPDATE, error)
    assert refused.state is state
    assert refused.last_error == f"{type(error).__name__}: {error}"
    assert retry[0] <= refused.pauses[CallKind.UPDATE] - NOW <= retry[1]
    assert refused.due_at == refused.pauses[CallKind.UPDATE]
    assert refused.applied == replace(RENAMED.applied, spec=None), "nothing is wiped"


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_a_removal_is_never_final(error: ConfsyncError) -> None:
    refused = refuse(UNWANTED, Step.REMOVE, error)
    assert refused.due_at is not None
    assert refused.due_at - NOW <= timedelta(hours=16)
    assert list(steps(refused, refused.due_at, Upkeep(), unpublished=False)) == [Step.REMOVE]


def test_what_can_never_be_taken_is_tried_once_a_day_until_it_is_over() -> None:
    assert refuse(WANTED, Step.CREATE, Invalid("no")).due_at == NOW + FINAL_RETRY
    soon = replace(SPEC, start=NOW, end=NOW + timedelta(hours=1))
    over = refuse(replace(WANTED, desired=Desired(version=1, spec=soon)), Step.CREATE, Invalid("no"))
    assert (over.due_at, over.retry_at) == (None, NOW + FOR_GOOD)
    assert desire(over, replace(soon, title="Retro"), NOW).pauses == {}


def test_a_refusal_of_what_is_not_wanted_any_more_is_no_refusal() -> None:
    before = RENAMED
    changed_meanwhile = desire(begin(before, Step.UPDATE), replace(SPEC, title="Third"), NOW)
    recorded = failed(changed_meanwhile, before, Step.UPDATE, Invalid("no"), now=NOW, settle=SETTLE, next_visit=None)
    assert recorded.state is ConferenceState.PENDING
    assert recorded.pauses[CallKind.UPDATE] - NOW <= timedelta(seconds=2)


@pytest.mark.parametrize("step", sorted(set(Step) - {Step.CREATE}))
@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_only_calls_of_the_refused_kind_wait(step: Step, error: ConfsyncError) -> None:
    assert set(refuse(READY, step, error).pauses) == {KINDS[step]}


def test_a_deletion_does_not_wait_behind_the_limit_of_changes() -> None:
    midnight = NOW + timedelta(hours=15)
    limited = refuse(RENAMED, Step.UPDATE, RateLimited("Daily-limit", retry_at=midnight))
    assert limited.pauses[CallKind.UPDATE] >= midnight
    deleted = desire(limited, None, NOW)
    assert CallKind.REMOVE not in deleted.pauses
    assert list(steps(deleted, NOW, Upkeep(), unpublished=False)) == [Step.REMOVE]


def test_those_who_wait_for_the_same_moment_come_one_after_the_other() -> None:
    midnight = NOW + timedelta(hours=15)
    error = RateLimited("Daily-limit", retry_at=midnight)
    times = {refuse(replace(RENAMED, id=f"confsync-{n}"), Step.UPDATE, error).retry_at for n in range(50)}
    assert len(times) == 50
    assert all(at is not None and midnight <= at <= midnight + timedelta(minutes=10) for at in times)
    short = RateLimited("QPS", retry_at=NOW + timedelta(seconds=10))
    at = refuse(RENAMED, Step.UPDATE, short).retry_at
    assert at is not None
    assert at - NOW <= timedelta(seconds=11)


@pytest.mark.parametrize("error", [Ambiguous("time-out"), Unexpected("a fault")])
def test_after_a_create_without_an_answer_one_looks_and_not_too_early(error: ConfsyncError) -> None:
    unconfirmed = refuse(WANTED, Step.CREATE, error)
    assert unconfirmed.creating_since == NOW
    assert list(steps(unconfirmed, NOW, Upkeep(), unpublished=False)) == [Step.LOOK]
    assert unconfirmed.pauses[CallKind.LOOK] >= NOW + SETTLE
    assert unconfirmed.pauses[CallKind.REMOVE] >= NOW + SETTLE
    nothing = not_found(begin(unconfirmed, Step.LOOK), unconfirmed, look_again_at=NOW + 2 * SETTLE)
    assert (nothing.creating_since, nothing.verify_at, nothing.pauses) == (None, NOW + 2 * SETTLE, {})
    assert nothing.attempts == unconfirmed.attempts, "the backoff goes on"


def test_asked_again_is_a_reason_to_try_at_once() -> None:
    refused = refuse(WANTED, Step.CREATE, PermissionDenied("no licence"))
    again = asked_again(refused, NOW)
    assert (again.state, again.pauses) == (ConferenceState.PENDING, {})
    assert asked_again(READY, NOW) == READY


def test_success_of_one_kind_leaves_the_failure_of_another_visible() -> None:
    refused = refuse(RENAMED, Step.UPDATE, PermissionDenied("no licence"))
    published = done(begin(refused, Step.PUBLISH), Step.PUBLISH)
    assert (published.state, published.last_error) == (ConferenceState.FAILED, "PermissionDenied: no licence")
    updated = made(begin(published, Step.UPDATE), Step.UPDATE, MEETING, published.desired, NOW)
    assert (updated.state, updated.last_error, updated.pauses) == (ConferenceState.PENDING, None, {})


def test_what_somebody_changed_at_the_vendor_has_to_be_set_again() -> None:
    assert checked(READY, MEETING, NOW).settled
    drifted = checked(READY, replace(MEETING, fingerprint="f2"), NOW)
    assert not drifted.settled
    assert drifted.applied.spec is None
    unknown = checked(READY, replace(MEETING, fingerprint=""), NOW)
    assert unknown.settled, "where it can't be told, nothing is assumed"


def test_a_vendors_second_look_is_asked_for_by_whoever_was_late() -> None:
    asked = to_verify(to_verify(READY, NOW + 2 * SETTLE), NOW + SETTLE)
    assert (asked.verify_at, asked.due_at) == (NOW + 2 * SETTLE, NOW + 2 * SETTLE)
    assert given_up(asked, Step.UPDATE).generation == READY.generation, "it is looked for by the same marker"
    assert given_up(READY, Step.UPDATE).generation == READY.generation + 1


def test_waiting_changes_nothing_but_when() -> None:
    refused = refuse(RENAMED, Step.UPDATE, PermissionDenied("no licence"))
    assert waiting(refused, due_at=NOW) == replace(refused, due_at=NOW)
    told = waiting(RENAMED, due_at=NOW, postponed=RateLimited("later"))
    assert (told.state, told.pauses, told.last_error) == (ConferenceState.PENDING, {}, "RateLimited: later")


@given(
    st.lists(
        st.tuples(st.sampled_from(["rename", "delete", "again", "step"]), st.sampled_from([None, *ERRORS])),
        max_size=25,
    )
)
def test_whatever_happens_there_is_a_way_on(story: list[tuple[str, ConfsyncError | None]]) -> None:
    """Each state is either right, or due, and what is due leads to the right state once nothing is refused."""
    conference, now = WANTED, NOW
    for number, (deed, error) in enumerate(story):
        now += timedelta(minutes=number)
        conference = _act(conference, deed, error, number, now)
        assert conference.lease.until is None
        todo = list(steps(conference, now, Upkeep(), unpublished=False))
        assert not todo or conference.due_at is not None
    for _ in range(9):
        now = max([now, *conference.pauses.values()]) + SETTLE
        conference = _act(conference, "step", None, 0, now)
    conference = rested(conference, due_at=None, now=now)
    assert conference.settled
    assert (conference.applied.reference is not None) == conference.wanted
    assert conference.state is (ConferenceState.ACTIVE if conference.wanted else ConferenceState.DELETED)


def _act(conference: Conference, deed: str, error: ConfsyncError | None, number: int, now: datetime) -> Conference:
    if deed == "rename":
        return desire(conference, replace(SPEC, title=f"Title {number}"), now)
    if deed == "delete":
        return desire(conference, None, now)
    if deed == "again":
        return asked_again(conference, now)
    for step in steps(conference, now, Upkeep(), unpublished=False):
        if conference.pauses.get(KINDS[step], now) > now:
            continue
        begun = taken(conference, step, holder="me", now=now, ttl=TTL, sent=conference.desired.spec)
        if error is not None:
            return failed(begun, conference, step, error, now=now, settle=SETTLE, next_visit=None)
        return _succeed(begun, conference, step, now)
    return conference


def _succeed(begun: Conference, before: Conference, step: Step, now: datetime) -> Conference:
    match step:
        case Step.CREATE | Step.UPDATE:
            return made(begun, step, MEETING, begun.desired, now)
        case Step.LOOK:
            return not_found(begun, before, look_again_at=None)
        case Step.REMOVE:
            return removed(begun, begun)
        case _:
            return done(begun, step)


def test_a_change_that_is_nothing_to_the_vendor_is_agreed_without_a_call() -> None:
    described = desire(READY, replace(SPEC, description="Agenda"), NOW)
    assert agreed(described).settled
    assert agreed(described).applied.spec == described.desired.spec


def test_without_a_meeting_nothing_is_applied() -> None:
    assert given_up(READY, Step.CHECK).applied == Applied()
