"""The simulated tenant behaves as the pages of Microsoft Graph and Entra say."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

import msal
import pytest
import requests

from playground.server import serve
from playground.vendors.teams import Account, TeamsService, create_app

HOST, GUEST = "alice@example.com", "bob@example.com"
NOW = datetime(2027, 1, 4, 8, 20, tzinfo=UTC)
TIMES = {"startDateTime": "2027-03-22T11:00:00+01:00", "endDateTime": "2027-03-22T10:30:00Z"}
ACCOUNT = Account()
TOKEN_PATH = f"/{ACCOUNT.tenant_id}/oauth2/v2.0/token"
CLIENT = {"client_id": ACCOUNT.client_id, "client_secret": ACCOUNT.client_secret}
ALONE = {**CLIENT, "grant_type": "client_credentials", "scope": "https://graph.microsoft.com/.default"}
DELEGATED = "openid profile offline_access OnlineMeetings.ReadWrite User.Read"


class Teams:
    """An application of the tenant, as a plain HTTP client."""

    def __init__(self, service: TeamsService, url: str) -> None:
        self.now = NOW
        self.service, self.url = service, url
        self.session = requests.Session()
        self.log_in()
        self.home = self.of(HOST)

    def log_in(self, **form: str) -> dict[str, Any]:
        granted: dict[str, Any] = self.token(**(form or ALONE)).json()
        self.session.headers["Authorization"] = f"Bearer {granted['access_token']}"
        return granted

    def log_in_as(self, person: str, scope: str = DELEGATED) -> dict[str, Any]:
        code = self.service.consent(person, scope)
        return self.log_in(**CLIENT, grant_type="authorization_code", code=code)

    def token(self, **form: str) -> requests.Response:
        return requests.post(self.url + TOKEN_PATH, data=form, timeout=5)

    def of(self, person: str) -> str:
        return f"/v1.0/users/{self.service.object_id(person)}/onlineMeetings"

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.session.request(method, self.url + path, json=body, headers=named, timeout=5)

    def create(self, **body: Any) -> dict[str, Any]:
        response = self("POST", self.home, {"subject": "One", **TIMES, **body})
        assert response.status_code == 201
        return meeting(response)

    def make(self, external_id: str, **body: Any) -> requests.Response:
        return self("POST", f"{self.home}/createOrGet", {"externalId": external_id, **body})

    def find(self, query: str) -> requests.Response:
        return self.session.get(self.url + self.home, params={"$filter": query}, timeout=5)

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)
        self.log_in()


def meeting(response: requests.Response) -> dict[str, Any]:
    answer: dict[str, Any] = response.json()
    assert answer.pop("@odata.context").endswith("/onlineMeetings/$entity")
    return answer


def refusal(response: requests.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


@pytest.fixture
def teams() -> Iterator[Teams]:
    service = TeamsService(lambda: NOW)
    server = serve(create_app(service), name="teams")
    client = Teams(service, server.url)
    service.clock = lambda: client.now
    yield client
    server.stop()


# --- Entra ---


def test_an_applications_token_has_no_refresh_token(teams: Teams) -> None:
    assert set(teams.log_in()) == {"token_type", "expires_in", "ext_expires_in", "access_token"}


@pytest.mark.parametrize(
    ("form", "status", "error", "number"),
    [
        ({"client_secret": "other"}, 401, "invalid_client", 7000215),
        ({"client_secret": ""}, 401, "invalid_client", 7000218),
        ({"client_id": "other"}, 400, "unauthorized_client", 700016),
        ({"scope": "https://graph.microsoft.com/User.Read"}, 400, "invalid_scope", 1002012),
        ({"scope": ""}, 400, "invalid_request", 900144),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, 400, "invalid_grant", 70000),
        ({"grant_type": "authorization_code", "code": "x"}, 400, "invalid_grant", 54005),
    ],
)
def test_entra_refuses_with_its_number(
    teams: Teams, form: dict[str, str], status: int, error: str, number: int
) -> None:
    response = teams.token(**{**ALONE, **form})
    body = response.json()
    assert (response.status_code, body["error"], body["error_codes"]) == (status, error, [number])
    assert body["error_description"].startswith(f"AADSTS{number}: ")
    assert {"timestamp", "trace_id", "correlation_id", "error_uri"} <= set(body)


def test_another_tenant_is_not_found(teams: Teams) -> None:
    for method, path in (("POST", "/other/oauth2/v2.0/token"), ("GET", "/other/v2.0/.well-known/openid-configuration")):
        response = teams(method, path)
        assert (response.status_code, response.json()["error_codes"]) == (400, [90002])


def test_a_person_consents_in_the_browser(teams: Teams) -> None:
    redirect_uri = ACCOUNT.redirect_uris[0]
    asked = {"client_id": ACCOUNT.client_id, "response_type": "code", "redirect_uri": redirect_uri, "state": "s"}
    page = f"{teams.url}/{ACCOUNT.tenant_id}/oauth2/v2.0/authorize"
    answer = requests.get(page, {**asked, "scope": DELEGATED}, allow_redirects=False, timeout=5)
    went = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert (answer.status_code, went["state"]) == (302, ["s"])
    form = {**CLIENT, "grant_type": "authorization_code", "code": went["code"][0], "redirect_uri": redirect_uri}
    granted = teams.token(**form, client_info="1").json()
    assert {"access_token", "refresh_token", "id_token", "client_info"} <= set(granted)
    assert teams.token(**form).json()["error_codes"] == [54005]
    posting = requests.get(page, {**asked, "scope": DELEGATED, "response_mode": "form_post"}, timeout=5).text
    assert f'action="{redirect_uri}"' in posting
    another = posting.partition('name="code" value="')[2].partition('"')[0]
    assert teams.token(**{**form, "code": another, "redirect_uri": "x"}).json()["error_codes"] == [500112]
    elsewhere = requests.get(page, {**asked, "redirect_uri": "http://elsewhere/"}, timeout=5)
    assert elsewhere.json()["error_codes"] == [50011]


def test_a_refresh_token_brings_another_and_stays_good_for_90_days(teams: Teams) -> None:
    first = teams.log_in_as(HOST)["refresh_token"]
    form = {**CLIENT, "grant_type": "refresh_token", "scope": DELEGATED}
    second = teams.token(**form, refresh_token=first).json()["refresh_token"]
    assert second != first
    assert teams.token(**form, refresh_token=first).status_code == 200
    teams.now += timedelta(days=90)
    assert teams.token(**form, refresh_token=second).json()["error_codes"] == [700082]


def test_a_refresh_may_need_a_sign_in_or_another_consent(teams: Teams) -> None:
    refresh = teams.log_in_as(HOST, "offline_access User.Read")["refresh_token"]
    form = {**CLIENT, "grant_type": "refresh_token", "refresh_token": refresh}
    more = teams.token(**form, scope="OnlineMeetings.ReadWrite").json()
    assert (more["error"], more["suberror"]) == ("invalid_grant", "consent_required")
    teams.service.configure(must_sign_in=(HOST,))
    assert teams.token(**form).json()["error"] == "interaction_required"


class Loopback:
    """An HTTP client for msal that finds Microsoft's login host on loopback."""

    def __init__(self, url: str) -> None:
        self.url, self.session = url, requests.Session()

    def _here(self, url: str) -> str:
        return url.replace("https://login.microsoftonline.com", self.url)

    def get(self, url: str, params: Any = None, headers: Any = None, **_: Any) -> requests.Response:
        return self.session.get(self._here(url), params=params, headers=headers, timeout=5)

    def post(self, url: str, params: Any = None, data: Any = None, headers: Any = None, **_: Any) -> requests.Response:
        return self.session.post(self._here(url), params=params, data=data, headers=headers, timeout=5)

    def close(self) -> None:
        self.session.close()


