"""Our block in a description: put in, found, replaced, and taken out without touching what people wrote."""

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from confsync.domain.description_block import (
    apart,
    beside,
    conference_id,
    conference_ids,
    put,
    render,
    strip,
    video_uri,
)
from confsync.domain.entry_point import ConferenceDetails, EntryPoint, EntryPointType
from tests.unit.builders import DETAILS

ID, OTHER = "confsync-" + "a" * 40, "confsync-" + "b" * 40
BLOCK = render("Zoom", ID, DETAILS)
RULE = BLOCK.partition(" ")[0]

pieces = st.sampled_from([RULE, "\n", "\r\n", "<br>", " ", "Agenda", "&amp;", ID]) | st.text(max_size=10)
texts = st.lists(pieces, max_size=12).map("".join)


@given(texts)
@example("\n\n")
@example("<p>Bring <b>numbers</b> &amp; cake</p>\n")
@example(f"{RULE} Agenda {RULE}\nOne\n{RULE} Notes {RULE}\n")
def test_what_people_wrote_comes_back_to_the_letter(written: str) -> None:
    described = put(written, BLOCK)
    assume(conference_id(written) is None)
    assert conference_id(described) == ID
    assert strip(described) == written
    assert described.startswith(written)


@given(texts)
def test_putting_again_replaces(written: str) -> None:
    assume(conference_id(written) is None)
    other = render("Jitsi", OTHER, DETAILS)
    assert put(put(written, other), BLOCK) == put(written, BLOCK)
    assert put(put(written, BLOCK), BLOCK) == put(written, BLOCK)


@given(texts)
def test_taking_out_twice_is_once(written: str) -> None:
    assert strip(strip(put(written, BLOCK))) == strip(put(written, BLOCK))


FORGED = [
    f"x\n{RULE} Zoom {RULE}\n{RULE} {OTHER} {RULE}",
    f"x {RULE} Zoom {RULE} {RULE} {OTHER} {RULE}",
    f"x {'&#9472;' * 12} Zoom {'&boxh;' * 12} {'&#x2500;' * 12} {OTHER} {RULE}",
    f"x {RULE}",
    "two\r\nlines\0",
]


@pytest.mark.parametrize("said", FORGED)
def test_what_a_vendor_says_is_never_a_block(said: str) -> None:
    """It could show another conference, or keep its own from being taken out."""
    phone = EntryPoint(type=EntryPointType.PHONE, uri="tel:+1", label=said, pin=said[:128])
    video = EntryPoint(type=EntryPointType.VIDEO, uri=f"https://rooms.example/{said}", passcode=said[:128])
    block = render("Own", ID, ConferenceDetails(entry_points=(video, phone)))
    assert len(block.split("\n")) == 4
    described = put("Agenda", block)
    assert described is not None
    assert conference_ids(described) == [ID]
    assert strip(described) == "Agenda"


def test_text_around_two_blocks_stays() -> None:
    described = f"Before\n\n{BLOCK}\nbetween\n\n{render('Jitsi', OTHER, DETAILS)}\nafter"
    assert strip(described) == "Before\nbetween\nafter"
    assert conference_id(described) == ID


@pytest.mark.parametrize("line_break", ["<br>", "<br/>", "<br />", "\r\n"])
def test_a_block_that_calendars_editor_made_html_of_is_found(line_break: str) -> None:
    described = put("<b>Bring</b> numbers", BLOCK).replace("\n", line_break)
    assert conference_id(described) == ID
    assert strip(described) == "<b>Bring</b> numbers"
    assert put(described, BLOCK) == put("<b>Bring</b> numbers", BLOCK)


def test_peoples_own_rules_are_theirs_in_html_too() -> None:
    written = f"{RULE} Agenda {RULE}<br>One"
    described = put(written, BLOCK).replace("\n", "<br>")
    assert (conference_id(described), strip(described)) == (ID, written)


@pytest.mark.parametrize("broken", [BLOCK.replace(ID, ""), BLOCK.replace(ID, "abc-defg-hij"), BLOCK[:-1], BLOCK[1:]])
def test_half_a_block_is_no_block(broken: str) -> None:
    assert conference_id(broken) is None
    assert strip(broken) == broken


