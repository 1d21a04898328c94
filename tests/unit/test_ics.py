"""Events as iCalendar, for other clients, and the conferences of what other clients send."""

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar, Event

from confsync.domain.conference_data import ShownEntryPoint
from confsync.domain.conferencing import Conferencing, JoinDetails, Source
from confsync.domain.detection import OwnService, detect
from confsync.domain.detection.catalogue import SERVICES
from confsync.domain.entry_point import CODES
from confsync.domain.errors import BadRequest
from confsync.domain.ics import MAX_ICS, detect_ics, event_ics

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
BERLIN = "Europe/Berlin"
MEET = "https://meet.google.com/abc-defg-hij"
ZOOM = "https://zoom.us/j/81234567890"
TEAMS = "https://teams.microsoft.com/meet/26374053457629?p=x"
INVITATIONS = sorted((Path(__file__).parent / "detection" / "invitations").iterdir())

EVENT = {
    "id": "abc",
    "iCalUID": "abc@google.com",
    "status": "tentative",
    "visibility": "private",
    "transparency": "transparent",
    "sequence": 2,
    "created": "2026-11-01T08:00:00.000Z",
    "updated": "2026-11-02T09:30:15.123Z",
    "summary": "Weekly",
    "description": "<b>Agenda</b><br>one &amp; two",
    "location": "Room 4; first floor",
    "start": {"dateTime": "2026-12-01T10:00:00+01:00", "timeZone": BERLIN},
    "end": {"dateTime": "2026-12-01T11:00:00+01:00", "timeZone": BERLIN},
    "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=5;BYDAY=TU", "EXDATE;TZID=Europe/Berlin:20261208T100000"],
    "organizer": {"email": "ann@example.com", "displayName": "Ann"},
    "attendees": [
        {"email": "bob@example.com", "displayName": "Bob", "responseStatus": "accepted"},
        {"email": "eve@example.com", "responseStatus": "declined", "optional": True},
        {"email": "room@example.com", "resource": True},
    ],
    "attachments": [{"fileUrl": "https://drive.example/1", "title": "Plan", "mimeType": "application/pdf"}],
    "reminders": {"useDefault": False, "overrides": [{"method": "popup", "minutes": 10}]},
}

DETAILS = JoinDetails(
    url=MEET,
    meeting_code="abc-defg-hij",
    pin="934959535",
    phone=("+14136484559",),
    entry_points=(
        ShownEntryPoint(type="video", uri=MEET, label="meet.google.com/abc-defg-hij"),
        ShownEntryPoint(type="phone", uri="tel:+1-413-648-4559", label="+1 413-648-4559", pin="934959535"),
        ShownEntryPoint(type="sip", uri="sip:1@example.com", passcode="9"),
        ShownEntryPoint(type="more", uri="https://tel.meet/abc-defg-hij?pin=1"),
    ),
)
CONFERENCING = Conferencing(provider="Google Meet", details=DETAILS, source=Source.CONFERENCE_DATA)


def lines(resource: dict[str, Any], conferencing: Conferencing | None = None) -> list[str]:
    """What is written, without folds."""
    written = event_ics(resource, conferencing, time_zone=BERLIN, now=NOW).decode()
    return written.replace("\r\n ", "").split("\r\n")


def vevent(*properties: str) -> str:
    return "\r\n".join(["BEGIN:VEVENT", "UID:1", *properties, "END:VEVENT"])


def ics(*events: str) -> str:
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", *events, "END:VCALENDAR", ""])


def event_of(written: bytes) -> Event:
    (event,) = Calendar.from_ical(written).walk("VEVENT")
    assert isinstance(event, Event)
    return event


# --- written ---------------------------------------------------------------------------------------------------------