@pytest.mark.filterwarnings("ignore:response_mode='form_post' is recommended")
def test_msal_itself_is_content(teams: Teams) -> None:
    application = msal.ConfidentialClientApplication(
        ACCOUNT.client_id,
        client_credential=ACCOUNT.client_secret,
        authority=f"https://login.microsoftonline.com/{ACCOUNT.tenant_id}",
        http_client=Loopback(teams.url),
    )
    alone = application.acquire_token_for_client(["https://graph.microsoft.com/.default"])
    assert teams("GET", f"/v1.0/users/{HOST}", Authorization=f"Bearer {alone['access_token']}").status_code == 200
    uri = ACCOUNT.redirect_uris[0]
    flow = application.initiate_auth_code_flow(["OnlineMeetings.ReadWrite", "User.Read"], redirect_uri=uri)
    browser = requests.get(Loopback(teams.url)._here(flow["auth_uri"]), allow_redirects=False, timeout=5)
    back = dict(part.split("=", 1) for part in urlsplit(browser.headers["Location"]).query.split("&"))
    person = application.acquire_token_by_auth_code_flow(flow, back)
    assert person["id_token_claims"]["preferred_username"] == HOST
    again = application.acquire_token_by_refresh_token(person["refresh_token"], ["OnlineMeetings.ReadWrite"])
    assert teams("GET", "/v1.0/me", Authorization=f"Bearer {again['access_token']}").json()["mail"] == HOST
    assert application.get_accounts()[0]["username"] == HOST


