"""Connecting accounts through the real function: each page, each way to be cheated, and what nobody is told."""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
import requests
from werkzeug.test import Client, TestResponse

from confsync import bootstrap
from confsync.domain.connection import Connection, ConnectionState, Leaving
from confsync.ports import Remove, Save
from confsync.vendors import Applications
from confsync.web.sealed import Seals, address_for
from playground.cloud import SIGN_IN_CLIENT
from playground.faults import Faults
from tests.functions.conftest import ANN, Deployment

MALLORY = "mallory@example.com"
HERE = "https://localhost"
STALE = "This page is out of date"


class Browser:
    """Somebody's, on its way between us, Google and Zoom."""

    def __init__(self, deployed: Deployment, *, google: str | None = ANN, zoom: str = ANN) -> None:
        self.deployed, self.google, self.zoom = deployed, google, zoom
        app = deployed.clients["connect"].application
        self.client = Client(app, TestResponse)

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, base_url=HERE, headers=headers)

    def post(self, path: str, **fields: str) -> TestResponse:
        return self.client.post(path, base_url=HERE, data=fields)

    def answered(self, to_google: TestResponse, **changes: str) -> TestResponse:
        """Google's form, sent back."""
        self.deployed.cloud.issuer.browser = self.google
        page = requests.get(to_google.headers["Location"], timeout=10)
        return self.post("/connect/signed-in", **{**hidden(page.text), **changes})

    def sign_in(self) -> None:
        done = self.answered(self.get("/connect"))
        assert (done.status_code, done.headers["Location"]) == (303, "/connect")

    def overview(self) -> TestResponse:
        return self.get("/connect")

    def consent(self, **fields: str) -> str:
        """Begin to connect Zoom. The address of its consent page."""
        token = hidden(self.overview().text)["token"]
        begun = self.post("/connect/zoom/start", **{"token": token, **fields})
        assert begun.status_code == 303, begun.text
        return str(begun.headers["Location"])

    def decided(self, consent_page: str, decision: str = "allow") -> str:
        """Where Zoom sends the browser back to."""
        asked = dict(parse_qsl(urlsplit(consent_page).query))
        url = consent_page.partition("?")[0]
        form = {**asked, "decision": decision, "person": self.zoom}
        answer = requests.post(url, form, allow_redirects=False, timeout=10)
        assert answer.status_code == 302, answer.text
        back = urlsplit(answer.headers["Location"])
        return f"{back.path}?{back.query}"

    def come_back(self, back: str) -> TestResponse:
        """From Zoom, to the page that is shown in the end."""
        answer = self.get(back)
        return self.get(answer.headers["Location"]) if answer.status_code == 303 else answer

    def connect(self) -> TestResponse:
        return self.come_back(self.decided(self.consent()))

    def decide(self, page: TestResponse, then: str = "keep", **changes: str) -> TestResponse:
        """What is to become of the meetings, on the page that asks."""
        return self.post("/connect/zoom/disconnect", **{**hidden(page.text), "then": then, **changes})