def test_an_event_is_written() -> None:
    assert set(lines(EVENT)) >= {
        "UID:abc@google.com",
        "DTSTAMP:20261128T120000Z",
        "DTSTART;TZID=Europe/Berlin:20261201T100000",
        "DTEND;TZID=Europe/Berlin:20261201T110000",
        "TZID:Europe/Berlin",
        "RRULE:FREQ=WEEKLY;COUNT=5;BYDAY=TU",
        "EXDATE;TZID=Europe/Berlin:20261208T100000",
        "SUMMARY:Weekly",
        "LOCATION:Room 4\\; first floor",
        "DESCRIPTION:Agenda\\none & two",
        "STATUS:TENTATIVE",
        "CLASS:PRIVATE",
        "TRANSP:TRANSPARENT",
        "SEQUENCE:2",
        "CREATED:20261101T080000Z",
        "LAST-MODIFIED:20261102T093015Z",
        "ORGANIZER;CN=Ann:mailto:ann@example.com",
        "ATTENDEE;CN=Bob;CUTYPE=INDIVIDUAL;PARTSTAT=ACCEPTED;ROLE=REQ-PARTICIPANT:mailto:bob@example.com",
        "ATTENDEE;CUTYPE=INDIVIDUAL;PARTSTAT=DECLINED;ROLE=OPT-PARTICIPANT:mailto:eve@example.com",
        "ATTENDEE;CUTYPE=RESOURCE;PARTSTAT=NEEDS-ACTION;ROLE=REQ-PARTICIPANT:mailto:room@example.com",
        "ATTACH;FILENAME=Plan;FMTTYPE=application/pdf:https://drive.example/1",
        "TRIGGER:-PT10M",
    }


def test_a_conference_is_written_for_those_who_know_the_property_and_for_those_who_do_not() -> None:
    written = lines(EVENT, CONFERENCING)
    assert [each for each in written if "CONFERENCE" in each] == [
        f"CONFERENCE;FEATURE=VIDEO,AUDIO;LABEL=Google Meet;VALUE=URI:{MEET}",
        "CONFERENCE;FEATURE=PHONE;LABEL=+1 413-648-4559;VALUE=URI;X-CONFSYNC-PIN=934959535:tel:+1-413-648-4559",
        "CONFERENCE;FEATURE=VIDEO,AUDIO;VALUE=URI;X-CONFSYNC-PASSCODE=9:sip:1@example.com",
        "CONFERENCE;FEATURE=PHONE;VALUE=URI:https://tel.meet/abc-defg-hij?pin=1",
        f"X-GOOGLE-CONFERENCE:{MEET}",
    ]
    description, _ = (each for each in written if each.startswith("DESCRIPTION:"))  # the second is the reminder's
    assert description.startswith("DESCRIPTION:Agenda\\none & two\\n\\nGoogle Meet\\n")
    assert MEET in description
    assert "+1 413-648-4559 (PIN: 934959535)" in description
    (shown,) = (each for each in written if each.startswith("X-ALT-DESC"))
    assert MEET in shown


def test_words_that_show_the_link_are_left_alone() -> None:
    written = lines(EVENT | {"description": f"Join: {MEET}"}, CONFERENCING)
    assert f"DESCRIPTION:Join: {MEET}" in written