# --- people and permissions ---


def test_a_person_is_found_by_address_and_by_id(teams: Teams) -> None:
    by_address = teams("GET", f"/v1.0/users/{HOST}").json()
    assert teams("GET", f"/v1.0/users/{by_address['id']}?$select=mail").json()["mail"] == HOST
    teams.service.configure(missing=(HOST,))
    assert refusal(teams("GET", f"/v1.0/users/{HOST}")) == (404, "Request_ResourceNotFound")


def test_a_person_with_another_sign_in_name_is_only_found_by_it_or_by_the_filter(teams: Teams) -> None:
    teams.service.configure(other_upns={HOST: "a.smith@corp.example"})
    assert teams("GET", f"/v1.0/users/{HOST}").status_code == 404
    found = teams("GET", f"/v1.0/users?$filter=mail eq '{HOST}'").json()["value"]
    assert [entry["userPrincipalName"] for entry in found] == ["a.smith@corp.example"]
    assert teams("GET", "/v1.0/users/a.smith@corp.example").json()["id"] == found[0]["id"]


def test_an_address_is_no_object_id(teams: Teams) -> None:
    response = teams("POST", f"/v1.0/users/{HOST}/onlineMeetings", {"subject": "One", **TIMES})
    assert (refusal(response), response.json()["error"]["message"]) == ((404, "UnknownError"), "")


def test_me_is_only_for_people(teams: Teams) -> None:
    assert refusal(teams("POST", "/v1.0/me/onlineMeetings", {"subject": "One", **TIMES})) == (400, "BadRequest")
    teams.log_in_as(HOST)
    own = meeting(teams("POST", "/v1.0/me/onlineMeetings", {"subject": "One", **TIMES}))
    assert teams("GET", f"/v1.0/me/onlineMeetings/{own['id']}").json()["subject"] == "One"
    assert refusal(teams("POST", teams.of(GUEST), {"subject": "One", **TIMES})) == (403, "Forbidden")
    assert refusal(teams("GET", f"/v1.0/users/{GUEST}")) == (403, "Authorization_RequestDenied")


