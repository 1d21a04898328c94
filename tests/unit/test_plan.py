"""What an event means for its conferences: every rule on its own."""

from dataclasses import replace
from datetime import timedelta

import pytest

from confsync.domain.backoff import TASK_GRACE
from confsync.domain.calendar import Calendar
from confsync.domain.conference import ConferenceState
from confsync.domain.event import Event, EventTime
from confsync.domain.keys import link_key
from confsync.domain.ledger import Ledger
from confsync.domain.link import Link
from confsync.domain.plan import Action, apply_event
from tests.unit.builders import (
    DETAILS,
    NOW,
    START,
    calendar,
    choose,
    conference_data,
    conference_id,
    event,
    reconciled,
    stored,
    titles,
    tombstone,
)

LATER = NOW + timedelta(minutes=10)
ALICE = calendar("alice")
BOB = calendar("bob")
MALLORY = calendar("mallory", tenant="example.org")


def saved(*, of: Calendar = ALICE, event_id: str = "planning", solution: str = "zoom") -> Ledger:
    """The records of an event that was saved with a conference and seen so."""
    ledger = Ledger()
    made = choose(ledger, of, event_id, solution)
    apply_event(ledger, of, event(event_id, made), NOW)
    return settle(ledger)


def settle(ledger: Ledger) -> Ledger:
    """Everything was reconciled and stored."""
    for conference in list(ledger.conferences.values()):
        ledger.put(reconciled(conference))
    return stored(ledger)


def link_of(ledger: Ledger, of: Calendar = ALICE, event_id: str = "planning") -> Link:
    return ledger.links[link_key(of.key, event_id)]


def conference_ids(ledger: Ledger, of: Calendar = ALICE, event_id: str = "planning") -> tuple[str, ...]:
    link = ledger.links.get(link_key(of.key, event_id))
    return link.conference_ids if link else ()


ZOOM = conference_id(ALICE)
JITSI = conference_id(ALICE, solution="jitsi")


# --- an event and its own conference ---------------------------------------------------------------------------------


def test_an_event_that_is_saved_makes_its_conference_its_own() -> None:
    ledger = Ledger()
    choose(ledger, ALICE)
    assert apply_event(ledger, ALICE, event(shows=ZOOM), LATER) is Action.SEEN
    link = link_of(ledger)
    assert (link.conference_id, link.seen_at, link.provisional) == (ZOOM, LATER, ())
    assert link.published == DETAILS.revision
    assert titles(ledger, [ZOOM]) == ["Planning"], "the placeholder gives way to the event"


@pytest.mark.parametrize("shows", [None, "meet-abc-defg-hij"])
def test_an_event_that_does_not_show_its_choice_yet_keeps_it(shows: str | None) -> None:
    ledger = Ledger()
    choose(ledger, ALICE)
    apply_event(ledger, ALICE, event(shows=shows, title="Not saved with it"), LATER)
    link = link_of(ledger)
    assert (link.conference_id, [p.conference_id for p in link.provisional]) == (None, [ZOOM])
    assert titles(ledger, [ZOOM]) == ["Not saved with it"], "it follows its event all the same"
    assert link.collectable(ZOOM, NOW + timedelta(hours=24)), "the 24 hours run from the choice"


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Moved"},
        {"start": EventTime(at=START - timedelta(hours=3), time_zone="UTC")},
        {"end": EventTime(at=START + timedelta(hours=3), time_zone="UTC")},
        {"start": EventTime(at=START, time_zone="Europe/Berlin")},
        {"start": EventTime(at=START, time_zone="UTC", all_day=True)},
        {"recurrence": ("RRULE:FREQ=WEEKLY",)},
        {"description": "Bring numbers"},
        {"attendees": ("bob@example.com",)},
    ],
)
def test_every_change_that_a_provider_could_want_is_desired(change: dict[str, object]) -> None:
    ledger = saved()
    before = ledger.conferences[ZOOM]
    changed = event(shows=ZOOM, **change)
    assert apply_event(ledger, ALICE, changed, LATER) is Action.UPDATED
    after = ledger.conferences[ZOOM]
    assert after.desired.spec == changed.spec(host=ALICE.owner)
    assert after.desired.version == before.desired.version + 1
    assert (after.state, after.due_at, after.settled) == (ConferenceState.PENDING, LATER + TASK_GRACE, False)


@pytest.mark.parametrize("change", [{}, {"etag": '"2"'}, {"location": "https://meet.example.com/room"}])
def test_our_own_write_coming_back_changes_nothing(change: dict[str, object]) -> None:
    ledger = saved()
    assert apply_event(ledger, ALICE, event(shows=ZOOM, **change), LATER) is Action.NOTHING
    assert (ledger.changed, ledger.removed) == ({}, {})