@pytest.mark.parametrize(
    ("start", "end", "written"),
    [
        ({"date": "2026-12-01"}, {"date": "2026-12-03"}, ["DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261203"]),
        (
            {"dateTime": "2026-12-01T10:00:00-05:00"},
            {"dateTime": "2026-12-01T11:00:00-05:00"},
            ["DTSTART;TZID=Europe/Berlin:20261201T160000", "DTEND;TZID=Europe/Berlin:20261201T170000"],
        ),
        (
            {"dateTime": "2026-12-01T10:00:00", "timeZone": "America/New_York"},
            {},
            ["DTSTART;TZID=America/New_York:20261201T100000"],
        ),
        ({"dateTime": "2026-12-01T10:00:00Z", "timeZone": "UTC"}, {}, ["DTSTART:20261201T100000Z"]),
        ({"dateTime": "2026-12-01T10:00:00+01:00", "timeZone": "Mars/Base"}, {}, ["DTSTART:20261201T090000Z"]),
        ({"dateTime": "2026-12-01T10:00:00Z"}, {"date": "2026-12-02"}, ["DTSTART;TZID=Europe/Berlin:20261201T110000"]),
        ({"date": "2026-12-01"}, {"date": "2026-12-01"}, ["DTSTART;VALUE=DATE:20261201"]),
        ({"date": "tomorrow"}, {"dateTime": 5}, []),
    ],
)
def test_times(start: dict[str, str], end: dict[str, str], written: list[str]) -> None:
    found = lines({"start": start, "end": end})
    event = found[found.index("BEGIN:VEVENT") :]
    assert [each for each in event if each.startswith(("DTSTART", "DTEND"))] == written


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ("RRULE:FREQ=DAILY;UNTIL=20261224T090000Z", "RRULE:FREQ=DAILY;UNTIL=20261224T090000Z"),
        ("RDATE;VALUE=DATE:20261224", "RDATE;VALUE=DATE:20261224"),
        ("EXDATE:20261224T090000Z", "EXDATE:20261224T090000Z"),
        ("EXDATE;TZID=W. Europe Standard Time:20261224T090000", "EXDATE;TZID=Europe/Berlin:20261224T090000"),
        ("exdate;tzid=America/New_York:20261224T090000", "EXDATE;TZID=America/New_York:20261224T090000"),
        ("RRULE:COUNT=5", None),
        ("RRULE:FREQ=BOGUS", None),
        ("RRULE", None),
        ("EXDATE:never", None),
        ("RDATE;VALUE=PERIOD:20261224T090000Z/PT1H", None),
        ("ATTENDEE:mailto:eve@example.com", None),
        ("X-A:b", None),
    ],
)
def test_recurrence(line: str, written: str | None) -> None:
    found = lines({"start": EVENT["start"], "recurrence": [line]})
    event = found[found.index("BEGIN:VEVENT") :]
    told = [each for each in event if not each.startswith(("BEGIN", "END", "UID", "DTSTAMP", "DTSTART", "TRANSP"))]
    assert list(filter(None, told)) == ([written] if written else [])


def test_an_instance_names_its_original_time() -> None:
    moved = EVENT | {"recurringEventId": "abc", "originalStartTime": {"dateTime": "2026-12-08T10:00:00+01:00"}}
    assert "RECURRENCE-ID;TZID=Europe/Berlin:20261208T100000" in lines(moved)


# --- hostile ---------------------------------------------------------------------------------------------------------

EVIL = 'x\r\nATTENDEE:mailto:eve@evil.example\nEND:VEVENT\rX-EVIL:1\x0b\x0c\x85\u2028X-EVIL:2;,:"^\\\x00\ud800'


def hostile(value: Any) -> Any:
    """The resource with such a text in the place of every text."""
    if isinstance(value, dict):
        return {name: hostile(each) for name, each in value.items()}
    if isinstance(value, list):
        return [hostile(each) for each in value]
    return f"{value}{EVIL}" if isinstance(value, str) else value


@pytest.mark.parametrize("resource", [hostile(EVENT), EVENT | {"summary": EVIL, "location": EVIL, "description": EVIL}])
def test_no_text_becomes_a_property(resource: dict[str, Any]) -> None:
    point = ShownEntryPoint(type="video", uri=f"https://a.example/{EVIL}", label=EVIL, passcode=EVIL)
    details = JoinDetails(url=f"https://a.example/{EVIL}", entry_points=(point,))
    conferencing = Conferencing(provider=EVIL, details=details, source=Source.TEXT)
    written = event_ics(resource, conferencing, time_zone=EVIL, now=NOW)
    event = event_of(written)
    assert "X-EVIL" not in event
    assert not any("evil" in str(each) for each in event.attendees if str(each).startswith("mailto:eve@evil"))
    assert event.errors == []
    assert str(event["SUMMARY"]).startswith(resource["summary"][:1])
    assert not any(line.startswith((b"X-EVIL", b"ATTENDEE:mailto:eve@evil")) for line in written.splitlines())