def test_a_token_is_needed_that_lives_and_may(teams: Teams) -> None:
    for token in ("", "Bearer wrong"):
        response = teams("GET", f"/v1.0/users/{HOST}", Authorization=token)
        assert refusal(response) == (401, "InvalidAuthenticationToken")
        assert response.headers["WWW-Authenticate"].startswith("Bearer ")
    teams.now += timedelta(seconds=ACCOUNT.token_seconds)
    assert teams("GET", f"/v1.0/users/{HOST}").status_code == 401
    teams.service.configure(roles=("OnlineMeetings.Read.All",))
    teams.log_in()
    assert refusal(teams("GET", f"/v1.0/users/{HOST}")) == (403, "Authorization_RequestDenied")
    assert refusal(teams("POST", teams.home, {"subject": "One", **TIMES})) == (403, "Forbidden")
    assert teams.find("JoinWebUrl eq 'https://teams.microsoft.com/x'").json()["value"] == []


def test_an_application_needs_an_effective_policy(teams: Teams) -> None:
    teams.service.configure(without_policy=(HOST,))
    response = teams.make("a")
    assert refusal(response) == (403, "Forbidden")
    assert response.json()["error"]["message"].startswith("No application access policy found for this app")
    teams.service.configure(without_policy=(), fresh_policy=(HOST,))
    assert refusal(teams.make("a")) == (403, "Forbidden")
    unreadable = teams.find("JoinWebUrl eq 'x'")
    assert (refusal(unreadable), unreadable.json()["error"]["message"][:5]) == ((400, "BadRequest"), "1026:")
    teams.log_in_as(HOST)
    assert teams("POST", "/v1.0/me/onlineMeetings/createOrGet", {"externalId": "a"}).status_code == 201


def test_licences(teams: Teams) -> None:
    teams.service.configure(without_audio=(HOST,), unlicensed=(GUEST,), interop=False)
    created = teams.create()
    assert (created["audioConferencing"], created["videoTeleconferenceId"]) == (None, None)
    assert refusal(teams("POST", teams.of(GUEST), {"subject": "One", **TIMES})) == (404, "UnknownError")


# --- meetings ---


def test_the_life_of_a_meeting(teams: Teams) -> None:
    created = teams.create()
    path = f"{teams.home}/{created['id']}"
    organizer = teams.service.object_id(HOST)
    assert base64.b64decode(created["id"]).decode() == f"1*{organizer}*0**{created['chatInfo']['threadId']}"
    assert meeting(teams("GET", path)) == created
    assert (created["startDateTime"], created["endDateTime"]) == ("2027-03-22T10:00:00Z", "2027-03-22T10:30:00Z")
    assert len(created["creationDateTime"]) == len("2027-01-04T08:20:00.0000001Z")
    changed = teams("PATCH", path, {"subject": "Two"})
    assert (changed.status_code, changed.json()["subject"]) == (200, "Two")
    assert changed.json()["joinWebUrl"] == created["joinWebUrl"]
    assert teams("DELETE", path).status_code == 204
    assert refusal(teams("DELETE", path)) == refusal(teams("GET", path)) == (404, "NotFound")
    assert refusal(teams("GET", f"{teams.home}/123")) == (400, "BadRequest")


def test_times_keep_seven_digits_and_may_be_padded_to_them(teams: Teams) -> None:
    start = {"startDateTime": "2027-03-22T10:00:00.2444915Z"}
    assert teams.create(**start)["startDateTime"] == start["startDateTime"]
    teams.service.configure(seven_digits=True)
    assert teams.create()["startDateTime"] == "2027-03-22T10:00:00.0000000Z"


@pytest.mark.parametrize(
    "body",
    [
        {"startDateTime": "2027-03-22T10:00:00"},
        {"startDateTime": "2027-03-22"},
        {"startDateTime": "2027-03-22T10:31:00Z"},
        {"lobbyBypassSettings": {"scope": "friends"}},
        {"recordAutomatically": "yes"},
        {"joinMeetingIdSettings": {"isPasscodeRequired": True, "passcode": "mine"}},
        {"externalId": "mine"},
        {"joinWebUrl": "https://example.com"},
        {"waitingRoom": True},
        {"allowedPresenters": "roleIsPresenter"},
    ],
)
def test_wrong_meetings_are_refused(teams: Teams, body: dict[str, Any]) -> None:
    assert refusal(teams("POST", teams.home, {"subject": "One", **TIMES, **body})) == (400, "BadRequest")
    assert teams.service.meetings() == []


