"""An application writes events through the API: repeats, races, what becomes of conferences, who may ask for which."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from confsync.domain.access import Right, Rule
from confsync.domain.calendar import WriteMode
from confsync.domain.conference_data import RequestStatus
from confsync.domain.conferencing import Status
from confsync.domain.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    PermissionDenied,
    PreconditionFailed,
    Temporary,
)
from confsync.domain.link import COLLECT_AFTER
from tests.fakes.calendar import FakeCalendar
from tests.usecases.world import ANN, BEN, TEAM
from tests.usecases.writing_world import APP, BY_HAND, JITSI, MEET, PUT, TIMES, ZOOM, WritingWorld, foreign

FIRST = "https://meet.example.com/m1"
SECOND = "https://meet.example.com/m2"


@pytest.fixture
def world() -> WritingWorld:
    return WritingWorld()


def once(monkeypatch: pytest.MonkeyPatch, method: str, then: Callable[[], object]) -> None:
    """Something happens right after the next call of this method, before its answer."""
    original, done = getattr(FakeCalendar, method), []

    def call(self: FakeCalendar, *args: Any, **kwargs: Any) -> Any:
        answer = original(self, *args, **kwargs)
        if not done:
            done.append(True)
            then()
        return answer

    monkeypatch.setattr(FakeCalendar, method, call)


def twice(monkeypatch: pytest.MonkeyPatch, method: str, error: Exception) -> None:
    """The next call is sent twice, because its answer was lost: the second one is refused."""

    def refuse() -> None:
        raise error

    once(monkeypatch, method, refuse)


# --- repeated requests -----------------------------------------------------------------------------------------------


def test_the_same_key_gives_the_same_event_and_meeting(world: WritingWorld) -> None:
    made, again = world.post(ZOOM, key="k"), world.post(ZOOM, key="k")
    assert (made.event.id, made.repeated, again.repeated) == (again.event.id, False, True)
    assert world.url(made.event.id) == FIRST
    assert world.provider.calls == ["create"]


def test_without_a_key_each_request_makes_an_event(world: WritingWorld) -> None:
    assert world.post(ZOOM).event.id != world.post(ZOOM).event.id


def test_a_key_is_its_callers_and_its_calendars(world: WritingWorld) -> None:
    _ = world.team
    one, other = world.post(key="k"), world.post(key="k", calendar_id=TEAM)
    assert one.event.id != other.event.id


def test_a_key_that_comes_with_another_request_is_a_conflict(world: WritingWorld) -> None:
    world.post(ZOOM, key="k")
    with pytest.raises(Conflict, match="'k' came with another request"):
        world.post(JITSI, key="k")
    assert world.provider.calls == ["create"]


def test_an_id_of_ones_own_is_a_key_too(world: WritingWorld) -> None:
    made, again = world.post(ZOOM, id="mine0"), world.post(ZOOM, id="mine0")
    assert (made.event.id, again.repeated) == ("mine0", True)
    with pytest.raises(Conflict, match="'mine0' came with another request"):
        world.post(ZOOM, id="mine0", summary="Retro")


def test_the_id_of_an_event_that_is_there_is_a_conflict_and_nothing_is_put_on_it(world: WritingWorld) -> None:
    world.ann.insert(id="event1")
    for _ in range(2):
        with pytest.raises(Conflict, match="another event's"):
            world.post(ZOOM, id="event1")
    world.later()
    assert world.ann.event("event1").conference is None
    assert world.provider.calls == []


def test_an_id_must_be_a_text(world: WritingWorld) -> None:
    with pytest.raises(BadRequest) as caught:
        world.post(ZOOM, id=7)
    assert caught.value.field == "id"


def test_an_event_that_was_made_and_deleted_is_not_made_again(world: WritingWorld) -> None:
    made = world.post(ZOOM, key="k")
    world.ann.delete(made.event.id)
    with pytest.raises(Conflict, match="deleted since"):
        world.post(ZOOM, key="k")


def test_a_request_that_is_sent_twice_makes_one_event(world: WritingWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    twice(monkeypatch, "insert_event", Conflict("409 duplicate", status=409))
    made = world.post(ZOOM)
    assert world.url(made.event.id) == FIRST
    assert len(world.events()) == 1


def test_who_repeats_a_request_whose_event_has_not_got_its_conference_yet_is_told_so(world: WritingWorld) -> None:
    world.calendars.writes = "strip"
    world.calendars.fail("patch_event", Temporary("503"))
    with pytest.raises(Temporary) as caught:
        world.post(ZOOM, key="k")
    assert caught.value.told["step"] == "event"
    made = world.post(ZOOM, key="k")
    found = world.conferencing(made.event.id)
    assert found is not None
    assert found.status is Status.PENDING
    world.later()
    assert world.url(made.event.id) == FIRST


# --- at the same time as others --------------------------------------------------------------------------------------


def test_a_change_of_another_field_at_the_same_time_is_kept(
    world: WritingWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.ann.insert(id="event1")
    once(monkeypatch, "read_event", lambda: world.ann.update("event1", location="Room 1"))
    world.patch("event1", ZOOM, summary="Retro")
    event = world.ann.event("event1")
    assert (event.title, event.location, world.url("event1")) == ("Retro", "Room 1", FIRST)
    assert world.provider.calls.count("create") == 1


def test_a_change_of_the_same_field_at_the_same_time_is_a_conflict(
    world: WritingWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.ann.insert(id="event1")
    once(monkeypatch, "read_event", lambda: world.ann.update("event1", title="Planning"))
    with pytest.raises(Conflict, match="summary"):
        world.patch("event1", ZOOM, summary="Retro")
    assert world.ann.event("event1").title == "Planning"
    world.rest()
    assert (world.link(), world.provider.meetings) == (None, {}), "what was begun is taken back"


def test_another_conference_at_the_same_time_is_a_conflict(
    world: WritingWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.ann.insert(id="event1")
    once(monkeypatch, "read_event", lambda: world.ann.update("event1", conference=foreign()))
    with pytest.raises(Conflict, match="conferenceData"):
        world.patch("event1", ZOOM)
    world.later()
    assert world.ann.event("event1").conference == foreign()
    assert world.provider.meetings == {}


def test_a_change_to_what_the_caller_wants_is_no_conflict(world: WritingWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.ann.insert(id="event1")
    once(monkeypatch, "read_event", lambda: world.ann.update("event1", title="Retro"))
    world.patch("event1", ZOOM, summary="Retro")
    assert world.url("event1") == FIRST


@pytest.mark.parametrize("guarded", [False, True])
def test_a_change_that_is_sent_twice_is_no_conflict_with_itself(
    world: WritingWorld, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    etag = world.ann.insert(id="event1").etag
    twice(monkeypatch, "patch_event", PreconditionFailed("412"))
    written = world.patch("event1", ZOOM, summary="Retro", **({"if_match": etag} if guarded else {}))
    assert written.event.resource["summary"] == "Retro"
    world.later()
    assert world.url("event1") == FIRST
    assert world.provider.calls == ["create"]


def test_a_stale_etag_changes_nothing(world: WritingWorld) -> None:
    etag = world.ann.insert(id="event1").etag
    world.ann.update("event1", location="Room 1")
    with pytest.raises(PreconditionFailed):
        world.patch("event1", ZOOM, if_match=etag)
    assert world.provider.calls == []


def test_an_etag_that_is_stale_at_the_last_moment_takes_everything_back(world: WritingWorld) -> None:
    etag = world.ann.insert(id="event1").etag
    world.provider.during("create", lambda: world.ann.update("event1", location="Room 1"))
    with pytest.raises(PreconditionFailed):
        world.patch("event1", ZOOM, if_match=etag)
    world.rest()
    assert (world.link(), world.provider.meetings) == (None, {})


def test_what_is_there_already_is_not_written_again(world: WritingWorld) -> None:
    world.ann.insert(id="event1", title="Standup")
    before = world.patch("event1", ZOOM).event.etag
    assert world.patch("event1", ZOOM, summary="Standup").event.etag == before
    told = world.conferencing("event1")
    assert told is not None
    assert world.patch("event1", told.json()).event.etag == before
    assert world.provider.calls == ["create"]


# --- put on the event later ------------------------------------------------------------------------------------------


def died(world: WritingWorld, conferencing: Any = ZOOM, event_id: str = "event1", **more: Any) -> None:
    """A request that gets as far as its meeting, and no farther."""
    world.calendars.fail("patch_event", Temporary("503"))
    with pytest.raises(Temporary):
        world.patch(event_id, conferencing, **more)
    world.rest()


def test_what_a_request_that_died_asked_for_is_put_on_the_event(world: WritingWorld) -> None:
    world.ann.insert(id="event1")
    died(world)
    assert world.ann.event("event1").conference is None
    found = world.conferencing("event1")
    assert found is not None
    assert found.status is Status.PENDING
    world.later()
    assert world.url("event1") == FIRST


def test_it_takes_the_place_of_what_the_event_showed_then(world: WritingWorld) -> None:
    world.ann.insert(id="event1", conference=foreign())
    died(world)
    world.later()
    assert world.url("event1") == FIRST


def test_it_takes_the_place_of_nothing_that_somebody_chose_meanwhile(world: WritingWorld) -> None:
    world.ann.insert(id="event1")
    died(world)
    world.ann.update("event1", conference=foreign())
    world.later()
    assert world.ann.event("event1").conference == foreign()
    assert world.conferencing("event1") is not None


def test_nor_of_another_of_ours_that_somebody_chose_meanwhile(world: WritingWorld) -> None:
    world.ann.insert(id="event1")
    died(world)
    world.save(world.create("event1", "jitsi"))
    world.later()
    assert world.url("event1") == SECOND


def test_it_is_not_put_on_an_event_whose_conference_somebody_took_away_meanwhile(world: WritingWorld) -> None:
    world.saved()
    died(world, JITSI)
    world.ann.update("event1", conference=None)
    world.later()
    assert world.ann.event("event1").conference is None


@pytest.mark.parametrize("wanted", [None, MEET, BY_HAND])
def test_it_is_not_put_there_after_a_later_request(world: WritingWorld, wanted: Any) -> None:
    world.ann.insert(id="event1")
    died(world)
    world.patch("event1", wanted)
    shown = world.ann.event("event1").conference
    world.later()
    assert world.ann.event("event1").conference == shown
    world.later(COLLECT_AFTER)
    world.settle()
    assert world.provider.meetings == {}


def test_of_two_the_later_one_counts(world: WritingWorld) -> None:
    world.ann.insert(id="event1")
    died(world)
    died(world, JITSI)
    world.later()
    assert world.url("event1") == SECOND
    world.later(COLLECT_AFTER)
    world.settle()
    assert len(world.provider.meetings) == 1


def test_who_comes_second_takes_nothing_from_who_was_first(
    world: WritingWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have chosen, and the first has written its conference when the second tries."""
    world.ann.insert(id="event1")
    once(monkeypatch, "read_event", lambda: world.patch("event1", ZOOM))
    with pytest.raises(Conflict, match="conferenceData"):
        world.patch("event1", JITSI)
    world.sync()
    world.rest()
    assert world.url("event1") == FIRST
    assert world.provider.only.id == "m1"


