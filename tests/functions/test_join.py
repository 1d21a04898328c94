"""Joining through the real function: pages, signing in, and what nobody is told."""

import base64
import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from werkzeug.test import Client, TestResponse

from confsync import bootstrap
from confsync.domain.errors import NotConfigured, PermissionDenied, Temporary
from confsync.usecases.join_conference import Joined, Joining
from playground.cloud import SIGN_IN_CLIENT
from tests.functions.conftest import ANN, Deployment

LINK = "https://vendor.example.com/room?jwt=a-secret"


class FakeJoin:
    """The use case: what it is told, and what it answers."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str | None]] = []
        self.answer: Joined | Exception = Joined(how=Joining.READY, solution="BigBlueButton", url=LINK)

    def __call__(self, token: str, *, name: str = "", email: str | None = None) -> Joined:
        self.asked.append((token, name, email))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def join(deployed: Deployment, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeJoin]:
    join = FakeJoin()
    bootstrap.process.__dict__.pop("join", None)
    monkeypatch.setitem(bootstrap.process.usecases.__dict__, "join_conference", join)
    yield join
    bootstrap.process.__dict__.pop("join", None)


@pytest.fixture
def browser(deployed: Deployment) -> Client:
    deployed.clients["join"].delete_cookie("__Host-join-person")
    return deployed.clients["join"]


def title(answer: TestResponse) -> str:
    found = re.search(r"<h1>(.*?)</h1>", answer.text)
    assert found, answer.text
    return unescape(found[1])


def safe(answer: TestResponse) -> None:
    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Referrer-Policy"]


def test_a_link_that_is_ready_leads_on(join: FakeJoin, browser: Client) -> None:
    answer = browser.get("/join/abc.def")
    assert (answer.status_code, answer.headers["Location"]) == (303, LINK)
    assert join.asked == [("abc.def", "", None)]
    safe(answer)


def test_who_has_to_say_their_name_is_asked_for_it(join: FakeJoin, browser: Client) -> None:
    join.answer = Joined(how=Joining.NAME_WANTED, solution="<Our> meetings")
    asked = browser.get("/join/abc.def")
    assert title(asked) == "Join with <Our> meetings"
    assert 'name="name"' in asked.text
    safe(asked)
    join.answer = Joined(how=Joining.READY, url=LINK)
    assert browser.post("/join/abc.def", data={"name": "  Cara  O'Hara "}).headers["Location"] == LINK
    assert join.asked[-1] == ("abc.def", "Cara O'Hara", None)


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "line\x07feed"])
def test_a_name_is_a_name(join: FakeJoin, browser: Client, name: str) -> None:
    join.answer = Joined(how=Joining.NAME_WANTED, solution="BigBlueButton")
    answer = browser.post("/join/abc.def", data={"name": name})
    assert answer.status_code == 400
    assert title(answer) == "Join with BigBlueButton"
    assert 'role="alert"' in answer.text
    assert [asked[1] for asked in join.asked] == [""]
    join.answer = Joined(how=Joining.READY, url=LINK)
    assert browser.post("/join/abc.def", data={"name": name}).status_code == 400


@pytest.mark.parametrize(
    ("how", "status", "expected"),
    [
        (Joining.EARLY, 200, "It is not time yet"),
        (Joining.OVER, 410, "This meeting is over"),
        (Joining.GONE, 410, "This meeting is gone"),
        (Joining.PREPARING, 503, "One moment"),
    ],
)
def test_what_people_are_told(join: FakeJoin, browser: Client, how: Joining, status: int, expected: str) -> None:
    join.answer = Joined(how=how, solution="BigBlueButton")
    answer = browser.get("/join/abc.def")
    assert (answer.status_code, title(answer)) == (status, expected)
    safe(answer)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Temporary("the host's token is xyz", service="bbb"), 503),
        (PermissionDenied("the host's token is xyz", service="bbb"), 502),
        (NotConfigured("the host's token is xyz"), 502),
    ],
)
def test_what_went_wrong_is_told_without_its_details(
    join: FakeJoin, browser: Client, error: Exception, status: int
) -> None:
    join.answer = error
    answer = browser.get("/join/abc.def")
    assert answer.status_code == status
    assert "xyz" not in answer.text


def test_a_strange_link_does_not_work(deployed: Deployment) -> None:
    answer = deployed.clients["join"].get("/join/confsync.0123")
    assert (answer.status_code, title(answer)) == (403, "This link does not work")


def test_the_stylesheet_is_there(browser: Client) -> None:
    answer = browser.get("/join/style.css")
    assert answer.content_type.startswith("text/css")
    assert "prefers-color-scheme: dark" in answer.text


def signed_in(deployed: Deployment, browser: Client, who: str | None, **changes: Any) -> TestResponse:
    """Follow "Sign in with Google" to the end."""
    begun = browser.get("/join/abc.def/sign-in", base_url="https://localhost")
    assert begun.status_code == 303
    deployed.cloud.issuer.browser = who
    page = requests.get(begun.headers["Location"], timeout=10)
    assert page.status_code == 200, page.text
    fields = {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', page.text)}
    back = parse_qs(urlsplit(begun.headers["Location"]).query)["redirect_uri"][0]
    assert f'action="{back}"' in page.text
    return browser.post(urlsplit(back).path, data={**fields, **changes}, base_url="https://localhost")


def test_the_organizer_signs_in(join: FakeJoin, deployed: Deployment, browser: Client) -> None:
    join.answer = Joined(how=Joining.NAME_WANTED, solution="BigBlueButton")
    assert "/join/abc.def/sign-in" in browser.get("/join/abc.def", base_url="https://localhost").text
    done = signed_in(deployed, browser, ANN)
    assert (done.status_code, done.headers["Location"]) == (303, "/join/abc.def")
    again = browser.get("/join/abc.def", base_url="https://localhost")
    assert join.asked[-1] == ("abc.def", "", ANN)
    assert f"You are signed in as {ANN}" in again.text


def test_who_says_no_to_signing_in_is_a_guest(join: FakeJoin, deployed: Deployment, browser: Client) -> None:
    done = signed_in(deployed, browser, None)
    assert done.headers["Location"] == "/join/abc.def"
    browser.get("/join/abc.def", base_url="https://localhost")
    assert join.asked[-1] == ("abc.def", "", None)


def test_nobody_is_signed_in_by_somebody_elses_token(join: FakeJoin, deployed: Deployment, browser: Client) -> None:
    """A token for another sign-in, another application, or a state that this browser has not begun."""
    other = deployed.cloud.issuer.mint("mallory@example.com", "another-client", extra={"nonce": "n"})
    mine = deployed.cloud.issuer.mint("mallory@example.com", SIGN_IN_CLIENT, extra={"nonce": "another"})
    for changes in ({"id_token": other}, {"id_token": mine}, {"state": "another"}, {"id_token": "nonsense"}):
        done = signed_in(deployed, browser, ANN, **changes)
        assert done.status_code == 403
        browser.get("/join/abc.def", base_url="https://localhost")
        assert join.asked[-1][2] is None


def test_a_cookie_that_was_changed_says_nothing(join: FakeJoin, deployed: Deployment, browser: Client) -> None:
    signed_in(deployed, browser, ANN)
    cookie = browser.get_cookie("__Host-join-person")
    assert cookie is not None
    told, _, signature = cookie.value.partition(".")
    decoded = base64.urlsafe_b64decode(told + "=" * (-len(told) % 4)).decode()
    assert ANN in decoded
    forged = base64.urlsafe_b64encode(decoded.replace(ANN, "mallory@example.com").encode()).decode().rstrip("=")
    browser.set_cookie("__Host-join-person", f"{forged}.{signature}", secure=True, httponly=True)
    browser.get("/join/abc.def", base_url="https://localhost")
    assert join.asked[-1][2] is None
