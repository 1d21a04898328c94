"""The simulated Webex site behaves as Webex's pages and OpenAPI file say."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from playground.vendors.webex import Account, WebexService
from tests.playground.webex_client import HOST, OWN, YEAR, Webex, serving

SPAN = {"start": "2027-03-22T10:00:00+01:00", "end": "2027-03-22T10:30:00+01:00"}
BARE = {"start": "2027-03-22 10:00", "end": "2027-03-22 10:30"}
TIMED: dict[str, Any] = {"title": "One", "timezone": "Europe/Berlin", **SPAN}
WEEKLY = {**TIMED, "recurrence": "FREQ=WEEKLY;INTERVAL=1;BYDAY=MO;COUNT=3"}  # the last two are in summer time
MEETINGS = "/v1/meetings"
BOB = "bob@example.com"


@pytest.fixture
def service() -> WebexService:
    return WebexService()


@pytest.fixture
def webex(service: WebexService) -> Iterator[Webex]:
    with serving(service) as client:
        yield client


def test_an_invitee_sees_but_does_not_change(webex: Webex) -> None:
    meeting = webex.create(**TIMED, invitees=[{"email": BOB}])["id"]
    assert webex.get(meeting, hostEmail=BOB)["id"] == meeting
    assert webex.found("id", hostEmail=BOB, **YEAR) == [meeting]
    assert webex.refused("DELETE", f"{MEETINGS}/{meeting}", hostEmail=BOB) == 403


def test_the_life_of_a_meeting(webex: Webex, service: WebexService) -> None:
    created = webex.create(**TIMED, agenda="A", id="mine", audioConnectionOptions={"muteAttendeeUponEntry": True})
    meeting = created["id"]
    assert meeting != "mine"  # unknown fields are ignored
    assert (created["start"], created["timezone"]) == (TIMED["start"], "Europe/Berlin")
    assert created["telephony"]["accessCode"] == created["meetingNumber"]
    assert (created["meetingType"], created["state"], created["hostEmail"]) == ("meetingSeries", "active", HOST)
    assert created["hostKey"] in service.hidden()
    got = webex.get(meeting)
    assert (got["start"], got["end"], got["timezone"]) == ("2027-03-22T09:00:00Z", "2027-03-22T09:30:00Z", "UTC")
    assert webex.get(meeting, zone="Europe/Berlin") == created
    assert webex.refused("GET", f"{MEETINGS}/{meeting}", zone="Berlin", **OWN) == 400
    patched = webex.patch(meeting, title="Two", agenda=None, sendEmail=False)
    assert (patched["title"], "agenda" in patched, patched["webLink"]) == ("Two", False, created["webLink"])
    assert [each["title"] for each in webex("GET", "/_playground/meetings").json()] == ["Two"]
    webex.delete(meeting, sendEmail="false")
    assert webex.refused("DELETE", f"{MEETINGS}/{meeting}", **OWN) == 404
    assert service.mails() == []


def test_mails_are_sent_unless_forbidden(webex: Webex) -> None:
    response = webex("POST", MEETINGS, {**TIMED, **OWN, "invitees": [{"email": BOB}]})
    webex.patch(response.json()["id"], title="Two")
    webex.delete(response.json()["id"])
    kinds = ("invitation: One", "update: Two", "cancellation: Two")
    mails = [f"To {person}: {kind}" for kind in kinds for person in (HOST, BOB)]
    assert webex("GET", "/_playground/mails").json() == mails


WRONG: dict[str, list[Any]] = {
    "title": [None, "", "x" * 129],
    "agenda": ["x" * 1301],
    "password": ["lower"],
    "timezone": ["W. Europe Standard Time", "Asia/Calcutta"],
    "start": [
        None,
        "tomorrow",
        "9999-12-31T23:59:59-14:00",
        "2027-03-22T09:00:00Z",
        "2027-03-22T10:21:00+01:00",
        "2027-01-04T09:19:00+01:00",
    ],
    "end": [None, "2027-03-23T10:00:00+01:00"],
    "recurrence": [
        "",
        "RRULE:FREQ=DAILY",
        "FREQ=HOURLY",
        "FREQ=DAILY;X=1",
        "FREQ=DAILY;COUNT=x",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;UNTIL=20270301",
        "FREQ=DAILY;COUNT=2;UNTIL=20270401T000000Z",
        "FREQ=DAILY;COUNT=2\nEXDATE:20270322T090000Z",
    ],
    "integrationTags": [["x"] * 4, ["x" * 65]],
    "invitees": [[{"displayName": "Bob"}], [{"email": BOB}] * 1001],
    "joinBeforeHostMinutes": [7],
    "unlockedMeetingJoinSecurity": ["lobby"],
    "enabledAutoRecordMeeting": ["true"],
    "audioConnectionOptions": [{"entryAndExitTone": "loud"}],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_what_webex_does_not_take(webex: Webex, name: str, value: Any) -> None:
    body = {key: given for key, given in {**TIMED, **OWN, name: value}.items() if given is not None}
    assert webex.refused("POST", "/v1/meetings", body) == 400
    assert webex("GET", "/_playground/meetings").json() == []


def test_the_offset_must_be_the_zones(webex: Webex) -> None:
    body = {**TIMED, "timezone": "America/New_York", **OWN}
    assert "do not match" in webex("POST", MEETINGS, body).json()["message"]
    webex.settings(mismatch_status=404)
    assert webex.refused("POST", MEETINGS, body) == 404
    assert webex.create(**{**TIMED, **BARE})["start"] == TIMED["start"]
    assert webex.create(title="No zone", **SPAN)["start"] == "2027-03-22T09:00:00Z"


def test_times_are_cut_to_minutes_and_within_ten_years(webex: Webex) -> None:
    soon = webex.create(title="One", start="2027-01-04T08:20:05Z", end="2027-01-04T08:45:59Z")
    assert (soon["start"], soon["end"]) == ("2027-01-04T08:21:00Z", "2027-01-04T08:45:00Z")
    later = {"title": "One", "start": "2037-01-04T09:00:00Z", "end": "2037-01-04T10:00:00Z", **OWN}
    assert webex.refused("POST", MEETINGS, later) == 400  # 10 years


@pytest.mark.parametrize(
    ("rule", "answered", "count"),
    [
        (WEEKLY["recurrence"], "FREQ=WEEKLY;COUNT=3;INTERVAL=1;BYDAY=MO", 3),
        ("FREQ=MONTHLY;COUNT=2;BYMONTHDAY=22,23", "FREQ=MONTHLY;COUNT=2;BYMONTHDAY=22", 2),
        ("FREQ=DAILY;UNTIL=20270323T090000Z", "FREQ=DAILY;UNTIL=20270323T090000Z", 2),
        ("FREQ=DAILY;UNTIL=20270323T085959Z", "FREQ=DAILY;UNTIL=20270323T085959Z", 1),
        ("FREQ=DAILY;UNTIL=20270323", "FREQ=DAILY;UNTIL=20270323", 2),
        ("FREQ=WEEKLY", "FREQ=WEEKLY", 41),
        ("FREQ=YEARLY;COUNT=9", "FREQ=YEARLY;COUNT=9", 5),
    ],
)
def test_rules(webex: Webex, rule: str, answered: str, count: int) -> None:
    series = webex.create(**{**TIMED, "recurrence": rule})
    assert series["recurrence"] == answered
    far = {"to": "2040-01-01T00:00:00Z"} if "YEARLY" in rule else {}
    assert len(webex.occurrences(series["id"], **far)) == count


def test_occurrences_keep_their_ids_when_moved_until_the_series_moves(webex: Webex) -> None:
    created = webex.create(**WEEKLY)
    series = created["id"]
    ids = [f"{series}_{at}" for at in ("20270322T090000Z", "20270329T080000Z", "20270405T080000Z")]
    assert webex.occurrences(series) == ids
    patched = webex.patch(ids[1], title="Moved", start="2027-03-29T12:00:00+02:00", end="2027-03-29T12:30:00+02:00")
    assert (patched["id"], patched["isModified"], patched["webLink"]) == (ids[1], True, created["webLink"])
    webex.delete(ids[2])
    assert webex.refused("GET", f"{MEETINGS}/{ids[2]}", **OWN) == 404
    assert webex.occurrences(series, "title") == ["One", "Moved"]
    assert webex.occurrences(series, isModified="true") == [ids[1]]
    shown = webex("GET", "/_playground/meetings").json()[0]
    assert (shown["cancelled"], [each["id"] for each in shown["scheduledMeetings"]]) == ([ids[2]], [ids[1]])
    webex.patch(series, **SPAN, recurrence=WEEKLY["recurrence"])  # changes nothing
    assert webex.occurrences(series, "title") == ["One", "Moved"]
    webex.patch(series, end="2027-03-22T11:00:00+01:00")
    assert webex.occurrences(series, "title") == ["One"] * 3


def test_what_is_not_for_occurrences(webex: Webex) -> None:
    path = f"{MEETINGS}/{webex.create(**WEEKLY)['id']}_20270329T080000Z"
    for name, value in (("recurrence", None), ("integrationTags", ["x"])):
        assert webex.refused("PATCH", path, {name: value, **OWN}) == 400


def test_a_series_that_began_cannot_be_given_its_old_start(webex: Webex) -> None:
    series = webex.create(**WEEKLY)["id"]
    webex.now = datetime(2027, 3, 25, tzinfo=UTC)
    webex.log_in()
    assert webex.refused("PATCH", f"{MEETINGS}/{series}", {**SPAN, **OWN}) == 400
    assert webex.patch(series, title="Two")["start"] == TIMED["start"]
    current = webex.get(series, current="true")
    assert (current["meetingType"], current["start"]) == ("scheduledMeeting", "2027-03-29T08:00:00Z")
    assert webex.found("start", **YEAR) == ["2027-03-29T08:00:00Z"]
    assert webex.found("start", current="false", **YEAR) == ["2027-03-22T09:00:00Z"]
    assert webex.patch(series, recurrence=None)["state"] == "expired"


def test_meetings_in_progress_or_ended_cannot_be_changed(webex: Webex) -> None:
    series, single = webex.create(**WEEKLY)["id"], webex.create(**TIMED)["id"]
    webex.now = datetime(2027, 3, 22, 9, 5, tzinfo=UTC)
    webex.log_in()
    instance, first = webex.state(series, "inProgress"), f"{series}_20270322T090000Z"
    webex.state(single, "inProgress")
    assert webex.get(instance)["scheduledMeetingId"] == first
    for meeting in (series, first, instance, single):
        assert webex.refused("DELETE", f"{MEETINGS}/{meeting}", **OWN) == 400
        assert webex.refused("PATCH", f"{MEETINGS}/{meeting}", {"title": "x", **OWN}) == 400
    assert webex.found("state", **YEAR) == ["inProgress"] * 2
    webex.state(series, "ended")
    webex.state(single, "ended")
    webex.settings(busy_status=409)
    for meeting in (single, first):
        assert webex.refused("DELETE", f"{MEETINGS}/{meeting}", **OWN) == 409
    assert webex.occurrences(series, "state") == ["ended", "scheduled", "scheduled"]
    assert webex.found("id", meetingType="meeting", meetingSeriesId=series, **YEAR) == [instance]
    webex.delete(series)


def test_lists_have_a_window_of_seven_days_to_come_and_pages(webex: Webex) -> None:
    for day in (4, 10, 11, 12):
        webex.create(title=str(day), start=f"2027-01-{day:02}T20:00:00Z", end=f"2027-01-{day:02}T21:00:00Z")
    assert webex.found("title") == ["4", "10"]
    assert webex.found("title", to="2027-01-13T00:00:00Z") == ["10", "11", "12"]
    first = webex("GET", MEETINGS, max=3, **OWN, **YEAR)
    assert (len(first.json()["items"]), first.links["next"]["url"].startswith(webex.url)) == (3, True)
    last = webex.session.get(first.links["next"]["url"], timeout=5)
    assert ([each["title"] for each in last.json()["items"]], last.links) == (["12"], {})


@pytest.mark.parametrize(
    "query",
    [
        "max=101",
        "max=x",
        "meetingType=series",
        "state=past",
        "current=yes",
        "from=soon",
        "from=9999-12-31",
        "roomId=1",
        "from=2027-02-01&to=2027-01-01",
        "meetingNumber=1&webLink=2",
    ],
)
def test_bad_lists(webex: Webex, query: str) -> None:
    assert webex.refused("GET", f"{MEETINGS}?{query}") == 400


def test_tags_are_seen_by_their_client_only(webex: Webex) -> None:
    webex.settings(other_clients={"other": "other-secret"})
    created, other = webex.create(**WEEKLY, integrationTags=["key"]), Webex(webex.url, client_id="other")
    webex.create(**TIMED)
    assert webex.found("id", integrationTag="key", **YEAR) == [created["id"]]
    assert webex.found("id", integrationTag="key") == []  # outside the default window
    assert other.found("id", integrationTag="key", **YEAR) == []
    assert other.found("integrationTags", **YEAR) == [None, None]
    assert webex.found("integrationTags", meetingNumber=created["meetingNumber"]) == [["key"]]
    assert "integrationTags" not in webex.patch(created["id"], integrationTags=None)


def test_other_refusals(webex: Webex) -> None:
    meeting = webex.create(**TIMED)["id"]
    path, body = f"{MEETINGS}/{meeting}", {"title": "Two", **OWN}
    webex.settings(connector_made=[meeting])
    assert webex.refused("PATCH", path, body) == 403
    webex.settings(connector_made=[], locked=[meeting])
    assert webex("PATCH", path, body).headers["Retry-After"] == "5"
    assert webex.refused("DELETE", path, **OWN) == 423
    assert webex.session.post(f"{webex.url}{MEETINGS}", data=TIMED, timeout=5).status_code == 415
    assert webex.refused("POST", MEETINGS, []) == 400
    assert webex.refused("POST", path) == 405
    assert webex.refused("PUT", "/_playground/settings", {"colour": "red"}) == 400


def test_switches(webex: Webex, service: WebexService) -> None:
    webex.settings(own_links=True, telephony=False, default_timezone="Asia/Tokyo", unknown_zones=["Europe/Kyiv"])
    webex.settings(too_many="refused", deletions_survive=True)
    series = webex.create(title="One", **BARE, recurrence="FREQ=DAILY;COUNT=2")
    assert (series["start"], "telephony" in series) == ("2027-03-22T10:00:00+09:00", False)
    assert webex.patch(f"{series['id']}_20270322T010000Z", title="x")["webLink"] != series["webLink"]
    webex.delete(f"{series['id']}_20270323T010000Z")
    webex.patch(series["id"], end="2027-03-22T11:00:00+09:00")
    assert webex.occurrences(series["id"], "title") == ["One"]
    for change in ({"timezone": "Europe/Kyiv"}, {"recurrence": "FREQ=YEARLY;COUNT=6"}):
        assert webex.refused("POST", MEETINGS, {"title": "One", **BARE, **OWN, **change}) == 400
    service.reset()
    assert (service.meetings(), service.account) == ([], Account())