def test_a_request_that_died_is_repeated_with_the_same_meeting(world: WritingWorld) -> None:
    world.ann.insert(id="event1")
    died(world)
    world.patch("event1", ZOOM)
    assert world.url("event1") == FIRST
    assert world.provider.calls == ["create"]


def test_who_writes_back_what_they_read_meanwhile_stops_nothing(world: WritingWorld) -> None:
    world.ann.insert(id="event1")
    died(world)
    found = world.conferencing("event1")
    assert found is not None
    world.patch("event1", found.json(), location="Room 1")
    world.later()
    assert world.url("event1") == FIRST


def test_what_is_to_be_written_changes_no_meeting_before(world: WritingWorld) -> None:
    """The request dies; the event keeps its title, and so does the meeting that it shows."""
    world.saved()
    world.calendars.fail("patch_event", Invalid("400"), Invalid("400"))
    with pytest.raises(Invalid):
        world.patch("event1", JITSI, summary="Retro")
    world.ann.insert(id="event2", conference=world.ann.event("event1").conference)
    world.rest()
    world.sync()
    world.rest()
    assert [meeting.spec.title for meeting in world.provider.meetings.values()] == ["Standup"]


# --- refused for good ------------------------------------------------------------------------------------------------


def test_what_the_vendor_refuses_leaves_nothing(world: WritingWorld) -> None:
    world.provider.fail("create", Invalid("400 topic", service="zoom"))
    with pytest.raises(Invalid) as caught:
        world.post(ZOOM, key="k")
    assert caught.value.told == {"step": "conference", "next": "nothing was changed", "reason": "400 topic"}
    assert world.events() == ()
    world.rest()
    assert world.provider.meetings == {}
    assert world.post(ZOOM, key="k").repeated is False, "it may be tried again"