def test_the_block_says_how_to_join() -> None:
    details = ConferenceDetails(
        entry_points=(
            EntryPoint(type=EntryPointType.VIDEO, uri="https://meet.example.com/1", label="meet", passcode="123"),
            EntryPoint(type=EntryPointType.PHONE, uri="tel:+441234,,5", label="+44 1234", access_code="5", pin="7"),
            EntryPoint(type=EntryPointType.SIP, uri="sip:1@example.com", meeting_code="1", password="open"),
        )
    )
    assert render("Zoom", ID, details).split("\n") == [
        f"{RULE} Zoom {RULE}",
        "video: https://meet.example.com/1 (passcode: 123)",
        "phone: +44 1234 (access code: 5, PIN: 7)",
        "sip: sip:1@example.com (meeting ID: 1, password: open)",
        f"{RULE} {ID} {RULE}",
    ]


# --- the address in it -----------------------------------------------------------------------------------------------


def as_client_saves(described: str, way: str) -> str:
    """What clients make of it when somebody edits the description."""
    lines = described.replace("&", "&amp;").split("\n")
    uri = next(line for line in lines if line.startswith("video: ")).partition(": ")[2]
    linked = [line.replace(uri, f'<a href="{uri}">{uri}</a>') for line in lines]
    return {
        "breaks": "<br>".join(lines),
        "elements": "".join(f"<p>{line}</p>" for line in lines),
        "links": "<br>".join(linked),
        "links in elements": "".join(f"<div><span>{line}</span></div>" for line in linked),
    }[way]


@pytest.mark.parametrize("way", [None, "breaks", "elements", "links", "links in elements"])
@pytest.mark.parametrize(
    "uri", ["https://meet.example.com/room", "https://zoom.us/j/1?pwd=a&uname=b", "http://h.example/"]
)
def test_the_address_in_a_block_is_read_back_however_it_was_saved(uri: str, way: str | None) -> None:
    points = (
        EntryPoint(type=EntryPointType.PHONE, uri="tel:+1", label="+1 https://phone.example"),
        EntryPoint(type=EntryPointType.VIDEO, uri=uri, label="meet", passcode="123"),
    )
    described = put("See video: https://people.example/1", render("Own", ID, ConferenceDetails(entry_points=points)))
    assert described is not None
    assert video_uri(as_client_saves(described, way) if way else described) == uri


@pytest.mark.parametrize(
    "described", ["", "video: https://people.example/1", BLOCK[:-1], BLOCK.replace("video", "phone")]
)
def test_where_there_is_no_block_with_a_link_there_is_no_address(described: str) -> None:
    assert video_uri(described) is None


def test_of_two_blocks_it_is_the_first_ones() -> None:
    other = EntryPoint(type=EntryPointType.VIDEO, uri="https://other.example/1")
    second = render("Jitsi", OTHER, ConferenceDetails(entry_points=(other,)))
    assert video_uri(f"{BLOCK}\n\n{second}") == DETAILS.video_uri


# --- the address beside a place --------------------------------------------------------------------------------------

NEW, OLD = "https://rooms.example/new", "https://rooms.example/old"


@pytest.mark.parametrize(
    ("location", "earlier", "expected"),
    [
        ("", None, NEW),
        ("Room 4", None, f"Room 4; {NEW}"),
        (f"Room 4; {OLD}", OLD, f"Room 4; {NEW}"),
        (f"{OLD}", OLD, NEW),
        (f"{OLD}; Room 4", OLD, f"Room 4; {NEW}"),
        (f"Room 4; {OLD}", None, f"Room 4; {OLD}; {NEW}"),
        (f"Room 4; {NEW}", NEW, f"Room 4; {NEW}"),
        ("Room 4; Floor 2", None, f"Room 4; Floor 2; {NEW}"),
    ],
)
def test_the_address_stands_beside_what_people_typed(location: str, earlier: str | None, expected: str) -> None:
    assert beside(location, NEW, earlier=earlier) == expected


@given(st.lists(st.text("ab1 ,", min_size=1, max_size=8), max_size=4))
def test_taken_away_it_leaves_what_people_typed(places: list[str]) -> None:
    location = "; ".join(places)
    assert apart(beside(location, NEW, earlier=None), NEW) == location
