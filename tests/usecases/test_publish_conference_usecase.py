"""Writing a conference's details to the events that have it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from confsync.domain.calendar import WriteMode
from confsync.domain.errors import PreconditionFailed, Temporary
from confsync.domain.event import EventConference
from confsync.domain.keys import calendar_key
from tests.usecases.world import ANN, BEN, KEY, World, shown_on_event


@pytest.fixture
def remade(world: World) -> World:
    """The event shows a meeting that is gone; another one was made, and is to be written."""
    created = world.saved(description="Agenda")
    world.provider.meetings.clear()
    world.ann.update("event1", title="Retro")
    world.sync()
    del created
    return world


def shown(world: World) -> frozenset[str]:
    conference = world.ann.event("event1").conference
    return conference.uris if conference else frozenset()


def methods(world: World) -> list[str]:
    return [call.method for call in world.calendars.calls if call.method.startswith("write")]


def published(world: World) -> bool:
    link = world.link()
    return link is not None and link.published == world.provider.only.conference.details.revision


def test_google_takes_it_natively(remade: World) -> None:
    remade.deliver()

    assert shown(remade) == remade.provider.only.conference.details.uris
    assert methods(remade) == ["write_conference"]
    assert published(remade)
    assert remade.calendar.write_mode is WriteMode.AUTO


@pytest.mark.parametrize("fate", ["refuse", "strip"])
def test_what_google_does_not_take_becomes_text_and_that_is_remembered(remade: World, fate: Any) -> None:
    remade.calendars.writes = fate

    remade.deliver()

    uri = remade.provider.only.conference.details.video_uri
    assert uri is not None
    text = remade.ann.raw_description("event1")
    assert text.startswith("Agenda\n")
    assert uri in text
    assert remade.ann.event("event1").location == uri
    assert remade.ann.event("event1").text_conference_id == remade.link().conference_id  # type: ignore[union-attr]
    assert remade.ann.event("event1").conference is None, "the native link to the old meeting would be a trap"
    assert remade.calendar.write_mode is WriteMode.DESCRIPTION
    assert published(remade)


def test_once_text_is_known_to_be_needed_nothing_else_is_tried(remade: World) -> None:
    remade.change_calendar(write_mode=WriteMode.DESCRIPTION)

    remade.deliver()

    assert methods(remade) == ["write_text"]


def test_our_own_text_comes_back_as_nothing(remade: World) -> None:
    remade.calendars.writes = "refuse"
    remade.deliver()
    calls = list(remade.provider.calls)

    report = remade.sync()
    remade.deliver()

    assert report.events == 1
    assert report.reconcile == set()
    assert remade.provider.calls == calls


def test_a_deployment_may_insist_on_native(remade: World) -> None:
    remade.calendars.writes = "refuse"
    native = replace(remade.publish, mode=WriteMode.NATIVE)
    remade.reconciling = replace(remade.reconciling, publish=native)

    remade.deliver()

    assert methods(remade) == ["write_conference"]
    (conference_id,) = remade.link().conference_ids  # type: ignore[union-attr]
    assert remade.conference(conference_id).last_error == "Invalid: 400 invalid: Invalid conference data"


def test_a_deployment_may_insist_on_text(remade: World) -> None:
    remade.reconciling = replace(remade.reconciling, publish=replace(remade.publish, mode=WriteMode.DESCRIPTION))

    remade.deliver()

    assert methods(remade) == ["write_text"]
    assert remade.calendar.write_mode is WriteMode.AUTO


def test_an_edit_meanwhile_is_read_again(remade: World) -> None:
    remade.calendars.fail("write_conference", PreconditionFailed("412"), PreconditionFailed("412"))

    remade.deliver()

    assert shown(remade) == remade.provider.only.conference.details.uris
    assert published(remade)


def test_an_event_that_is_edited_all_the_time_is_tried_later(remade: World) -> None:
    remade.calendars.fail("write_conference", *[PreconditionFailed("412")] * 4)
    remade.deliver()
    assert not published(remade)

    remade.settle()

    assert shown(remade) == remade.provider.only.conference.details.uris


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda world: world.ann.update(
            "event1",
            conference=EventConference(id="abc-defg", solution_type="hangoutsMeet", uris=frozenset({"https://m"})),
        ),
        lambda world: world.ann.update("event1", conference=None),
        lambda world: world.ann.delete("event1"),
        lambda world: world.calendars._calendars[world.ann.calendar_id].events.pop("event1"),
    ],
    ids=["replaced", "removed", "deleted", "not there"],
)
def test_what_the_user_changed_meanwhile_is_untouched(remade: World, meanwhile: Callable[[World], object]) -> None:
    meanwhile(remade)
    before = remade.calendars._calendars[remade.ann.calendar_id].events.get("event1")

    remade.deliver()

    assert remade.calendars._calendars[remade.ann.calendar_id].events.get("event1") == before
    assert methods(remade) == []


def test_what_the_user_changed_between_the_refusal_and_the_text_is_untouched(remade: World) -> None:
    theirs = EventConference(id="abc-defg", solution_type="hangoutsMeet", uris=frozenset({"https://m"}))
    remade.calendars.writes = "strip"
    put = remade.calendars._put

    def replaced(calendar_id: str, event: Any) -> Any:
        return put(calendar_id, replace(event, conference=theirs))

    remade.calendars._put = replaced  # type: ignore[method-assign]

    remade.deliver()

    assert methods(remade) == ["write_conference"]
    assert remade.ann.raw_description("event1") == "Agenda"


def test_every_event_of_a_conference_is_written(world: World) -> None:
    created = world.saved()
    world.ann.insert(id="copy", conference=world.ann.event("event1").conference)
    world.sync()
    world.provider.meetings.clear()
    world.ann.update("event1", title="Retro")
    world.sync()

    world.deliver()

    uris = world.provider.only.conference.details.uris
    assert shown(world) == uris
    copy = world.ann.event("copy").conference
    assert copy is not None
    assert copy.uris == uris
    assert world.conference(created.conference_id).due_at is None


def test_calendar_out_of_order_is_tried_again(remade: World) -> None:
    remade.calendars.fail("get_event", Temporary("503"))
    remade.deliver()
    assert not published(remade)

    remade.settle()

    assert shown(remade) == remade.provider.only.conference.details.uris


def test_losing_the_race_to_remember_costs_a_second_look_only(remade: World) -> None:
    commit = remade.store.commit
    others = [lambda: remade.change_calendar(due_at=remade.clock.now())]
    remade.calendars.writes = "refuse"

    def interleaved(writes: Any) -> None:
        if getattr(writes[0].record, "write_mode", None) is WriteMode.DESCRIPTION and others:
            others.pop()()
        commit(writes)

    remade.store.commit = interleaved  # type: ignore[method-assign]

    remade.deliver()

    assert others == []
    assert published(remade)
    assert remade.calendar.key == KEY


# --- who writes ----------------------------------------------------------------------------------

TEAM = "team@group.calendar.example.com"


@pytest.fixture
def bens(world: World) -> World:
    """Ann reads the team's calendar; Ben has an event there that shows a meeting that is gone."""
    team = world.calendars.add_calendar(TEAM, ANN)
    world.calendars.share(TEAM, BEN)
    for user in (ANN, BEN):
        created = world.create(f"of {user}", user=user, calendar_id=TEAM)
        team.insert(id=f"of {user}", title=user, conference=shown_on_event(created))
    world.sync(calendar_key(TEAM))
    world.deliver()
    world.provider.meetings.clear()
    team.update(f"of {BEN}", title="Retro")
    world.calendars.calls.clear()
    return world