def test_what_calendar_refuses_leaves_nothing(world: WritingWorld) -> None:
    with pytest.raises(Invalid) as caught:
        world.post(ZOOM, end={"dateTime": "2020-01-01T00:00:00Z"})
    assert (caught.value.told["step"], caught.value.told["next"]) == ("event", "nothing was changed")
    world.rest()
    assert world.provider.meetings == {}


def test_a_refusal_takes_no_conference_that_the_event_has(world: WritingWorld) -> None:
    world.saved()
    with pytest.raises(Invalid):
        world.patch("event1", ZOOM, end={"dateTime": "2020-01-01T00:00:00Z"})
    world.rest()
    assert world.url("event1") == FIRST
    assert world.provider.only.id == "m1"


# --- how it gets onto the event --------------------------------------------------------------------------------------


@pytest.mark.parametrize("writes", ["strip", "refuse"])
@pytest.mark.parametrize("wanted", [ZOOM, BY_HAND])
def test_where_calendar_takes_no_conferences_it_is_text(world: WritingWorld, writes: Any, wanted: Any) -> None:
    world.calendars.writes = writes
    made = world.post(wanted, description="Agenda")
    event = world.ann.event(made.event.id)
    assert (event.conference, event.description) == (None, "Agenda")
    url = FIRST if wanted is ZOOM else BY_HAND["details"]["url"]
    assert (event.location, world.url(event.id)) == (url, url)