def test_a_meeting_needs_a_subject_and_an_end_but_no_future(teams: Teams) -> None:
    for lacking in ("subject", "endDateTime"):
        body = {name: value for name, value in {"subject": "One", **TIMES}.items() if name != lacking}
        assert refusal(teams("POST", teams.home, body)) == (400, "BadRequest")
    assert refusal(teams("POST", teams.home, ["list"])) == (400, "BadRequest")
    past = {"startDateTime": "2020-01-01T10:00:00Z", "endDateTime": "2020-01-01T10:00:00Z"}
    assert teams.create(**past)["startDateTime"] == past["startDateTime"]


def test_a_passcode_is_made_on_creation_or_never(teams: Teams) -> None:
    created = teams.create(joinMeetingIdSettings={"isPasscodeRequired": True})
    assert len(created["joinMeetingIdSettings"]["passcode"]) == 8
    path = f"{teams.home}/{teams.create()['id']}"
    assert teams("GET", path).json()["joinMeetingIdSettings"]["passcode"] is None
    change = {"joinMeetingIdSettings": {"isPasscodeRequired": True}}
    assert refusal(teams("PATCH", path, change)) == (400, "InvalidArgument")


def test_a_meeting_is_made_once_per_person_and_external_id(teams: Teams) -> None:
    first, second = teams.make("a", subject="One", **TIMES), teams.make("a", subject="Two")
    assert (first.status_code, second.status_code) == (201, 200)
    assert meeting(first) == meeting(second)
    assert teams("POST", f"{teams.of(GUEST)}/createOrGet", {"externalId": "a"}).status_code == 201


def test_create_or_get_ignores_settings_and_completes_times(teams: Teams) -> None:
    made = teams.make("a", startDateTime="2027-03-22T10:00:00Z", recordAutomatically=True).json()
    assert (made["recordAutomatically"], made["endDateTime"]) == (False, "2027-03-22T11:00:00Z")
    assert teams.make("b").json()["startDateTime"] == "2027-01-04T08:20:00Z"
    for wrong in ({"endDateTime": TIMES["endDateTime"]}, {"waitingRoom": True}):
        assert refusal(teams.make("c", **wrong)) == (400, "BadRequest")
    assert refusal(teams("POST", f"{teams.home}/createOrGet", {"subject": "One"})) == (400, "BadRequest")


@pytest.mark.parametrize(("after_delete", "status"), [("refused", 404), ("new", 201), ("revived", 201)])
def test_a_deleted_meetings_external_id_is_as_the_account_says(teams: Teams, after_delete: Any, status: int) -> None:
    teams.service.configure(after_delete=after_delete)
    first = teams.make("a").json()["id"]
    teams("DELETE", f"{teams.home}/{first}")
    again = teams.make("a")
    assert again.status_code == status
    assert (again.json().get("id") == first) == (after_delete == "revived")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"startDateTime": TIMES["startDateTime"]}, "BadRequest"),
        ({"startDateTime": TIMES["endDateTime"], "endDateTime": "2027-03-22T10:00:00Z"}, "BadRequest"),
        ({"waitingRoom": True}, "BadRequest"),
        ({"meetingType": "scheduled"}, "InvalidArgument"),
        ({"joinWebUrl": "https://example.com"}, "InvalidArgument"),
        ({"allowParticipantsToChangeName": True}, "InvalidArgument"),
        ({"participants": {"organizer": None}}, "InvalidArgument"),
        ({"@odata.type": "#microsoft.graph.onlineMeeting"}, "InvalidArgument"),
    ],
)
def test_wrong_changes_are_refused(teams: Teams, change: dict[str, Any], code: str) -> None:
    created = teams.create()
    path = f"{teams.home}/{created['id']}"
    assert refusal(teams("PATCH", path, {"subject": "Two", **change})) == (400, code)
    assert meeting(teams("GET", path)) == created


