"""Details by hand: within Calendar's limits, each link and number once, and read back as they were written."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from confsync.adapters.google_calendar.conference_data import conference_data
from confsync.domain.by_hand import DETAILS, copied, details
from confsync.domain.conference_data import ShownEntryPoint
from confsync.domain.conferencing import Conferencing, JoinDetails, Source
from confsync.domain.detection import detect
from confsync.domain.entry_point import MAX_CODE, MAX_ENTRY_POINTS, MAX_LABEL, MAX_URI, ConferenceDetails, EntryPoint
from confsync.domain.errors import BadRequest
from confsync.domain.given import Given
from confsync.domain.solution import Solution
from confsync.ports import ConferenceOnEvent

URL, SIP, NUMBER = "https://rooms.example/1", "sip:1@rooms.example", "+493090182000"
VIDEO: dict[str, Any] = {"type": "video", "uri": URL}
PHONE: dict[str, Any] = {"type": "phone", "uri": f"tel:{NUMBER},,77#"}


def made(told: Any) -> ConferenceDetails:
    return details(Given.of(told, "details", DETAILS))


def points(told: Any) -> list[tuple[str, str]]:
    return [(point.type.value, point.uri) for point in made(told).entry_points]


def read(written: ConferenceDetails) -> dict[str, Any]:
    """The details as the API tells of them, once they stand on an event."""
    shown = ConferenceOnEvent(conference_id="c", solution=Solution(id="", name="Rooms", provider=""), details=written)
    found = detect({"conferenceData": conference_data(shown)}).conferencing
    assert found is not None
    told: dict[str, Any] = found.json()["details"]
    return told


def codes(told: Any) -> dict[str, dict[str, str]]:
    """By type of entry point, the codes that it has."""
    names = ("meeting_code", "access_code", "passcode", "password", "pin")
    return {
        point.type.value: {name: getattr(point, name) for name in names if getattr(point, name)}
        for point in made(told).entry_points
    }


# --- each way to join once -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"url": URL}, [("video", URL)]),
        ({"sip": SIP}, [("sip", SIP)]),
        ({"phone": [NUMBER]}, [("phone", f"tel:{NUMBER}")]),
        ({"sip": SIP, "phone": [NUMBER], "url": URL}, [("video", URL), ("phone", f"tel:{NUMBER}"), ("sip", SIP)]),
        # twice in the short fields
        ({"phone": [NUMBER, "+49 (30) 90 18 20-00"]}, [("phone", f"tel:{NUMBER}")]),
        ({"phone": ["+1 613 555 1212 x1", "+1 613 555 1212 x2"]}, [("phone", f"tel:+16135551212,,{n}") for n in "12"]),
        ({"phone": [NUMBER, NUMBER[:-1]]}, [("phone", f"tel:{NUMBER}"), ("phone", f"tel:{NUMBER[:-1]}")]),
        # in the short fields and the entry points
        ({"url": URL, "entry_points": [VIDEO]}, [("video", URL)]),
        ({"url": URL, "entry_points": [{"type": "more", "uri": URL}, PHONE]}, [("more", URL), ("phone", PHONE["uri"])]),
        ({"sip": SIP, "entry_points": [{"type": "sip", "uri": SIP}]}, [("sip", SIP)]),
        ({"phone": [NUMBER], "entry_points": [PHONE]}, [("phone", PHONE["uri"])]),
        ({"phone": ["+49 30 90182000"], "entry_points": [PHONE]}, [("phone", PHONE["uri"])]),
        (
            {"phone": [NUMBER], "entry_points": [{"type": "phone", "uri": "tel:+49-30-90182000;ext=5"}]},
            [("phone", "tel:+49-30-90182000;ext=5")],
        ),
        ({"phone": ["8123"], "entry_points": [{"type": "phone", "uri": "tel:8123"}]}, [("phone", "tel:8123")]),
        # what the entry points lack
        ({"url": URL, "entry_points": [PHONE]}, [("video", URL), ("phone", PHONE["uri"])]),
        (
            {"phone": [NUMBER[:-1]], "sip": SIP, "entry_points": [VIDEO, PHONE]},
            [("video", URL), ("phone", PHONE["uri"]), ("phone", f"tel:{NUMBER[:-1]}"), ("sip", SIP)],
        ),
        ({"entry_points": [VIDEO, PHONE, PHONE]}, [("video", URL), *[("phone", PHONE["uri"])] * 2]),
    ],
)
def test_each_way_to_join_is_there_once(told: Any, expected: list[tuple[str, str]]) -> None:
    assert points(told) == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (
            {"url": URL, "phone": [NUMBER], "meeting_code": "1", "password": "2", "pin": "3"},
            {"video": {"meeting_code": "1", "password": "2"}, "phone": {"pin": "3"}},
        ),
        ({"url": URL, "pin": "3"}, {"video": {"pin": "3"}}),
        ({"phone": [NUMBER], "meeting_code": "1", "password": ""}, {"phone": {"meeting_code": "1"}}),
        ({"sip": SIP, "password": "2"}, {"sip": {"password": "2"}}),
        # as the entry points have it
        (
            {"meeting_code": "12 34", "entry_points": [{**VIDEO, "meeting_code": "1234"}]},
            {"video": {"meeting_code": "1234"}},
        ),
        ({"password": "2", "entry_points": [{**VIDEO, "passcode": "2"}]}, {"video": {"passcode": "2"}}),
        ({"pin": "3", "entry_points": [{**PHONE, "access_code": "3"}]}, {"phone": {"access_code": "3"}}),
        # what they lack
        ({"password": "2", "entry_points": [VIDEO, PHONE]}, {"video": {"password": "2"}, "phone": {}}),
        ({"pin": "3", "entry_points": [{**VIDEO, "meeting_code": "1"}]}, {"video": {"meeting_code": "1", "pin": "3"}}),
    ],
)
def test_codes_are_where_they_are_typed(told: Any, expected: dict[str, dict[str, str]]) -> None:
    assert codes(told) == expected


# --- what is not taken -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({}, ""),
        ({"pin": "1"}, ""),
        ({"entry_points": [{"type": "more", "uri": URL}]}, ""),
        ({"entry_points": [PHONE] * (MAX_ENTRY_POINTS + 1)}, ""),
        ({"entry_points": [VIDEO, VIDEO]}, ""),
        ({"colour": "red"}, ".colour"),
        ({"url": None}, ".url"),
        ({"url": ""}, ".url"),
        ({"url": "http://rooms.example/1"}, ".url"),
        ({"url": "https://"}, ".url"),
        ({"url": "https://rooms.example/a b"}, ".url"),
        ({"url": "https://rooms.example/a\n"}, ".url"),
        ({"url": "javascript:alert(1)"}, ".url"),
        ({"url": URL + "1" * MAX_URI}, ".url"),
        ({"url": URL + "2", "entry_points": [VIDEO]}, ".url"),
        ({"sip": "1@rooms.example"}, ".sip"),
        ({"sip": SIP + "2", "entry_points": [{"type": "sip", "uri": SIP}]}, ".sip"),
        ({"phone": NUMBER}, ".phone"),
        ({"phone": []}, ".phone"),
        ({"phone": [7]}, ".phone[0]"),
        ({"phone": [NUMBER, "8123"]}, ".phone[1]"),
        ({"phone": ["030 90182000"]}, ".phone[0]"),
        ({"phone": ["0049 30 90182000"]}, ".phone[0]"),
        ({"phone": ["+"]}, ".phone[0]"),
        ({"url": URL, "pin": "1" * (MAX_CODE + 1)}, ".pin"),
        ({"url": URL, "meeting_code": 7}, ".meeting_code"),
        ({"meeting_code": "9", "entry_points": [{**VIDEO, "meeting_code": "1"}]}, ".meeting_code"),
        ({"password": "Ab", "entry_points": [{**VIDEO, "passcode": "ab"}]}, ".password"),
        ({"pin": "9", "entry_points": [{**PHONE, "access_code": "1"}]}, ".pin"),
        ({"entry_points": {}}, ".entry_points"),
        ({"entry_points": [URL]}, ".entry_points[0]"),
        ({"entry_points": [VIDEO, {"uri": URL}]}, ".entry_points[1].type"),
        ({"entry_points": [{"type": "video"}]}, ".entry_points[0].uri"),
        ({"entry_points": [{"type": "fax", "uri": URL}]}, ".entry_points[0].type"),
        ({"entry_points": [{"type": "video", "uri": "tel:1"}]}, ".entry_points[0].uri"),
        ({"entry_points": [{"type": "phone", "uri": "tel:+49 30"}]}, ".entry_points[0].uri"),
        ({"entry_points": [{**VIDEO, "colour": "red"}]}, ".entry_points[0].colour"),
        ({"entry_points": [{**PHONE, "features": [{}]}]}, ".entry_points[0].features[0]"),
        ({"entry_points": [{**PHONE, "features": ["toll", "free"]}]}, ".entry_points[0].features[1]"),
        ({"entry_points": [{**PHONE, "features": ["toll", "toll_free"]}]}, ".entry_points[0]"),
        ({"entry_points": [{**VIDEO, "features": ["toll"]}]}, ".entry_points[0]"),
        ({"entry_points": [{**VIDEO, "region_code": "DE"}]}, ".entry_points[0]"),
        ({"entry_points": [{**VIDEO, "label": "1" * (MAX_LABEL + 1)}]}, ".entry_points[0]"),
    ],
)
def test_what_is_wrong_is_named(told: Any, field: str) -> None:
    with pytest.raises(BadRequest) as refused:
        made(told)
    assert refused.value.field == f"details{field}"


# --- what is taken is read back --------------------------------------------------------------------------------------

short_codes = st.text(max_size=12) | st.text("0123456789 -", max_size=MAX_CODE)
links = st.sampled_from([URL, URL + "/2", "https://us02web.zoom.us/j/86012345678?pwd=abc", "https://meet.google.com/a"])
numbers = st.sampled_from([NUMBER, "+49 30 90182000", "+1 613 555 1212", "+1 613 555 1212 x7", "+44 20 7946 0000"])
entry_points = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["video", "phone", "sip", "more"]),
        "uri": links | st.sampled_from([SIP, PHONE["uri"], f"tel:{NUMBER}", "tel:8123", "tel:+1-613-555-1212;ext=7"]),
    },
    optional=dict.fromkeys(("meeting_code", "access_code", "passcode", "password", "pin"), short_codes),
)
told_details = st.fixed_dictionaries(
    {},
    optional={
        "url": links,
        "sip": st.sampled_from([SIP, "sips:2@rooms.example"]),
        "phone": st.lists(numbers, min_size=1, max_size=3),
        "meeting_code": short_codes,
        "password": short_codes,
        "pin": short_codes,
        "entry_points": st.lists(entry_points, min_size=1, max_size=4),
    },
)


def squeezed(code: str) -> str:
    return code.replace(" ", "").replace("-", "").lower()


@given(told_details)
@example({"url": URL, "phone": [NUMBER], "meeting_code": "860 1234", "password": "aB", "pin": "77", "sip": SIP})
def test_what_is_taken_is_read_back(told: Any) -> None:
    try:
        written = made(told)
    except BadRequest as refused:
        assert (refused.field or "").startswith("details")  # noqa: PT017 - most are refused, and none unnamed
        return
    back = read(written)
    if "url" in told:
        assert back["url"] == told["url"]
    if "sip" in told:
        assert back["sip"] == told["sip"]
    for number in told.get("phone", ()):
        assert number.partition(" x")[0].replace(" ", "") in back["phone"]
    said = {
        "meeting_code": {squeezed(p.meeting_code or "") for p in written.entry_points},
        "password": {word for p in written.entry_points for word in (p.passcode, p.password)},
        "pin": {word for p in written.entry_points for word in (p.pin, p.access_code)},
    }
    for name, words in said.items():
        code = squeezed(told.get(name, "")) if name == "meeting_code" else told.get(name, "")
        assert not code or code in words
        if "entry_points" not in told and code:
            assert (squeezed(back[name]) if name == "meeting_code" else back[name]) == code


@given(told_details)
def test_what_was_read_can_be_written_and_reads_the_same(told: Any) -> None:
    try:
        back = read(made(told))
    except BadRequest:
        return
    again = read(made(back))
    # a code that the link alone told stands beside it now
    assert {**again, "entry_points": ...} == {**back, "entry_points": ...}
    assert [each["uri"] for each in again["entry_points"]] == [each["uri"] for each in back["entry_points"]]


# --- copies ----------------------------------------------------------------------------------------------------------

shown_points = st.builds(
    ShownEntryPoint,
    type=st.sampled_from(["video", "phone", "sip", "more", "gateway", ""]),
    uri=links | st.sampled_from([SIP, f"tel:{NUMBER}", "tel:", "", "ftp://x", "https://a b"]),
    label=st.none() | st.text(max_size=3) | st.just("1" * 600),
    pin=st.none() | st.just("1" * 200),
    features=st.just(()) | st.just(("free",)),
)


def found(*shown: ShownEntryPoint) -> Conferencing:
    details = JoinDetails(entry_points=shown)
    return Conferencing(provider="Rooms", details=details, source=Source.CONFERENCE_DATA)


@given(st.lists(shown_points, max_size=6))
def test_a_copy_has_what_calendar_takes_of_whatever_somebody_wrote(shown: list[ShownEntryPoint]) -> None:
    copy = copied(found(*shown))
    there = {(each.type, each.uri) for each in shown}
    if copy is None:
        assert ShownEntryPoint(type="sip", uri=SIP) not in shown
    else:
        assert {(point.type.value, point.uri) for point in copy.entry_points} <= there


def test_a_copy_has_the_first_of_what_there_can_be_one_of() -> None:
    first, second = (ShownEntryPoint(type="video", uri=f"{URL}/{n}", pin=str(n)) for n in (1, 2))
    copy = copied(found(ShownEntryPoint(type="gateway", uri=URL), first, second))
    assert copy is not None
    assert copy.entry_points == (EntryPoint(type="video", uri=f"{URL}/1", pin="1"),)  # type: ignore[arg-type]
    assert copied(found(ShownEntryPoint(type="more", uri=URL))) is None