def test_text_is_replaced_and_removed_without_a_word_of_peoples(world: WritingWorld) -> None:
    world.calendars.writes = "strip"
    made = world.post(ZOOM, description="Agenda", location="Room 1").event.id
    world.rest()
    world.patch(made, BY_HAND)
    assert world.ann.event(made).location == f"Room 1; {BY_HAND['details']['url']}"
    world.patch(made, None)
    event = world.ann.event(made)
    assert (event.location, event.description, event.text_conference_id) == ("Room 1", "Agenda", None)
    world.rest()
    assert world.provider.meetings == {}


def test_what_is_written_by_hand_is_read_back(world: WritingWorld) -> None:
    world.calendars.writes = "strip"
    made = world.post(BY_HAND)
    found = world.conferencing(made.event.id)
    assert found is not None
    details = found.details
    assert (details.url, details.phone, details.pin) == (BY_HAND["details"]["url"], ("+4930901820",), "42")
    assert world.patch(made.event.id, found.json()).event.etag == world.ann.event(made.event.id).etag


def test_a_body_that_calendar_refuses_is_no_reason_to_write_text_from_then_on(world: WritingWorld) -> None:
    world.post(ZOOM)
    with pytest.raises(Invalid):
        world.post(ZOOM, end={"dateTime": "2020-01-01T00:00:00Z"})
    assert world.calendar.write_mode is WriteMode.AUTO
    world.calendars.writes = "refuse"
    world.post(ZOOM)
    assert world.calendar.write_mode is WriteMode.DESCRIPTION


