"""Without an administrator: each person's own Google account, which they connect, lose, and connect again."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import requests

from confsync.adapters.sqlite import SqliteStore
from confsync.domain.calendar import CalendarState
from playground.browser import Browser, Page
from playground.person import ConferenceError, Person
from playground.project import Tempo, running
from tests.end_to_end.promises import Promises
from tests.end_to_end.world import World, until

TEMPO = Tempo(coalesce=0.2, provider_deadline=1.5, lease=5)
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("own_google")]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A project that reaches calendars by people's own grants, and nobody's yet."""
    directory = tmp_path_factory.mktemp("own-google")
    with running(directory, tempo=TEMPO, credentials="user") as project:
        store = SqliteStore(str(directory / "confsync.sqlite"))
        yield World(project=project, store=store, promises=Promises(cloud=project.cloud, store=store))
        store.close()


def asked(person: Person, event_id: str) -> str:
    """Where the add-on sends the person who chooses a conference."""
    with pytest.raises(ConferenceError) as refused:
        person.choose_conference(event_id, "zoom")
    assert refused.value.kind == "AUTHENTICATION"
    assert refused.value.authentication_url
    return refused.value.authentication_url


def consent(world: World, person: Person, url: str) -> Page:
    """The person signs in on our pages, and allows all that is asked for."""
    world.cloud.issuer.browser = person.email
    browser = Browser()
    to_consent = browser.send(browser.open(url))
    assert "calendar.events" in to_consent.text
    return browser.send(to_consent)


def connected(world: World, name: str) -> Person:
    person = world.person(name)
    page = consent(world, person, asked(person, person.begin_event()))
    assert (page.status, "is connected" in page.text) == (200, True), page.text
    return person


def begins(world: World, person: Person) -> list[datetime]:
    return [datetime.fromisoformat(each["start_time"]) for each in world.meetings(person)]


def test_a_life_with_ones_own_account(own: World) -> None:
    person = connected(own, "ann")
    event_id = own.meet(person, "Planning")
    own.hold(person)

    person.move_in_time(event_id, timedelta(hours=2))
    until(lambda: begins(own, person) == [own.start + timedelta(hours=2)])
    own.hold(person)

    # taken back at Google, and nobody tells us
    withdraw = f"{own.cloud.url('oauth')}/_playground/consents/{person.email}"
    requests.delete(withdraw, timeout=10).raise_for_status()
    person.rename(event_id, "Retro")
    until(lambda: own.record(person).state is CalendarState.PAUSED)
    assert f"{person.email} has to connect their account at google again" in (own.record(person).reason or "")
    assert [each["topic"] for each in own.meetings(person)] == ["Planning"]

    page = consent(own, person, asked(person, person.begin_event()))
    assert "are brought up to date now" in page.text
    until(lambda: [each["topic"] for each in own.meetings(person)] == ["Retro"])
    own.hold(person)


def test_an_access_token_that_ends_early_is_replaced(own: World) -> None:
    person = connected(own, "ben")
    event_id = own.meet(person)
    own.hold(person)

    own.cloud.consents.expire_access(person.email)
    person.rename(event_id, "Retro")

    until(lambda: [each["topic"] for each in own.meetings(person)] == ["Retro"])
    own.hold(person)


def test_whoever_disconnects_keeps_their_meetings_which_follow_again_later(own: World) -> None:
    person = connected(own, "cem")
    event_id = own.meet(person)
    own.hold(person)
    pages = f"{own.project.functions['connect'].url}/connect"
    own.cloud.issuer.browser = person.email
    browser = Browser()
    browser.send(browser.open(pages))

    leave = browser.open(f"{pages}/google/disconnect")
    assert "Planning" in leave.text
    assert [name in leave.text for name in ('value="keep"', 'value="anew"', 'value="remove"')] == [True, False, False]
    form = leave.forms[0]
    refused = browser.send(leave, then="remove")
    assert (refused.status, form.fields["then"]) == (400, "keep")
    assert browser.send(leave).status == 200

    until(lambda: own.record(person).state is CalendarState.PAUSED)
    person.rename(event_id, "Retro")
    own.rest()
    assert [each["topic"] for each in own.meetings(person)] == ["Planning"]

    consent(own, person, asked(person, person.begin_event()))
    until(lambda: [each["topic"] for each in own.meetings(person)] == ["Retro"])
    own.hold(person)


def test_somebody_elses_google_account_is_refused(own: World) -> None:
    person, other = own.person("dan"), own.person("eve")
    url = asked(person, person.begin_event())
    own.cloud.issuer.browser = person.email
    browser = Browser()
    to_consent = browser.send(browser.open(url))

    page = browser.send(to_consent, account=other.email)

    assert page.status == 403
    assert f"You chose {other.email}, and you are signed in here as {person.email}." in page.text
    assert asked(person, person.begin_event())
    assert asked(other, other.begin_event())


def test_a_box_that_was_unticked_is_named(own: World) -> None:
    person = own.person("fay")
    own.cloud.issuer.browser = person.email
    browser = Browser()
    to_consent = browser.send(browser.open(asked(person, person.begin_event())))

    page = browser.send(to_consent, **{"https://www.googleapis.com/auth/calendar.events": ""})

    assert "What is missing: https://www.googleapis.com/auth/calendar.events" in page.text
    assert asked(person, person.begin_event())
