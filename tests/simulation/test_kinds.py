"""A vendor of each kind: what the engine makes of its ways, with a fault at every call."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from tests.simulation import kinds
from tests.simulation.cloud import ANN, DAY, Cloud
from tests.simulation.every_call import Fault, Mode, act, calls_of, rest
from tests.simulation.gate import BrokenPromise
from tests.simulation.scenarios import HALF_HOUR, SCENARIOS, START, WEEKLY

DEEDS = {
    kinds.WithoutTimes: ("rename", "create without an answer"),
    kinds.WithoutSeries: ("made recurring", "made single again"),
    kinds.WithAnySeries: ("made recurring", "recurrence changed"),
    kinds.WithOccurrences: ("instance cancelled", "instance changed", "split", "to another calendar"),
    kinds.WithAnotherLink: ("rename", "change with guests"),
    kinds.WithoutUpdate: ("rename", "create without an answer", "delete"),
    kinds.WithoutDelete: ("delete", "undelete"),
    kinds.Mailing: ("change with guests", "create, and try again"),
    kinds.Redirecting: ("rename", "create, and try again"),
    kinds.Clamping: ("move in time", "all day"),
    kinds.Listing: ("create without an answer", "create on an unsaved event"),
    kinds.ByClientId: ("create without an answer", "create, and try again"),
    kinds.Derived: ("create without an answer", "delete"),
    kinds.RollingLimit: ("rename", "create without an answer"),
    kinds.Lapsing: ("rename",),
    kinds.Pooled: ("move in time", "create without an answer", "solution switched", "two users on a team calendar"),
    kinds.Personal: ("rename", "delete", "create without an answer"),
}
MODES = (Mode.AFTER, Mode.LOST, Mode.EDIT)
"""What a vendor's ways have a part in; the rest is the same for all vendors, and tried in `test_every_call`."""
EACH = [(kind, deed) for kind, deeds in DEEDS.items() for deed in deeds]


def world_of(kind: type[kinds.Kind]) -> partial[Cloud]:
    return partial(Cloud, vendor=kind, join_url=kinds.JOIN)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("kind", "deed"), EACH, ids=[f"{kind.__name__}: {deed}" for kind, deed in EACH])
def test_a_fault_at_every_call(kind: type[kinds.Kind], deed: str, mode: Mode) -> None:
    scenario, world = SCENARIOS[deed], world_of(kind)
    for number in range(1, calls_of(scenario, world) + 1):
        fault = Fault(number=number, mode=mode)
        try:
            rest(act(scenario, fault, world))
        except (AssertionError, BrokenPromise) as broken:
            broken.add_note(f"{kind.__name__}, {deed!r}, {mode}: call {number}, {fault.hit}")
            raise


def copy(cloud: Cloud) -> None:
    cloud.ann.copy("e1", "e2")
    cloud.ann.update("e2", title="Copy")


def copy_and_delete(cloud: Cloud) -> None:
    copy(cloud)
    cloud.promises.release(ANN, "e1")
    cloud.ann.delete("e1")


def copy_and_delete_the_copy(cloud: Cloud) -> None:
    copy(cloud)
    cloud.follow()
    cloud.ann.delete("e2")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("deed", [copy, copy_and_delete, copy_and_delete_the_copy], ids=lambda deed: deed.__name__)
def test_a_fault_at_every_call_where_copies_get_their_own(deed: Callable[[Cloud], None], mode: Mode) -> None:
    scenario = replace(SCENARIOS["copy"], act=deed)
    world = partial(Cloud, own_copies=frozenset({"zoom"}))
    for number in range(1, calls_of(scenario, world) + 1):
        fault = Fault(number=number, mode=mode)
        try:
            rest(act(scenario, fault, world))
        except (AssertionError, BrokenPromise) as broken:
            broken.add_note(f"{deed.__name__}, {mode}: call {number}, {fault.hit}")
            raise


def saved(kind: type[kinds.Kind], **fields: object) -> Cloud:
    cloud = world_of(kind)()
    cloud.with_conference(cloud.ann, "e1", **{"title": "Standup", **fields})
    return cloud