def test_an_event_that_somebody_changes_before_the_text_is_there_gets_it(
    world: WritingWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.calendars.writes = "strip"
    once(monkeypatch, "insert_event", lambda: world.ann.update(world.events()[0].id, title="Retro"))
    made = world.post(ZOOM)
    event = world.ann.event(made.event.id)
    assert (event.title, event.location) == ("Retro", FIRST)


def test_where_there_is_no_room_for_the_text_the_caller_is_told_what_is_written(world: WritingWorld) -> None:
    world.calendars.writes = "strip"
    with pytest.raises(Invalid, match="too long") as caught:
        world.post(ZOOM, description="x" * 8150)
    assert caught.value.told["next"] == "the event is written, without the conference"
    assert len(world.events()) == 1
    world.rest()
    assert world.provider.meetings == {}


def test_only_native_means_only_native(world: WritingWorld) -> None:
    world.build(write_mode="native")
    world.calendars.writes = "refuse"
    with pytest.raises(Invalid):
        world.post(ZOOM)
    assert world.events() == ()


def test_only_text_means_only_text(world: WritingWorld) -> None:
    world.build(write_mode="description")
    made = world.post(ZOOM)
    event = world.ann.event(made.event.id)
    assert (event.conference, event.location) == (None, FIRST)


# --- which conference, and whose -------------------------------------------------------------------------------------


def test_settings_of_ones_own_make_another_conference(world: WritingWorld) -> None:
    plain = world.post({"autocreate": {"solution": "zoom"}}, id="event1")
    recorded = world.patch("event1", {"autocreate": {"solution": "zoom", "settings": {"record": True}}})
    ids = [each.event.conference and each.event.conference.conference_id for each in (plain, recorded)]
    assert ids[0] != ids[1]
    assert world.providers.asked_with[-1] == '{"record": true}'
    assert world.url("event1") == SECOND
    world.sync()
    world.rest()
    assert world.provider.only.id == "m2"


def test_settings_that_there_are_not_are_the_callers_mistake(world: WritingWorld) -> None:
    with pytest.raises(BadRequest, match="unknown field `colour`") as caught:
        world.post({"autocreate": {"solution": "zoom", "settings": {"colour": "red"}}})
    assert caught.value.field == "conferencing.autocreate.settings"
    assert world.provider.calls == []


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"autocreate": {"solution": "nothing"}}, "conferencing.autocreate.solution"),
        ({"provider": "Nothing", "autocreate": {}}, "conferencing.provider"),
        ({"copy_from": {"calendar_id": ANN, "event_id": "nothing"}}, "conferencing.copy_from.event_id"),
    ],
)
def test_what_there_is_not_is_named(world: WritingWorld, wanted: Any, field: str) -> None:
    with pytest.raises(BadRequest) as caught:
        world.post(wanted)
    assert caught.value.field == field
    assert world.events() == ()


def owned(calendars: str, **more: Any) -> Rule:
    return Rule(callers=(APP,), calendars=(calendars,), right=Right.WRITE, **more)