def hidden(text: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', text)}


def title(answer: TestResponse) -> str:
    found = re.search(r"<h1>(.*?)</h1>", answer.text)
    assert found, answer.text
    return unescape(found[1])


def connection(owner: str = ANN) -> Connection | None:
    found = bootstrap.process.adapters.store.connections_of(owner)
    return found[0] if found else None


@pytest.fixture
def ann(deployed: Deployment) -> Iterator[Browser]:
    """Signed in, with nothing connected."""
    browser = Browser(deployed)
    browser.sign_in()
    yield browser
    store = bootstrap.process.adapters.store
    for owner in (ANN, MALLORY):
        for each in store.connections_of(owner):
            store.commit([Remove(record=each)])


# --- the way that works ----------------------------------------------------------------------------------------------


def test_who_is_not_signed_in_shows_with_google_who_they_are(deployed: Deployment) -> None:
    asked = Browser(deployed).get("/connect")
    told = parse_qs(urlsplit(asked.headers["Location"]).query)
    assert told["client_id"] == [SIGN_IN_CLIENT]
    assert told["redirect_uri"] == [f"{deployed.project.functions['connect'].url}/connect/signed-in"]


def test_an_account_is_connected(ann: Browser) -> None:
    assert "Not connected" in ann.overview().text
    done = ann.connect()
    assert (done.status_code, title(done)) == (200, "Zoom is connected")
    assert f"You are connected as {ANN}." in unescape(done.text)
    assert "Go back to Calendar and choose Zoom again." in done.text
    shown = ann.overview().text
    assert "Connected" in shown
    assert "Not connected" not in shown
    found = connection()
    assert found is not None
    assert (found.vendor, found.account_name, found.state) == ("zoom", ANN, ConnectionState.ACTIVE)


def test_the_consent_page_is_asked_with_pkce_and_the_exact_address(ann: Browser) -> None:
    asked = parse_qs(urlsplit(ann.consent()).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["code_challenge"][0]) == 43
    assert asked["redirect_uri"] == [f"{ann.deployed.project.functions['connect'].url}/connect/zoom/callback"]
    assert ANN not in base64.urlsafe_b64decode(asked["state"][0].partition(".")[0] + "==").decode(), (
        "a state names nobody"
    )


def test_who_declines_is_told_what_follows(ann: Browser) -> None:
    done = ann.get(ann.decided(ann.consent(), "decline"))
    assert (done.status_code, title(done)) == (200, "Zoom is not connected")
    assert 'action="/connect/zoom/start"' in done.text
    assert connection() is None


def test_whatever_else_goes_wrong_at_the_vendor_is_for_an_operator(ann: Browser) -> None:
    back = ann.decided(ann.consent(), "decline").replace("access_denied", "invalid_scope")
    answer = ann.get(back)
    assert (answer.status_code, title(answer)) == (502, "That can't be done now")
    assert [line["error"] for line in ann.deployed.logs if "consent page" in line["event"]] == ["invalid_scope"]


def test_a_page_that_tells_what_came_of_it_can_be_loaded_again(ann: Browser) -> None:
    done = ann.get(ann.decided(ann.consent()))
    assert (done.status_code, done.headers["Location"]) == (303, "/connect/zoom/connected")
    assert done.headers["Referrer-Policy"] == "no-referrer"
    for _ in range(2):
        assert title(ann.get("/connect/zoom/connected")) == "Zoom is connected"
    assert Browser(ann.deployed).get("/connect/zoom/connected").status_code == 303


def test_without_calendars_link_it_takes_a_click_of_ones_own(ann: Browser) -> None:
    """Another site can lead a browser here; at a vendor that asks nothing, that would connect an account unseen."""
    page = ann.get("/connect/zoom/start")
    assert (page.status_code, title(page)) == (200, "Connect Zoom")
    begun = ann.post("/connect/zoom/start", **hidden(page.text))
    assert begun.headers["Location"].startswith(ann.deployed.cloud.url("zoom"))


def test_a_decision_is_carried_out_once(ann: Browser) -> None:
    """A form that is sent again, or of a tab that shows what is no more, ends no other account."""
    ann.connect()
    page = ann.get("/connect/zoom/disconnect")
    assert ann.decide(page).headers["Location"] == "/connect/zoom/left"
    assert "It is done." in ann.get("/connect/zoom/left").text
    ann.zoom = "ann@home.example"
    ann.connect()
    for _ in range(2):
        again = ann.decide(page)
        assert (again.status_code, title(again)) == (409, STALE)
    found = connection()
    assert found is not None
    assert (found.account_name, found.usable) == ("ann@home.example", True)


def test_an_account_that_is_being_left_is_not_said_to_be_connected(ann: Browser) -> None:
    ann.connect()
    found = connection()
    assert found is not None
    store = bootstrap.process.adapters.store
    store.commit([Save(record=replace(found, leaving=Leaving.REMOVE, leaving_since=found.connected_at))])
    assert ann.get("/connect/zoom/connected").headers["Location"] == "/connect"


def test_two_accounts_can_be_connected_at_once(ann: Browser) -> None:
    """Each vendor's consent has a cookie of its own."""
    ann.consent()
    assert ann.client.get_cookie("__Host-consent-zoom") is not None


def test_calendars_link_leads_whom_it_is_for_to_the_vendor(deployed: Deployment, ann: Browser) -> None:
    link = bootstrap.process._login_url("zoom", "my-zoom", ANN)
    assert link is not None
    assert len(link) <= 1300
    path = link.removeprefix(deployed.project.functions["connect"].url)
    assert ann.get(path).headers["Location"].startswith(deployed.cloud.url("zoom"))
    signed_out = Browser(deployed)
    to_google = signed_out.get(path)
    assert parse_qs(urlsplit(to_google.headers["Location"]).query)["login_hint"] == [ANN]
    then = signed_out.answered(to_google).headers["Location"]
    assert then == path
    other = Browser(deployed, google=MALLORY)
    assert title(other.get(other.answered(other.get(path)).headers["Location"])) == "Whose Zoom account?"
    assert signed_out.get(then).headers["Location"].startswith(deployed.cloud.url("zoom"))


def test_scopes_that_were_not_allowed_are_named(ann: Browser) -> None:
    scopes = ann.deployed.cloud.zoom.account.person_scopes
    ann.deployed.cloud.zoom.configure(person_scopes=[each for each in scopes if "delete" not in each])
    try:
        done = ann.connect()
    finally:
        ann.deployed.cloud.zoom.configure(person_scopes=scopes)
    assert title(done) == "Something is missing"
    assert "meeting:delete:meeting" in done.text
    assert "Has to be connected again" in ann.overview().text


def test_disconnecting_takes_it_back_at_the_vendor(ann: Browser) -> None:
    ann.connect()
    access = bootstrap.process.adapters.grants.token(ANN, "zoom")
    page = ann.get("/connect/zoom/disconnect")
    assert title(page) == "Disconnect Zoom?"
    assert ann.decide(page).status_code == 303
    assert "Not connected" in ann.overview().text
    zoom = ann.deployed.cloud.url("zoom")
    refused = requests.get(f"{zoom}/v2/users/me", headers={"Authorization": f"Bearer {access}"}, timeout=10)
    assert refused.status_code == 401
    left = connection()
    assert left is None or not left.sealed


def test_languages(deployed: Deployment, ann: Browser) -> None:
    german = ann.get("/connect", **{"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"})
    assert '<html lang="de">' in german.text
    assert german.headers["Content-Language"] == "de"
    assert "Accept-Language" in german.headers["Vary"]


def test_who_signs_out_is_signed_out(ann: Browser) -> None:
    assert ann.post("/connect/sign-out", token=hidden(ann.overview().text)["token"]).status_code == 303
    assert "accounts" not in ann.get("/connect").text


# --- states ----------------------------------------------------------------------------------------------------------


def test_a_state_is_good_once(ann: Browser) -> None:
    back = ann.decided(ann.consent())
    assert title(ann.come_back(back)) == "Zoom is connected"
    again = ann.get(back)
    assert (again.status_code, title(again)) == (403, STALE)


def test_a_forged_or_foreign_state_is_none(ann: Browser) -> None:
    consent = ann.consent()
    code = parse_qs(urlsplit(ann.decided(consent)).query)["code"][0]
    state = dict(parse_qsl(urlsplit(consent).query))["state"]
    told, _, signature = state.partition(".")
    value, ends = json.loads(base64.urlsafe_b64decode(told + "=" * (-len(told) % 4)))
    forged = base64.urlsafe_b64encode(json.dumps([value, ends + 60]).encode()).decode().rstrip("=")
    for bad in ("", "nonsense", f"{told}.", f"{forged}.{signature}", f"{told}.{signature[:-1]}x"):
        answer = ann.get(f"/connect/zoom/callback?{urlencode({'code': code, 'state': bad})}")
        assert (answer.status_code, title(answer)) == (403, STALE)
    assert connection() is None


def test_a_state_ends(ann: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    back = ann.decided(ann.consent())
    clock = bootstrap.process.adapters.clock
    later = clock.now() + timedelta(minutes=16)
    bootstrap.process.__dict__.pop("connect", None)  # it took its clock when it was built
    with monkeypatch.context() as patch:
        patch.setattr(clock, "now", lambda: later)
        assert title(ann.get(back)) == STALE
    bootstrap.process.__dict__.pop("connect")
    assert connection() is None


def test_a_state_is_for_one_vendor(ann: Browser) -> None:
    back = ann.decided(ann.consent())
    other = ann.get(back.replace("/zoom/", "/webex/"))
    assert other.status_code in {400, 403}
    assert connection() is None


def test_an_attackers_account_is_not_connected_to_a_victim(deployed: Deployment, ann: Browser) -> None:
    """Login CSRF: the victim is sent to the callback with the attacker's code and state."""
    mallory = Browser(deployed, google=MALLORY, zoom=MALLORY)
    mallory.sign_in()
    bait = mallory.decided(mallory.consent())
    answer = ann.get(bait)
    assert (answer.status_code, title(answer)) == (403, STALE)
    ann.consent()  # one of her own is under way: its cookie does not fit
    assert ann.get(bait).status_code == 403
    assert connection(ANN) is None


def test_a_consent_is_for_the_person_who_began_it(deployed: Deployment, ann: Browser) -> None:
    """Two people at one browser: the second does not get the first one's account."""
    back = ann.decided(ann.consent())
    ann.google = MALLORY
    ann.post("/connect/sign-out", token=hidden(ann.overview().text)["token"])
    ann.sign_in()
    assert ann.get(back).status_code == 403
    assert connection(MALLORY) is None


def test_another_session_of_the_same_person_is_another(ann: Browser) -> None:
    back = ann.decided(ann.consent())
    ann.post("/connect/sign-out", token=hidden(ann.overview().text)["token"])
    ann.sign_in()
    assert ann.get(back).status_code == 403


def test_a_session_that_somebody_else_fixed_is_none(deployed: Deployment) -> None:
    """What signs a person in is made anew each time, and a cookie that we did not make is no one's."""
    browser = Browser(deployed)
    browser.client.set_cookie("__Host-connect-person", "fixed", secure=True, httponly=True)
    assert browser.get("/connect").status_code == 303
    browser.sign_in()
    first = browser.client.get_cookie("__Host-connect-person")
    browser.post("/connect/sign-out", token=hidden(browser.overview().text)["token"])
    browser.sign_in()
    second = browser.client.get_cookie("__Host-connect-person")
    assert first is not None
    assert second is not None
    assert len({"fixed", first.value, second.value}) == 3


def test_a_code_of_another_consent_is_refused_by_the_vendor(deployed: Deployment, ann: Browser) -> None:
    """Code injection: PKCE binds the code to the browser that asked for it."""
    mallory = Browser(deployed, google=MALLORY, zoom=MALLORY)
    mallory.sign_in()
    stolen = parse_qs(urlsplit(mallory.decided(mallory.consent())).query)["code"][0]
    state = parse_qs(urlsplit(ann.consent()).query)["state"][0]
    answer = ann.get(f"/connect/zoom/callback?{urlencode({'code': stolen, 'state': state})}")
    assert (answer.status_code, title(answer)) == (400, "That did not work")
    assert connection(ANN) is None


# --- other people ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "expected"), [("/connect", "Whose accounts?"), ("/connect/zoom/start", "Whose Zoom account?")]
)
def test_another_persons_link_names_whom_it_is_for(ann: Browser, path: str, expected: str) -> None:
    answer = ann.get(f"{path}?{urlencode({'who': _who(MALLORY)})}")
    assert (answer.status_code, title(answer)) == (403, expected)
    assert MALLORY in answer.text
    assert connection(MALLORY) is None


def test_the_add_ons_settings_are_these_pages(deployed: Deployment, ann: Browser) -> None:
    base = deployed.project.functions["connect"].url
    authorization = {"userIdToken": deployed.user_token(MALLORY)}
    http = {"commonEventObject": {"hostApp": "CALENDAR"}, "authorizationEventObject": authorization}
    asked = deployed.post("create_conference", http, query_string="settings=true").get_json()
    action = asked["hostAppAction"]["calendarAction"]
    shim = deployed.post(
        "create_conference", {"settings": True}, token=deployed.user_token(), query_string="settings=true"
    )
    mine = shim.get_json()["settingsUrl"]
    assert ann.get(mine.removeprefix(base)).status_code == 200
    theirs = action["createConferenceSettingUrlActionMarkup"]["settingsUrl"]
    assert title(ann.get(theirs.removeprefix(base))) == "Whose accounts?"
    assert deployed.post("create_conference", {"settings": True}, query_string="settings=true").status_code == 401


def _who(email: str) -> str:
    adapters = bootstrap.process.adapters
    seals = Seals(keys=adapters.connection_keys, now=adapters.clock.now)
    return parse_qs(urlsplit(address_for("https://x.example/connect", email, seals)).query)["who"][0]


def test_a_statement_of_who_asks_lets_nobody_in(deployed: Deployment) -> None:
    """Neither as a session, nor as anything else that is signed here."""
    browser = Browser(deployed)
    for name in ("connect-person", "consent-zoom", "connect-signing-in"):
        browser.client.set_cookie(f"__Host-{name}", _who(ANN), secure=True, httponly=True)
    assert browser.get("/connect").status_code == 303


def test_everybody_sees_and_ends_their_own_accounts_only(deployed: Deployment, ann: Browser) -> None:
    ann.connect()
    mallory = Browser(deployed, google=MALLORY, zoom=MALLORY)
    mallory.sign_in()
    assert "Not connected" in mallory.overview().text
    assert mallory.get("/connect/zoom/disconnect").headers["Location"] == "/connect"
    token = hidden(mallory.overview().text)["token"]
    assert mallory.post("/connect/zoom/disconnect", token=token, then="keep", owner=ANN).status_code == 400
    assert "Connected" in ann.overview().text
    assert connection(ANN) is not None


# --- forms, headers, addresses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/connect/zoom/start", "/connect/zoom/disconnect", "/connect/zoom/decline", "/connect/sign-out"]
)
def test_a_form_of_another_site_does_nothing(deployed: Deployment, ann: Browser, path: str) -> None:
    mallory = Browser(deployed, google=MALLORY)
    mallory.sign_in()
    theirs = hidden(mallory.overview().text)["token"]
    for token in ({}, {"token": ""}, {"token": theirs}):
        answer = ann.post(path, then="remove", **token)
        assert (answer.status_code, title(answer)) == (403, STALE)
    assert ann.overview().status_code == 200, "still signed in"