def test_a_change_after_a_refusal_is_a_reason_to_try_again() -> None:
    ledger = saved()
    refused = replace(ledger.conferences[ZOOM], state=ConferenceState.FAILED, attempts=4, last_error="Invalid: no")
    ledger.put(refused)
    apply_event(ledger, ALICE, event(shows=ZOOM, title="Shorter"), LATER)
    after = ledger.conferences[ZOOM]
    assert (after.state, after.attempts, after.last_error) == (ConferenceState.PENDING, 0, None)


def test_the_host_stays_whoever_changes_the_event() -> None:
    ledger = saved()
    ledger.put(replace(ledger.conferences[ZOOM], host="host@example.com"))
    apply_event(ledger, ALICE, event(shows=ZOOM, title="Moved"), LATER)
    spec = ledger.conferences[ZOOM].desired.spec
    assert spec is not None
    assert spec.host == "host@example.com"


def test_an_event_that_shows_other_details_than_the_meeting_has_is_looked_at_soon() -> None:
    ledger = Ledger()
    choose(ledger, ALICE)
    shown = replace(event(), conference=conference_data(ZOOM, frozenset({"https://meet.example.com/old"})))
    apply_event(ledger, ALICE, shown, LATER)
    assert link_of(ledger).published is None
    assert ledger.conferences[ZOOM].due_at == LATER + TASK_GRACE


def test_a_conference_in_the_description_counts_as_shown() -> None:
    ledger = Ledger()
    choose(ledger, ALICE)
    assert apply_event(ledger, ALICE, event(text_conference_id=ZOOM), LATER) is Action.SEEN
    assert link_of(ledger).conference_id == ZOOM


# --- the event goes --------------------------------------------------------------------------------------------------


def test_a_tombstone_of_nothing_but_an_id_ends_the_conference() -> None:
    ledger = saved()
    assert apply_event(ledger, ALICE, tombstone(), LATER) is Action.DELETED
    assert ledger.links == {}
    assert set(ledger.removed) == {link_key(ALICE.key, "planning")}
    conference = ledger.conferences[ZOOM]
    assert (conference.wanted, conference.links, conference.due_at) == (False, (), LATER + TASK_GRACE)


def test_a_tombstone_ends_every_choice_too() -> None:
    ledger = saved()
    choose(ledger, ALICE, solution="jitsi")
    apply_event(ledger, ALICE, tombstone(), LATER)
    assert titles(ledger, [ZOOM, JITSI]) == [None, None]


@pytest.mark.parametrize("of", [ALICE, BOB, MALLORY])
def test_a_tombstone_of_an_event_without_a_link_means_nothing(of: Calendar) -> None:
    ledger = saved()
    assert apply_event(ledger, of, tombstone("another"), LATER) is Action.NOTHING
    assert ledger.changed == {}


def test_the_same_event_id_in_another_calendar_is_another_event() -> None:
    ledger = saved()
    assert apply_event(ledger, BOB, tombstone(), LATER) is Action.NOTHING
    assert titles(ledger, [ZOOM]) == ["Planning"]


def test_a_link_that_was_never_stored_leaves_nothing_to_remove() -> None:
    ledger = Ledger()
    choose(ledger, ALICE)
    apply_event(ledger, ALICE, tombstone(), LATER)
    assert ledger.removed == {}
    assert link_key(ALICE.key, "planning") not in ledger.changed


def test_an_event_restored_from_the_trash_gets_its_conference_anew_and_the_new_entry_points() -> None:
    ledger = saved()
    apply_event(ledger, ALICE, tombstone(), LATER)
    gone = replace(reconciled(ledger.conferences[ZOOM]), expire_at=LATER + timedelta(days=60))
    ledger.put(gone)
    ledger = stored(ledger)
    assert apply_event(ledger, ALICE, event(shows=ZOOM), LATER) is Action.REVIVED
    conference = ledger.conferences[ZOOM]
    assert (conference.wanted, conference.expire_at, conference.due_at) == (True, None, LATER + TASK_GRACE)
    assert link_of(ledger).published is None, "the event shows the old meeting's address"


def test_deleted_and_restored_in_one_go_writes_over_the_link_that_is_still_stored() -> None:
    ledger = saved()
    apply_event(ledger, ALICE, tombstone(), LATER)
    apply_event(ledger, ALICE, event(shows=ZOOM), LATER)
    key = link_key(ALICE.key, "planning")
    assert ledger.removed == {}
    assert ledger.changed[key].version == "1", "a link without a version must not exist yet"


