"""Conferences, links, leases and events: what the records say of themselves."""

from dataclasses import replace
from datetime import timedelta

import pytest

from confsync.domain.caller import Caller
from confsync.domain.conference import Applied, Conference, ConferenceSpec, Desired, Reference
from confsync.domain.event import Event, EventPage, UnreadableEvent
from confsync.domain.lease import Lease
from confsync.domain.ledger import Ledger
from confsync.domain.link import Link
from confsync.domain.step import Step, steps
from confsync.domain.upkeep import Upkeep
from tests.unit.builders import NOW, calendar, choose, conference_data, event

MINUTE = timedelta(minutes=1)
SPEC = event().spec(host="alice@example.com")


def conference(**fields: object) -> Conference:
    base = Conference(
        id="confsync-1",
        solution="zoom",
        tenant="example.com",
        host="alice@example.com",
        desired=Desired(version=1, spec=SPEC),
        created_at=NOW,
    )
    return replace(base, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "settled"),
    [
        ({}, False),
        ({"applied": Applied(version=1, spec=SPEC)}, True),
        ({"applied": Applied(version=1, spec=SPEC), "creating_since": NOW}, False),
        ({"applied": Applied(version=2, spec=SPEC)}, False),
    ],
)
def test_a_conference_is_settled_when_applied_is_desired_and_no_create_is_open(
    fields: dict[str, object], settled: bool
) -> None:
    assert conference(**fields).settled is settled


def test_a_meeting_that_was_given_up_has_another_marker() -> None:
    markers = {conference(generation=generation).marker for generation in (1, 2, 10)}
    assert len(markers) == 3
    assert all(marker.startswith("confsync-1.") for marker in markers)


def test_a_meeting_of_which_nothing_is_known_may_differ_in_all_that_is_watched() -> None:
    def kept(spec: ConferenceSpec) -> dict[str, object]:
        return {"title": spec.title, "start": spec.start}

    moved = replace(SPEC, start=SPEC.start + MINUTE, description="elsewhere")
    assert conference(applied=Applied(version=1, spec=moved)).differs_in(kept) == {"start"}
    assert conference(applied=Applied(version=1)).differs_in(kept) == {"title", "start"}
    assert conference(applied=Applied(version=1, spec=SPEC)).differs_in(kept) == frozenset()


# --- steps -----------------------------------------------------------------------------------------------------------

GONE = Desired(version=2, spec=None)
MADE = Applied(version=1, spec=SPEC, reference=Reference(ids={"id": "1"}, host="ann@example.com"))
OLD = replace(MADE, version=0)


@pytest.mark.parametrize(
    ("fields", "unpublished", "expected"),
    [
        ({}, False, [Step.CREATE]),
        ({"creating_since": NOW}, False, [Step.LOOK]),
        ({"verify_at": NOW}, False, [Step.LOOK]),
        ({"verify_at": NOW + MINUTE}, False, [Step.CREATE]),
        ({"applied": MADE}, False, []),
        ({"applied": MADE}, True, [Step.PUBLISH]),
        ({"applied": MADE, "verify_at": NOW}, True, [Step.VERIFY, Step.PUBLISH]),
        ({"applied": OLD, "verify_at": NOW}, True, [Step.UPDATE, Step.VERIFY, Step.PUBLISH]),
        ({"applied": OLD, "verify_at": NOW + MINUTE}, False, [Step.UPDATE]),
        ({"applied": MADE, "desired": GONE}, True, [Step.REMOVE]),
        ({"creating_since": NOW, "desired": GONE}, False, [Step.REMOVE]),
        ({"applied": Applied(version=2), "desired": GONE}, False, []),
        ({"applied": Applied(version=2), "desired": GONE, "verify_at": NOW}, False, [Step.REMOVE]),
    ],
)
def test_what_is_to_be_done(fields: dict[str, object], unpublished: bool, expected: list[Step]) -> None:
    assert list(steps(conference(**fields), NOW, Upkeep(), unpublished=unpublished)) == expected


# --- links -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def link() -> Link:
    ledger = Ledger()
    choose(ledger, calendar())
    (made,) = ledger.links.values()
    return replace(made, conference_id="seen", seen_at=NOW, published="r1", provisional=()).with_provisional("a", NOW)


