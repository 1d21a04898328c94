"""Who gets in, what they may do, and how much of it."""

from collections.abc import Iterator

import pytest
from googleapiclient.errors import HttpError

from tests.playground.calendar_simulator import ANNA, BEN, CLEO, Simulator, meeting, reason, running


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with running() as simulator:
        yield simulator


@pytest.mark.parametrize(
    ("header", "expected"), [("", "required"), ("Basic abc", "required"), ("Bearer nobodys", "authError")]
)
def test_callers_without_a_good_token_are_401(sim: Simulator, header: str, expected: str) -> None:
    response = sim.raw("GET", "/calendars/primary/events", headers={"Authorization": header})
    assert response.status_code == 401
    error = response.json()["error"]
    assert error["code"] == 401
    assert error["errors"][0].keys() >= {"domain", "reason", "message"}
    assert error["errors"][0]["reason"] == expected


def test_a_revoked_account_is_out_at_once(sim: Simulator) -> None:
    sim.insert()
    sim.accounts.revoke(ANNA)
    assert sim.raw("GET", "/calendars/primary").json()["error"]["errors"][0]["reason"] == "authError"


@pytest.mark.parametrize(
    ("scope", "method", "path", "status"),
    [
        ("calendar.events", "GET", "/calendars/primary/events", 200),
        ("calendar.events.readonly", "GET", "/calendars/primary/events", 200),
        ("calendar.events.readonly", "POST", "/calendars/primary/events", 403),
        ("calendar.events.readonly", "PATCH", "/calendars/primary/events/any", 403),
        ("calendar.events", "GET", "/calendars/primary", 403),
        ("calendar.calendars.readonly", "GET", "/calendars/primary", 200),
        ("calendar.calendars.readonly", "GET", "/users/me/calendarList", 403),
        ("calendar.events", "GET", "/users/me/settings/autoAddHangouts", 403),
        ("calendar.settings.readonly", "GET", "/users/me/settings/autoAddHangouts", 200),
        ("calendar.readonly", "GET", "/users/me/settings", 200),
        ("userinfo.email", "GET", "/calendars/primary/events", 403),
    ],
)
def test_a_token_does_what_its_scopes_allow(sim: Simulator, scope: str, method: str, path: str, status: int) -> None:
    token = sim.accounts.issue(ANNA, [f"https://www.googleapis.com/auth/{scope}"])
    answer = sim.raw(method, path, headers={"Authorization": f"Bearer {token}"}, json={} if method != "GET" else None)
    assert answer.status_code == status
    if status == 403:
        error = answer.json()["error"]
        assert error["errors"][0]["reason"] == "insufficientPermissions"
        assert error["details"][0]["reason"] == "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
        assert error["details"][0]["metadata"]["method"].startswith("calendar.v3.")


def test_roles(sim: Simulator) -> None:
    event = sim.insert(summary="Private")
    ben = sim.client(BEN).events()

    def share(role: str) -> None:
        sim.control("PATCH", f"/calendars/{ANNA}", acl={BEN: role})

    with pytest.raises(HttpError) as error:
        ben.list(calendarId=ANNA).execute()
    assert reason(error) == (404, "notFound")
    share("freeBusyReader")
    (busy,) = ben.list(calendarId=ANNA).execute()["items"]
    assert "summary" not in busy
    assert busy["start"] == event["start"]
    assert "summary" not in ben.get(calendarId=ANNA, eventId=event["id"]).execute()
    share("reader")
    page = ben.list(calendarId=ANNA).execute()
    assert (page["accessRole"], page["items"][0]["summary"]) == ("reader", "Private")
    with pytest.raises(HttpError) as error:
        ben.insert(calendarId=ANNA, body=meeting()).execute()
    assert reason(error) == (403, "requiredAccessLevel")
    share("writer")
    made = ben.insert(calendarId=ANNA, body=meeting()).execute()
    assert (made["creator"], made["organizer"]) == ({"email": BEN}, {"email": ANNA, "self": True})


@pytest.mark.parametrize("visibility", ["private", "confidential"])
def test_private_events_are_busy_times_for_readers_who_are_no_guests(sim: Simulator, visibility: str) -> None:
    event = sim.insert(summary="Secret", visibility=visibility, attendees=[{"email": CLEO}])
    sim.insert(summary="Open")
    for role, told in (("reader", False), ("writerWithoutPrivateAccess", False), ("writer", True), ("owner", True)):
        sim.control("PATCH", f"/calendars/{ANNA}", acl={BEN: role, CLEO: "reader"})
        ben = sim.client(BEN).events()
        seen = ben.get(calendarId=ANNA, eventId=event["id"]).execute()
        assert (seen["start"], "summary" in seen, "attendees" in seen) == (event["start"], told, told)
        for page in (ben.list(calendarId=ANNA), ben.list(calendarId=ANNA, singleEvents=True)):
            assert ("Secret" in str(page.execute()), "Open" in str(page.execute())) == (told, True)
    assert sim.client(CLEO).events().get(calendarId=ANNA, eventId=event["id"]).execute()["summary"] == "Secret"


def test_instances_hide_what_lists_hide(sim: Simulator) -> None:
    event = sim.insert(summary="Secret", recurrence=["RRULE:FREQ=DAILY;COUNT=2"])
    sim.control("PATCH", f"/calendars/{ANNA}", acl={BEN: "freeBusyReader"})
    page = sim.client(BEN).events().instances(calendarId=ANNA, eventId=event["id"]).execute()
    assert len(page["items"]) == 2
    assert "Secret" not in str(page)