def test_an_account_is_named_only_by_who_may_write_to_its_calendar(world: WritingWorld) -> None:
    wanted = {"autocreate": {"solution": "zoom", "account": BEN}}
    world.rules = (owned(ANN),)
    with pytest.raises(Forbidden, match=BEN):
        world.post(wanted)
    assert world.provider.calls == []
    world.rules = (owned(ANN), owned(BEN))
    world.post(wanted)
    assert world.provider.only.spec.host == BEN


def test_a_host_of_the_solution_may_be_named_by_everybody(world: WritingWorld) -> None:
    world.rules = (owned(ANN),)
    zoom = world.providers.solutions["zoom"]
    world.providers.solutions["zoom"] = replace(zoom, hosts=("room1@example.com", "room2@example.com"))
    world.post({"autocreate": {"solution": "zoom", "account": "room2@example.com"}})
    assert world.provider.only.spec.host == "room2@example.com"


def test_who_may_only_look_is_told_what_they_need(world: WritingWorld) -> None:
    world.calendars.let_see(BEN, ANN)
    with pytest.raises(PermissionDenied, match=r"has the role 'reader'.*needs 'writer'"):
        world.post(ZOOM, calendar_id=BEN)
    assert world.provider.calls == []


def test_a_copy_shares_its_conference_until_the_last_event_goes(world: WritingWorld) -> None:
    world.saved()
    copied = world.post({"copy_from": {"calendar_id": ANN, "event_id": "event1"}}, summary="Copy").event.id
    assert world.url(copied) == FIRST
    world.usecases.delete_event(world.request({}), "event1")
    world.rest()
    assert (world.provider.only.spec.title, world.url(copied)) == ("Copy", FIRST)
    world.usecases.delete_event(world.request({}), copied)
    world.rest()
    assert world.provider.meetings == {}


def test_a_copy_of_what_stands_in_words_is_by_hand(world: WritingWorld) -> None:
    world.ann.insert(id="event1", location="https://zoom.us/j/123456789")
    copied = world.post({"copy_from": {"calendar_id": ANN, "event_id": "event1"}})
    assert world.url(copied.event.id) == "https://zoom.us/j/123456789"
    assert world.provider.calls == []


def test_a_copy_of_nothing_is_a_mistake(world: WritingWorld) -> None:
    world.ann.insert(id="event1")
    with pytest.raises(BadRequest, match="no conference"):
        world.post({"copy_from": {"calendar_id": ANN, "event_id": "event1"}})


def test_a_meet_is_asked_for_once_however_often_the_request_comes(world: WritingWorld) -> None:
    world.ann.insert(id="event1")
    first = world.patch("event1", MEET).event
    assert first.conference is not None
    assert first.conference.request is not None
    assert first.conference.request.status is RequestStatus.PENDING
    meet = world.url("event1")
    assert meet is not None
    world.patch("event1", MEET)
    assert world.url("event1") == meet, "it is that Meet still"


def test_a_meet_after_another_one_was_removed_is_a_new_one(world: WritingWorld) -> None:
    world.ann.insert(id="event1")
    world.patch("event1", MEET)
    before = world.url("event1")
    world.patch("event1", None)
    assert world.url("event1") is None
    world.patch("event1", MEET)
    assert world.url("event1") not in {None, before}


def test_what_people_wrote_in_words_is_theirs(world: WritingWorld) -> None:
    words = "Call me: https://zoom.us/j/123456789"
    world.ann.insert(id="event1", description=words)
    with pytest.raises(Invalid, match="words"):
        world.patch("event1", None)
    assert world.ann.event("event1").description == words


# --- attachments -----------------------------------------------------------------------------------------------------


def files(*numbers: int) -> list[dict[str, str]]:
    return [{"fileUrl": f"https://files.example.com/{number}"} for number in numbers]


def attached(world: WritingWorld, event_id: str) -> list[str]:
    event = world.reading.one(world.request({}).find, ANN, event_id).event
    return [each["fileUrl"] for each in event.resource.get("attachments", [])]


