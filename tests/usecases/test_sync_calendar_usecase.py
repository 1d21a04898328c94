"""Reading what changed on a calendar."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from confsync.domain import link_index
from confsync.domain.backoff import TASK_GRACE
from confsync.domain.calendar import CalendarState
from confsync.domain.conference import ConferenceState
from confsync.domain.errors import (
    Busy,
    Invalid,
    PermissionDenied,
    RateLimited,
    ReauthorizationRequired,
    ServiceError,
    StoreConflict,
    SyncTokenExpired,
    Temporary,
)
from confsync.domain.event import Event, EventPage
from confsync.domain.link import Link
from confsync.domain.plan import Action
from confsync.ports import Write
from tests.fakes.calendar import FakeCalendar
from tests.fakes.queue import FakeQueue
from tests.simulation.gate import Crash
from tests.usecases.world import ANN, BEN, KEY, LEASE, STEP, World


def methods(world: World) -> list[str]:
    return [call.method for call in world.calendars.calls]


# --- the first sync ------------------------------------------------------------------------------


def test_the_first_sync_opens_the_channel_and_then_lists_everything(world: World) -> None:
    world.create()
    world.calendars.calls.clear()

    report = world.sync()

    assert methods(world) == ["watch", "list_events", "get_event"]  # the last: was what is chosen saved by now?
    assert report.full
    calendar = world.calendar
    assert (calendar.state, calendar.due_at is not None) == (CalendarState.ACTIVE, True)
    assert calendar.sync_token
    assert calendar.last_success == world.clock.now()


def test_an_event_that_was_saved_and_deleted_before_the_first_list_takes_its_conference_along(world: World) -> None:
    world.save(world.create())
    world.ann.delete("event1")
    world.sync()
    world.deliver()

    assert world.provider.meetings == {}


def test_the_next_sync_reads_only_what_changed(world: World) -> None:
    world.saved()
    world.ann.insert(title="Other")

    report = world.sync()

    assert (report.full, report.pages, report.events) == (False, 1, 1)


def test_a_conference_of_an_event_that_is_not_saved_yet_survives_a_full_list(world: World) -> None:
    world.create()
    world.sync()
    world.deliver()

    assert len(world.provider.meetings) == 1


def test_a_new_query_makes_the_token_worthless(world: World) -> None:
    world.saved()
    world.calendars.query_version = 2

    assert world.sync().full
    assert not world.sync().full


# --- what is done about changes ------------------------------------------------------------------


def test_a_change_reaches_the_provider(world: World) -> None:
    created = world.saved()
    world.ann.update("event1", title="Retro")

    report = world.sync()
    assert report.reconcile == {created.conference_id}
    world.deliver()

    assert world.provider.only.spec.title == "Retro"


def test_a_deleted_event_takes_its_meeting_along(world: World) -> None:
    created = world.saved()
    world.ann.delete("event1")

    world.sync()
    world.deliver()

    assert world.provider.meetings == {}
    assert world.link() is None
    assert world.conference(created.conference_id).state is ConferenceState.DELETED


def test_a_copy_keeps_the_meeting_alive(world: World) -> None:
    created = world.saved(title="Original")
    world.ann.insert(id="copy", conference=world.ann.event("event1").conference, title="Copy")
    world.sync()
    world.ann.delete("event1")
    world.sync()
    world.deliver()

    assert world.provider.only.spec.title == "Copy"
    assert world.conference(created.conference_id).state is ConferenceState.ACTIVE


def test_a_restored_event_gets_a_meeting_and_shows_it(world: World) -> None:
    world.saved()
    world.ann.delete("event1")
    world.sync()
    world.deliver()

    world.ann.restore("event1")
    world.sync()
    world.deliver()

    conference = world.ann.event("event1").conference
    assert conference is not None
    assert conference.uris == world.provider.only.conference.details.uris


def test_a_conference_that_the_user_took_away_goes(world: World) -> None:
    world.saved()
    world.ann.update("event1", conference=None)

    world.sync()
    world.deliver()

    assert world.provider.meetings == {}


def test_our_own_write_comes_back_as_nothing(world: World) -> None:
    world.saved()
    world.provider.meetings.clear()
    world.ann.update("event1", title="Retro")
    world.sync()
    world.deliver()  # made anew, and written to the event
    calls = list(world.provider.calls)

    report = world.sync()
    world.deliver()

    assert report.events == 1
    assert report.actions == {Action.NOTHING: 1}
    assert report.reconcile == set()
    assert world.provider.calls == calls


def test_other_peoples_conferences_are_left_alone(world: World) -> None:
    created = world.saved()
    stolen = world.ann.event("event1").conference
    ben = world.calendars.user(BEN)
    foreign = world.create("event9", user=BEN)
    event = ben.insert(id="event9", conference=stolen, organizer_self=False)
    del foreign, event

    world.deliver()
    ben.delete("event9")
    world.deliver()

    assert world.conference(created.conference_id).links == (world.link().key,)  # type: ignore[union-attr]


# --- pages ---------------------------------------------------------------------------------------


class Pages:
    """Plays a list of pages whatever is asked; an exception is raised."""

    def __init__(self, world: World, *pages: EventPage | Exception) -> None:
        self.pages = list(pages)
        self.world = world
        self.asked: list[tuple[str | None, str | None]] = []
        self.between: Callable[[], None] = lambda: None

    def __call__(
        self, calendar_id: str, *, sync_token: str | None = None, page_token: str | None = None, since: object = None
    ) -> EventPage:
        self.asked.append((sync_token, page_token))
        if len(self.asked) > 1:
            self.between()
        page = self.pages.pop(0)
        if isinstance(page, Exception):
            raise page
        return page


@pytest.fixture
def play(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Pages]:
    def play(*pages: EventPage | Exception) -> Pages:
        played = Pages(world, *pages)
        monkeypatch.setattr("tests.fakes.calendar.FakeCalendar.list_events", lambda _, *a, **kw: played(*a, **kw))
        return played

    return play


def test_an_empty_page_may_have_a_next_one(world: World, play: Callable[..., Pages]) -> None:
    world.saved()
    old = world.calendar.sync_token
    changed = world.ann.update("event1", title="Retro")
    pages = play(
        EventPage(events=(), page_token="p1"),
        EventPage(events=(), page_token="p2"),
        EventPage(events=(changed,), sync_token="new"),
    )

    report = world.sync()

    assert pages.asked == [(old, None), (old, "p1"), (old, "p2")]
    assert (report.pages, report.events) == (3, 1)
    assert world.calendar.sync_token == "new"


def test_many_pages_are_all_read(world: World) -> None:
    world.calendars.page_size = 3
    world.saved()
    for index in range(10):
        world.ann.insert(id=f"other{index}")
    world.ann.update("event1", title="Retro")

    report = world.sync()
    world.deliver()

    assert (report.pages, report.events) == (4, 11)
    assert world.provider.only.spec.title == "Retro"
    assert world.sync().events == 0


def test_an_event_that_is_on_two_pages_counts_as_it_was_last(world: World, play: Callable[..., Pages]) -> None:
    world.saved()
    first, second = world.ann.update("event1", title="One"), world.ann.update("event1", title="Two")
    play(EventPage(events=(first,), page_token="p1"), EventPage(events=(second,), sync_token="new"))

    world.sync()
    world.deliver()

    assert world.provider.only.spec.title == "Two"


def test_a_last_page_without_a_token_leaves_the_token_as_it_was(world: World, play: Callable[..., Pages]) -> None:
    world.saved()
    old = world.calendar.sync_token
    play(EventPage(events=()))

    world.sync()

    assert world.calendar.sync_token == old


# --- 410 -----------------------------------------------------------------------------------------


def test_an_expired_token_lists_everything_and_finds_the_hidden_deletion(world: World) -> None:
    world.saved("event1", title="Goes")
    world.saved("event2", title="Stays")
    world.ann.delete("event1")
    world.calendars.expire_sync_tokens(ANN)
    world.calendars.calls.clear()

    report = world.sync()
    world.deliver()

    assert report.full
    assert [call.event_id for call in world.calendars.calls if call.method == "get_event"] == ["event1"]
    assert world.provider.only.spec.title == "Stays"
    assert not world.sync().full


def test_a_deletion_hides_behind_a_full_list_of_many_pages_and_out_of_the_trash(world: World) -> None:
    world.saved("event1", title="Goes")
    world.saved("event2", title="Stays")
    for index in range(5):
        world.ann.insert(id=f"other{index}")
    world.calendars._calendars[ANN].events.pop("event1")  # not even a tombstone is left
    world.calendars._calendars[ANN].changed.pop("event1")
    world.calendars.expire_sync_tokens(ANN)
    world.calendars.page_size = 2

    report = world.sync()
    world.deliver()

    assert (report.full, report.pages) == (True, 4)  # three listed, one asked for
    assert world.provider.only.spec.title == "Stays"
    assert world.link("event1") is None


def test_an_event_that_the_full_list_lacks_but_that_exists_stays(world: World, play: Callable[..., Pages]) -> None:
    world.saved()
    play(SyncTokenExpired("410"), EventPage(events=(), sync_token="new"))

    world.sync()
    world.deliver()

    assert len(world.provider.meetings) == 1


def test_a_full_list_with_a_window_keeps_what_is_older(world: World) -> None:
    world.saved(start=world.clock.now() - timedelta(days=90), end=world.clock.now() - timedelta(days=89))
    world.calendars.expire_sync_tokens(ANN)
    world.syncing = replace(world.syncing, window=timedelta(days=30))

    report = world.sync()

    assert (report.full, report.actions) == (True, Counter({Action.NOTHING: 1}))
    assert len(world.provider.meetings) == 1


def test_asking_for_many_events_one_by_one_keeps_the_lease(world: World) -> None:
    long_ago = world.clock.now() - timedelta(days=90)
    for index in range(120):
        world.saved(f"event{index}", start=long_ago, end=long_ago + timedelta(hours=1))
    world.calendars.expire_sync_tokens(ANN)
    world.syncing = replace(world.syncing, window=timedelta(days=30))
    get_event = world.calendars._ask

    def slow(method: str, *args: Any) -> Any:
        if method == "get_event":
            world.clock.advance(timedelta(seconds=1))
            assert world.calendar.lease.taken(world.clock.now())
        return get_event(method, *args)

    world.calendars._ask = slow  # type: ignore[method-assign]

    report = world.sync()

    assert report.actions == Counter({Action.NOTHING: 120})
    assert world.calendar.sync_token is not None


@pytest.mark.parametrize("lost", ["404", "revoked"])
def test_a_calendar_that_is_lost_while_asking_for_events_has_not_lost_the_events(
    world: World, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    world.saved()
    world.syncing = replace(world.syncing, window=timedelta(days=30))
    world.clock.advance(timedelta(days=60))
    world.calendars.expire_sync_tokens(ANN)
    get_event = FakeCalendar.get_event

    def lose(self: FakeCalendar, calendar_id: str, event_id: str) -> Event:
        if lost == "404":
            world.calendars.remove_calendar(ANN)
        else:
            world.calendars.revoked.add(ANN)
        return get_event(self, calendar_id, event_id)

    monkeypatch.setattr(FakeCalendar, "get_event", lose)

    assert world.syncing(KEY).error is not None

    assert world.link() is not None
    assert len(world.provider.meetings) == 1
    assert world.calendar.state is (CalendarState.GONE if lost == "404" else CalendarState.PAUSED)


def test_an_event_that_the_full_list_lacks_and_that_cannot_be_read_is_quarantined(world: World) -> None:
    world.saved()
    world.calendars.expire_sync_tokens(ANN)
    world.ann.delete("event1")
    world.calendars.make_unreadable(ANN, "event1")
    world.calendars._calendars[ANN].changed.pop("event1")  # not listed

    report = world.sync()

    assert report.full
    assert [event.id for event in world.calendar.quarantined] == ["event1"]
    assert len(world.provider.meetings) == 1


def test_410_on_a_later_page_lists_everything(world: World, play: Callable[..., Pages]) -> None:
    world.saved()
    changed = world.ann.update("event1", title="Retro")
    pages = play(
        EventPage(events=(), page_token="p1"),
        SyncTokenExpired("410"),
        EventPage(events=(changed,), sync_token="new"),
    )

    report = world.sync()
    world.deliver()

    assert [token for token, _ in pages.asked][-1] is None
    assert report.full
    assert world.calendar.sync_token == "new"
    assert not world.calendar.lease.taken(world.clock.now())
    assert world.provider.only.spec.title == "Retro"


def test_410_is_no_reason_to_take_the_lease_from_another(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.saved()

    def taken_over(*_: object, **__: object) -> EventPage:
        world.change_calendar(lease=world.calendar.lease.take("other", world.clock.now(), LEASE))
        raise SyncTokenExpired("410")

    monkeypatch.setattr("tests.fakes.calendar.FakeCalendar.list_events", taken_over)

    with pytest.raises(Busy):
        world.sync()

    assert world.calendar.lease.holder == "other"


def test_410_on_the_full_list_is_an_error_and_no_loop(world: World, play: Callable[..., Pages]) -> None:
    world.saved()
    pages = play(SyncTokenExpired("410"), SyncTokenExpired("410"))

    with pytest.raises(Temporary, match="410"):
        world.sync()

    assert len(pages.asked) == 2
    calendar = world.calendar
    assert (calendar.failures, calendar.state) == (1, CalendarState.ACTIVE)
    assert not calendar.lease.taken(world.clock.now())


def test_410_on_the_very_first_list_is_an_error_and_no_loop(world: World, play: Callable[..., Pages]) -> None:
    world.create()
    pages = play(SyncTokenExpired("410"))

    with pytest.raises(Temporary, match="410"):
        world.sync()

    assert pages.asked == [(None, None)]
    assert (world.calendar.failures, world.calendar.sync_token) == (1, None)


def test_410_for_ever_asks_twice_each_time_and_less_and_less_often(world: World, play: Callable[..., Pages]) -> None:
    world.saved()
    pages = play(*[SyncTokenExpired("410")] * 2 * 96)
    syncs = []

    for _ in range(96):  # a day
        due_at = world.calendar.due_at
        assert due_at is not None
        if due_at <= world.clock.now():
            syncs.append(due_at)
            with pytest.raises(Temporary):
                world.sync()
        world.clock.advance(STEP)

    assert len(pages.asked) == 2 * len(syncs) == 2 * world.calendar.failures
    assert 3 <= len(syncs) <= 48
    assert syncs[-1] - syncs[-2] > syncs[1] - syncs[0]
    assert len(world.provider.meetings) == 1
    assert not world.calendar.lease.taken(world.clock.now())


PAGE_TOKEN = Invalid("400 invalid: pageToken")


@pytest.mark.parametrize("error", [PAGE_TOKEN, SyncTokenExpired("410")])
def test_a_page_token_of_a_full_list_that_dies_begins_the_list_anew(
    world: World, monkeypatch: pytest.MonkeyPatch, error: ServiceError
) -> None:
    for number in range(4):
        world.saved(f"event{number}")
    world.ann.delete("event0")
    world.ann.update("event3", title="Retro")
    world.calendars.expire_sync_tokens(ANN)
    world.calendars.page_size = 1
    with monkeypatch.context() as patch:
        refuse_page(patch, 2, error)
        with pytest.raises(ServiceError):
            world.sync()
    assert not world.calendar.lease.taken(world.clock.now())
    assert world.calendar.failures == 1

    assert world.sync().full
    world.deliver()

    assert sorted(meeting.spec.title for meeting in world.provider.meetings.values()) == ["Retro", "Standup", "Standup"]


def test_a_page_token_of_a_delta_that_dies_begins_the_delta_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        world.saved(f"event{number}")
    for number in range(3):
        world.ann.update(f"event{number}", title="Retro")
    token = world.calendar.sync_token
    world.calendars.page_size = 1
    with monkeypatch.context() as patch:
        refuse_page(patch, 2, PAGE_TOKEN)
        with pytest.raises(Invalid):
            world.sync()
    assert world.calendar.sync_token == token

    report = world.sync()
    world.deliver()

    assert (report.full, report.pages) == (False, 3)
    assert {meeting.spec.title for meeting in world.provider.meetings.values()} == {"Retro"}


def refuse_page(patch: pytest.MonkeyPatch, number: int, error: ServiceError) -> None:
    """The `number`-th call that names a page fails."""
    asked = Counter[str]()
    list_events = FakeCalendar.list_events

    def refused(self: FakeCalendar, calendar_id: str, **query: Any) -> EventPage:
        asked["page"] += query.get("page_token") is not None
        if query.get("page_token") is not None and asked["page"] == number:
            raise error
        return list_events(self, calendar_id, **query)

    patch.setattr(FakeCalendar, "list_events", refused)


def test_an_empty_delta_advances_the_token(world: World, play: Callable[..., Pages]) -> None:
    world.saved()
    old = world.calendar.sync_token
    pages = play(EventPage(events=(), sync_token="newer"), EventPage(events=(), sync_token="newest"))

    world.sync()
    world.sync()

    assert pages.asked == [(old, None), ("newer", None)]
    assert world.calendar.sync_token == "newest"


def test_a_page_of_nothing_but_unreadable_events_is_no_end(world: World) -> None:
    world.saved("event1")
    world.saved("event2")
    for number in range(3):
        world.ann.insert(id=f"bad{number}")
        world.calendars.make_unreadable(ANN, f"bad{number}")
    world.calendars.make_unreadable(ANN, "event1")
    world.ann.update("event2", title="Retro")
    world.calendars.page_size = 2

    report = world.sync()
    world.deliver()

    assert (report.pages, report.unreadable) == (3, 4)
    assert sorted(meeting.spec.title for meeting in world.provider.meetings.values()) == ["Retro", "Standup"]
    assert {event.id for event in world.calendar.quarantined} == {"bad0", "bad1", "bad2", "event1"}
    assert world.sync().events == 0


# --- several workers -----------------------------------------------------------------------------


def test_a_calendar_that_is_being_synced_is_busy(world: World) -> None:
    world.saved()
    world.change_calendar(lease=world.calendar.lease.take("other", world.clock.now(), LEASE))
    world.calendars.calls.clear()

    with pytest.raises(Busy):
        world.sync()

    assert methods(world) == []


def test_a_lease_that_ran_out_is_taken_over(world: World) -> None:
    world.saved()
    world.change_calendar(lease=world.calendar.lease.take("dead", world.clock.now(), LEASE))
    world.clock.advance(LEASE)

    assert world.sync().pages == 1


def test_whoever_is_overtaken_begins_anew_and_does_nothing_twice(world: World, play: Callable[..., Pages]) -> None:
    world.saved()
    changed = world.ann.update("event1", title="Retro")
    pages = play(
        EventPage(events=(changed,), page_token=None, sync_token="mine"),
        EventPage(events=(), sync_token="newest"),
    )
    commit = world.store.commit
    other = iter([lambda: world.change_calendar(sync_token="theirs")])

    def overtaken(writes: Any) -> None:
        for act in other:
            act()
        commit(writes)

    world.store.commit = overtaken  # type: ignore[method-assign]

    report = world.sync()

    assert [token for token, _ in pages.asked][1] == "theirs"
    assert report.events == 0
    assert world.calendar.sync_token == "newest"


def test_a_stale_worker_commits_nothing(world: World, play: Callable[..., Pages]) -> None:
    world.saved()
    changed = world.ann.update("event1", title="Stale")
    pages = play(EventPage(events=(), page_token="p1"), EventPage(events=(changed,), sync_token="stale"))

    def taken_over() -> None:
        world.clock.advance(LEASE)
        world.change_calendar(lease=world.calendar.lease.take("other", world.clock.now(), LEASE))

    pages.between = taken_over

    with pytest.raises(Busy):
        world.sync()

    assert world.calendar.sync_token != "stale"
    assert world.calendar.lease.holder == "other"
    assert world.link().spec.title == "Standup"  # type: ignore[union-attr]


def test_the_sweep_may_put_a_calendar_off_while_it_is_synced(world: World, play: Callable[..., Pages]) -> None:
    world.saved()
    changed = world.ann.update("event1", title="Retro")
    pages = play(
        EventPage(events=(), page_token="p1"),
        EventPage(events=(changed,), page_token="p2"),
        EventPage(events=(), sync_token="new"),
    )
    pages.between = lambda: world.change_calendar(due_at=world.clock.now() + timedelta(minutes=10))

    report = world.sync()

    assert (report.pages, len(pages.asked)) == (3, 3)
    assert world.calendar.sync_token == "new"
    assert not world.calendar.lease.taken(world.clock.now())


def test_the_token_is_stored_though_the_sweep_put_the_calendar_off_last(world: World) -> None:
    world.calendars.page_size = 2
    world.saved()
    for index in range(6):
        world.ann.insert(id=f"other{index}")
    commit = world.store.commit

    def put_off(writes: Any) -> None:
        (write, *_) = writes
        if write.record.lease.holder == "" and write.record.key == KEY and put_off_once:
            put_off_once.pop()
            commit([replace(write, record=replace(world.calendar, due_at=world.clock.now()))])
        commit(writes)

    put_off_once = [1]
    world.store.commit = put_off  # type: ignore[method-assign]

    report = world.sync()

    assert put_off_once == []
    assert report.pages == 3
    assert world.sync().events == 0


def test_records_that_keep_changing_end_in_busy(world: World) -> None:
    world.saved()

    def conflict(writes: Any) -> None:
        raise StoreConflict("changed")

    world.store.commit = conflict  # type: ignore[method-assign]

    with pytest.raises(Busy):
        world.sync()


def test_records_that_keep_changing_leave_no_lease(world: World) -> None:
    world.saved()
    world.ann.update("event1", title="Retro")
    world.calendars.expire_sync_tokens(ANN)
    commit = world.store.commit

    def conflict(writes: Any) -> None:
        if any(isinstance(write.record, Link) for write in writes):
            raise StoreConflict("changed")
        commit(writes)

    world.store.commit = conflict  # type: ignore[method-assign]

    with pytest.raises(Temporary):
        world.sync()

    assert not world.calendar.lease.taken(world.clock.now())


def test_a_long_list_extends_its_lease(world: World, play: Callable[..., Pages]) -> None:
    world.saved()
    others = [EventPage(events=(), page_token=f"p{index}") for index in range(8)]
    pages = play(*others, EventPage(events=(), sync_token="new"))
    pages.between = lambda: world.clock.advance(LEASE / 4)

    world.sync()

    assert world.calendar.sync_token == "new"


def test_a_crash_between_pages_is_resumed(world: World, play: Callable[..., Pages]) -> None:
    world.calendars.page_size = 1
    world.saved("event1")
    world.saved("event2")
    world.ann.update("event1", title="One")
    world.ann.update("event2", title="Two")
    token = world.calendar.sync_token
    world.plug.arm(9)

    with pytest.raises(Crash):
        world.sync()
    assert world.calendar.sync_token == token
    world.clock.advance(LEASE)
    world.settle()

    assert {meeting.spec.title for meeting in world.provider.meetings.values()} == {"One", "Two"}


# --- what goes wrong -----------------------------------------------------------------------------


def test_an_unreadable_event_is_quarantined_and_the_calendar_goes_on(world: World) -> None:
    world.saved("event1")
    world.saved("event2")
    world.calendars.make_unreadable(ANN, "event1", "start: not a date")
    world.ann.update("event2", title="Retro")

    report = world.sync()
    world.deliver()

    assert report.unreadable == 1
    (quarantined,) = world.calendar.quarantined
    assert (quarantined.id, quarantined.reason) == ("event1", "start: not a date")
    assert {meeting.spec.title for meeting in world.provider.meetings.values()} == {"Standup", "Retro"}
    assert world.sync().events == 0


def test_an_event_that_can_be_read_again_leaves_quarantine(world: World) -> None:
    world.saved()
    world.calendars.make_unreadable(ANN, "event1")
    world.sync()
    world.calendars._calendars[ANN].unreadable.clear()
    world.ann.update("event1", title="Retro")

    world.sync()
    world.deliver()

    assert world.calendar.quarantined == ()
    assert world.provider.only.spec.title == "Retro"


@pytest.mark.parametrize("error", [ReauthorizationRequired("revoked"), PermissionDenied("no access")])
def test_a_lost_grant_pauses_visibly_and_wipes_nothing(world: World, error: ServiceError) -> None:
    world.saved()
    world.calendars.fail("list_events", error)

    with pytest.raises(type(error)):
        world.sync()

    calendar = world.calendar
    assert (calendar.state, calendar.reason) == (CalendarState.PAUSED, str(error))
    assert calendar.due_at == world.clock.now() + timedelta(hours=1)
    assert world.link() is not None
    assert len(world.provider.meetings) == 1


def test_a_calendar_resumes_when_access_returns(world: World) -> None:
    world.saved()
    world.calendars.revoked.add(ANN)
    world.ann.delete("event1")
    with pytest.raises(ReauthorizationRequired):
        world.sync()
    world.settle()
    assert world.calendar.state is CalendarState.PAUSED
    assert len(world.provider.meetings) == 1

    world.calendars.revoked.clear()
    world.settle()

    assert world.calendar.state is CalendarState.ACTIVE
    assert world.channel(world.calendar.channel_id).due_at
    assert world.provider.meetings == {}


def test_a_failure_is_tried_again_later_and_later(world: World) -> None:
    world.saved()
    waits = []
    for _ in range(4):
        world.calendars.fail("list_events", Temporary("503"))
        with pytest.raises(Temporary):
            world.sync()
        assert world.calendar.due_at is not None
        waits.append(world.calendar.due_at - world.clock.now())
        world.clock.advance(STEP)

    assert world.calendar.failures == 4
    assert waits == sorted(waits)
    world.sync()
    assert world.calendar.failures == 0


def test_what_failed_has_one_task_of_its_own_and_the_sweep_adds_no_other(world: World) -> None:
    world.saved()
    world.calendars.fail("list_events", Temporary("503"))

    report = world.syncing(KEY)

    assert isinstance(report.error, Temporary)
    ((task,), due_at) = world.queue.take(), world.calendar.due_at
    assert due_at is not None
    assert task.at == due_at - TASK_GRACE
    assert timedelta(seconds=1) <= task.at - world.clock.now() <= timedelta(seconds=2)
    world.clock.advance(task.at - world.clock.now())
    world.sweep()
    assert world.queue.take() == []


def test_what_took_long_to_fail_waits_in_proportion(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.saved()

    def slow(*_: object, **__: object) -> EventPage:
        world.clock.advance(timedelta(minutes=1))
        raise Temporary("no answer")

    monkeypatch.setattr(FakeCalendar, "list_events", slow)

    world.syncing(KEY)

    (task,) = world.queue.take()
    assert task.at is not None
    assert timedelta(minutes=7) < task.at - world.clock.now() < timedelta(minutes=13)


def test_without_that_task_the_sweep_tries_again(world: World) -> None:
    world.saved()
    world.ann.update("event1", title="Retro")
    world.calendars.fail("list_events", Temporary("503"))
    world.queue.error = Temporary("no answer")
    assert isinstance(world.syncing(KEY).error, Temporary)
    world.queue.error = None

    world.settle()

    assert world.provider.only.spec.title == "Retro"


def test_a_rate_limit_is_kept_whoever_asks(world: World) -> None:
    world.saved()
    until = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    world.calendars.fail("list_events", RateLimited("quota", retry_at=until))
    with pytest.raises(RateLimited):
        world.sync()
    assert [task.at for task in world.queue.take()] == [until]
    world.ann.update("event1", title="Retro")
    world.calendars.calls.clear()

    world.sync()  # a notification
    world.sweep()
    assert (methods(world), world.queue.take()) == ([], [])

    world.clock.advance(until - world.clock.now())
    world.sync()
    world.deliver()
    assert world.provider.only.spec.title == "Retro"
    assert world.calendar.retry_at is None


def test_a_failure_is_recorded_though_the_sweep_put_the_calendar_off(world: World, play: Callable[..., Pages]) -> None:
    world.saved()
    play(EventPage(events=(), page_token="p1"), ReauthorizationRequired("revoked"))
    commit = world.store.commit

    def put_off(writes: Sequence[Write]) -> None:
        if any(getattr(write.record, "failures", 0) for write in writes):
            world.store.commit = commit  # type: ignore[method-assign]
            world.change_calendar(due_at=world.clock.now())
        commit(writes)

    world.store.commit = put_off  # type: ignore[method-assign]

    world.syncing(KEY)

    assert (world.calendar.state, world.calendar.lease.until) == (CalendarState.PAUSED, None)


def test_a_failing_worker_leaves_the_lease_of_another_alone(world: World, play: Callable[..., Pages]) -> None:
    world.saved()
    pages = play(EventPage(events=(), page_token="p1"), Temporary("503"))

    def taken_over() -> None:
        world.clock.advance(LEASE)
        world.change_calendar(lease=world.calendar.lease.take("other", world.clock.now(), LEASE))

    pages.between = taken_over

    with pytest.raises(Temporary):
        world.sync()

    assert world.calendar.lease.holder == "other"
    assert world.calendar.lease.taken(world.clock.now())


def test_an_unknown_calendar_is_nothing_to_do(world: World) -> None:
    assert world.sync("unknown").pages == 0


def test_what_the_queue_refuses_the_sweep_finds(world: World) -> None:
    world.saved()
    world.ann.update("event1", title="Retro")
    world.queue.error = Temporary("503")
    world.sync()
    world.queue.error = None

    world.settle()

    assert world.provider.only.spec.title == "Retro"


def test_one_refusal_of_the_queue_keeps_no_other_from_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    refused, *others = sorted(world.saved(f"event{index}").conference_id for index in range(3))
    for index in range(3):
        world.ann.update(f"event{index}", title="Retro")
    add = FakeQueue.reconcile_conference

    def refuse_one(self: FakeQueue, conference_id: str, *, at: datetime | None = None) -> None:
        if conference_id == refused:
            raise Temporary("503")
        add(self, conference_id, at=at)

    monkeypatch.setattr(FakeQueue, "reconcile_conference", refuse_one)
    token = world.calendar.sync_token

    world.sync()

    assert [task.key for task in world.queue.tasks] == others
    assert (world.calendar.failures, world.calendar.sync_token == token) == (0, False)
    assert world.conference(refused).due_at == world.clock.now() + TASK_GRACE


def test_what_was_committed_before_an_error_is_reconciled(world: World, play: Callable[..., Pages]) -> None:
    world.saved()
    changed = world.ann.update("event1", title="Retro")
    play(EventPage(events=(changed,), page_token="p1"), Temporary("503"))

    world.syncing(KEY)
    world.deliver()

    assert world.provider.only.spec.title == "Retro"


# --- cost ----------------------------------------------------------------------------------------


def test_a_delta_without_our_events_costs_one_list_two_reads_one_write(world: World) -> None:
    world.saved()
    world.ann.insert(title="Other")
    world.calendars.calls.clear()
    world.counting.reset()

    world.sync()

    assert methods(world) == ["list_events"]
    assert world.counting.reads <= 2
    assert world.counting.writes == 1


def test_2500_events_that_are_not_ours_cost_no_more(world: World) -> None:
    world.saved()
    for index in range(2500):
        world.ann.insert(id=f"other{index}")
    world.counting.reset()

    report = world.sync()

    assert report.events == 2500
    assert world.counting.reads <= 2
    assert world.counting.writes == 1


@pytest.mark.parametrize("count", [1, 50, 2500])
def test_other_events_cost_no_more_on_a_calendar_with_conferences(world: World, count: int) -> None:
    for index in range(10):
        world.saved(f"event{index}")
    for index in range(count):
        world.ann.insert(id=f"other{index}")
    world.counting.reset()

    report = world.sync()

    assert report.events == count
    assert (world.counting.reads, world.counting.writes) == (1, 1)


def test_a_record_of_the_version_before_learns_which_events_have_links(world: World) -> None:
    for index in range(10):
        world.saved(f"event{index}")
    world.change_calendar(link_index=None)
    for index in range(50):
        world.ann.insert(id=f"other{index}")

    world.sync()

    assert_index_is_whole(world)
    world.ann.update("event3", title="Retro")
    assert world.sync().actions == {Action.UPDATED: 1}


def assert_index_is_whole(world: World) -> None:
    links = list(world.store.links_of_calendar(KEY))
    index = world.calendar.link_index
    assert index is not None
    assert link_index.named(index, [link.key for link in links]) == {link.key for link in links}


def test_a_deleted_event_leaves_the_index(world: World) -> None:
    world.saved()
    assert world.calendar.link_index != ""
    world.ann.delete("event1")

    world.sync()

    assert world.calendar.link_index == ""


def test_a_full_list_finds_out_anew_which_events_have_links(world: World) -> None:
    world.saved()
    world.change_calendar(link_index=None)
    world.calendars.expire_sync_tokens(ANN)

    world.sync()

    assert_index_is_whole(world)


def test_more_links_than_an_index_holds_are_looked_up_as_before(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_index, "MAX_ENTRIES", 2)
    for index in range(3):
        world.saved(f"event{index}")
    assert world.calendar.link_index is None
    world.ann.update("event1", title="Retro")
    world.ann.insert(id="other")

    assert world.sync().actions == {Action.UPDATED: 1}


def test_the_lookup_reads_no_more_links_than_there_are_events(world: World) -> None:
    for index in range(20):
        world.saved(f"event{index}")
    world.change_calendar(link_index=None)
    world.ann.insert(id="other1")
    world.ann.insert(id="other2")
    world.counting.reset()

    world.sync()

    assert world.counting.reads <= 1 + 2 * 2