def writers(world: World) -> list[str]:
    return [call.account for call in world.calendars.calls if call.method.startswith("write")]


def team_shows(world: World) -> bool:
    conference = world.calendars._of(TEAM).events[f"of {BEN}"].conference
    return conference is not None and conference.uris == world.provider.only.conference.details.uris


def test_whoever_chose_the_conference_writes_it(bens: World) -> None:
    bens.sync(calendar_key(TEAM))
    bens.deliver()

    assert writers(bens) == [BEN]
    assert team_shows(bens)


@pytest.mark.parametrize("how", ["revoked", "404"])
def test_without_their_access_whoever_reads_the_calendar_writes_it(bens: World, how: str) -> None:
    if how == "revoked":
        bens.calendars.revoked.add(BEN)
    else:
        bens.calendars.unshare(TEAM, BEN)

    bens.sync(calendar_key(TEAM))
    bens.deliver()

    assert writers(bens) == [ANN]
    assert team_shows(bens)
    assert bens.provider.only.spec.title == "Retro"


def test_what_nobody_can_write_is_written_when_somebody_can(bens: World) -> None:
    bens.sync(calendar_key(TEAM))
    bens.calendars.unshare(TEAM, ANN)
    bens.calendars.unshare(TEAM, BEN)
    bens.deliver()
    assert not team_shows(bens)

    bens.calendars.share(TEAM, BEN)
    bens.settle()

    assert team_shows(bens)