def test_a_change_of_the_lobby_keeps_the_rest_of_it(teams: Teams) -> None:
    path = f"{teams.home}/{teams.create(lobbyBypassSettings={'scope': 'invited'})['id']}"
    teams("PATCH", path, {"lobbyBypassSettings": {"isDialInBypassEnabled": True}})
    assert teams("GET", path).json()["lobbyBypassSettings"]["scope"] == "unknownFutureValue"
    known = teams("GET", path, Prefer="include-unknown-enum-members").json()
    assert known["lobbyBypassSettings"] == {"scope": "invited", "isDialInBypassEnabled": True}


def test_a_locked_setting_wins_without_a_word(teams: Teams) -> None:
    teams.service.configure(locked={"recordAutomatically": False})
    assert teams.create(recordAutomatically=True)["recordAutomatically"] is False


def test_names_once_hidden_stay_hidden(teams: Teams) -> None:
    path = f"{teams.home}/{teams.create(anonymizeIdentityForRoles=['attendee'])['id']}"
    assert refusal(teams("PATCH", path, {"anonymizeIdentityForRoles": []})) == (400, "BadRequest")


def test_a_meeting_is_found_by_its_link(teams: Teams) -> None:
    teams.create()
    created = teams.create(subject="O'Two")
    found = teams.find(f"JoinWebUrl eq '{created['joinWebUrl']}'").json()["value"]
    assert [each["id"] for each in found] == [created["id"]]
    code = created["joinMeetingIdSettings"]["joinMeetingId"]
    assert teams.find(f"joinMeetingIdSettings/joinMeetingId eq '{code}'").json()["value"] == found
    assert refusal(teams.find("")) == (400, "InvalidArgument")
    teams.service.configure(unknown_link="not found")
    assert refusal(teams.find("JoinWebUrl eq 'https://teams.microsoft.com/x'")) == (404, "NotFound")


def test_a_guest_may_read_a_meeting_and_no_more(teams: Teams) -> None:
    created = teams.create(participants={"attendees": [{"upn": GUEST, "role": "presenter"}]})
    path = f"{teams.of(GUEST)}/{created['id']}"
    assert teams("GET", path).json()["id"] == created["id"]
    assert refusal(teams("DELETE", path)) == refusal(teams("PATCH", path, {})) == (404, "NotFound")
    teams.home = teams.of(GUEST)
    lookup = teams.find(f"JoinWebUrl eq '{created['joinWebUrl']}'")
    assert (refusal(lookup), lookup.json()["error"]["message"][:5]) == ((403, "Forbidden"), "3003:")


def test_an_attendee_without_a_sign_in_name_breaks_the_service(teams: Teams) -> None:
    attendees = [{"identity": {"user": {"id": teams.service.object_id(GUEST)}}}]
    response = teams.make("a", participants={"attendees": attendees})
    assert refusal(response) == (500, "InternalServerError")


def test_accept_language_decides_the_invitation_which_holds_the_secret_link(teams: Teams) -> None:
    path = f"{teams.home}/{teams.create()['id']}"
    german = teams("GET", path, Accept_Language="de").json()
    text = unquote_plus(german["joinInformation"]["content"].removeprefix("data:text/html,"))
    assert "Besprechungsoptionen" in text
    assert german["meetingOptionsWebUrl"] in text
    assert {german["meetingOptionsWebUrl"], *teams.service.tokens()} <= teams.service.hidden()
    assert "Meeting options" in unquote_plus(teams("GET", path).json()["joinInformation"]["content"])


def test_short_links(teams: Teams) -> None:
    teams.service.configure(short_links=True)
    created = teams.create()
    assert created["joinWebUrl"].startswith(f"https://teams.microsoft.com/meet/{created['meetingCode']}?p=")


