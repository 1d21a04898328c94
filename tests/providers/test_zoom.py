"""Zoom: the contract against the simulator, and what is Zoom's own."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests
from dateutil.rrule import rrulestr
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from confsync.adapters.system import SystemClock
from confsync.domain import description_block
from confsync.domain.conference import ConferenceSpec, Occurrence, Reference
from confsync.domain.entry_point import EntryPointType, Feature
from confsync.domain.errors import (
    Ambiguous,
    Invalid,
    NotConfigured,
    NotFound,
    PermissionDenied,
    RateLimited,
    ReauthorizationRequired,
    Temporary,
)
from confsync.domain.fitting import fit
from confsync.domain.recurrence import WEEKDAYS
from confsync.domain.solution import Solution
from confsync.ports import Clock, ConferenceProvider
from confsync.providers import ProviderConfig, build
from confsync.providers.zoom.refusals import DAILY_LIMIT
from playground.faults import Faults
from playground.server import Server, serve
from playground.vendors.zoom import Account, ZoomService, create_app, rules
from playground.vendors.zoom.rules import HORIZON
from tests.contracts.instances import OCCURRENCES, WEEKLY, InstancesContract, as_told
from tests.contracts.provider import (
    ALL_DAY,
    BERLIN,
    MARKER,
    OTHER_MARKER,
    SPEC,
    SPECS,
    DailyLimitContract,
    RemoteProviderContract,
    Vendor,
    assert_no_secret,
    changes,
)
from tests.fakes.clock import FakeClock
from tests.fakes.grants import FakeGrants
from tests.fakes.outside import outside
from tests.fakes.secrets import FakeSecrets

FIXTURES = Path(__file__).parent / "fixtures" / "zoom"
NOW = datetime(2026, 12, 1, tzinfo=UTC)
"""At Zoom: before anything that is scheduled here, whenever this runs."""
NOWHERE = "http://127.0.0.1:9"


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


def credentials(account: Account) -> str:
    names = ("account_id", "client_id", "client_secret")
    return json.dumps({name: getattr(account, name) for name in names})


class ZoomVendor:
    """The simulated account, with what the contract asks of it."""

    api = "^/v2/"
    token = "^/oauth/token"
    deny: Mapping[str, Any] = {"status": 400, "body": fixture("error_scope")}
    invalid: Mapping[str, Any] = {"status": 400, "body": fixture("error_validation")}

    def __init__(self, service: ZoomService, server: Server) -> None:
        self.service = service
        self.url = server.url
        self.faults = Faults(server.url)
        self.secrets = FakeSecrets({"zoom": credentials(service.account)})

    def provider(
        self, *, clock: Clock | None = None, deadline: float = 2, config: dict[str, Any] | None = None, **settings: Any
    ) -> ConferenceProvider:
        solution = Solution(id="zoom", name="Zoom Meeting", provider="zoom", settings=settings)
        given: dict[str, Any] = {"token_url": self.url + "/oauth/token", "secret": "zoom", **(config or {})}
        return build(
            solution,
            ProviderConfig(deadline=timedelta(seconds=deadline), **given),
            outside(self.secrets, clock=clock or SystemClock()),
        )

    @property
    def meeting(self) -> dict[str, Any]:
        (only,) = self.service.meetings()
        return only

    def titles(self) -> list[str]:
        return [meeting["topic"] for meeting in self.service.meetings()]

    def times(self) -> list[tuple[datetime, timedelta] | None]:
        return [
            (datetime.fromisoformat(m["start_time"]), timedelta(minutes=m["duration"])) if "start_time" in m else None
            for m in self.service.meetings()
        ]

    def occurrences(self) -> list[list[datetime]]:
        return [
            [datetime.fromisoformat(each["start_time"]) for each in meeting.get("occurrences", [])]
            for meeting in self.service.meetings()
        ]

    def instances(self) -> list[tuple[datetime, str]]:
        """Zoom has one topic for a series: another name stands in the agenda of its time."""
        series, found = self.meeting, []
        for each in self.service.get(str(series["id"]))["occurrences"]:
            if each["status"] == "available":
                shown = self.service.get(str(series["id"]), occurrence_id=each["occurrence_id"])
                renamed = shown["agenda"] != series["agenda"] and "\n\n" in shown["agenda"]
                name = shown["agenda"].partition("\n\n")[0] if renamed else series["topic"]
                found.append((datetime.fromisoformat(shown["start_time"]), name))
        return sorted(found)

    def counted(self) -> int:
        return self.service.writes()

    def revoke_tokens(self) -> None:
        self.service.revoke_tokens()

    def refuse_credentials(self) -> None:
        self.service.configure(client_secret="another")

    def hidden(self) -> frozenset[str]:
        return frozenset({*self.service.tokens(), *(meeting["start_url"] for meeting in self.service.meetings())})


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[ZoomService, Server]]:
    service = ZoomService()
    server = serve(create_app(service), name="zoom")
    yield service, server
    server.stop()


@pytest.fixture
def vendor(server: tuple[ZoomService, Server]) -> ZoomVendor:
    service, running = server
    service.reset()
    service.clock = lambda: NOW
    vendor = ZoomVendor(service, running)
    vendor.faults.clear()
    vendor.faults.forget_requests()
    return vendor


class TestZoomContract(InstancesContract, DailyLimitContract, RemoteProviderContract):
    @pytest.fixture
    def vendor(self, vendor: ZoomVendor) -> Vendor:
        return vendor

    @pytest.fixture
    def provider(self, vendor: ZoomVendor) -> ConferenceProvider:
        return vendor.provider()

    @pytest.fixture
    def unreachable(self, vendor: ZoomVendor) -> ConferenceProvider:
        return vendor.provider(config={"api": NOWHERE})

    @pytest.fixture
    def secrets(self, vendor: ZoomVendor) -> frozenset[str]:
        return frozenset({vendor.service.account.client_secret})

    @pytest.mark.parametrize("left", [OCCURRENCES[:1], OCCURRENCES[1:], ()], ids=["cancelled", "changed", "none"])
    def test_a_time_that_is_as_the_series_has_it_again_is_so(
        self, provider: ConferenceProvider, vendor: Any, left: tuple[Occurrence, ...]
    ) -> None:
        """But for its name: that of a single time stands in its agenda, which no list shows."""
        old, new = replace(WEEKLY, occurrences=OCCURRENCES), replace(WEEKLY, occurrences=left)
        reference = provider.create(old, MARKER).reference
        provider.update(reference, new, changes(provider, old, new), MARKER)
        assert [start for start, _ in vendor.instances()] == [start for start, _ in as_told(new)]


# --- Zoom's answers -> entry points ---


def answering(vendor: ZoomVendor, name: str, **settings: Any) -> ConferenceProvider:
    """A provider whose next GET of a meeting answers with that fixture."""
    vendor.faults.add(method="GET", path=r"^/v2/meetings/\d+$", status=200, body=fixture(name))
    return vendor.provider(**settings)


def test_a_meeting_becomes_entry_points(vendor: ZoomVendor) -> None:
    conference = answering(vendor, "meeting").get(Reference(ids={"id": "85746065432"}, host="alice@example.com"))
    video, toll, free, german, unknown = conference.details.entry_points
    assert conference.reference == Reference(ids={"id": "85746065432"}, host="alice@example.com")
    assert video.type is EntryPointType.VIDEO
    assert video.uri == "https://us02web.zoom.us/j/85746065432?pwd=aG9zdGVkLWJ5LWV4YW1wbGUtY29t.1"
    assert (video.label, video.meeting_code, video.passcode) == (
        "us02web.zoom.us/j/85746065432",
        "85746065432",
        "6Z3fiV",
    )
    assert toll.uri == "tel:+12532050468,,85746065432#,,,,*010383#"
    assert (toll.label, toll.meeting_code, toll.passcode) == ("+1 253-205-0468", "85746065432", "010383")
    assert (toll.region_code, toll.features) == ("US", (Feature.TOLL,))
    assert free.features == (Feature.TOLL_FREE,)
    assert (german.uri, german.label) == ("tel:+496938079883,,85746065432#,,,,*010383#", "+49 69 38079883")
    assert (unknown.label, unknown.region_code, unknown.features) == ("+012345", "XX", ())


def test_what_makes_anyone_the_host_is_not_kept(vendor: ZoomVendor) -> None:
    conference = answering(vendor, "meeting").get(Reference(ids={"id": "1"}, host="alice@example.com"))
    assert_no_secret(frozenset({"zak=", "host-login", "start_url", "encrypted_password"}), conference)


def test_a_meeting_without_passcode_and_dial_in(vendor: ZoomVendor) -> None:
    conference = answering(vendor, "meeting_without_passcode").get(Reference(ids={"id": "1"}, host="alice@example.com"))
    (video,) = conference.details.entry_points
    assert (video.meeting_code, video.passcode) == ("85746065432", None)


def test_sip_comes_from_the_invitation_if_the_account_has_it(vendor: ZoomVendor) -> None:
    vendor.faults.add(path="/invitation$", status=200, body=fixture("invitation"))
    details = answering(vendor, "meeting", sip=True).get(Reference(ids={"id": "1"}, host="alice@example.com")).details
    sip = details.entry_points[1]
    assert sip.type is EntryPointType.SIP
    assert (sip.uri, sip.label) == ("sip:85746065432.010383@zoomcrc.com", "85746065432.010383@zoomcrc.com")
    assert sip.passcode == "010383"


def test_a_meeting_whose_invitation_can_not_be_read_may_be_found(vendor: ZoomVendor) -> None:
    provider = vendor.provider(sip=True)
    vendor.faults.add(path="/invitation$", status=500)
    with pytest.raises(Ambiguous):
        provider.create(SPEC, MARKER)
    (found,) = provider.find(MARKER, SPEC)
    assert found.details.entry_points[1].type is EntryPointType.SIP


# --- events -> what Zoom is sent ---


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain", {"topic": "Weekly planning", "type": 2, "timezone": "Europe/Berlin", "duration": 90}),
        ("no title", {"topic": "Zoom Meeting"}),
        ("long title", {"topic": ("Ünïcödé 🎉 " * 100)[:182]}),
        ("newlines", {"topic": "two lines"}),
        ("all day", {"start_time": "2027-02-28T23:00:00Z", "duration": 1440}),
        ("a week long", {"duration": 1440}),
        ("no length", {"duration": 1}),
        ("a zone that is none", {"start_time": "2027-03-01T09:00:00Z", "timezone": "UTC"}),
        (
            "weekly",
            {"type": 8, "recurrence": {"type": 2, "repeat_interval": 1, "weekly_days": "2,4", "end_times": 10}},
        ),
        (
            "weekly for ever",
            {"recurrence": {"type": 2, "repeat_interval": 1, "weekly_days": "2", "end_times": 0}},
        ),
        ("weekly until", {"recurrence": {"type": 2, "repeat_interval": 1, "weekly_days": "2", "end_times": 9}}),
        ("weekly with a hole", {"type": 8}),
        ("daily", {"recurrence": {"type": 1, "repeat_interval": 1, "end_times": 5}}),
        ("monthly", {"recurrence": {"type": 3, "repeat_interval": 1, "monthly_day": 1, "end_times": 3}}),
        (
            "first Monday",
            {
                "recurrence": {
                    "type": 3,
                    "repeat_interval": 1,
                    "monthly_week": 1,
                    "monthly_week_day": 2,
                    "end_times": 3,
                }
            },
        ),
        ("yearly", {"type": 3}),
        ("two rules", {"type": 3}),
        ("nonsense", {"type": 3}),
    ],
)
def test_an_event_as_zoom_keeps_it(vendor: ZoomVendor, name: str, expected: dict[str, Any]) -> None:
    vendor.provider().create(SPECS[name], MARKER)
    assert {key: vendor.meeting.get(key) for key in expected} == expected


def recurring(rule: str, *, start: datetime = SPEC.start, **more: Any) -> ConferenceSpec:
    return replace(SPEC, start=start, end=start + timedelta(hours=1), recurrence=(f"RRULE:{rule}",), **more)


MAY_31 = datetime(2027, 5, 31, 9, tzinfo=BERLIN)  # a Monday
UTMOST = [
    ("FREQ=DAILY;INTERVAL=90;COUNT=50", {"type": 1, "repeat_interval": 90, "end_times": 50}),
    ("FREQ=WEEKLY;INTERVAL=12", {"type": 2, "repeat_interval": 12, "weekly_days": "2", "end_times": 0}),
    ("FREQ=MONTHLY;INTERVAL=3;BYDAY=-1MO", {"type": 3, "repeat_interval": 3, "monthly_week": -1, "end_times": 0}),
    ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SA", {"type": 2, "repeat_interval": 2, "weekly_days": "2,7"}),
    ("FREQ=DAILY;BYDAY=MO,TU,SU", {"type": 2, "repeat_interval": 1, "weekly_days": "1,2,3"}),
    ("FREQ=WEEKLY;BYDAY=MO,SU;WKST=SU", {"type": 2, "weekly_days": "1,2"}),
]


@pytest.mark.parametrize(("rule", "expected"), UTMOST)
def test_a_rule_within_zooms_limits(vendor: ZoomVendor, rule: str, expected: dict[str, Any]) -> None:
    vendor.provider().create(recurring(rule, start=MAY_31), MARKER)
    assert vendor.meeting["type"] == 8
    assert expected.items() <= vendor.meeting["recurrence"].items()


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;INTERVAL=91",
        "FREQ=WEEKLY;INTERVAL=13",
        "FREQ=MONTHLY;INTERVAL=4;BYDAY=-1MO",
        "FREQ=WEEKLY;COUNT=51",
        "FREQ=DAILY;UNTIL=20270720",
        "FREQ=MONTHLY;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYDAY=5MO",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "FREQ=YEARLY;BYMONTH=5;BYMONTHDAY=31",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SA;WKST=SA",
        "FREQ=WEEKLY;BYDAY=TU",
    ],
)
def test_a_rule_beyond_zooms_limits_makes_a_meeting_without_times(vendor: ZoomVendor, rule: str) -> None:
    vendor.provider().create(recurring(rule, start=MAY_31), MARKER)
    assert vendor.meeting["type"] == 3
    assert not {"start_time", "recurrence", "occurrences"} & set(vendor.meeting)


def test_a_series_whose_zone_nobody_knows_has_no_times(vendor: ZoomVendor) -> None:
    """Zoom would get UTC, and the series would be an hour off in summer or in winter."""
    vendor.provider().create(recurring("FREQ=WEEKLY", time_zone="W. Europe Standard Time"), MARKER)
    assert vendor.meeting["type"] == 3


@pytest.mark.parametrize("zone", ["Europe", "W. Europe Standard Time", "../UTC", ""])
def test_a_single_event_whose_zone_nobody_knows_is_at_its_time(vendor: ZoomVendor, zone: str) -> None:
    vendor.provider().create(replace(SPEC, time_zone=zone), MARKER)
    assert (vendor.meeting["start_time"], vendor.meeting["timezone"]) == ("2027-03-01T09:00:00Z", "UTC")


@pytest.mark.parametrize("hour", [0, 1])
def test_the_hour_that_the_clocks_repeat_is_not_the_one_before(vendor: ZoomVendor, hour: int) -> None:
    start = datetime(2027, 10, 31, hour, 30, tzinfo=UTC)  # 2:30 in Berlin, both times
    vendor.provider().create(replace(SPEC, start=start, end=start + timedelta(hours=1)), MARKER)
    assert vendor.meeting["start_time"] == f"2027-10-31T0{hour}:30:00Z"
    assert vendor.meeting["timezone"] == "Europe/Berlin"


def test_a_series_that_becomes_single_and_a_series_again_keeps_no_old_rule(vendor: ZoomVendor) -> None:
    provider, weekly = vendor.provider(), recurring("FREQ=WEEKLY;COUNT=3")
    reference = provider.create(SPEC, MARKER).reference
    steps = [(weekly, 8), (SPEC, 2), (recurring("FREQ=YEARLY"), 3), (SPEC, 2), (recurring("FREQ=DAILY;COUNT=2"), 8)]
    for spec, kind in steps:
        provider.update(reference, spec, frozenset({"schedule"}), MARKER)
        assert vendor.meeting["type"] == kind
        assert ("start_time" in vendor.meeting) == (kind != 3)
    assert vendor.meeting["recurrence"] == {"type": 1, "repeat_interval": 1, "end_times": 2}


@given(
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Sydney", "Asia/Kolkata", "UTC"]),
    start=st.datetimes(datetime(2027, 1, 1), datetime(2028, 12, 31)).map(lambda at: at.replace(microsecond=0)),
    frequency=st.sampled_from(["DAILY", "WEEKLY", "MONTHLY"]),
    interval=st.integers(1, 3),
    by=st.sampled_from(["", ";BYDAY={day}", ";BYDAY={day},{other}", ";BYDAY={week}{day}", ";BYMONTHDAY={date}"]),
    other=st.integers(0, 6),
    week_start=st.sampled_from(["MO", "SU", "WE"]),
    zooms_week_start=st.sampled_from([0, 6]),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_zooms_occurrences_are_the_events_instances(
    vendor: ZoomVendor,
    zone: str,
    start: datetime,
    frequency: str,
    interval: int,
    by: str,
    other: int,
    week_start: str,
    zooms_week_start: int,
) -> None:
    """At the same wall-clock time each, wherever Zoom's weeks begin; or none at all."""
    day, week = WEEKDAYS[start.weekday()], (start.day + 6) // 7
    days = by.format(day=day, other=WEEKDAYS[other], week=week, date=start.day)
    text = f"FREQ={frequency};INTERVAL={interval}{days};WKST={week_start};COUNT=20"
    at = start.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    start = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    spec = recurring(text, start=at, time_zone=zone)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rules, "WEEK_START", zooms_week_start)
        reference = vendor.provider().create(spec, MARKER).reference
    (found,) = vendor.occurrences()
    vendor.provider().delete(reference)
    vendor.service.reset()
    own = [each.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) for each in rrulestr(text, dtstart=start)]
    assert found in ([], own)
    event("a series with times" if found else "a meeting without times")