def test_writers_without_private_access_write(sim: Simulator) -> None:
    sim.control("PATCH", f"/calendars/{ANNA}", acl={BEN: "writerWithoutPrivateAccess"})
    made = sim.client(BEN).events().insert(calendarId=ANNA, body=meeting()).execute()
    assert made["organizer"]["email"] == ANNA
    assert sim.client(BEN).events().list(calendarId=ANNA).execute()["accessRole"] == "writerWithoutPrivateAccess"


def test_a_calendar_says_what_it_is_and_whose(sim: Simulator) -> None:
    sim.control("POST", "/calendars", id="team@group.example.com", owner=BEN, summary="Team")
    sim.control("PATCH", "/calendars/team@group.example.com", acl={ANNA: "reader"}, description="All of us")
    client = sim.client()
    entry = client.calendarList().get(calendarId="team@group.example.com").execute()
    page = client.events().list(calendarId="team@group.example.com").execute()
    for said in (entry, page):
        assert (said["summary"], said["description"], said["accessRole"]) == ("Team", "All of us", "reader")
    assert (entry["dataOwner"], page["kind"], page["timeZone"]) == (BEN, "calendar#events", "UTC")
    primary = client.calendarList().get(calendarId="primary").execute()
    assert not {"dataOwner", "description"} & primary.keys()


def test_calendars_lists_and_settings(sim: Simulator) -> None:
    sim.control("POST", "/calendars", id="team@group.example.com", owner=BEN, summary="Team", time_zone="Asia/Tokyo")
    sim.control("PATCH", "/calendars/team@group.example.com", acl={ANNA: "reader"})
    sim.control("PATCH", f"/calendars/{ANNA}", time_zone="Europe/Berlin", auto_add_hangouts=True)
    client = sim.client()
    primary = client.calendars().get(calendarId="primary").execute()
    assert (primary["id"], primary["timeZone"]) == (ANNA, "Europe/Berlin")
    assert primary["conferenceProperties"] == {"allowedConferenceSolutionTypes": ["hangoutsMeet"]}
    entries = client.calendarList().list().execute()["items"]
    assert [(item["id"], item["accessRole"]) for item in entries] == [
        (ANNA, "owner"),
        ("team@group.example.com", "reader"),
    ]
    entries = client.calendarList().list(minAccessRole="writer").execute()["items"]
    assert [item["id"] for item in entries] == [ANNA]
    assert sim.raw("GET", "/users/me/calendarList?minAccessRole=none").status_code == 400
    assert client.calendarList().get(calendarId="primary").execute()["primary"] is True
    assert client.settings().get(setting="timezone").execute()["value"] == "Europe/Berlin"
    assert client.settings().get(setting="autoAddHangouts").execute()["value"] == "true"
    assert len(client.settings().list().execute()["items"]) >= 2
    with pytest.raises(HttpError) as error:
        client.settings().get(setting="nosuchsetting").execute()
    assert reason(error) == (404, "notFound")


def test_a_new_calendar_does_not_replace_one(sim: Simulator) -> None:
    sim.control("POST", "/calendars", id="team@group.example.com", owner=BEN)
    for path, body in (("/calendars", {"id": BEN, "owner": BEN}), ("/calendars", {}), ("/settings", {"typo": 1})):
        method = "PATCH" if path == "/settings" else "POST"
        with pytest.raises(Exception, match="400"):
            sim.control(method, path, **body)


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("rateLimitExceeded", (403, "rateLimitExceeded")),
        ("userRateLimitExceeded", (403, "userRateLimitExceeded")),
        ("429", (429, "rateLimitExceeded")),
    ],
)
def test_a_user_can_spend_so_much_a_minute(sim: Simulator, style: str, expected: tuple[int, str]) -> None:
    event = sim.insert()
    sim.control("PATCH", "/settings", quota_units_per_minute=5, quota_error=style)
    events = sim.client().events()
    events.patch(calendarId=ANNA, eventId=event["id"], body={"summary": "three units"}).execute()
    events.list(calendarId=ANNA).execute()
    events.list(calendarId=ANNA).execute()
    with pytest.raises(HttpError) as error:
        events.list(calendarId=ANNA).execute()
    assert reason(error) == expected
    sim.client(BEN).events().list(calendarId=BEN).execute()


def test_usage_limits_make_a_calendar_read_only(sim: Simulator) -> None:
    sim.control("PATCH", "/settings", usage_limit_exceeded=True)
    sim.client().events().list(calendarId=ANNA).execute()
    with pytest.raises(HttpError) as error:
        sim.insert()
    assert reason(error) == (403, "quotaExceeded")


def test_paths_and_bodies_that_make_no_sense(sim: Simulator) -> None:
    assert sim.raw("GET", "/nowhere").status_code == 404
    assert sim.raw("PUT", "/users/me/calendarList").status_code == 405
    broken = sim.raw("POST", "/calendars/primary/events", data="{", headers={"Content-Type": "application/json"})
    assert broken.json()["error"]["errors"][0]["reason"] == "parseError"
    assert sim.raw("GET", "/calendars/primary/events?maxResults=0").status_code == 400
    assert sim.raw("GET", "/calendars/primary/events?singleEvents=perhaps").status_code == 400
    assert sim.raw("GET", "/calendars/primary/events?timeMin=2026-01-01T00:00:00").status_code == 400