def test_a_link_keeps_what_was_seen_and_what_was_chosen(link: Link) -> None:
    assert link.with_provisional("b", NOW).conference_ids == ("seen", "a", "b")


def test_choosing_again_starts_the_24_hours_anew(link: Link) -> None:
    again = link.with_provisional("a", NOW + MINUTE)
    assert again.conference_ids == ("seen", "a")
    assert not again.collectable("a", NOW + timedelta(hours=24))
    assert again.collectable("a", NOW + timedelta(hours=24) + MINUTE)


@pytest.mark.parametrize(("age", "expected"), [(timedelta(hours=23, minutes=59), False), (timedelta(hours=24), True)])
def test_a_choice_is_collected_after_24_hours(link: Link, age: timedelta, expected: bool) -> None:
    assert link.collectable("a", NOW + age) is expected
    assert not link.collectable("seen", NOW + age), "what was seen is never collected"
    assert not link.collectable("other", NOW + age)


def test_a_link_forgets_one_conference_only(link: Link) -> None:
    assert link.without("a") == replace(link, provisional=())
    rest = link.without("seen")
    assert (rest.conference_ids, rest.seen_at, rest.published) == (("a",), None, None)
    assert link.without("other") == link


# --- leases ----------------------------------------------------------------------------------------------------------


def test_a_lease_holds_until_its_time_and_for_its_holder_only() -> None:
    mine = Lease().take("me", NOW, MINUTE)
    assert mine.taken(NOW)
    assert mine.holds(mine, NOW + MINUTE - timedelta(microseconds=1))
    assert not mine.taken(NOW + MINUTE)
    assert not mine.holds(mine, NOW + MINUTE), "run out is not held"
    assert not Lease().taken(NOW)


def test_a_late_holder_is_fenced_off() -> None:
    mine = Lease().take("me", NOW, MINUTE)
    theirs = mine.take("they", NOW + 2 * MINUTE, MINUTE)
    assert theirs.epoch > mine.epoch
    assert not theirs.holds(mine, NOW + 2 * MINUTE)
    assert not mine.release().take("me", NOW, MINUTE).holds(mine, NOW), "the same holder again is another hold"


def test_extending_is_the_same_hold_and_releasing_ends_it() -> None:
    mine = Lease().take("me", NOW, MINUTE)
    longer = mine.extend(NOW + MINUTE / 2, MINUTE)
    assert longer.holds(mine, NOW + MINUTE)
    assert not mine.release().taken(NOW)
    assert mine.release().epoch == mine.epoch, "the epoch never goes back"


# --- events ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (Event(id="e"), None),
        (Event(id="e", conference=conference_data("confsync-1")), "confsync-1"),
        (Event(id="e", text_conference_id="confsync-2"), "confsync-2"),
        (Event(id="e", conference=conference_data("confsync-1"), text_conference_id="confsync-2"), "confsync-1"),
        (Event(id="e", conference=conference_data("x"), text_conference_id="confsync-2"), "x"),
    ],
)
def test_what_an_event_shows_natively_comes_before_what_its_text_says(shown: Event, expected: str | None) -> None:
    assert shown.conference_id == expected


def test_a_spec_is_the_event() -> None:
    seen = event(description="d", attendees=("bob@example.com",), recurrence=("RRULE:FREQ=DAILY",))
    spec = seen.spec(host="alice@example.com")
    assert seen.start is not None
    assert seen.end is not None
    assert (spec.title, spec.start, spec.end, spec.time_zone) == (seen.title, seen.start.at, seen.end.at, "UTC")
    assert (spec.description, spec.attendees, spec.recurrence) == ("d", seen.attendees, seen.recurrence)
    assert spec.host == "alice@example.com"


def test_a_page_names_all_its_events() -> None:
    assert EventPage(events=(event("a"),), unreadable=(UnreadableEvent(id="b", reason="?"),)).ids == {"a", "b"}


# --- callers ---------------------------------------------------------------------------------------------------------


def test_strangers_with_the_same_mail_provider_share_no_tenant() -> None:
    def tenant(email: str, domain: str | None = None) -> str:
        return Caller(email=email, hosted_domain=domain).tenant

    assert tenant("a@example.com", "example.com") == tenant("b@example.com", "example.com")
    assert tenant("a@gmail.example") != tenant("b@gmail.example")
    assert tenant("A@gmail.example") == tenant("a@gmail.example")