@pytest.mark.parametrize("week_start", ["MO", "SU", "WE"])
@pytest.mark.parametrize("day", [0, 2, 6])
def test_every_other_week_is_the_same_week_at_zoom(
    vendor: ZoomVendor, monkeypatch: pytest.MonkeyPatch, day: int, week_start: str
) -> None:
    start = SPEC.start + timedelta(days=day)
    timed = set()
    for other in range(7):
        text = f"FREQ=WEEKLY;INTERVAL=2;BYDAY={WEEKDAYS[day]},{WEEKDAYS[other]};WKST={week_start};COUNT=6"
        own = [at.replace(tzinfo=BERLIN).astimezone(UTC) for at in rrulestr(text, dtstart=start.replace(tzinfo=None))]
        for zooms in (0, 6):
            monkeypatch.setattr(rules, "WEEK_START", zooms)
            vendor.service.reset()
            vendor.provider().create(recurring(text, start=start), MARKER)
            assert vendor.occurrences() in ([[]], [own])
            timed |= {other} if vendor.meeting["type"] == 8 else set()
    assert day in timed, "one day a week is in the same week everywhere"


def test_an_all_day_series_keeps_its_days(vendor: ZoomVendor) -> None:
    vendor.provider().create(replace(SPEC, **ALL_DAY, recurrence=("RRULE:FREQ=DAILY;UNTIL=20270303",)), MARKER)
    days = [f"2027-{day}T23:00:00+00:00" for day in ("02-28", "03-01", "03-02")]
    assert [[at.isoformat() for at in series] for series in vendor.occurrences()] == [days]