NAMES = st.sampled_from(
    [
        *EVENT,
        "date",
        "dateTime",
        "timeZone",
        "email",
        "displayName",
        "fileUrl",
        "overrides",
        "minutes",
        "originalStartTime",
    ]
)
TEXTS = st.sampled_from(
    [
        *("2026-12-01", "2026-12-01T10:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", BERLIN),
        *("RRULE:FREQ=DAILY", "EXDATE:20261201", "RDATE:99991231T235959", "confirmed", "a@b", "https://a.example"),
        *("Asia", "", EVIL, "RRULE:FREQ=DAILY;UNTIL=00010101"),
        *("RRULE:FREQ=YEARLY;BYDAY=9MO;X=", "EXDATE;TZID=:2026", "<b>", "<![x]>"),
    ]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=3), inner, max_size=6),
    max_leaves=20,
)
BROKEN = st.dictionaries(NAMES, JSON, max_size=8)
ONE_BROKEN = st.builds(lambda name, value: EVENT | {name: value}, NAMES, JSON)


@given(BROKEN | ONE_BROKEN, st.none() | st.just(CONFERENCING), st.sampled_from([BERLIN, "UTC", "Asia", ""]))
def test_any_resource_is_written_so_that_it_can_be_read(
    resource: dict[str, Any], conferencing: Conferencing | None, time_zone: str
) -> None:
    event = event_of(event_ics(resource, conferencing, time_zone=time_zone, now=NOW))
    assert event.errors == []
    assert "UID" in event
    assert "DTSTAMP" in event


# --- there and back --------------------------------------------------------------------------------------------------


def same(found: Conferencing | None) -> tuple[object, ...]:
    """What makes it that meeting."""
    assert found is not None
    details = found.details
    points = [(p.type, p.uri, *(getattr(p, name) for name in CODES)) for p in details.entry_points]
    told = (details.url, details.meeting_code, details.password, details.pin, details.phone, details.sip)
    return found.provider, *told, points


JOINS = [(service.name, url) for service in SERVICES for url in service.joins]


@pytest.mark.parametrize(("name", "url"), JOINS)
def test_the_meeting_of_every_service_comes_back(name: str, url: str) -> None:
    event = EVENT | {"location": url}
    found = detect(event).conferencing
    assert same(detect_ics(event_ics(event, found, time_zone=BERLIN, now=NOW).decode()).conferencing) == same(found)


@pytest.mark.parametrize("path", INVITATIONS, ids=lambda path: path.stem)
def test_the_meeting_of_every_invitation_comes_back(path: Path) -> None:
    event = EVENT | {"description": path.read_text(encoding="utf-8")}
    found = detect(event).conferencing
    written = event_ics(event, found, time_zone=BERLIN, now=NOW).decode()
    if found is None:
        assert detect_ics(written).conferencing is None
    else:
        assert same(detect_ics(written).conferencing) == same(found)


@pytest.mark.parametrize("provider", ["Google Meet", "Our own"])
def test_a_conference_of_anybody_comes_back(provider: str) -> None:
    url = MEET if provider == "Google Meet" else "https://video.example/r/1"
    points = (
        ShownEntryPoint(type="video", uri=url, meeting_code="1", passcode="a;b", password='c"d'),
        ShownEntryPoint(type="phone", uri="tel:+496938079883,,12;3#", access_code="12", pin="3"),
        ShownEntryPoint(type="sip", uri="sip:1@example.com"),
        ShownEntryPoint(type="more", uri="https://video.example/numbers"),
    )
    shown = [{"entryPointType": p.type, "uri": p.uri} for p in points]
    for each, point in zip(shown, points, strict=True):
        each |= {"meetingCode": point.meeting_code, "accessCode": point.access_code, "pin": point.pin}
        each |= {"passcode": point.passcode, "password": point.password}
    event = EVENT | {"conferenceData": {"conferenceSolution": {"name": provider}, "entryPoints": shown}}
    found = detect(event).conferencing
    assert same(detect_ics(event_ics(event, found, time_zone=BERLIN, now=NOW).decode()).conferencing) == same(found)