# --- the person changes the conference -------------------------------------------------------------------------------


def test_another_solution_replaces_the_first_only_once_the_event_is_saved_with_it() -> None:
    ledger = saved()
    choose(ledger, ALICE, solution="jitsi")
    apply_event(ledger, ALICE, event(shows=ZOOM), LATER)
    assert titles(ledger, [ZOOM, JITSI]) == ["Planning", "Planning"], "not saved yet: both are there"
    assert apply_event(ledger, ALICE, event(shows=JITSI), LATER) is Action.SEEN
    assert titles(ledger, [ZOOM, JITSI]) == [None, "Planning"]
    assert conference_ids(ledger) == (JITSI,)


def test_switched_and_switched_back_ends_with_the_first() -> None:
    ledger = saved()
    choose(ledger, ALICE, solution="jitsi")
    apply_event(ledger, ALICE, event(shows=JITSI), LATER)
    choose(ledger, ALICE, solution="zoom")
    assert apply_event(ledger, ALICE, event(shows=ZOOM), LATER) is Action.SEEN
    assert titles(ledger, [ZOOM, JITSI]) == ["Planning", None]


def test_undo_brings_a_conference_back_that_was_switched_away_from() -> None:
    ledger = saved()
    choose(ledger, ALICE, solution="jitsi")
    apply_event(ledger, ALICE, event(shows=JITSI), LATER)
    assert apply_event(ledger, ALICE, event(shows=ZOOM), LATER) is Action.REVIVED
    assert titles(ledger, [ZOOM, JITSI]) == ["Planning", None]
    assert conference_ids(ledger) == (ZOOM,)


@pytest.mark.parametrize("instead", [None, "meet-abc-defg-hij", "confsync-of-another-deployment"])
def test_a_conference_removed_or_replaced_by_the_person_goes(instead: str | None) -> None:
    ledger = saved()
    assert apply_event(ledger, ALICE, event(shows=instead), LATER) is Action.DETACHED
    assert titles(ledger, [ZOOM]) == [None]
    assert ledger.links == {}
    assert set(ledger.conferences) == {ZOOM}, "a conference that is not ours is none of our business"


def test_a_removed_conference_leaves_the_choice_that_was_made_since() -> None:
    ledger = saved()
    choose(ledger, ALICE, solution="jitsi")
    assert apply_event(ledger, ALICE, event(), LATER) is Action.DETACHED
    assert titles(ledger, [ZOOM, JITSI]) == [None, "Planning"]
    assert conference_ids(ledger) == (JITSI,)


# --- one conference on several events --------------------------------------------------------------------------------


@pytest.mark.parametrize("of", [ALICE, BOB], ids=["same calendar", "a colleague's calendar"])
def test_a_copy_is_adopted_and_the_conference_lives_until_the_last_one_goes(of: Calendar) -> None:
    ledger = saved()
    assert apply_event(ledger, of, event("copy", ZOOM, title="Copy"), LATER) is Action.ADOPTED
    assert titles(ledger, [ZOOM]) == ["Planning"], "the oldest link drives"
    link = link_of(ledger, of, "copy")
    assert (link.conference_id, link.owner, link.published) == (ZOOM, of.owner, DETAILS.revision)
    apply_event(ledger, ALICE, tombstone(), LATER)
    assert titles(ledger, [ZOOM]) == ["Copy"], "then the next oldest"
    apply_event(ledger, of, tombstone("copy"), LATER)
    assert titles(ledger, [ZOOM]) == [None]


def test_a_younger_link_does_not_drive() -> None:
    ledger = saved()
    apply_event(ledger, ALICE, event("copy", ZOOM, title="Copy"), LATER)
    assert apply_event(ledger, ALICE, event("copy", ZOOM, title="Copy 2"), LATER) is Action.UPDATED
    assert titles(ledger, [ZOOM]) == ["Planning"]
    assert link_of(ledger, event_id="copy").spec.title == "Copy 2", "but it is known, for when it does"


def test_an_event_that_was_copied_and_lost_its_conference_before_it_was_seen_gives_way_to_the_copy() -> None:
    ledger = Ledger()
    choose(ledger, ALICE)
    apply_event(ledger, ALICE, event(title="Removed", recurrence=("RRULE:FREQ=WEEKLY",)), LATER)
    apply_event(ledger, ALICE, event("copy", ZOOM, title="Copy"), LATER)
    desired = ledger.conferences[ZOOM].desired.spec
    assert desired is not None
    assert (desired.title, desired.open_ended) == ("Copy", False)
    choose(ledger, ALICE)
    assert titles(ledger, [ZOOM]) == ["Copy"], "chosen again, and still not saved"
    apply_event(ledger, ALICE, event(shows=ZOOM, title="Saved after all"), LATER)
    assert titles(ledger, [ZOOM]) == ["Saved after all"]