@pytest.mark.parametrize(
    ("rule", "now", "left"),
    [
        ("FREQ=WEEKLY;COUNT=40", datetime(2027, 4, 1, tzinfo=UTC), 35),  # since the clocks changed
        ("FREQ=WEEKLY;UNTIL=20271206T235959Z", datetime(2027, 4, 1, tzinfo=UTC), 36),
        ("FREQ=WEEKLY;COUNT=40", datetime(2027, 3, 15, 9, 30, tzinfo=UTC), 37),  # one is going on
        ("FREQ=DAILY;COUNT=50", datetime(2027, 4, 9, tzinfo=UTC), 11),
        ("FREQ=MONTHLY;BYDAY=1MO;COUNT=9", datetime(2027, 4, 9, tzinfo=UTC), 7),
    ],
)
def test_a_series_that_began_in_the_past_has_what_is_to_come(
    vendor: ZoomVendor, rule: str, now: datetime, left: int
) -> None:
    """At its own hour, in a new meeting as in one that is changed."""
    provider, series = vendor.provider(), recurring(rule)
    naive = SPEC.start.replace(tzinfo=None)
    times = [at.replace(tzinfo=BERLIN).astimezone(UTC) for at in rrulestr(rule.replace("Z", ""), dtstart=naive)][-left:]
    old = provider.create(SPEC, OTHER_MARKER).reference
    vendor.service.clock = lambda: now
    vendor.revoke_tokens()
    sent = fit(series, provider.capabilities, now)
    provider.update(old, sent, frozenset({"schedule"}), OTHER_MARKER)
    provider.create(sent, MARKER)
    assert vendor.occurrences() == [times, times]
    assert times[0] > now