def test_details_without_entry_points_come_back() -> None:
    details = JoinDetails(url=ZOOM, meeting_code="81234567890", password="x1", phone=("+496938079883",), pin="12")
    given = Conferencing(provider="Zoom Meeting", details=details, source=Source.TEXT)
    found = detect_ics(event_ics({}, given, time_zone=BERLIN, now=NOW).decode()).conferencing
    assert same(found)[:6] == same(given)[:6]


# --- read ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("properties", "provider", "url"),
    [
        ((f"CONFERENCE;VALUE=URI;FEATURE=VIDEO,AUDIO;LABEL=Join:{ZOOM}",), "Zoom Meeting", ZOOM),
        ((f'CONFERENCE;VALUE=URI;FEATURE="AUDIO,VIDEO":{ZOOM}',), "Zoom Meeting", ZOOM),
        ((f"CONFERENCE:{ZOOM}",), "Zoom Meeting", ZOOM),
        (("CONFERENCE;LABEL=Our own:https://video.example/r/1",), "Our own", "https://video.example/r/1"),
        ((f"X-GOOGLE-CONFERENCE:{MEET}",), "Google Meet", MEET),
        ((f"X-MICROSOFT-SKYPETEAMSMEETINGURL:{TEAMS}",), "Microsoft Teams", TEAMS),
        ((f"X-MICROSOFT-ONLINEMEETINGCONFLINK:{TEAMS}",), "Microsoft Teams", TEAMS),
        ((f"X-OPENPAAS-VIDEOCONFERENCE:{ZOOM}",), "Zoom Meeting", ZOOM),
        ((f"X-PM-CONFERENCE-URL;X-PM-HOST=a@proton.me:{ZOOM}", "X-PM-CONFERENCE-ID:1"), "Zoom Meeting", ZOOM),
        ((f"URL:{ZOOM}",), "Zoom Meeting", ZOOM),
        ((f"LOCATION:{ZOOM}",), "Zoom Meeting", ZOOM),
        ((f"DESCRIPTION:Hello\\, all\\n\\nJoin: {ZOOM}\\n",), "Zoom Meeting", ZOOM),
        ((f'X-ALT-DESC;FMTTYPE=text/html:<a href="{ZOOM}">Join</a>',), "Zoom Meeting", ZOOM),
        (("DESCRIPTION:Join: https://zoo", f" m.us/j/{81234567890}"), "Zoom Meeting", ZOOM),
        ((f"X-GOOGLE-CONFERENCE:{MEET}", f"LOCATION:{ZOOM}"), "Google Meet", MEET),
        ((f"CONFERENCE:{ZOOM}", f"X-GOOGLE-CONFERENCE:{MEET}"), "Zoom Meeting", ZOOM),
        (("X-GOOGLE-CONFERENCE:", f"LOCATION:{ZOOM}"), "Zoom Meeting", ZOOM),
        ((f"CONFERENCE;FEATURE=CHAT:{MEET}", f"URL:{ZOOM}"), "Zoom Meeting", ZOOM),
        ((f"CONFERENCE;FEATURE=VIDEO,MODERATOR:{MEET}", f"CONFERENCE:{ZOOM}"), "Zoom Meeting", ZOOM),
        (("DTSTART:never", "BOGUS", f"LOCATION:{ZOOM}"), "Zoom Meeting", ZOOM),
    ],
)
def test_what_other_clients_send(properties: tuple[str, ...], provider: str, url: str) -> None:
    found = detect_ics(ics(vevent(*properties))).conferencing
    assert found is not None
    assert (found.provider, found.details.url) == (provider, url)


