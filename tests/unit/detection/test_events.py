"""The meeting of a Calendar event, from wherever it stands in it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confsync.domain.conferencing import Confidence, Source, Status
from confsync.domain.description_block import put, render
from confsync.domain.detection import OwnService, detect, detect_parts
from confsync.domain.entry_point import ConferenceDetails, EntryPoint, EntryPointType

ZOOM = "https://us02web.zoom.us/j/85746065432?pwd=QWJj.1"
OTHER = "https://us02web.zoom.us/j/99988877766"
TEAMS = "https://teams.microsoft.com/meet/26374053457629?p=Aa1"
MEET = "https://meet.google.com/abc-defg-hij"
GOOGLE_RULE = "-::~:~::~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~::~:~::-"
PROTON_RULE = "~-~-~-~-~-~-~%~!~%~!~%~!~%~!~%~!~%~!~%~!~%~!~%~!~%~!~%~!~%~!~%~!~-~-~-~-~-~-~"

MEET_DATA = {
    "entryPoints": [
        {"entryPointType": "video", "uri": MEET, "label": "meet.google.com/abc-defg-hij"},
        {
            "entryPointType": "phone",
            "uri": "tel:+1-413-648-4559",
            "label": "+1 413-648-4559",
            "pin": "934959535",
            "regionCode": "US",
        },
        {"entryPointType": "more", "uri": "https://tel.meet/abc-defg-hij?pin=9349595351234", "pin": "9349595351234"},
    ],
    "conferenceSolution": {"key": {"type": "hangoutsMeet"}, "name": "Google Meet", "iconUri": "https://i"},
    "conferenceId": "abc-defg-hij",
}
ZOOM_DATA = {
    "entryPoints": [
        {"entryPointType": "video", "uri": ZOOM, "meetingCode": "857 4606 5432", "passcode": "6Z3fiV"},
        {
            "entryPointType": "phone",
            "uri": "tel:+12532050468,,85746065432#",
            "accessCode": "85746065432",
            "entryPointFeatures": ["toll"],
        },
        {"entryPointType": "sip", "uri": "sip:85746065432@zoomcrc.com"},
    ],
    "conferenceSolution": {"key": {"type": "addOn"}, "name": "Zoom Meeting"},
}


def json(event: dict[str, Any], own: tuple[OwnService, ...] = ()) -> dict[str, Any] | None:
    found = detect(event, own).conferencing
    return found.json() if found else None


# --- conferenceData --------------------------------------------------------------------------------------------------


def test_a_meet_with_all_its_entry_points() -> None:
    assert json({"conferenceData": MEET_DATA, "hangoutLink": MEET, "location": ZOOM}) == {
        "provider": "Google Meet",
        "source": "conferenceData",
        "details": {
            "url": MEET,
            "meeting_code": "abc-defg-hij",
            "pin": "934959535",
            "phone": ["+14136484559"],
            "entry_points": [
                {"type": "video", "uri": MEET, "label": "meet.google.com/abc-defg-hij"},
                {
                    "type": "phone",
                    "uri": "tel:+1-413-648-4559",
                    "label": "+1 413-648-4559",
                    "pin": "934959535",
                    "region_code": "US",
                },
                {"type": "more", "uri": "https://tel.meet/abc-defg-hij?pin=9349595351234", "pin": "9349595351234"},
            ],
        },
    }


def test_what_an_add_on_wrote() -> None:
    found = json({"conferenceData": ZOOM_DATA})
    assert found is not None
    points = found["details"].pop("entry_points")
    assert found == {
        "provider": "Zoom Meeting",
        "source": "conferenceData",
        "details": {
            "url": ZOOM,
            "meeting_code": "85746065432",
            "password": "6Z3fiV",
            "pin": "85746065432",
            "phone": ["+12532050468"],
            "sip": "sip:85746065432@zoomcrc.com",
        },
    }
    assert points[1]["features"] == ["toll"]
    assert [point["type"] for point in points] == ["video", "phone", "sip"]


@pytest.mark.parametrize(
    ("uri", "solution", "provider"),
    [
        ("https://example.com/room/7", {"name": "Acme Rooms"}, "Acme Rooms"),
        ("https://example.com/room/7", {"name": "Webex Meeting"}, "WebEx"),
        ("https://example.com/room/7", {"key": {"type": "hangoutsMeet"}}, "Google Meet"),
        ("https://rooms.example.com/7", {}, "rooms.example.com"),
        ("https://app.cal.com/video/1de4BmdX", {"name": "Zoom Meeting"}, "Cal Video"),
        ("sip:7@example.com", {}, ""),
    ],
)
def test_a_vendor_is_named_by_its_link_else_as_the_solution_says(
    uri: str, solution: dict[str, Any], provider: str
) -> None:
    kind = "sip" if uri.startswith("sip") else "video"
    found = json(
        {"conferenceData": {"entryPoints": [{"entryPointType": kind, "uri": uri}], "conferenceSolution": solution}}
    )
    assert found is not None
    assert found["provider"] == provider
    assert found["details"]["entry_points"] == [{"type": kind, "uri": uri}]


def test_an_address_that_is_dangerous_to_click_is_left_out() -> None:
    data = {"entryPoints": [{"entryPointType": "video", "uri": "javascript:alert(1)"}]}
    assert json({"conferenceData": data}) is None
    data["entryPoints"].append({"entryPointType": "phone", "uri": "tel:+12532050468"})
    found = json({"conferenceData": data})
    assert found is not None
    assert (found["details"].get("url"), found["details"]["phone"]) == (None, ["+12532050468"])


def request(status: str) -> dict[str, Any]:
    return {"createRequest": {"conferenceSolutionKey": {"type": "hangoutsMeet"}, "status": {"statusCode": status}}}


@pytest.mark.parametrize("status", [Status.PENDING, Status.FAILURE])
def test_a_conference_that_is_asked_for_says_how_it_is(status: Status) -> None:
    assert json({"conferenceData": request(status)}) == {
        "provider": "Google Meet",
        "source": "conferenceData",
        "status": status.value,
        "details": {},
    }


def test_instead_of_one_that_failed_people_join_what_there_is() -> None:
    found = json({"conferenceData": request("failure"), "location": ZOOM})
    assert found is not None
    assert (found["provider"], found["source"]) == ("Zoom Meeting", "location")
    waiting = json({"conferenceData": request("pending"), "location": ZOOM})
    assert waiting is not None
    assert waiting["status"] == "pending"


def test_a_request_that_was_answered_is_a_conference() -> None:
    found = json({"conferenceData": {**request("success"), **MEET_DATA}})
    assert found is not None
    assert "status" not in found
    assert json({"conferenceData": request("success")}) is None


# --- the other sources, in order -------------------------------------------------------------------------------------

BLOCK = f"Hello\n{GOOGLE_RULE}\nJoin: {TEAMS}\n{GOOGLE_RULE}\nSee {OTHER}"


@pytest.mark.parametrize(
    ("event", "source", "url", "confidence"),
    [
        ({"hangoutLink": MEET, "location": ZOOM, "description": BLOCK}, Source.HANGOUT_LINK, MEET, None),
        ({"location": ZOOM, "description": BLOCK}, Source.LOCATION, ZOOM, Confidence.HIGH),
        ({"location": "Room 5", "description": BLOCK}, Source.BLOCK, TEAMS, Confidence.HIGH),
        ({"description": f"See {OTHER}"}, Source.DESCRIPTION, OTHER, Confidence.HIGH),
        ({"description": f"{OTHER} or {TEAMS}"}, Source.DESCRIPTION, OTHER, Confidence.MEDIUM),
        (
            {"location": "https://meet.example.com/bob/ABC1D2EF", "description": TEAMS},
            Source.DESCRIPTION,
            TEAMS,
            Confidence.HIGH,
        ),
        ({"hangoutLink": "https://example.com/x", "location": ZOOM}, Source.LOCATION, ZOOM, Confidence.HIGH),
    ],
)
def test_the_first_source_with_a_link_counts(
    event: dict[str, Any], source: Source, url: str, confidence: Confidence | None
) -> None:
    found = detect(event).conferencing
    assert found is not None
    assert (found.source, found.details.url, found.confidence) == (source, url, confidence)


def ours() -> str:
    point = EntryPoint(type=EntryPointType.VIDEO, uri=ZOOM, meeting_code="85746065432", passcode="6Z3fiV")
    block = render(
        "Zoom Meeting", "confsync-" + "0123456789abcdef" * 2 + "01234567", ConferenceDetails(entry_points=(point,))
    )
    text = put("Agenda: all of it", block)
    assert text is not None
    return text


@pytest.mark.parametrize(
    "description",
    [
        f"Agenda\n\n{'_' * 80}\nMicrosoft Teams\nJoin: {ZOOM}\n{'_' * 80}",
        f"Agenda<br>{GOOGLE_RULE}<br>Join: <a href='https://www.google.com/url?q={ZOOM}'>Zoom</a><br>{GOOGLE_RULE}",
        f"{PROTON_RULE}\nJoin: {ZOOM}\n{PROTON_RULE}",
        f"{'.' * 70}\nJoin Skype Meeting <{ZOOM}>\n{'.' * 70}",
        ours(),
        ours().replace("\n", "<br>"),
        ours().encode("ascii", "xmlcharrefreplace").decode(),
    ],
    ids=["Teams", "Google, as HTML", "Proton", "Skype", "ours", "ours, as HTML", "ours, as entities"],
)
def test_a_block_is_known_by_its_delimiters(description: str) -> None:
    found = detect({"description": description}).conferencing
    assert found is not None
    assert (found.source, found.details.url) == (Source.BLOCK, ZOOM)


def test_our_own_block_is_read_back_with_its_codes() -> None:
    found = detect({"description": ours()}).conferencing
    assert found is not None
    assert (found.details.meeting_code, found.details.password) == ("85746065432", "6Z3fiV")


def test_a_delimiter_alone_makes_no_block() -> None:
    found = detect({"description": f"{'_' * 80}\nJoin: {ZOOM}"}).conferencing
    assert found is not None
    assert found.source is Source.DESCRIPTION


# --- evidence about the same meeting ---------------------------------------------------------------------------------

PHONES = "Dial by your location\n+1 253 205 0468 US (Tacoma)\nMeeting ID: 857 4606 5432\nPasscode: 010383"


@pytest.mark.parametrize(
    "event",
    [
        {"location": ZOOM, "description": PHONES},
        {"location": ZOOM, "description": f"Join {ZOOM}\n{PHONES}"},
        {"location": "https://zoom.us/j/85746065432", "description": f"Join {ZOOM}\n{PHONES}"},
        {"location": "Room 5", "description": f"Join {ZOOM}\n{PHONES}"},
        {"description": f"{GOOGLE_RULE}\nJoin {ZOOM}\n{GOOGLE_RULE}\n{PHONES}"},
    ],
)
def test_what_the_description_tells_of_the_same_meeting_is_told(event: dict[str, Any]) -> None:
    found = detect(event).conferencing
    assert found is not None
    details = found.details
    assert (details.url, details.password, details.phone) == (ZOOM, "010383", ("+12532050468",))
    assert [point.type for point in details.entry_points] == ["video", "phone"]
    assert details.entry_points[0].passcode == "010383"


def test_a_passcode_completes_a_conference_without_one() -> None:
    data = {"entryPoints": [{"entryPointType": "video", "uri": "https://zoom.us/j/85746065432"}]}
    found = detect({"conferenceData": data, "description": f"Join {ZOOM}\n{PHONES}"}).conferencing
    assert found is not None
    assert (found.details.password, found.details.phone) == ("010383", ("+12532050468",))
    assert found.details.url == "https://zoom.us/j/85746065432", "what the conference says itself stays"


@pytest.mark.parametrize(
    "event",
    [
        {"conferenceData": MEET_DATA, "description": f"Join {ZOOM}\n{PHONES}"},
        {"conferenceData": MEET_DATA, "description": PHONES},
        {"hangoutLink": MEET, "description": f"Join {ZOOM}\n{PHONES}"},
        {"location": OTHER, "description": f"Join {ZOOM}\n{PHONES}"},
        {"location": OTHER, "description": PHONES},
        {"location": TEAMS, "description": f"Join {ZOOM} or {TEAMS}\n{PHONES}"},
        {"description": f"Join {TEAMS}\nor {ZOOM}\n{PHONES}"},
    ],
)
def test_two_meetings_never_mix(event: dict[str, Any]) -> None:
    found = detect(event).conferencing
    assert found is not None
    assert found.details.password == ""
    assert "+12532050468" not in found.details.phone
    assert found.provider != "Zoom Meeting" or found.details.meeting_code == "99988877766"


def test_the_link_that_opens_without_asking_is_taken() -> None:
    found = detect({"location": "https://zoom.us/j/85746065432", "description": f"Join {ZOOM}"}).conferencing
    assert found is not None
    assert (found.details.url, found.source) == (ZOOM, Source.LOCATION)


def test_a_code_in_an_address_is_not_what_people_type() -> None:
    found = detect({"location": TEAMS, "description": f"Join {ZOOM}"}).conferencing
    assert found is not None
    assert found.details.password == ""


meetings = st.sampled_from(
    [
        (f"https://zoom.us/j/{number}", f"Meeting ID: {number}\nPasscode: {number[:6]}", number)
        for number in ("81111111111", "82222222222", "83333333333")
    ]
)


@given(st.lists(meetings, min_size=2, max_size=4, unique=True), st.randoms(use_true_random=False), st.booleans())
def test_whatever_the_order_codes_of_another_meeting_are_never_told(
    chosen: list[tuple[str, str, str]], random: Any, in_location: bool
) -> None:
    lines = [line for link, codes, _ in chosen for line in (link, codes)]
    random.shuffle(lines)
    event = {"description": "\n".join(lines)} | ({"location": chosen[0][0]} if in_location else {})
    found = detect(event).conferencing
    assert found is not None
    code = found.details.meeting_code
    assert found.details.url.endswith(code)
    assert found.details.password in {"", code[:6]}


# --- servers of one's own --------------------------------------------------------------------------------------------

OWN = (
    OwnService(name="Our Jitsi", pattern="https://meet.example.com/{code}"),
    OwnService(name="Our BigBlueButton", pattern="https://bbb.example.com:8443/rooms/{code}/join"),
    OwnService(name="Our Talk", pattern="https://cloud.example.com/call/{code}*"),
    OwnService(name="Our Rooms", pattern="https://rooms.example.com/floor.1/*"),
)


@pytest.mark.parametrize(
    ("location", "provider", "code"),
    [
        ("https://meet.example.com/standup", "Our Jitsi", "standup"),
        ("meet.example.com/standup/", "Our Jitsi", "standup"),
        ("HTTPS://MEET.EXAMPLE.COM/Standup?a=1", "Our Jitsi", "Standup"),
        ("https://bbb.example.com:8443/rooms/ab1-cd2/join", "Our BigBlueButton", "ab1-cd2"),
        ("https://cloud.example.com/call/ab3d5fgh#/x", "Our Talk", "ab3d5fgh"),
        ("https://cloud.example.com/call/ab3d5fgh/more", "Our Talk", "ab3d5fgh"),
        ("https://rooms.example.com/floor.1/7/a", "Our Rooms", ""),
    ],
)
def test_a_server_of_one_s_own_is_known(location: str, provider: str, code: str) -> None:
    found = detect({"location": location}, OWN).conferencing
    assert found is not None
    assert (found.provider, found.details.meeting_code, found.confidence) == (provider, code, Confidence.HIGH)


@pytest.mark.parametrize(
    "location",
    [
        "https://meet.example.com/",
        "https://meet.example.com/a/b",
        "https://sub.meet.example.com/standup",
        "https://meet.example.com:8443/standup",
        "https://bbb.example.com/rooms/ab1-cd2",
        "https://rooms.example.com/floorx1/7",
        "https://rooms.example.com/floor.2/7",
    ],
)
def test_and_no_other(location: str) -> None:
    found = detect({"location": location}, OWN).conferencing
    assert found is None or not found.provider.startswith("Our")


def test_it_comes_before_what_it_may_be_else() -> None:
    event = {"location": "https://meet.example.com/bob/ABC1D2EF"}
    own = (OwnService(name="Ours", pattern="https://meet.example.com/bob/{code}"),)
    found = [detect(event, services).conferencing for services in ((), own)]
    assert [each and each.provider for each in found] == ["Skype for Business", "Ours"]


# --- whatever others wrote -------------------------------------------------------------------------------------------

texts = st.sampled_from([ZOOM, MEET, BLOCK, PHONES, "tel:+1", "sip:a@b", "", "\ud800", "https://zoom.us/j/1\udfff"])
scalars = st.none() | st.booleans() | st.integers() | st.just(10**50) | st.floats() | texts | st.text(max_size=20)
NAMES = """conferenceData hangoutLink location description entryPoints entryPointType uri label meetingCode passcode pin
conferenceSolution key type name createRequest status statusCode conferenceSolutionKey entryPointFeatures"""
names = st.sampled_from(NAMES.split()) | st.text(max_size=5)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=6),
    max_leaves=25,
)


@given(anything)
def test_no_json_raises(resource: Any) -> None:
    found = detect(resource).conferencing
    assert found is None or found.json()


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES[:4], anything)))
def test_no_event_raises(event: dict[str, Any]) -> None:
    found = detect(event).conferencing
    assert found is None or found.json()


def test_parts_come_in_the_order_of_trust() -> None:
    found = detect_parts([(Source.LOCATION, "Room 5"), (Source.DESCRIPTION, TEAMS), (Source.TEXT, ZOOM)]).conferencing
    assert found is not None
    assert (found.source, found.provider) == (Source.DESCRIPTION, "Microsoft Teams")
    assert detect_parts([]).conferencing is None