def test_a_meeting_that_is_going_on_ends_when_its_event_ends(vendor: ZoomVendor) -> None:
    provider, now = vendor.provider(), SPEC.start + timedelta(minutes=20)
    vendor.service.clock = lambda: now
    provider.create(fit(SPEC, provider.capabilities, now), MARKER)
    assert vendor.times() == [(now.astimezone(UTC), SPEC.end - now)]


def test_a_series_without_end_is_given_new_times_before_they_run_out(vendor: ZoomVendor) -> None:
    """Every change gives it some two years of them; that the engine changes it in time is what `lifetime` says."""
    provider, series = vendor.provider(), recurring("FREQ=WEEKLY")
    reference = provider.create(series, MARKER).reference
    assert provider.capabilities.lifetime is not None
    assert provider.capabilities.lifetime < timedelta(weeks=HORIZON[2])
    for now in (NOW, SPEC.start + timedelta(days=360)):
        vendor.service.clock = lambda now=now: now
        vendor.revoke_tokens()
        sent = fit(series, provider.capabilities, now)
        provider.update(reference, sent, frozenset(provider.kept(series)), MARKER)
        (times,) = vendor.occurrences()
        assert times[0] == sent.start > now
        assert vendor.meeting["recurrence"]["end_times"] == HORIZON[2]


def test_what_zoom_changes_of_a_series_by_itself_is_nobodys_change(vendor: ZoomVendor) -> None:
    provider = vendor.provider()
    made = provider.create(recurring("FREQ=WEEKLY"), MARKER)
    changed = provider.update(made.reference, recurring("FREQ=WEEKLY"), frozenset({"schedule"}), MARKER)
    assert vendor.meeting["recurrence"]["end_times"] == HORIZON[2]
    vendor.service.clock = lambda: SPEC.start + timedelta(days=30)
    vendor.revoke_tokens()
    assert provider.get(made.reference).fingerprint == changed.fingerprint == made.fingerprint
    vendor.service.update(made.reference.ids["id"], {"topic": "Changed by hand"})
    assert provider.get(made.reference).fingerprint != made.fingerprint


def test_the_agenda_is_the_marker_then_the_description_as_text(vendor: ZoomVendor) -> None:
    spec = replace(SPEC, description="<p>Bring <b>numbers</b> &amp; ideas</p>one<br>two")
    vendor.provider().create(spec, MARKER)
    assert vendor.meeting["agenda"] == f"[{MARKER}]\n\nBring numbers & ideas\none\ntwo"