def test_attachments_are_added_to_those_that_are_there_each_once(world: WritingWorld) -> None:
    made = world.post(attachments=files(1, 2)).event.id
    world.patch(made, attachments=files(2, 3))
    assert [url[-1] for url in attached(world, made)] == ["1", "2", "3"]
    world.patch(made, attachments=files(4), replace_attachments=True)
    assert [url[-1] for url in attached(world, made)] == ["4"]
    world.patch(made, attachments=None)
    assert attached(world, made) == []


def test_there_are_25_attachments_at_most(world: WritingWorld) -> None:
    made = world.post(attachments=files(*range(24))).event.id
    with pytest.raises(BadRequest, match=r"at most 25.* 26: .*replaceAttachments") as caught:
        world.patch(made, attachments=files(50, 51))
    assert caught.value.field == "attachments"
    assert len(attached(world, made)) == 24


def test_a_file_in_drive_is_named_by_its_id_alone(world: WritingWorld) -> None:
    assert world.drive is not None
    world.drive.add(ANN, "f1", "Agenda.pdf")
    made = world.post(attachments=[{"fileId": "f1"}])
    (file,) = made.event.resource["attachments"]
    assert (file["title"], file["mimeType"]) == ("Agenda.pdf", "application/pdf")
    assert file["fileUrl"] == "https://drive.google.com/open?id=f1"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ([{"fileId": "f1"}], "attachments[0].fileId"),
        ([*files(1), {}], "attachments[1]"),
        ("f1", "attachments"),
    ],
)
def test_a_file_that_there_is_not_is_named(world: WritingWorld, given: Any, field: str) -> None:
    with pytest.raises(BadRequest) as caught:
        world.post(ZOOM, attachments=given)
    assert caught.value.field == field
    assert world.provider.calls == []


def test_where_files_are_not_looked_at_their_addresses_are_asked_for(world: WritingWorld) -> None:
    world.drive = None
    world.build()
    with pytest.raises(BadRequest, match=r"google\.drive") as caught:
        world.post(attachments=[{"fileId": "f1"}])
    assert caught.value.field == "attachments[0].fileUrl"


# --- deleted ---------------------------------------------------------------------------------------------------------


def test_a_conference_goes_with_its_event(world: WritingWorld) -> None:
    made = world.post(ZOOM).event
    world.rest()
    world.usecases.delete_event(world.request({}), made.id)
    world.rest()
    assert world.provider.meetings == {}
    with pytest.raises(NotFound):
        world.usecases.delete_event(world.request({}), made.id)


def test_a_deleted_event_is_not_changed(world: WritingWorld) -> None:
    world.ann.insert(id="event1")
    world.ann.delete("event1")
    with pytest.raises(NotFound, match="deleted"):
        world.patch("event1", ZOOM)
    assert world.provider.calls == []


def test_an_event_that_is_deleted_at_the_last_moment_takes_everything_with_it(world: WritingWorld) -> None:
    world.ann.insert(id="event1")
    world.provider.during("create", lambda: world.ann.delete("event1") and None)
    with pytest.raises(NotFound):
        world.patch("event1", ZOOM)
    world.rest()
    assert (world.link(), world.provider.meetings) == (None, {})


def test_a_request_without_times_is_refused_before_anything_is_made(world: WritingWorld) -> None:
    with pytest.raises(BadRequest) as caught:
        world.create_event(world.request({"summary": "Standup", "start": TIMES["start"]}, ZOOM))
    assert caught.value.field == "end"
    assert world.provider.calls == []


def test_the_late_look_is_over_before_the_next_sweep(world: WritingWorld) -> None:
    """A request that went well leaves nothing to put."""
    made = world.post(ZOOM).event.id
    world.rest()
    before = len(world.calendars.calls)
    world.later(PUT)
    methods = [call.method for call in world.calendars.calls[before:]]
    assert not {"patch_event", "write_conference", "write_text"} & set(methods)
    assert world.url(made) == FIRST