def test_a_younger_link_going_changes_nothing_for_the_meeting() -> None:
    ledger = saved()
    apply_event(ledger, ALICE, event("copy", ZOOM), LATER)
    before = ledger.conferences[ZOOM].desired
    apply_event(ledger, ALICE, tombstone("copy"), LATER)
    assert ledger.conferences[ZOOM].desired == before


def test_a_split_series_shares_the_conference_and_the_old_half_drives() -> None:
    ledger = Ledger()
    choose(ledger, ALICE)
    apply_event(ledger, ALICE, event(shows=ZOOM, recurrence=("RRULE:FREQ=WEEKLY",)), NOW)
    ledger = settle(ledger)
    first = event(shows=ZOOM, recurrence=("RRULE:FREQ=WEEKLY;UNTIL=20270401T000000Z",))
    second = event("planning_R20270408T100000", ZOOM, recurrence=("RRULE:FREQ=WEEKLY",), title="From April")
    apply_event(ledger, ALICE, first, LATER)
    assert apply_event(ledger, ALICE, second, LATER) is Action.ADOPTED
    conference = ledger.conferences[ZOOM]
    assert conference.desired.spec == replace(first.spec(host=ALICE.owner), open_ended=True)
    assert conference.links == (link_key(ALICE.key, "planning"), link_key(ALICE.key, second.id))
    apply_event(ledger, ALICE, tombstone(second.id), LATER)
    assert ledger.conferences[ZOOM].desired.spec == first.spec(host=ALICE.owner)


@pytest.mark.parametrize(("days", "open_ended"), [(-30, False), (0, False), (30, True)])
def test_a_meeting_stays_valid_for_a_copy_on_a_later_day(days: int, open_ended: bool) -> None:
    ledger = saved()
    moved = event("copy", ZOOM)
    assert moved.start is not None
    assert moved.end is not None
    by = timedelta(days=days)
    start, end = replace(moved.start, at=moved.start.at + by), replace(moved.end, at=moved.end.at + by)
    apply_event(ledger, ALICE, event("copy", ZOOM), LATER)
    apply_event(ledger, ALICE, replace(moved, start=start, end=end), LATER)
    spec = ledger.conferences[ZOOM].desired.spec
    assert spec is not None
    assert spec.open_ended is open_ended


def test_a_conference_is_never_shared_with_another_tenant() -> None:
    ledger = saved()
    assert apply_event(ledger, MALLORY, event("stolen", ZOOM), LATER) is Action.NOTHING
    assert (ledger.changed, ledger.removed) == ({}, {})


def test_an_event_with_a_conference_of_its_own_does_not_get_another_tenants_either() -> None:
    ledger = saved()
    theirs = choose(ledger, MALLORY)
    apply_event(ledger, MALLORY, event(shows=theirs), NOW)
    before = ledger.conferences[ZOOM]
    assert apply_event(ledger, MALLORY, event(shows=ZOOM), LATER) is Action.DETACHED
    assert ledger.conferences[ZOOM] == before
    assert conference_ids(ledger, MALLORY) == ()


def test_an_attendees_copy_is_ignored() -> None:
    ledger = saved()
    assert apply_event(ledger, BOB, event(shows=ZOOM, organizer_self=False), LATER) is Action.NOTHING
    assert ledger.changed == {}


def test_an_event_whose_conference_is_replaced_by_another_of_ours_shares_that_one() -> None:
    ledger = saved()
    other = choose(ledger, ALICE, "retro")
    apply_event(ledger, ALICE, event("retro", other), NOW)
    assert apply_event(ledger, ALICE, event("retro", ZOOM), LATER) is Action.ADOPTED
    assert titles(ledger, [ZOOM, other]) == ["Planning", None]
    assert conference_ids(ledger, event_id="retro") == (ZOOM,)


def test_a_copy_for_which_something_else_was_chosen_and_not_saved_is_adopted_all_the_same() -> None:
    ledger = saved()
    unsaved = choose(ledger, ALICE, "copy", "jitsi")
    assert apply_event(ledger, ALICE, event("copy", ZOOM), LATER) is Action.ADOPTED
    assert conference_ids(ledger, event_id="copy") == (ZOOM, unsaved)
    apply_event(ledger, ALICE, tombstone(), LATER)
    assert titles(ledger, [ZOOM]) == ["Planning"], "the copy still shows it"