def test_our_own_block_in_the_description_stays_out_of_the_agenda(vendor: ZoomVendor) -> None:
    provider = vendor.provider()
    details = provider.create(SPEC, MARKER).details
    block = description_block.render("Zoom Meeting", "confsync-1", details)
    assert "zoom.us" in block
    provider.update(
        provider.find(MARKER, SPEC)[0].reference,
        replace(SPEC, description=description_block.put("Hello", block)),
        frozenset({"agenda"}),
        MARKER,
    )
    assert vendor.meeting["agenda"] == f"[{MARKER}]\n\nHello"


def test_settings_go_to_zoom_as_they_are(vendor: ZoomVendor) -> None:
    chosen: dict[str, Any] = {
        "waiting_room": False,
        "auto_recording": "cloud",
        "jbh_time": 5,
        "global_dial_in_countries": ["DE"],
    }
    vendor.provider(**chosen).create(SPEC, MARKER)
    assert chosen.items() <= vendor.meeting["settings"].items()


def test_a_setting_that_the_account_locked_stays_locked(vendor: ZoomVendor) -> None:
    vendor.service.configure(locked={"waiting_room": True})
    vendor.provider(waiting_room=False).create(SPEC, MARKER)
    assert vendor.meeting["settings"]["waiting_room"] is True


def test_a_passcode_of_the_wanted_length(vendor: ZoomVendor) -> None:
    conference = vendor.provider(passcode_length=8).create(SPEC, MARKER)
    assert len(vendor.meeting["password"]) == 8
    assert conference.details.entry_points[0].passcode == vendor.meeting["password"]


def test_whoever_is_asked_for_hosts(vendor: ZoomVendor) -> None:
    conference = vendor.provider().create(replace(SPEC, host="rooms@example.com"), MARKER)
    assert vendor.meeting["host_email"] == conference.reference.host == "rooms@example.com"


def test_an_update_writes_only_what_changed(vendor: ZoomVendor) -> None:
    provider = vendor.provider()
    reference = provider.create(SPEC, MARKER).reference
    before = vendor.meeting
    provider.update(reference, replace(SPEC, title="New", description="New"), frozenset({"topic"}), MARKER)
    assert {key for key in before if before[key] != vendor.meeting[key]} == {"topic"}


def test_a_description_keeps_the_marker_when_it_changes(vendor: ZoomVendor) -> None:
    provider = vendor.provider()
    reference = provider.create(SPEC, MARKER).reference
    provider.update(reference, replace(SPEC, description="other"), frozenset({"agenda"}), MARKER)
    assert vendor.meeting["agenda"].endswith("other")
    assert len(provider.find(MARKER, SPEC)) == 1


def test_a_passcode_changed_at_zoom_is_a_new_link(vendor: ZoomVendor) -> None:
    provider = vendor.provider()
    created = provider.create(SPEC, MARKER)
    vendor.service.update(created.reference.ids["id"], {"password": "another"})
    updated = provider.update(created.reference, replace(SPEC, title="New"), frozenset({"topic"}), MARKER)
    assert updated.details.video_uri != created.details.video_uri
    assert updated.details.entry_points[0].passcode == "another"


def test_a_meeting_is_found_among_many_pages(vendor: ZoomVendor) -> None:
    vendor.service.configure(per_day=10_000)
    provider = vendor.provider()
    for _ in range(310):
        vendor.service.create("alice@example.com", {"topic": "another", "agenda": "long " * 100})
    created = provider.create(SPECS["long description"], MARKER)
    assert provider.find(MARKER, SPEC) == [created]
    assert len(vendor.faults.requests(method="GET", path="/users/")) == 2


def test_a_new_meeting_may_take_its_time_to_be_found(vendor: ZoomVendor) -> None:
    vendor.service.configure(list_lag=60)
    created = vendor.provider().create(SPEC, MARKER)
    assert vendor.provider().find(MARKER, SPEC) == []
    vendor.service.configure(list_lag=0)
    assert vendor.provider().find(MARKER, SPEC) == [created]


# --- access and errors ---


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"status": 400, "body": fixture("error_scope")}, PermissionDenied),
        ({"status": 400, "body": fixture("error_hosting_not_allowed")}, PermissionDenied),
        ({"status": 400, "body": fixture("error_validation")}, Invalid),
        ({"status": 400, "body": {"code": 3000, "message": "Cannot schedule a meeting."}}, PermissionDenied),
        ({"status": 400, "body": {"code": 1010, "message": "User does not belong to this account."}}, PermissionDenied),
        ({"status": 404, "body": {"code": 1001, "message": "User does not exist."}}, PermissionDenied),
        ({"status": 400, "body": {"code": 200, "message": "No permission."}}, PermissionDenied),
        ({"status": 400, "body": {"code": 300, "message": f"A maximum of 100 {DAILY_LIMIT}"}}, RateLimited),
        ({"status": 400, "body": {"code": 99999, "message": "Never heard of."}}, Invalid),
        ({"status": 401, "body": {"code": 4738, "message": "disabled by the administrator"}}, ReauthorizationRequired),
        ({"status": 400, "body": "<xml/>"}, Invalid),
    ],
)
def test_zooms_codes(vendor: ZoomVendor, fault: dict[str, Any], expected: type[Exception]) -> None:
    vendor.faults.add(path="^/v2/", **fault)
    with pytest.raises(expected):
        vendor.provider().create(SPEC, MARKER)


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, 1010, PermissionDenied),
        (400, 3000, PermissionDenied),
        (400, 3002, Temporary),
        (400, 3003, PermissionDenied),
        (400, 3007, Temporary),
        (400, 3018, PermissionDenied),
        (400, 3037, PermissionDenied),
        (400, 3161, PermissionDenied),
        (404, 1001, PermissionDenied),
        (404, 3001, NotFound),
        (400, 300, PermissionDenied),
        (400, 99999, PermissionDenied),
        (429, 429, RateLimited),
    ],
)
def test_what_zoom_says_to_a_removal(vendor: ZoomVendor, status: int, code: int, expected: type[Exception]) -> None:
    provider = vendor.provider()
    reference = provider.create(SPEC, MARKER).reference
    vendor.faults.add(method="DELETE", status=status, body={"code": code, "message": "what it says"})
    with pytest.raises(expected):
        provider.delete(reference)