@pytest.mark.parametrize(
    "properties",
    [
        (),
        ("X-GOOGLE-CONFERENCE:",),
        ("CONFERENCE:",),
        ("CONFERENCE:xmpp:room@example.com",),
        ("X-MICROSOFT-ONLINEMEETINGCONFLINK:conf:sip:ann@example.com\\;gruu",),
        ("X-PM-CONFERENCE-ID;X-PM-PROVIDER=2:123",),
        ("URL:https://example.com/agenda",),
        ("SUMMARY:https://zoom.us/j/81234567890",),
    ],
)
def test_what_is_no_conference(properties: tuple[str, ...]) -> None:
    assert detect_ics(ics(vevent(*properties))).conferencing is None


def test_dial_in_by_the_property() -> None:
    found = detect_ics(
        ics(vevent(f"CONFERENCE:{ZOOM}", "CONFERENCE;FEATURE=PHONE;LABEL=Germany:tel:+49-69-38079883,,12#"))
    )
    assert found.conferencing is not None
    assert found.conferencing.details.phone == ("+496938079883",)
    assert found.conferencing.details.entry_points[1].label == "Germany"


def test_the_first_event_that_has_one() -> None:
    text = ics(vevent("LOCATION:Room 4"), vevent(f"LOCATION:{ZOOM}"), vevent(f"LOCATION:{MEET}"))
    found = detect_ics(text).conferencing
    assert found is not None
    assert found.details.url == ZOOM


def test_a_gateways_links_of_all_events_are_told() -> None:
    links = ("https://protect-eu.mimecast.com/s/abc", "https://protect-eu.mimecast.com/s/def")
    found = detect_ics(ics(*(vevent(f"LOCATION:{link}") for link in links)))
    assert (found.conferencing, found.unresolved) == (None, links)


def test_servers_of_ones_own() -> None:
    own = (OwnService(name="Our own", pattern="https://video.example/{code}"),)
    found = detect_ics(ics(vevent("LOCATION:https://video.example/weekly")), own).conferencing
    assert found is not None
    assert found.provider == "Our own"


def test_a_broken_time_zone_does_not_matter() -> None:
    zone = "\r\n".join(["BEGIN:VTIMEZONE", "TZID:Broken", "END:VTIMEZONE"])
    assert detect_ics(ics(zone, vevent(f"LOCATION:{ZOOM}"))).conferencing is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "BEGIN:VCALENDAR",
        "END:VCALENDAR",
        "BEGIN:VCALENDAR\nEND:VCALENDAR",
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\n",
        "BEGIN:VEVENT\n" * 1000,
        "\x00",
        "{}",
        "BEGIN:VTIMEZONE",
        "x" * (MAX_ICS + 1),
    ],
    ids=repr,
)
def test_what_is_no_icalendar(text: str) -> None:
    with pytest.raises(BadRequest) as raised:
        detect_ics(text)
    assert raised.value.field == "ics"


PARTS = st.sampled_from(
    [
        *("BEGIN:VCALENDAR\n", "END:VCALENDAR\n", "BEGIN:VEVENT\n", "END:VEVENT\n", "BEGIN:VTIMEZONE\n", "BEGIN:"),
        *("END:VTIMEZONE\n", "BEGIN:VALARM\n", "END:VALARM\n", "END:", "DTSTART", "CONFERENCE", "RRULE", "EXDATE"),
        *("TZID=", "VALUE=DATE", "VALUE=BINARY", "ENCODING=BASE64", "ATTENDEE", "LOCATION:", "GEO:1", "FEATURE=VIDEO"),
        *(";", ":", ",", '"', "\\", "\n", " ", "=", "20261201", "T100000", "Z", "P1D", "\x00", "é", "DURATION", ZOOM),
    ]
)
BODY = st.lists(PARTS, max_size=40).map("".join)


@given(st.text() | BODY | BODY.map(lambda body: ics(vevent(body))))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(BadRequest):
        detect_ics(text)
