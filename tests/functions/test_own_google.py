"""Where calendars are reached by people's own grants: what the add-on is answered before there is one, and after."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from confsync import bootstrap
from confsync.domain import keys
from confsync.domain.calendar import Calendar
from confsync.domain.connection import Connection, missing
from playground.cloud import PEOPLE_CLIENT
from playground.project import Project
from tests.functions.conftest import Deployment, deploying
from tests.functions.test_answers import markup

BEN = "ben@example.com"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deploying(Project(directory=tmp_path_factory.mktemp("own"), credentials="user")) as deployment:
        yield deployment


def connect(own: Deployment, email: str) -> None:
    """The person allows all that is asked for."""
    usecase = bootstrap.process.usecases.connect_account
    callback = f"{own.project.functions['connect'].url}/connect/google/callback"
    url = usecase.start("google", owner=email, state="s", challenge="", redirect_uri=callback)
    asked = {name: value[0] for name, value in parse_qs(urlsplit(url).query).items()}
    allowed = dict.fromkeys(asked["scope"].split(), "allowed")
    back = own.cloud.consents.decide({**asked, "account": email, "code_challenge_method": "plain", **allowed})
    code = parse_qs(urlsplit(back).query)["code"][0]
    usecase.complete(email, "google", code=code, verifier="", redirect_uri=callback)


def test_without_a_grant_the_add_on_leads_to_it_and_nothing_is_made(own: Deployment) -> None:
    own.forget_tasks()

    error = markup(own.create("event1", "zoom", email="new@example.com"))["error"]

    assert error["type"] == "AUTHENTICATION"
    assert error["authenticationUrl"].startswith(f"{own.project.functions['connect'].url}/connect/google/start?who=")
    assert own.cloud.zoom.meetings() == []
    assert own.queued() == []
    assert bootstrap.process.adapters.store.get(Calendar, keys.calendar_key("new@example.com")) is None


def test_with_a_grant_it_is_made_and_followed(own: Deployment) -> None:
    connect(own, BEN)
    own.forget_tasks()

    found = markup(own.create("event1", "zoom", email=BEN))

    assert found["conferenceId"] == keys.conference_id(keys.calendar_key(BEN), "event1", "zoom")
    answer = own.post("sync_calendar", {"calendar_key": keys.calendar_key(BEN)})
    assert answer.status_code == 200
    stored = bootstrap.process.adapters.store.get(Calendar, keys.calendar_key(BEN))
    assert stored is not None
    assert (stored.owner, bool(stored.sync_token), bool(stored.channel_id)) == (BEN, True, True)


def test_a_vendor_that_wants_an_account_of_its_own_is_led_to_apart(own: Deployment) -> None:
    solution = next((name for name, each in bootstrap.process.settings.solutions.items() if each.personal), None)
    assert solution is not None
    connect(own, "cem@example.com")

    error = markup(own.create("event1", solution, email="cem@example.com"))["error"]

    assert error["type"] == "AUTHENTICATION"
    assert "/connect/zoom/start?who=" in error["authenticationUrl"]


def test_the_grant_has_all_that_calendar_is_asked_for(own: Deployment) -> None:
    connect(own, BEN)
    stored = bootstrap.process.adapters.store.get(Connection, keys.connection_key(BEN, "google"))
    assert stored is not None
    assert missing(bootstrap.process.adapters.logins.scopes("google"), stored.scopes) == ()
    assert stored.account_name == BEN


def test_it_is_the_client_of_the_secret_that_asks(own: Deployment) -> None:
    start = bootstrap.process.adapters.logins.start
    asked = parse_qs(urlsplit(start("google", state="s", challenge="c", redirect_uri="r", hint=BEN)).query)
    told = {name: asked[name] for name in ("client_id", "access_type", "prompt", "login_hint", "code_challenge_method")}
    assert told == {
        "client_id": [PEOPLE_CLIENT],
        "access_type": ["offline"],
        "prompt": ["consent"],
        "login_hint": [BEN],
        "code_challenge_method": ["S256"],
    }