def test_what_a_vendor_does_not_keep_is_not_sent() -> None:
    cloud = saved(kinds.WithoutTimes)
    cloud.ann.update("e1", start=START + 2 * HALF_HOUR, end=START + 3 * HALF_HOUR)
    cloud.follow()
    assert cloud.vendor.calls.count("update") == 1, "of the placeholder, before it was saved"


def test_a_meeting_that_cant_change_is_made_anew_and_shown() -> None:
    cloud = saved(kinds.WithoutUpdate)
    (before,) = cloud.vendor.meetings
    cloud.ann.update("e1", title="Retro")
    cloud.follow()
    (after,) = cloud.vendor.meetings.values()
    assert after.id != before
    assert cloud.ann.event("e1").conference.uris == after.conference.details.uris  # type: ignore[union-attr]


def test_a_meeting_that_cant_change_and_lapses_is_made_anew_in_time() -> None:
    cloud = saved(kinds.LapsingWithoutUpdate, recurrence=WEEKLY)
    (before,) = cloud.vendor.meetings
    cloud.clock.advance(kinds.LIFETIME)
    cloud.sweep()
    cloud.until_quiet()
    (after,) = cloud.vendor.meetings.values()
    assert after.id != before
    assert cloud.ann.event("e1").conference.uris == after.conference.details.uris  # type: ignore[union-attr]


def test_where_each_person_needs_a_link_of_their_own_nothing_is_made_without_our_address() -> None:
    cloud = Cloud(vendor=kinds.Redirecting)
    cloud.ann.insert("e1", title="Standup", start=START, end=START + HALF_HOUR)
    assert cloud.choose(cloud.ann, "e1") is None
    for _ in range(3):
        cloud.clock.advance(DAY / 12)
        cloud.sweep()
    assert cloud.vendor.calls == []


def test_people_are_told_how_their_meeting_differs() -> None:
    cloud = world_of(kinds.Clamping)()
    cloud.ann.insert("e1", title="Standup", start=START, end=START + HALF_HOUR / 6)
    created = cloud.choose(cloud.ann, "e1")
    assert created is not None
    assert created.details.notes == "The meeting is kept as 1 h long, the shortest that is possible."


def test_a_meeting_is_touched_before_it_lapses_for_as_long_as_it_is_needed() -> None:
    cloud = saved(kinds.Lapsing, recurrence=WEEKLY)
    (meeting,) = cloud.vendor.meetings.values()
    dial_in = cloud.vendor.shown(meeting).details
    for _ in range(40):
        cloud.until_settled(1)
        cloud.clock.advance(DAY)
        cloud.sweep()
        assert cloud.vendor.shown(meeting).details == dial_in
    touched = cloud.vendor.calls.count("update")
    assert 5 <= touched <= 9
    for _ in range(40):  # the last of its times is over
        cloud.clock.advance(DAY)
        cloud.sweep()
    assert cloud.vendor.calls.count("update") <= touched + 4


def test_a_meeting_that_lapsed_all_the_same_is_published_anew() -> None:
    cloud = saved(kinds.Lapsing, recurrence=WEEKLY)
    cloud.clock.advance(20 * DAY)  # nothing ran
    cloud.until_quiet()
    (meeting,) = cloud.vendor.meetings.values()
    assert cloud.ann.event("e1").conference.uris == cloud.vendor.shown(meeting).details.uris  # type: ignore[union-attr]


def test_an_account_that_was_disconnected_keeps_its_meeting_and_is_asked_for() -> None:
    cloud = saved(kinds.Personal)
    vendor = cloud.vendor
    assert isinstance(vendor, kinds.Personal)
    vendor.grants.disconnect(ANN)
    cloud.ann.update("e1", title="Retro")
    cloud.follow()
    (meeting,) = vendor.meetings.values()
    assert meeting.spec.title == "Standup"
    vendor.grants.connect(ANN)
    cloud.until_quiet()
    assert meeting.spec.title == "Retro"