# --- lives and limits ---


def coordinates(meeting: dict[str, Any]) -> tuple[str, str, str]:
    audio = meeting["audioConferencing"]
    return audio["tollNumber"], audio["conferenceId"], meeting["videoTeleconferenceId"]


def test_60_days_after_its_end_the_link_is_another_meetings(teams: Teams) -> None:
    created = teams.create(recordAutomatically=True)
    path = f"{teams.home}/{created['id']}"
    assert created["expiryDateTime"] == "2027-05-21T10:30:00Z"
    teams.now = datetime(2027, 5, 21, 10, 29, tzinfo=UTC)
    teams.log_in()
    assert coordinates(teams("GET", path).json()) == coordinates(created)
    teams.later(minutes=1)
    lapsed = teams("GET", path).json()
    assert [a == b for a, b in zip(coordinates(lapsed), coordinates(created), strict=True)] == [True, False, False]
    assert (lapsed["joinWebUrl"], lapsed["recordAutomatically"]) == (created["joinWebUrl"], False)
    assert teams("GET", "/_playground/lapsed").json() == [created["id"]]


@pytest.mark.parametrize("kept", ["updated", "held"])
def test_activity_prolongs_the_life(teams: Teams, kept: str) -> None:
    past = {"startDateTime": "2027-01-04T08:00:00Z", "endDateTime": "2027-01-04T08:10:00Z"}
    created = teams.create(**past)
    path = f"{teams.home}/{created['id']}"
    for _ in range(2):
        teams.later(days=45)
        teams("GET", path)
        if kept == "updated":
            assert teams("PATCH", path, past).status_code == 200
        else:
            assert teams("PUT", f"/_playground/meetings/{created['id']}/started").status_code == 204
    assert coordinates(teams("GET", path).json()) == coordinates(created)
    teams.later(days=60)
    teams("GET", path)
    assert teams.service.lapsed() == [created["id"]]


def test_throttling_tells_the_seconds(teams: Teams) -> None:
    teams.service.configure(per_ten_seconds=1)
    teams("GET", f"/v1.0/users/{HOST}")
    teams.now += timedelta(seconds=2.5)
    throttled = teams("GET", f"/v1.0/users/{HOST}")
    assert (refusal(throttled), throttled.headers["Retry-After"]) == ((429, "TooManyRequests"), "8")
    teams.now += timedelta(seconds=8)
    assert teams("GET", f"/v1.0/users/{HOST}").status_code == 200


def test_a_person_has_so_many_meetings_a_month(teams: Teams) -> None:
    teams.service.configure(per_month=1)
    teams.create()
    assert refusal(teams.make("a")) == (429, "TooManyRequests")
    assert teams("POST", teams.of(GUEST), {"subject": "One", **TIMES}).status_code == 201


def test_control(teams: Teams) -> None:
    created = teams.create()
    assert teams("GET", "/_playground/meetings").json() == [created]
    assert teams("GET", "/_playground/mails").json() == []
    assert teams("PUT", "/_playground/settings", {"missing": [HOST]}).json()["missing"] == [HOST]
    assert refusal(teams("GET", f"{teams.home}/{created['id']}")) == (404, "UnknownError")
    assert teams("PUT", "/_playground/settings", {"mising": []}).status_code == 400
    assert "code" in teams("POST", "/_playground/consents", {"person": HOST, "scope": DELEGATED}).json()
    assert teams("DELETE", "/_playground/tokens").status_code == 204
    assert teams("GET", f"/v1.0/users/{GUEST}").status_code == 401
    teams.service.reset()
    assert (teams.service.meetings(), teams.service.tokens(), teams.service.hidden()) == ([], [], frozenset())


def test_no_such_path(teams: Teams) -> None:
    assert refusal(teams("GET", "/v1.0/nowhere")) == (400, "BadRequest")
    assert teams("PUT", teams.home).status_code == 405
