"""Making what the provider has equal to what is desired."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from confsync.domain import keys
from confsync.domain.conference import Applied, Conference, ConferenceSpec, ConferenceState, Desired
from confsync.domain.errors import (
    Ambiguous,
    AuthExpired,
    Busy,
    ConfsyncError,
    Invalid,
    NotConfigured,
    NotFound,
    PermissionDenied,
    RateLimited,
    ReauthorizationRequired,
    ServiceError,
    StoreConflict,
    Temporary,
)
from confsync.domain.link import COLLECT_AFTER
from confsync.domain.transitions import desire
from tests.fakes.provider import SETTLE
from tests.simulation.gate import Crash
from tests.usecases.world import ANN, KEY, LEASE, World

HOUR = timedelta(hours=1)
ID = keys.conference_id(KEY, "event1", "zoom")


@pytest.fixture
def wanted(world: World) -> World:
    """A conference that is desired, and nothing done about it yet."""
    now = world.clock.now()
    spec = ConferenceSpec(title="Standup", start=now, end=now + HOUR, time_zone="UTC", host=ANN)
    world.put(
        Conference(
            id=ID,
            solution="zoom",
            tenant=ANN,
            host=ANN,
            desired=Desired(version=1, spec=spec),
            created_at=now,
            due_at=now,
        )
    )
    return world


def change(world: World, **fields: Any) -> None:
    """The event changed: another desired state."""
    conference = world.conference(ID)
    spec = conference.desired.spec
    assert spec is not None
    world.put(desire(conference, replace(spec, **fields), world.clock.now()))


def unwanted(world: World) -> None:
    """The event is gone."""
    world.put(desire(world.conference(ID), None, world.clock.now()))


# --- create --------------------------------------------------------------------------------------


def test_a_desired_meeting_is_made_and_recorded(wanted: World) -> None:
    outcome = wanted.reconcile(ID)

    conference = wanted.conference(ID)
    assert outcome.conference is not None
    assert (conference.state, conference.settled, conference.due_at) == (ConferenceState.ACTIVE, True, None)
    assert conference.applied.reference == wanted.provider.only.conference.reference
    assert wanted.provider.only.marker == conference.marker == f"{ID}.1"


def test_the_intent_is_stored_before_the_provider_is_asked(wanted: World) -> None:
    seen: list[Conference] = []
    wanted.provider.during("create", lambda: seen.append(wanted.conference(ID)))

    wanted.reconcile(ID)

    (conference,) = seen
    assert conference.creating_since == wanted.clock.now()
    assert conference.lease.taken(wanted.clock.now())
    assert conference.due_at == wanted.clock.now() + LEASE


def test_a_crash_before_recording_is_found_by_the_marker(wanted: World) -> None:
    def crash() -> None:
        raise Crash

    wanted.provider.during("create", crash)
    with pytest.raises(Crash):
        wanted.reconcile(ID)
    with pytest.raises(Busy):
        wanted.reconcile(ID)

    wanted.clock.advance(LEASE)
    wanted.reconcile(ID)

    assert wanted.provider.calls == ["create", "find", "update"]
    assert wanted.conference(ID).applied.reference == wanted.provider.only.conference.reference
    assert wanted.conference(ID).state is ConferenceState.ACTIVE


def test_a_meeting_found_by_its_marker_gets_what_is_desired_by_now(wanted: World) -> None:
    wanted.provider.lose_answer("create", Ambiguous("time-out"))
    wanted.reconcile(ID)
    change(wanted, title="Retro")

    wanted.settle()

    assert wanted.provider.only.spec.title == "Retro"


def test_an_unconfirmed_create_is_visible_and_looked_up_only_after_it_had_time(wanted: World) -> None:
    wanted.provider.lose_answer("create", Ambiguous("time-out"))

    outcome = wanted.reconcile(ID)

    conference = wanted.conference(ID)
    assert isinstance(outcome.error, Ambiguous)
    assert conference.state is ConferenceState.UNCONFIRMED
    assert conference.retry_at is not None
    assert conference.retry_at >= wanted.clock.now() + SETTLE
    (task,) = wanted.queue.tasks
    assert task.at == conference.retry_at
    wanted.reconcile(ID)
    assert wanted.provider.calls == ["create"]


def test_an_unconfirmed_create_that_did_nothing_is_done_again_and_verified(wanted: World) -> None:
    wanted.provider.fail("create", Ambiguous("connection reset"))
    wanted.reconcile(ID)

    wanted.settle()

    assert wanted.provider.calls == ["create", "find", "create", "find"]
    assert len(wanted.provider.meetings) == 1
    assert wanted.conference(ID).verify_at is None
    assert wanted.conference(ID).due_at is None


def test_a_meeting_that_shows_up_too_late_is_deleted(wanted: World) -> None:
    wanted.provider.lag = SETTLE * 2
    wanted.provider.lose_answer("create", Ambiguous("time-out"))
    wanted.reconcile(ID)
    wanted.clock.advance(SETTLE)
    wanted.provider.lag = timedelta(0)
    wanted.reconcile(ID)
    assert len(wanted.provider.meetings) == 2

    wanted.settle()

    assert wanted.provider.only.id == "m2"
    assert wanted.conference(ID).applied.reference.ids == {"id": "m2"}


def test_a_second_look_without_an_answer_is_taken_again(wanted: World) -> None:
    wanted.provider.fail("create", Ambiguous("time-out"))
    wanted.reconcile(ID)
    wanted.clock.advance(SETTLE)
    wanted.reconcile(ID)
    wanted.provider.fail("find", Ambiguous("time-out"))
    wanted.clock.advance(SETTLE * 2)

    wanted.reconcile(ID)
    assert wanted.queue.take() != []
    wanted.settle()

    conference = wanted.conference(ID)
    assert (conference.state, conference.due_at) == (ConferenceState.ACTIVE, None)
    assert wanted.provider.calls.count("find") == 3
    assert len(wanted.provider.meetings) == 1


def test_a_meeting_that_the_store_would_not_record_is_found_by_the_marker(wanted: World) -> None:
    commit = wanted.store.commit

    def down(writes: Any) -> None:
        wanted.store.commit = commit  # type: ignore[method-assign]
        raise Temporary("503", service="firestore")

    def goes_down() -> None:
        wanted.store.commit = down  # type: ignore[method-assign]

    wanted.provider.during("create", goes_down)

    with suppress(Temporary):
        wanted.reconcile(ID)
    wanted.settle()

    assert wanted.provider.calls.count("create") == 1
    assert wanted.conference(ID).applied.reference == wanted.provider.only.conference.reference


def test_of_two_found_the_later_one_goes(wanted: World) -> None:
    wanted.provider.lose_answer("create", Ambiguous("time-out"), Ambiguous("time-out"))
    wanted.reconcile(ID)
    conference = wanted.conference(ID)
    spec = conference.desired.spec
    assert spec is not None
    with pytest.raises(Ambiguous):
        wanted.provider.create(spec, conference.marker)

    wanted.settle()

    assert wanted.provider.only.id == "m1"
    assert wanted.conference(ID).applied.reference.ids == {"id": "m1"}


@pytest.mark.parametrize("error", [Temporary("503"), RateLimited("429"), AuthExpired("401"), Invalid("400")])
def test_a_definite_no_is_not_looked_up(wanted: World, error: ServiceError) -> None:
    wanted.provider.fail("create", error)

    wanted.reconcile(ID)

    assert wanted.conference(ID).creating_since is None


# --- update --------------------------------------------------------------------------------------


def test_only_what_changed_is_named(wanted: World) -> None:
    wanted.reconcile(ID)
    change(wanted, title="Retro", time_zone="Europe/Berlin")

    wanted.reconcile(ID)

    assert wanted.provider.changes == [frozenset({"title", "time_zone"})]
    assert wanted.provider.only.spec.title == "Retro"


def test_what_the_provider_does_not_watch_costs_no_call(wanted: World) -> None:
    wanted.reconcile(ID)
    change(wanted, description="Bring numbers", attendees=("ben@example.com",))

    wanted.reconcile(ID)

    assert wanted.provider.calls == ["create"]
    assert wanted.conference(ID).state is ConferenceState.ACTIVE
    assert wanted.conference(ID).settled


def test_there_and_back_is_no_update(wanted: World) -> None:
    wanted.reconcile(ID)
    change(wanted, title="Retro")
    change(wanted, title="Standup")

    wanted.reconcile(ID)

    assert wanted.provider.calls == ["create"]


@pytest.mark.parametrize("error", [Temporary("502"), Ambiguous("time-out"), Crash()], ids=lambda e: type(e).__name__)
def test_a_change_that_is_undone_after_its_answer_was_lost_is_undone_at_the_provider(
    wanted: World, error: Exception
) -> None:
    wanted.reconcile(ID)
    change(wanted, title="Retro")
    wanted.provider.lose_answer("update", error)
    with suppress(Crash):
        wanted.reconcile(ID)
    assert wanted.provider.only.spec.title == "Retro"
    change(wanted, title="Standup")

    wanted.settle()

    conference = wanted.conference(ID)
    assert wanted.provider.only.spec.title == "Standup"
    assert (conference.state, conference.due_at) == (ConferenceState.ACTIVE, None)


def test_a_change_of_mind_during_the_call_is_a_second_round(wanted: World) -> None:
    wanted.provider.during("create", lambda: change(wanted, title="Retro"))

    wanted.reconcile(ID)

    assert wanted.provider.calls == ["create", "update"]
    assert wanted.provider.only.spec.title == "Retro"
    assert wanted.conference(ID).settled


def test_a_deletion_during_the_create_deletes_what_was_made(wanted: World) -> None:
    wanted.provider.during("create", lambda: unwanted(wanted))

    wanted.reconcile(ID)

    assert wanted.provider.calls == ["create", "delete"]
    assert wanted.provider.meetings == {}
    assert wanted.conference(ID).state is ConferenceState.DELETED


def test_a_meeting_that_somebody_deleted_is_made_anew_and_written_to_the_event(world: World) -> None:
    created = world.saved()
    world.provider.meetings.clear()
    world.ann.update("event1", title="Retro")

    world.sync()
    world.deliver()

    shown = world.ann.event("event1").conference
    assert shown is not None
    assert shown.uris == world.provider.only.conference.details.uris != created.details.uris
    assert world.provider.only.marker == f"{created.conference_id}.2"
    assert world.conference(created.conference_id).due_at is None
    assert world.link().published == world.provider.only.conference.details.revision  # type: ignore[union-attr]


# --- delete --------------------------------------------------------------------------------------


def test_what_nobody_wants_is_deleted(wanted: World) -> None:
    wanted.reconcile(ID)
    unwanted(wanted)

    wanted.reconcile(ID)

    conference = wanted.conference(ID)
    assert wanted.provider.meetings == {}
    assert (conference.state, conference.due_at) == (ConferenceState.DELETED, None)
    assert conference.expire_at is not None
    assert conference.applied == Applied(version=conference.desired.version)


def test_deleted_already_is_deleted(wanted: World) -> None:
    wanted.reconcile(ID)
    wanted.provider.meetings.clear()
    unwanted(wanted)

    outcome = wanted.reconcile(ID)

    assert outcome.error is None
    assert wanted.conference(ID).state is ConferenceState.DELETED


def test_what_was_never_made_needs_no_call(wanted: World) -> None:
    unwanted(wanted)

    wanted.reconcile(ID)

    assert wanted.provider.calls == []
    assert wanted.conference(ID).state is ConferenceState.DELETED


def test_deleted_while_unconfirmed_finds_and_deletes_it(wanted: World) -> None:
    wanted.provider.lose_answer("create", Ambiguous("time-out"))
    wanted.reconcile(ID)
    unwanted(wanted)

    wanted.settle()

    assert wanted.provider.meetings == {}
    assert wanted.conference(ID).state is ConferenceState.DELETED


def test_deleted_before_the_second_look_leaves_no_late_meeting(wanted: World) -> None:
    wanted.provider.lag = SETTLE * 2
    wanted.provider.lose_answer("create", Ambiguous("time-out"))
    wanted.reconcile(ID)
    wanted.clock.advance(SETTLE)
    wanted.provider.lag = timedelta(0)
    wanted.reconcile(ID)
    unwanted(wanted)

    wanted.reconcile(ID)
    wanted.settle()

    assert wanted.provider.meetings == {}
    assert wanted.conference(ID).state is ConferenceState.DELETED


def test_wanted_again_is_another_generation(wanted: World) -> None:
    wanted.reconcile(ID)
    spec = wanted.conference(ID).desired.spec
    unwanted(wanted)
    wanted.reconcile(ID)
    wanted.put(desire(wanted.conference(ID), spec, wanted.clock.now()))

    wanted.reconcile(ID)

    assert wanted.provider.only.marker == f"{ID}.2"


def test_wanted_again_while_it_is_deleted_is_kept_for_good(wanted: World) -> None:
    wanted.reconcile(ID)
    spec = wanted.conference(ID).desired.spec
    unwanted(wanted)
    again = desire(wanted.conference(ID), spec, wanted.clock.now())
    wanted.provider.during("delete", lambda: wanted.put(replace(wanted.conference(ID), desired=again.desired)))

    wanted.reconcile(ID)

    conference = wanted.conference(ID)
    assert (conference.state, conference.expire_at) == (ConferenceState.ACTIVE, None)
    assert len(wanted.provider.meetings) == 1


# --- failures ------------------------------------------------------------------------------------


def test_the_pause_that_the_provider_asks_for_is_kept(wanted: World) -> None:
    until = wanted.clock.now() + timedelta(minutes=30)
    wanted.provider.fail("create", RateLimited("429", retry_at=until))

    wanted.reconcile(ID)
    wanted.clock.advance(timedelta(minutes=29))
    wanted.reconcile(ID)
    assert wanted.provider.calls == ["create"]
    retry_at = wanted.conference(ID).retry_at
    assert retry_at is not None
    assert until <= retry_at <= until + timedelta(minutes=3), "those who wait for the same time come one by one"

    wanted.clock.advance(retry_at - wanted.clock.now())
    wanted.reconcile(ID)
    assert len(wanted.provider.meetings) == 1


def test_the_backoff_grows_and_ends_with_success(wanted: World) -> None:
    wanted.provider.fail("create", *[Temporary("503")] * 4)
    waits = []
    for _ in range(4):
        wanted.reconcile(ID)
        retry_at = wanted.conference(ID).retry_at
        assert retry_at is not None
        waits.append(retry_at - wanted.clock.now())
        wanted.clock.advance(waits[-1])
    assert waits == sorted(waits)
    assert wanted.conference(ID).attempts == 4

    wanted.reconcile(ID)

    conference = wanted.conference(ID)
    assert (conference.attempts, conference.retry_at, conference.last_error) == (0, None, None)


REFUSED: list[ConfsyncError] = [
    ReauthorizationRequired("connect again"),
    PermissionDenied("no licence"),
    NotConfigured("solutions.zoom.secret"),
]


@pytest.mark.parametrize("error", REFUSED, ids=lambda error: type(error).__name__)
def test_what_a_person_must_mend_is_visible_and_tried_hourly(wanted: World, error: Exception) -> None:
    wanted.provider.fail("create", error, error)

    wanted.reconcile(ID)
    conference = wanted.conference(ID)
    assert conference.state is ConferenceState.FAILED
    assert conference.last_error == f"{type(error).__name__}: {error}"
    assert conference.retry_at == conference.due_at == wanted.clock.now() + HOUR
    for _ in range(2):
        wanted.clock.advance(HOUR)
        wanted.reconcile(ID)

    assert wanted.provider.calls == ["create"] * 3
    assert wanted.conference(ID).state is ConferenceState.ACTIVE


def test_a_change_is_a_reason_to_try_what_was_refused_at_once(wanted: World) -> None:
    wanted.provider.fail("create", PermissionDenied("no licence"))
    wanted.reconcile(ID)
    change(wanted, title="Retro")

    wanted.reconcile(ID)

    assert wanted.provider.only.spec.title == "Retro"


def test_an_event_that_cannot_be_read_for_a_while_shows_a_new_meeting_in_the_end(world: World) -> None:
    created = world.saved("event1")
    world.provider.meetings.clear()
    world.ann.update("event1", title="Retro")
    world.calendars.fail("get_event", Invalid("start: not a date"))

    world.sync()
    world.deliver()
    assert world.conference(created.conference_id).state is ConferenceState.FAILED
    world.settle()

    shown = world.ann.event("event1").conference
    assert shown is not None
    assert shown.uris == world.provider.only.conference.details.uris


def test_an_event_out_of_reach_does_not_keep_the_others_from_showing_a_new_meeting(world: World) -> None:
    created = world.saved("event1")
    world.ann.insert(id="copy", conference=world.ann.event("event1").conference)
    world.sync()
    world.deliver()
    world.provider.meetings.clear()
    world.ann.update("event1", title="Retro")
    world.calendars.fail("get_event", PermissionDenied("no access"))

    world.sync()
    world.deliver()

    assert world.conference(created.conference_id).state is ConferenceState.FAILED
    shown = world.ann.event("copy").conference
    assert shown is not None
    assert shown.uris == world.provider.only.conference.details.uris


def test_a_refused_meeting_that_nobody_wants_any_more_comes_to_rest(wanted: World) -> None:
    wanted.reconcile(ID)
    change(wanted, title="Retro")
    wanted.provider.fail("update", PermissionDenied("no licence"))
    wanted.reconcile(ID)
    change(wanted, title="Standup")
    unwanted(wanted)

    wanted.settle(steps=12)

    conference = wanted.conference(ID)
    assert (conference.state, conference.due_at) == (ConferenceState.DELETED, None)
    assert wanted.provider.meetings == {}


def test_an_unpublishable_conference_whose_event_went_its_way_comes_to_rest(world: World) -> None:
    created = world.saved()
    world.put(replace(world.link(), published="old"))
    world.calendars.fail("get_event", PermissionDenied("no access"))
    world.reconcile(created.conference_id)
    assert world.conference(created.conference_id).state is ConferenceState.FAILED
    link = world.link()
    assert link is not None
    world.put(replace(link, published=created.details.revision))

    world.settle(steps=12)

    conference = world.conference(created.conference_id)
    assert (conference.state, conference.due_at) == (ConferenceState.ACTIVE, None)
    assert conference.last_error is None


def test_an_invalid_request_is_not_repeated_until_something_changes(wanted: World) -> None:
    wanted.provider.fail("create", Invalid("title too long"))

    wanted.reconcile(ID)
    conference = wanted.conference(ID)
    assert conference.state is ConferenceState.FAILED
    wanted.settle()
    wanted.clock.advance(COLLECT_AFTER)  # looked at once more: it may never have been saved
    wanted.reconcile(ID)
    assert wanted.provider.calls == ["create"]
    assert wanted.conference(ID).due_at is None

    change(wanted, title="Short")
    wanted.settle()

    assert wanted.provider.only.spec.title == "Short"


@pytest.mark.parametrize("method", ["create", "update"])
def test_a_second_meeting_is_looked_for_whatever_was_refused_since(wanted: World, method: str) -> None:
    wanted.provider.lag = SETTLE * 2
    wanted.provider.lose_answer("create", Ambiguous("time-out"))
    wanted.reconcile(ID)
    wanted.clock.advance(SETTLE)
    if method == "create":
        wanted.provider.fail("create", Invalid("title too long"))
    wanted.reconcile(ID)
    if method == "update":
        change(wanted, title="Retro")
        wanted.provider.fail("update", Invalid("title too long"))
        wanted.reconcile(ID)
    assert wanted.conference(ID).state is ConferenceState.FAILED
    assert len(wanted.provider.meetings) == (2 if method == "update" else 1)

    wanted.settle()

    meeting = wanted.provider.only
    assert wanted.conference(ID).applied.reference.ids == {"id": meeting.id}


def test_a_failed_update_keeps_the_meeting_as_it_is(wanted: World) -> None:
    wanted.reconcile(ID)
    applied = wanted.conference(ID).applied
    change(wanted, title="Retro")
    wanted.provider.fail("update", ReauthorizationRequired("connect again"))

    wanted.reconcile(ID)

    assert wanted.conference(ID).applied == replace(applied, spec=None)
    assert wanted.provider.only.spec.title == "Standup"


def test_a_solution_that_left_the_configuration_is_told(wanted: World) -> None:
    wanted.providers.solutions.clear()

    outcome = wanted.reconcile(ID)

    assert isinstance(outcome.error, NotConfigured)
    assert wanted.conference(ID).state is ConferenceState.FAILED


# --- leases --------------------------------------------------------------------------------------


def test_a_result_is_not_recorded_without_the_lease(wanted: World) -> None:
    wanted.provider.during("create", lambda: wanted.clock.advance(LEASE))

    with pytest.raises(Busy):
        wanted.reconcile(ID)
    assert wanted.conference(ID).applied.reference is None

    wanted.settle()

    assert wanted.conference(ID).applied.reference == wanted.provider.only.conference.reference


def test_a_late_worker_does_not_overwrite_the_next_one(wanted: World) -> None:
    def slow() -> None:
        wanted.clock.advance(LEASE)
        wanted.reconcile(ID)
        change(wanted, title="Retro")
        wanted.reconcile(ID)

    wanted.provider.during("create", slow)

    with pytest.raises(Busy):
        wanted.reconcile(ID)
    wanted.settle()

    assert wanted.provider.only.spec.title == "Retro"
    assert wanted.conference(ID).state is ConferenceState.ACTIVE


def test_a_worker_that_creates_after_all_others_has_its_second_meeting_looked_for(wanted: World) -> None:
    def asleep() -> None:
        wanted.clock.advance(LEASE)
        wanted.settle()

    wanted.provider.ahead_of("create", asleep)

    with pytest.raises(Busy):
        wanted.reconcile(ID)
    assert len(wanted.provider.meetings) == 2
    wanted.settle()

    assert wanted.conference(ID).applied.reference == wanted.provider.only.conference.reference


def test_a_worker_that_creates_after_the_event_is_gone_deletes_what_it_made(wanted: World) -> None:
    def asleep() -> None:
        wanted.clock.advance(LEASE)
        unwanted(wanted)
        wanted.settle()

    wanted.provider.ahead_of("create", asleep)

    with pytest.raises(Busy):
        wanted.reconcile(ID)
    wanted.settle()

    assert wanted.provider.meetings == {}
    assert wanted.conference(ID).state is ConferenceState.DELETED


def test_a_late_creator_has_its_meeting_looked_for_though_others_are_writing(wanted: World) -> None:
    commit = wanted.store.commit

    def interleaved(writes: Any) -> None:
        wanted.store.commit = commit  # type: ignore[method-assign]
        change(wanted, title="Retro")
        commit(writes)

    def asleep() -> None:
        wanted.clock.advance(LEASE)
        wanted.settle()
        wanted.store.commit = interleaved  # type: ignore[method-assign]

    wanted.provider.ahead_of("create", asleep)

    with pytest.raises(Busy):
        wanted.reconcile(ID)
    wanted.settle()

    assert wanted.provider.only.spec.title == "Retro"


@pytest.mark.parametrize("gone", [False, True], ids=["still wanted", "gone meanwhile"])
def test_a_creator_without_an_answer_after_all_others_leaves_no_second_meeting(wanted: World, gone: bool) -> None:
    def asleep() -> None:
        wanted.clock.advance(LEASE)
        if gone:
            unwanted(wanted)
        wanted.settle()
        wanted.provider.lose_answer("create", Ambiguous("time-out"))

    wanted.provider.ahead_of("create", asleep)

    with pytest.raises(Busy):
        wanted.reconcile(ID)
    wanted.settle()

    conference = wanted.conference(ID)
    references = [meeting.conference.reference for meeting in wanted.provider.meetings.values()]
    assert references == ([] if gone else [conference.applied.reference])
    assert conference.due_at is None


def test_creators_that_are_late_one_after_the_other_leave_one_meeting(wanted: World) -> None:
    def asleep_too() -> None:
        wanted.clock.advance(LEASE)
        wanted.settle()

    def asleep() -> None:
        wanted.clock.advance(LEASE)
        wanted.provider.ahead_of("create", asleep_too)
        with pytest.raises(Busy):
            wanted.reconcile(ID)

    wanted.provider.ahead_of("create", asleep)

    with pytest.raises(Busy):
        wanted.reconcile(ID)
    assert len(wanted.provider.meetings) == 3
    wanted.settle()

    assert wanted.conference(ID).applied.reference == wanted.provider.only.conference.reference


def test_answers_that_are_late_one_after_the_other_make_no_second_meeting(wanted: World) -> None:
    for method in ("create", "find", "update"):
        wanted.provider.during(method, lambda: wanted.clock.advance(LEASE))
        with pytest.raises(Busy):
            wanted.reconcile(ID)
    wanted.settle()

    assert wanted.provider.calls.count("create") == 1
    assert wanted.conference(ID).applied.reference == wanted.provider.only.conference.reference


def late_creator(world: World) -> None:
    """Somebody whose lease ran out long ago makes a meeting, and has it looked for."""
    conference = world.conference(ID)
    now = world.clock.now()
    spec = conference.desired.spec or ConferenceSpec(title="", start=now, end=now, time_zone="UTC", host=ANN)
    world.provider.create(spec, conference.marker)
    world.put(replace(conference, verify_at=world.clock.now() + SETTLE))


def test_a_creator_that_is_late_while_a_second_look_is_taken_has_another_one_taken(wanted: World) -> None:
    wanted.provider.fail("create", Ambiguous("time-out"))
    wanted.reconcile(ID)
    wanted.clock.advance(SETTLE)
    wanted.reconcile(ID)
    wanted.clock.advance(SETTLE * 2)
    wanted.provider.during("find", lambda: late_creator(wanted))

    wanted.settle()

    assert wanted.conference(ID).applied.reference == wanted.provider.only.conference.reference
    assert wanted.conference(ID).due_at is None


def test_a_creator_that_is_late_while_the_meeting_is_removed_leaves_none(wanted: World) -> None:
    wanted.provider.lose_answer("create", Ambiguous("time-out"))
    wanted.reconcile(ID)
    unwanted(wanted)
    wanted.provider.during("find", lambda: late_creator(wanted))

    wanted.settle()

    assert wanted.provider.meetings == {}
    assert wanted.conference(ID).state is ConferenceState.DELETED
    assert wanted.conference(ID).marker == f"{ID}.2"


def test_wanted_again_before_a_late_meeting_was_looked_for_is_one_meeting(wanted: World) -> None:
    spec = wanted.conference(ID).desired.spec
    wanted.provider.lose_answer("create", Ambiguous("time-out"))
    wanted.reconcile(ID)
    unwanted(wanted)
    wanted.provider.during("find", lambda: late_creator(wanted))
    wanted.clock.advance(SETTLE)
    wanted.reconcile(ID)
    wanted.put(desire(wanted.conference(ID), spec, wanted.clock.now()))

    wanted.settle()

    assert wanted.conference(ID).applied.reference == wanted.provider.only.conference.reference


def test_a_lost_meeting_that_is_made_anew_before_the_second_look_leaves_no_late_one(wanted: World) -> None:
    wanted.provider.lag = SETTLE * 2
    wanted.provider.lose_answer("create", Ambiguous("time-out"))
    wanted.reconcile(ID)
    wanted.clock.advance(SETTLE)
    wanted.provider.lag = timedelta(0)
    wanted.reconcile(ID)
    del wanted.provider.meetings["m2"]
    change(wanted, title="Retro")

    wanted.settle()

    assert wanted.conference(ID).applied.reference == wanted.provider.only.conference.reference


def test_deleted_and_wanted_again_before_anybody_could_look_is_made_anew(wanted: World) -> None:
    """The deletion was done, but that it was is not recorded: the meeting must not pass for the one that is wanted."""
    wanted.provider.fail("create", Ambiguous("time-out"))
    wanted.reconcile(ID)
    wanted.clock.advance(SETTLE)
    wanted.reconcile(ID)
    spec = wanted.conference(ID).desired.spec
    unwanted(wanted)
    wanted.reconcile(ID)
    assert wanted.provider.meetings == {}
    wanted.put(desire(wanted.conference(ID), spec, wanted.clock.now()))

    wanted.settle()

    assert wanted.conference(ID).applied.reference == wanted.provider.only.conference.reference


def test_creates_that_are_never_answered_are_tried_less_and_less_often(wanted: World) -> None:
    wanted.provider.fail("create", *[Ambiguous("time-out")] * 12)
    for _ in range(100):
        wanted.reconcile(ID)
        wanted.clock.advance(SETTLE)

    assert wanted.provider.calls.count("create") < 12


def test_writes_of_others_between_reading_and_taking_are_no_error(wanted: World) -> None:
    commit = wanted.store.commit
    others = [lambda: change(wanted, title="Retro")]

    def interleaved(writes: Any) -> None:
        if others:
            others.pop()()
        commit(writes)

    wanted.store.commit = interleaved  # type: ignore[method-assign]

    wanted.reconcile(ID)

    assert wanted.provider.calls == ["create"]
    assert wanted.provider.only.spec.title == "Retro"


def test_writes_of_others_at_rest_are_looked_at_though_the_queue_is_down(wanted: World) -> None:
    wanted.queue.error = Temporary("503")
    commit = wanted.store.commit
    others = [lambda: change(wanted, title="Retro")]

    def interleaved(writes: Any) -> None:
        if writes[0].record.state is ConferenceState.ACTIVE and others:
            others.pop()()
        commit(writes)

    wanted.store.commit = interleaved  # type: ignore[method-assign]

    outcome = wanted.reconcile(ID)

    assert outcome.conference is not None
    assert outcome.conference.state is ConferenceState.ACTIVE
    assert wanted.provider.only.spec.title == "Retro"


def test_a_conference_that_keeps_changing_is_left_to_another_run(wanted: World) -> None:
    def conflict(writes: Any) -> None:
        raise StoreConflict("changed")

    commit, wanted.store.commit = wanted.store.commit, conflict  # type: ignore[method-assign]
    outcome = wanted.reconcile(ID)
    assert outcome.conference is not None
    assert not outcome.conference.settled
    wanted.store.commit = commit  # type: ignore[method-assign]

    wanted.deliver()

    assert len(wanted.provider.meetings) == 1


def test_an_unknown_conference_is_nothing_to_do(world: World) -> None:
    assert world.reconcile("confsync-unknown").conference is None


def test_at_rest_nothing_is_written(wanted: World) -> None:
    wanted.reconcile(ID)
    wanted.counting.reset()

    wanted.reconcile(ID)

    assert wanted.counting.writes == 0
    assert wanted.provider.calls == ["create"]


def test_not_found_on_create_is_told_not_taken_for_a_lost_meeting(wanted: World) -> None:
    wanted.provider.fail("create", NotFound("no such host"))

    outcome = wanted.reconcile(ID)

    assert isinstance(outcome.error, NotFound)
    assert wanted.conference(ID).generation == 1


# --- a vendor that has to be asked what it can do -----------------------------------------------


@pytest.fixture
def asked(wanted: World, monkeypatch: pytest.MonkeyPatch) -> list[ServiceError]:
    """What the vendor answers when it is asked what it can do; nothing: it tells."""
    able, errors = wanted.provider.capabilities, list[ServiceError]()

    def tell(_: object) -> Any:
        if errors:
            raise errors[0]
        return able

    del wanted.provider.capabilities
    monkeypatch.setattr(type(wanted.provider), "capabilities", property(tell), raising=False)
    return errors


@pytest.mark.parametrize("error", [Temporary("no answer"), PermissionDenied("no"), ReauthorizationRequired("who?")])
def test_a_vendor_that_does_not_tell_what_it_can_do_is_asked_again(
    wanted: World, asked: list[ServiceError], error: ServiceError
) -> None:
    asked.append(error)
    outcome = wanted.reconcile(ID)
    failed = wanted.conference(ID)
    assert outcome.error is error
    assert failed.last_error is not None
    assert str(error) in failed.last_error
    assert not failed.settled
    assert failed.due_at is not None
    assert failed.due_at > wanted.clock.now()
    assert wanted.provider.calls == []

    asked.clear()
    wanted.clock.advance(failed.due_at - wanted.clock.now() + HOUR)
    wanted.reconcile(ID)
    assert wanted.conference(ID).state is ConferenceState.ACTIVE


def test_a_settled_conference_rests_while_its_vendor_does_not_answer(wanted: World, asked: list[ServiceError]) -> None:
    wanted.reconcile(ID)
    asked.append(Temporary("no answer"))
    assert wanted.reconcile(ID).error is None
    assert wanted.conference(ID).state is ConferenceState.ACTIVE