def test_a_meeting_can_be_removed_once_the_people_in_it_left(vendor: ZoomVendor) -> None:
    provider = vendor.provider()
    reference = provider.create(SPEC, MARKER).reference
    vendor.service.set_status(reference.ids["id"], "started")
    with pytest.raises(Temporary, match="in progress"):
        provider.delete(reference)
    with pytest.raises(Temporary, match="have started"):
        provider.update(reference, SPEC, frozenset({"topic"}), MARKER)
    vendor.service.set_status(reference.ids["id"], "ended")
    with pytest.raises(Temporary, match="has ended"):
        provider.delete(reference)
    vendor.service.set_status(reference.ids["id"], "waiting")
    provider.delete(reference)


def test_what_can_not_be_accessed_now_may_be_later(vendor: ZoomVendor) -> None:
    provider = vendor.provider()
    reference = provider.create(SPEC, MARKER).reference
    body = {"code": 3000, "message": "Cannot access meeting information."}
    calls: list[Callable[[], object]] = [
        lambda: provider.get(reference),
        lambda: provider.update(reference, SPEC, frozenset({"topic"}), MARKER),
        lambda: provider.delete(reference),
    ]
    for call in calls:
        vendor.faults.add(path="^/v2/", status=400, body=body)
        with pytest.raises(Temporary):
            call()


@pytest.mark.parametrize("users", ["missing", "elsewhere"])
def test_a_host_who_is_not_of_the_account_is_for_a_person_to_mend(vendor: ZoomVendor, users: str) -> None:
    """Also of a meeting that is there already: it may come back with its host, and must not be made twice."""
    provider = vendor.provider()
    reference = provider.create(SPEC, MARKER).reference
    vendor.service.configure(**{users: (SPEC.host,)})
    calls: list[Callable[[], object]] = [
        lambda: provider.create(SPEC, MARKER),
        lambda: provider.find(MARKER, SPEC),
        lambda: provider.get(reference),
        lambda: provider.update(reference, SPEC, frozenset({"topic"}), MARKER),
        lambda: provider.delete(reference),
    ]
    for call in calls:
        with pytest.raises(PermissionDenied, match="`hosts`"):
            call()


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (replace(SPEC, time_zone="Europe/Busingen"), {"type": 2, "timezone": "UTC"}),
        (replace(SPEC, time_zone="Europe/Busingen", recurrence=("RRULE:FREQ=WEEKLY",)), {"type": 3}),
    ],
)
def test_a_time_zone_that_is_not_on_zooms_list(
    vendor: ZoomVendor, spec: ConferenceSpec, expected: dict[str, Any]
) -> None:
    vendor.service.configure(unknown_zones=("Europe/Busingen",))
    provider = vendor.provider()
    reference = provider.create(SPEC, MARKER).reference
    provider.update(reference, spec, frozenset({"schedule"}), MARKER)
    assert expected.items() <= vendor.meeting.items()
    if "timezone" in expected:
        assert vendor.times() == [(spec.start.astimezone(UTC), spec.end - spec.start)]
    provider.delete(reference)
    provider.create(spec, MARKER)
    assert expected.items() <= vendor.meeting.items()


def test_dial_in_numbers_with_extensions_and_without_any_digit(vendor: ZoomVendor) -> None:
    body = fixture("meeting")
    body["settings"]["global_dial_in_numbers"] = [
        {"number": "+1 613 555 1212 ext. 27777", "country": "CA", "type": "toll"},
        {"country": "US", "type": "toll"},
        {"number": "", "country": "US", "type": "toll"},
        {"number": None, "country": "US", "type": "toll"},
        {"number": "to be announced", "country": "US", "type": "toll"},
        {"number": "9" * 400, "country": "US", "type": "toll"},
    ]
    vendor.faults.add(path="^/v2/meetings/1$", status=200, body=body)
    details = vendor.provider().get(Reference(ids={"id": "1"}, host="h")).details
    (phone,) = [point for point in details.entry_points if point.type is EntryPointType.PHONE]
    assert phone.uri.startswith("tel:+16135551212,,27777,,")
    assert phone.label == "+1 613-555-1212 ext. 27777"


def test_an_error_names_the_fields(vendor: ZoomVendor) -> None:
    vendor.faults.add(path="^/v2/", status=400, body=fixture("error_validation"))
    with pytest.raises(Invalid, match=r"code 300: Validation Failed.*recurrence\.repeat_interval.*timezone"):
        vendor.provider().create(SPEC, MARKER)


def test_a_missing_scope_is_named_and_counts_as_soon_as_it_is_granted(vendor: ZoomVendor) -> None:
    provider = vendor.provider()
    vendor.service.configure(scopes=("meeting:read:list_meetings:admin",))
    with pytest.raises(PermissionDenied, match="meeting:write:meeting:admin"):
        provider.create(SPEC, MARKER)
    vendor.service.configure(scopes=Account().scopes)
    provider.create(SPEC, MARKER)
    assert len(vendor.faults.requests(path="/oauth/token")) == 2


def test_solutions_of_one_account_share_its_daily_limit(vendor: ZoomVendor) -> None:
    one, other = vendor.provider().capabilities.limit, vendor.provider(auto_recording="cloud").capabilities.limit
    assert one is not None
    assert one.calls == Account().per_day
    assert one == other


def test_the_daily_limit_ends_at_midnight(vendor: ZoomVendor) -> None:
    vendor.service.configure(per_day=1)
    vendor.service.clock = SystemClock().now
    provider = vendor.provider()
    provider.create(SPEC, MARKER)
    with pytest.raises(RateLimited) as caught:
        provider.create(SPEC, MARKER)
    now = datetime.now(UTC)
    assert caught.value.retry_at is not None
    assert now < caught.value.retry_at <= now + timedelta(days=1)
    assert caught.value.retry_at.time().isoformat() == "00:00:00"


