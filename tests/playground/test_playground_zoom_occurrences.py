"""Single occurrences of a series in the simulated Zoom account."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from playground.vendors.zoom import ZoomService
from playground.vendors.zoom.rules import SHOWN_OCCURRENCES
from tests.playground.zoom_client import HOST, TIMED, WEEKLY, Zoom, refusal, serving, starts

SERIES = {**WEEKLY, "topic": "Weekly", "recurrence": {"type": 2, "weekly_days": "2", "end_times": 4}}
MOVED = "2027-03-30T12:00:00Z"


class Series:
    """A weekly series of four."""

    def __init__(self, zoom: Zoom) -> None:
        self.zoom = zoom
        self.made = zoom.create(**SERIES)
        self.path = f"/v2/meetings/{self.made['id']}"
        self.ids = [each["occurrence_id"] for each in self.made["occurrences"]]

    def __call__(self, method: str, number: int | str, body: Any = None) -> Any:
        """A request about one occurrence, by its place in the series or its id."""
        occurrence_id = self.ids[number] if isinstance(number, int) else number
        return self.zoom(method, f"{self.path}?occurrence_id={occurrence_id}", body)

    def changed(self, number: int, **body: Any) -> dict[str, Any]:
        assert self("PATCH", number, body).status_code == 204
        return self.one(number)

    def one(self, number: int) -> dict[str, Any]:
        answer: dict[str, Any] = self("GET", number).json()
        return answer

    def all(self, query: str = "") -> dict[str, Any]:
        answer: dict[str, Any] = self.zoom("GET", self.path + query).json()
        return answer

    def statuses(self) -> list[str]:
        return [each["status"] for each in self.all()["occurrences"]]


@pytest.fixture
def service() -> ZoomService:
    return ZoomService()


@pytest.fixture
def zoom(service: ZoomService) -> Iterator[Zoom]:
    with serving(service) as client:
        yield client


@pytest.fixture
def series(zoom: Zoom) -> Series:
    return Series(zoom)


def test_an_id_is_the_millisecond_of_its_start(series: Series) -> None:
    for each in series.made["occurrences"]:
        assert int(each["occurrence_id"]) == datetime.fromisoformat(each["start_time"]).timestamp() * 1000


def test_one_occurrence_is_the_meeting_at_its_time(series: Series) -> None:
    one = series.one(2)
    assert one["start_time"] == starts(series.made)[2]
    assert {name: one[name] for name in one if name != "start_time"} == {
        name: series.made[name] for name in series.made if name != "start_time"
    }


def test_one_occurrence_is_changed(series: Series) -> None:
    one = series.changed(1, start_time=MOVED, duration=45, agenda="Later", settings={"host_video": True})
    assert (one["start_time"], one["duration"], one["agenda"]) == (MOVED, 45, "Later")
    assert one["settings"]["host_video"] is True
    again = series.changed(1, settings={"watermark": True})
    assert (again["start_time"], again["settings"]["host_video"], again["settings"]["watermark"]) == (MOVED, True, True)
    others = series.one(2)
    assert (others["duration"], others["agenda"], others["settings"]["host_video"]) == (30, "", False)
    told = series.all()
    assert [each["occurrence_id"] for each in told["occurrences"]] == series.ids
    assert (starts(told)[1], told["occurrences"][1]["duration"]) == (MOVED, 45)
    assert (told["agenda"], told["join_url"]) == ("", series.made["join_url"])


def test_a_start_is_read_in_the_time_zone_that_comes_with_it(series: Series) -> None:
    body = {"start_time": "2027-03-30T12:00:00", "timezone": "America/New_York"}
    assert series.changed(1, **body)["start_time"] == "2027-03-30T16:00:00Z"
    series.zoom.account(occurrence_zone="ignored")
    one = series.changed(1, **body)
    assert (one["start_time"], one["timezone"]) == ("2027-03-30T10:00:00Z", "Europe/Berlin")


def test_a_start_that_is_over_is_ignored(series: Series) -> None:
    one = series.changed(1, start_time="2027-01-04T08:00:00Z", agenda="Other")
    assert (one["start_time"], one["agenda"]) == (starts(series.made)[1], "Other")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"topic": "Other"}, "topic"),
        ({"password": "secret1"}, "password"),
        ({"timezone": "UTC"}, "timezone"),
        ({"recurrence": {"type": 1, "end_times": 2}}, "recurrence"),
        ({"settings": {"focus_mode": True}}, "settings.focus_mode"),
    ],
)
def test_the_rest_is_ignored_or_refused(series: Series, body: dict[str, Any], field: str) -> None:
    before = series.all()
    assert series.changed(1, **body) == {**before, "start_time": starts(before)[1]}
    series.zoom.account(occurrence_extras="refused")
    response = series("PATCH", 1, {**body, "agenda": "New", "of_tomorrow": True})
    assert refusal(response) == (400, 300)
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert series.all() == before


def test_wrong_fields_are_refused(series: Series) -> None:
    assert refusal(series("PATCH", 1, {"duration": 0})) == (400, 300)
    assert refusal(series("PATCH", 1, {"settings": {"host_video": "yes"}})) == (400, 300)


@pytest.mark.parametrize("body", [{"topic": "Other", "agenda": "Other"}, {"settings": {"watermark": True}}])
def test_a_change_of_the_series_in_words_leaves_its_exceptions(series: Series, body: dict[str, Any]) -> None:
    series.changed(1, start_time=MOVED, agenda="Own")
    series("DELETE", 2)
    assert series.zoom("PATCH", series.path, body).status_code == 204
    assert starts(series.all())[1] == MOVED
    assert series.one(1)["agenda"] == "Own"
    assert series.statuses()[2] == "deleted"


@pytest.mark.parametrize("survive", [False, True])
@pytest.mark.parametrize(
    "body",
    [
        {"start_time": TIMED["start_time"], "recurrence": SERIES["recurrence"]},
        {"start_time": TIMED["start_time"], "recurrence": {"type": 2, "weekly_days": "2", "end_times": 5}},
    ],
)
def test_a_change_of_the_recurrence_makes_all_anew(series: Series, body: dict[str, Any], survive: bool) -> None:
    series.zoom.account(deletions_survive=survive)
    series.changed(1, start_time=MOVED, agenda="Own")
    series("DELETE", 2)
    assert series.zoom("PATCH", series.path, body).status_code == 204
    assert starts(series.all())[:4] == starts(series.made)
    assert series.one(1)["agenda"] == ""
    assert series.statuses()[2] == ("deleted" if survive else "available")


def test_a_recurrence_that_is_not_heard_leaves_the_exceptions(series: Series) -> None:
    series.changed(1, start_time=MOVED)
    series.zoom("PATCH", series.path, {"recurrence": {"type": 1, "end_times": 2}})
    assert starts(series.all())[1] == MOVED


def test_other_times_or_another_type_make_all_anew(series: Series) -> None:
    series.changed(1, agenda="Own")
    series.zoom("PATCH", series.path, {"timezone": "Europe/London"})
    assert series.one(0)["agenda"] == ""
    series.zoom("PATCH", series.path, {"type": 3})
    assert refusal(series("GET", 0)) == (404, 3001)


@pytest.mark.parametrize("shown", [True, False])
def test_a_deleted_occurrence(series: Series, shown: bool) -> None:
    series.zoom.account(deleted_shown=shown, deletion_mails=False)
    assert series("DELETE", 0).status_code == 204
    assert series.statuses() == (["deleted"] if shown else []) + ["available"] * 3
    assert series.all()["start_time"] == starts(series.made)[1]
    assert (refusal(series("GET", 0)), refusal(series("PATCH", 0, {}))) == ((404, 3001), (404, 3001))
    assert refusal(series("DELETE", 0)) == (400, 3000)
    assert series.zoom.mailed() == []


def test_a_deletion_can_mail(series: Series) -> None:
    series.zoom("PATCH", series.path, {"settings": {"alternative_hosts": "bob@example.com"}})
    series("DELETE", f"{series.ids[0]}&schedule_for_reminder=true&cancel_meeting_reminder=false")
    assert series.zoom.mailed() == ["bob@example.com", HOST, "bob@example.com"]


@pytest.mark.parametrize(
    ("switch", "codes"),
    [
        (None, {"GET": (404, 3001), "PATCH": (404, 3001), "DELETE": (400, 3000)}),
        (3001, dict.fromkeys(("GET", "PATCH", "DELETE"), (404, 3001))),
        (3000, dict.fromkeys(("GET", "PATCH", "DELETE"), (400, 3000))),
    ],
)
@pytest.mark.parametrize("unknown", ["1", "1804492800001", "yesterday", "9" * 40])
def test_an_id_that_there_is_not(
    series: Series, unknown: str, switch: int | None, codes: dict[str, tuple[int, int]]
) -> None:
    series.zoom.account(unknown_occurrence=switch)
    assert {method: refusal(series(method, unknown, {})) for method in codes} == codes


@pytest.mark.parametrize("meeting", [TIMED, {"type": 3}])
def test_only_a_series_with_times_has_occurrences(zoom: Zoom, meeting: dict[str, Any]) -> None:
    path = f"/v2/meetings/{zoom.create(**meeting)['id']}"
    assert refusal(zoom("DELETE", f"{path}?occurrence_id=1805965200000")) == (400, 3000)
    assert zoom("GET", path).status_code == 200


@pytest.mark.parametrize("last", ["kept", "gone"])
def test_the_last_occurrence(series: Series, last: str) -> None:
    series.zoom.account(last_deleted=last)
    for number in range(4):
        assert series.all()["occurrences"]
        series("DELETE", number)
    answer = series.zoom("GET", series.path)
    assert answer.status_code == (200 if last == "kept" else 404)
    assert len(series.zoom("GET", "/_playground/meetings").json()) == (last == "kept")


@pytest.mark.parametrize("ids", ["kept", "new"])
def test_whether_a_moved_occurrence_keeps_its_id(series: Series, ids: str) -> None:
    series.zoom.account(moved_ids=ids)
    series("PATCH", 1, {"start_time": MOVED})
    told = series.all()["occurrences"][1]["occurrence_id"]
    assert (told == series.ids[1]) == (ids == "kept")
    assert series("GET", told).json()["start_time"] == MOVED
    assert series("GET", 1).status_code == (200 if ids == "kept" else 404)
    series("PATCH", told, {"start_time": starts(series.made)[1]})
    assert starts(series.all()) == starts(series.made)


def test_what_is_over(series: Series) -> None:
    series.changed(1, start_time="2027-03-24T12:00:00Z")
    series.zoom.now = datetime.fromisoformat(MOVED)
    series.zoom.log_in()
    told, before = series.all(), series.all("?show_previous_occurrences=true")
    assert starts(told) == starts(series.made)[2:]
    assert starts(before) == [starts(series.made)[0], "2027-03-24T12:00:00Z", *starts(series.made)[2:]]
    assert told["start_time"] == before["start_time"] == starts(series.made)[2]
    assert series.zoom("GET", f"{series.path}?show_previous_occurrences=yes").status_code == 400


def test_a_moved_occurrence_can_be_the_next(series: Series) -> None:
    series.changed(0, start_time="2027-04-01T08:00:00Z")
    assert series.all()["start_time"] == starts(series.made)[1]
    assert starts(series.all()) == [starts(series.made)[1], "2027-04-01T08:00:00Z", *starts(series.made)[2:]]


def test_an_endless_series_has_occurrences_far_off(zoom: Zoom) -> None:
    made = zoom.create(**{**SERIES, "recurrence": {"type": 1, "end_times": 0}})
    far = datetime.fromisoformat(made["start_time"]) + timedelta(days=600)  # also without summer time
    path = f"/v2/meetings/{made['id']}?occurrence_id={int(far.timestamp() * 1000)}"
    assert len(made["occurrences"]) == SHOWN_OCCURRENCES
    assert datetime.fromisoformat(zoom("GET", path).json()["start_time"]) == far
    assert zoom("GET", path.removesuffix("000") + "001").status_code == 404


def test_each_change_counts_and_a_deletion_does_not(series: Series, service: ZoomService) -> None:
    series.zoom.account(per_day=2)
    assert series("PATCH", 1, {"agenda": "One"}).status_code == 204
    late = series("PATCH", 1, {"agenda": "Two"})
    assert (late.status_code, late.headers["X-RateLimit-Type"]) == (429, "Daily-limit")
    assert series("DELETE", 1).status_code == 204
    assert service.writes() == 2


def test_a_meeting_with_people_in_it_is_left_alone(series: Series) -> None:
    series.zoom("PUT", f"/_playground/meetings/{series.made['id']}/status", {"status": "started"})
    assert refusal(series("PATCH", 1, {"agenda": "One"})) == (400, 3000)
    assert refusal(series("DELETE", 1)) == (400, 3002)
    assert series("GET", 1).status_code == 200


def test_a_person_changes_only_occurrences_of_the_own_meetings(series: Series) -> None:
    url = series.zoom.url
    series.zoom = Zoom(url, "bob@example.com")
    assert refusal(series("PATCH", 1, {"agenda": "One"})) == refusal(series("DELETE", 1)) == (400, 3003)
    series.zoom = Zoom(url, HOST)
    assert series.changed(1, agenda="One")["agenda"] == "One"