# --- recurring events ------------------------------------------------------------------------------------------------

EXCEPTION = "planning_20270308T100000Z"


@pytest.mark.parametrize(
    "instance",
    [
        event(EXCEPTION, ZOOM, recurring_event_id="planning", title="Only this time"),
        event(EXCEPTION, recurring_event_id="planning"),
        Event(id=EXCEPTION, cancelled=True, recurring_event_id="planning"),
        tombstone(EXCEPTION),
    ],
    ids=["changed", "without a conference", "cancelled", "tombstone"],
)
def test_an_exception_follows_its_series(instance: Event) -> None:
    ledger = saved()
    assert apply_event(ledger, ALICE, instance, LATER) is Action.NOTHING
    assert ledger.changed == {}


def test_an_exception_for_which_another_conference_was_chosen_has_that_one() -> None:
    ledger = saved()
    own = choose(ledger, ALICE, EXCEPTION, "jitsi")
    apply_event(ledger, ALICE, event(EXCEPTION, own, recurring_event_id="planning", title="Once"), LATER)
    assert titles(ledger, [ZOOM, own]) == ["Planning", "Once"]
    apply_event(ledger, ALICE, tombstone(EXCEPTION), LATER)
    assert titles(ledger, [ZOOM, own]) == ["Planning", None]


def test_an_exception_that_goes_back_to_its_series_conference_holds_no_link() -> None:
    ledger = saved()
    own = choose(ledger, ALICE, EXCEPTION, "jitsi")
    apply_event(ledger, ALICE, event(EXCEPTION, own, recurring_event_id="planning"), LATER)
    apply_event(ledger, ALICE, event(EXCEPTION, ZOOM, recurring_event_id="planning"), LATER)
    assert titles(ledger, [ZOOM, own]) == ["Planning", None]
    assert conference_ids(ledger, event_id=EXCEPTION) == ()
    assert ledger.conferences[ZOOM].links == (link_key(ALICE.key, "planning"),)


def test_an_exception_that_brings_a_conference_of_its_own_keeps_it() -> None:
    """As after "this and following events", which gives exceptions new ids."""
    ledger = saved()
    own = choose(ledger, ALICE, EXCEPTION, "jitsi")
    apply_event(ledger, ALICE, event(EXCEPTION, own, recurring_event_id="planning", title="Once"), LATER)
    new = "later_20270308T100000Z"
    assert (
        apply_event(ledger, ALICE, event(new, own, recurring_event_id="later", title="Once"), LATER) is Action.ADOPTED
    )
    apply_event(ledger, ALICE, tombstone(EXCEPTION), LATER)
    assert titles(ledger, [ZOOM, own]) == ["Planning", "Once"]
    assert link_of(ledger, event_id=new).series == "later"


def test_an_exception_that_was_read_before_its_series_gives_way_to_it() -> None:
    ledger = saved()
    early = "later_20270308T100000Z"
    apply_event(ledger, ALICE, event(early, ZOOM, recurring_event_id="later", title="Once"), LATER)
    apply_event(ledger, ALICE, event("later", ZOOM, title="Later"), LATER)
    assert conference_ids(ledger, event_id=early) == ()
    assert ledger.conferences[ZOOM].links == (link_key(ALICE.key, "planning"), link_key(ALICE.key, "later"))


def test_an_event_that_shows_a_conference_drives_it_before_one_that_was_not_saved_with_it() -> None:
    ledger = Ledger()
    choose(ledger, ALICE)
    assert apply_event(ledger, BOB, event(shows=ZOOM, title="Saved on Bob's calendar"), LATER) is Action.ADOPTED
    assert titles(ledger, [ZOOM]) == ["Saved on Bob's calendar"]
    apply_event(ledger, ALICE, event(title="Another"), LATER)
    assert titles(ledger, [ZOOM]) == ["Saved on Bob's calendar"]


# --- what is not ours ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shows", [None, "meet-abc-defg-hij", "confsync-0000"])
def test_an_event_without_anything_of_ours_means_nothing(shows: str | None) -> None:
    ledger = Ledger()
    assert apply_event(ledger, ALICE, event(shows=shows), NOW) is Action.NOTHING
    assert (ledger.links, ledger.conferences, ledger.changed) == ({}, {}, {})


def test_putting_what_is_there_already_is_no_change() -> None:
    ledger = saved()
    for record in [*ledger.links.values(), *ledger.conferences.values()]:
        ledger.put(record)
    assert ledger.changed == {}