def test_pages_are_for_nobody_else(ann: Browser) -> None:
    ann.connect()
    shown = [ann.overview(), ann.get("/connect/zoom/disconnect"), ann.get("/connect/zoom/callback")]
    shown += [Browser(ann.deployed).get("/connect"), ann.get("/connect/nobody/start")]
    for answer in shown:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "script-src" not in policy
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "<script" not in answer.text


def test_cookies_stay_here(ann: Browser) -> None:
    consent = ann.post("/connect/zoom/start", token=hidden(ann.overview().text)["token"])
    for each in [*consent.headers.getlist("Set-Cookie"), *ann.get("/connect").headers.getlist("Set-Cookie")]:
        assert each.startswith("__Host-")
        for flag in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"):
            assert flag in each


@pytest.mark.parametrize("then", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_nobody_is_led_elsewhere(ann: Browser, then: str) -> None:
    """No parameter says where to go; what does is signed."""
    for path in ("/connect", "/connect/zoom/start", "/connect/zoom/callback", "/connect/signed-in"):
        query = urlencode(dict.fromkeys(("then", "next", "redirect_uri", "return", "url", "state", "who"), then))
        location = ann.get(f"{path}?{query}").headers.get("Location", "")
        assert "evil.example" not in location


def test_an_answer_that_comes_back_from_somebody_else_is_none(ann: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mix-up: RFC 9207. Zoom sends no `iss`, so that any is believed; here it is told to be one that does."""
    monkeypatch.setattr(Applications, "issuer", lambda self, vendor: "https://zoom.us")
    back = ann.decided(ann.consent())
    assert ann.get(f"{back}&iss=https%3A%2F%2Fevil.example").status_code == 403
    assert connection() is None


def test_what_a_vendor_says_is_shown_as_text(ann: Browser) -> None:
    back = ann.decided(ann.consent(), "decline")
    answer = ann.get(f"{back}&error_description=%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script" not in answer.text


@pytest.mark.parametrize("vendor", ["nobody", "jitsi", "..%2f", "%00"])
def test_a_vendor_that_cant_be_connected_is_told(ann: Browser, vendor: str) -> None:
    assert ann.get(f"/connect/{vendor}/start").status_code in {400, 404}


def test_a_vendor_that_does_not_answer_is_told_and_nothing_is_lost(ann: Browser) -> None:
    back = ann.decided(ann.consent())
    faults = Faults(ann.deployed.cloud.url("zoom"))
    faults.add(path="/oauth/token", status=503, times=9)
    answer = ann.get(back)
    assert (answer.status_code, title(answer)) == (503, "One moment")
    faults.clear()
    assert connection() is None


def test_no_token_is_in_a_log_a_page_an_address_or_in_clear_in_a_record(ann: Browser) -> None:
    consent = ann.consent()
    back = ann.decided(consent)
    answers = [ann.get(back), ann.overview(), ann.get("/connect/zoom/disconnect")]
    access = bootstrap.process.adapters.grants.token(ANN, "zoom")
    issued = set(ann.deployed.cloud.zoom.hidden())
    code = parse_qs(urlsplit(back).query)["code"][0]
    assert access in issued
    told = json.dumps([dict(each) for each in ann.deployed.logs], default=str)
    pages = "".join(each.text + str(each.headers) for each in answers)
    stored = b"".join(path.read_bytes() for path in ann.deployed.project.directory.glob("confsync.sqlite*"))
    for secret in {*issued, code}:
        assert secret not in told
        assert secret not in pages
        assert secret.encode() not in stored
        assert secret not in consent