def test_the_limit_per_second_is_over_soon(vendor: ZoomVendor) -> None:
    vendor.service.configure(per_second=1)
    vendor.service.clock = SystemClock().now
    provider = vendor.provider()
    provider.find(MARKER, SPEC)
    with pytest.raises(RateLimited) as caught:
        provider.find(MARKER, SPEC)
    assert caught.value.retry_at is not None
    assert abs(caught.value.retry_at - datetime.now(UTC)) < timedelta(seconds=2)


@pytest.mark.parametrize("host", ["", "me"])
def test_nobody_and_me_are_no_hosts(vendor: ZoomVendor, host: str) -> None:
    with pytest.raises(NotConfigured, match=r"solutions\.zoom\.hosts"):
        vendor.provider().create(replace(SPEC, host=host), MARKER)


def test_a_meeting_deleted_while_it_is_looked_for(vendor: ZoomVendor) -> None:
    provider = vendor.provider()
    provider.create(SPEC, MARKER)
    kept = provider.create(SPEC, MARKER)
    vendor.faults.add(method="GET", path=r"^/v2/meetings/", status=404, body={"code": 3001, "message": "gone"})
    assert provider.find(MARKER, SPEC) == [kept]


def test_one_token_serves_all_threads_until_shortly_before_its_end(vendor: ZoomVendor) -> None:
    clock = FakeClock()
    provider = vendor.provider(clock=clock, deadline=10)
    threads = [threading.Thread(target=provider.find, args=(MARKER, SPEC)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    clock.advance(timedelta(minutes=58))
    provider.find(MARKER, SPEC)
    assert len(vendor.faults.requests(path="/oauth/token")) == 1
    clock.advance(timedelta(minutes=1))
    provider.find(MARKER, SPEC)
    assert len(vendor.faults.requests(path="/oauth/token")) == 2


def test_rotated_credentials_are_used_when_the_token_ends(vendor: ZoomVendor) -> None:
    provider = vendor.provider()
    provider.find(MARKER, SPEC)
    vendor.secrets.put("zoom", credentials(vendor.service.configure(client_secret="rotated")))
    vendor.revoke_tokens()
    assert provider.find(MARKER, SPEC) == []
    assert len(vendor.service.tokens()) == 1, "only the rotated secret gets one"


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"status": 200, "body": "<html>"}, Temporary),
        ({"status": 500}, Temporary),
        ({"status": 429, "headers": {"Retry-After": "5"}}, RateLimited),
        ({"status": 400, "body": "<html>"}, ReauthorizationRequired),
        ({"status": 404}, ReauthorizationRequired),
        ({"status": 401, "body": {"error": "invalid_client", "reason": "Invalid client"}}, ReauthorizationRequired),
    ],
)
def test_without_a_token_nothing_is_created(
    vendor: ZoomVendor, fault: dict[str, Any], expected: type[Exception]
) -> None:
    vendor.faults.add(path="/oauth/token", **fault)
    with pytest.raises(expected):
        vendor.provider().create(SPEC, MARKER)
    assert vendor.service.meetings() == []


@pytest.mark.parametrize("secret", ["not json", "[]", '{"account_id": "a", "client_id": "b"}'])
def test_a_secret_that_is_no_credentials(vendor: ZoomVendor, secret: str) -> None:
    vendor.secrets.put("zoom", secret)
    with pytest.raises(NotConfigured, match="the secret zoom"):
        vendor.provider().create(SPEC, MARKER)


def test_the_token_says_where_the_api_is_unless_the_configuration_does(vendor: ZoomVendor) -> None:
    vendor.provider(config={"api": vendor.url + "/v2/"}).find(MARKER, SPEC)
    vendor.faults.add(path="/oauth/token", status=200, body={"access_token": "t", "api_url": vendor.url + "/eu"})
    with pytest.raises(Temporary):  # nothing is there
        vendor.provider().find(MARKER, SPEC)
    assert len(vendor.faults.requests(path="^/eu/v2/users/")) == 1


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"use_pmi": True}, "use_pmi"),
        ({"waiting_room": "yes"}, "waiting_room"),
        ({"auto_recording": "sometimes"}, "auto_recording"),
        ({"passcode_length": 11}, "passcode_length"),
        ({"global_dial_in_countries": ["Germany"]}, "global_dial_in_countries"),
    ],
)
def test_wrong_settings_are_refused_at_once(vendor: ZoomVendor, settings: dict[str, Any], key: str) -> None:
    with pytest.raises(NotConfigured, match=rf"solutions\.zoom\.settings.*{key}"):
        vendor.provider(**settings)


def test_a_secret_that_is_missing_is_no_missing_meeting(vendor: ZoomVendor) -> None:
    provider = vendor.provider(config={"secret": "forgotten"})
    with pytest.raises(NotConfigured, match="forgotten"):
        provider.update(Reference(ids={"id": "1"}, host="alice@example.com"), SPEC, frozenset({"topic"}), MARKER)


def test_a_missing_secret_name_is_refused_at_once(vendor: ZoomVendor) -> None:
    with pytest.raises(NotConfigured, match=r"solutions\.zoom\.secret"):
        vendor.provider(config={"secret": None})


def test_an_unknown_provider_is_refused_with_the_known_ones(vendor: ZoomVendor) -> None:
    solution = Solution(id="tin-can", name="Tin can", provider="tincan")
    with pytest.raises(NotConfigured, match=r"solutions\.tin-can\.provider.*jitsi.*zoom"):
        build(solution, ProviderConfig(deadline=timedelta(seconds=1)), outside())


def test_not_found_is_for_meetings(vendor: ZoomVendor) -> None:
    with pytest.raises(NotFound):
        vendor.provider().get(Reference(ids={"id": "1"}, host="alice@example.com"))


def test_a_time_that_is_taken_out_of_a_series_is_no_reason_to_write(vendor: ZoomVendor) -> None:
    weekly = replace(SPEC, recurrence=("RRULE:FREQ=WEEKLY;COUNT=6",))
    without = replace(weekly, recurrence=(*weekly.recurrence, f"EXDATE:{SPEC.start + timedelta(weeks=1):%Y%m%d}"))
    provider = vendor.provider()
    assert provider.kept(weekly) == provider.kept(without)
    assert provider.kept(weekly) != provider.kept(SPEC)


# --- single times of a series ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("changed", [{"deleted_shown": False}, {"occurrence_extras": "refused"}], ids=str)
def test_single_times_whatever_zoom_shows_of_them(vendor: ZoomVendor, changed: dict[str, Any]) -> None:
    vendor.service.configure(**changed)
    vendor.provider().create(replace(WEEKLY, occurrences=OCCURRENCES), MARKER)
    assert [start for start, _ in vendor.instances()] == [
        start for start, _ in as_told(replace(WEEKLY, occurrences=OCCURRENCES))
    ]


def test_an_endless_series_is_kept_as_far_as_zoom_lists_it(vendor: ZoomVendor) -> None:
    endless = replace(SPEC, recurrence=("RRULE:FREQ=WEEKLY",))
    far = Occurrence(original=(SPEC.start + timedelta(weeks=300)).astimezone(UTC))
    provider = vendor.provider()
    made = provider.create(replace(endless, occurrences=(OCCURRENCES[0], far)), MARKER)
    assert vendor.instances()[1][0] == (SPEC.start + timedelta(weeks=2)).astimezone(UTC)
    assert provider.get(made.reference) == made


def test_nobody_is_written_to(vendor: ZoomVendor) -> None:
    provider = vendor.provider()
    made = provider.create(replace(WEEKLY, occurrences=OCCURRENCES), MARKER)
    provider.delete(made.reference)
    assert vendor.service.mails() == []


# --- settings, and people's own accounts -----------------------------------------------------------------------------


def test_alternative_hosts_are_named(vendor: ZoomVendor) -> None:
    vendor.provider(alternative_hosts="bob@example.com;cara@example.com", alternative_hosts_email_notification=False)
    provider = vendor.provider(alternative_hosts="bob@example.com", alternative_hosts_email_notification=False)
    provider.create(SPEC, MARKER)
    assert vendor.meeting["settings"]["alternative_hosts"] == "bob@example.com"
    assert vendor.service.mails() == []


def test_an_alternative_host_whom_zoom_does_not_take_is_told(vendor: ZoomVendor) -> None:
    vendor.service.configure(unlicensed=("bob@example.com",))
    with pytest.raises(Invalid, match=r"alternative_hosts|bob"):
        vendor.provider(alternative_hosts="bob@example.com").create(SPEC, MARKER)


@pytest.mark.parametrize(
    "chosen",
    [
        {"waiting_room": True, "waiting_room_options": {"mode": "custom", "who_goes_to_waiting_room": "everyone"}},
        {"breakout_room": {"enable": True, "rooms": [{"name": "One", "participants": ["bob@example.com"]}]}},
        {"language_interpretation": {"enable": True, "interpreters": []}},
        {"approved_or_denied_countries_or_regions": {"enable": True, "method": "approve", "approved_list": ["DE"]}},
        {"continuous_meeting_chat": {"enable": True}, "focus_mode": True, "encryption_type": "e2ee"},
        {"participant_focused_meeting": True, "show_share_button": False, "allow_multiple_devices": True},
        {"auto_start_meeting_summary": True, "who_will_receive_summary": 2, "summary_template_id": "12"},
    ],
    ids=lambda chosen: next(iter(chosen)),
)
def test_settings_pass_by_their_names(vendor: ZoomVendor, chosen: dict[str, Any]) -> None:
    vendor.provider(**chosen).create(SPEC, MARKER)
    kept = vendor.meeting["settings"]
    assert {name: kept[name] for name in chosen} == chosen


class OwnAccounts(FakeGrants):
    """People who consented at the simulator; their tokens are its own."""

    def __init__(self, vendor: ZoomVendor) -> None:
        super().__init__()
        self._vendor = vendor
        self.asked: list[str | None] = []

    def token(self, owner: str, vendor: str, *, refused: str | None = None) -> str:
        super().token(owner, vendor, refused=refused)
        self.asked.append(refused)
        account = self._vendor.service.account
        uri = account.redirect_uris[0]
        code = self._vendor.service.consent(owner, redirect_uri=uri)
        return str(
            requests.post(
                f"{self._vendor.url}/oauth/token",
                data={"grant_type": "authorization_code", "code": code, "redirect_uri": uri},
                auth=(account.person_client_id, account.person_client_secret),
                timeout=5,
            ).json()["access_token"]
        )


@pytest.fixture
def own(vendor: ZoomVendor) -> OwnAccounts:
    return OwnAccounts(vendor)


def personal(vendor: ZoomVendor, own: OwnAccounts) -> ConferenceProvider:
    solution = Solution(id="zoom", name="Zoom Meeting", provider="zoom", personal=True)
    config = ProviderConfig(deadline=timedelta(seconds=5), api=f"{vendor.url}/v2")
    return build(solution, config, outside(clock=SystemClock(), grants=own))


def test_a_persons_own_account_has_the_meeting_all_its_life(vendor: ZoomVendor, own: OwnAccounts) -> None:
    provider = personal(vendor, own)
    with pytest.raises(ReauthorizationRequired, match=SPEC.host):
        provider.create(SPEC, MARKER)
    own.connect(SPEC.host)
    made = provider.create(SPEC, MARKER)
    assert vendor.meeting["host_email"] == SPEC.host
    assert provider.find(MARKER, SPEC) == [made]
    renamed = replace(SPEC, title="Renamed")
    provider.update(made.reference, renamed, changes(provider, SPEC, renamed), MARKER)
    assert vendor.titles() == ["Renamed"]
    provider.delete(made.reference)
    assert vendor.titles() == []


def test_a_persons_token_that_ended_early_is_replaced(vendor: ZoomVendor, own: OwnAccounts) -> None:
    own.connect(SPEC.host)
    provider = personal(vendor, own)
    vendor.faults.add(path=vendor.api, status=401, body={"code": 124, "message": "Invalid access token."})
    provider.create(SPEC, MARKER)
    assert [each is None for each in own.asked] == [True, False]
