"""Whether a text shows an address, and readers that take any text."""

from html import escape
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from confsync.domain.description_block import beside, conference_id, put, render, strip
from confsync.domain.entry_point import ConferenceDetails, EntryPoint, EntryPointType
from confsync.domain.event import Event, EventConference
from confsync.domain.text import cut, plain, shows

URI = "https://us02web.zoom.us/j/85746065432?pwd=Ab3&from=addon"
ID = "confsync-" + "0123456789abcdef" * 2 + "01234567"
DETAILS = ConferenceDetails(
    entry_points=(
        EntryPoint(type=EntryPointType.VIDEO, uri=URI, meeting_code="85746065432"),
        EntryPoint(type=EntryPointType.PHONE, uri="tel:+12532050468,,85746065432#", label="+1 253-205-0468"),
    )
)
BLOCK = render("Zoom Meeting", ID, DETAILS)

nasty = st.lists(
    st.sampled_from(
        [
            "<![",
            "<![FOR]>",
            "<!--",
            "-->",
            "<?",
            "<!",
            "]]>",
            "<",
            ">",
            "&",
            "&#",
            "&#x110000;",
            "\ud83d",
            "\x00",
            "<a href='",
            '"',
        ]
    )
    | st.text(st.characters(exclude_categories=()), max_size=10),
    max_size=30,
).map("".join)


def saved_again(how: str) -> str:
    """What clients make of a description with the block."""
    words = put("See you <b>there</b> & bring a spoon", BLOCK)
    assert words is not None
    lines = words.split("\n")
    return {
        "as it was": words,
        "with <br>": "<br>".join(lines),
        "one <p> a line": "".join(f"<p>{line}</p>" for line in lines),
        "one <div> a line, indented": "\n".join(f"  <div class='x'>{line}</div>" for line in lines),
        "entities": words.encode("ascii", "xmlcharrefreplace").decode(),
        "all escaped": escape(words).encode("ascii", "xmlcharrefreplace").decode(),
        "hard spaces": words.replace(" ", "\u00a0"),
        "&nbsp;": words.replace(" ", "&nbsp;"),
        "blank lines": words.replace("\n", "\n\n"),
        "Windows' line ends": words.replace("\n", "\r\n"),
        "one line": " ".join(lines),
        "linked": words.replace(URI, f'<a href="{escape(URI)}" target="_blank">{escape(URI)}</a>'),
    }[how]


WAYS = [
    "as it was",
    "with <br>",
    "one <p> a line",
    "one <div> a line, indented",
    "entities",
    "all escaped",
    "hard spaces",
    "&nbsp;",
    "blank lines",
    "Windows' line ends",
    "one line",
    "linked",
]


@pytest.mark.parametrize("how", WAYS)
def test_the_block_is_found_and_replaced_whatever_a_client_made_of_it(how: str) -> None:
    text = saved_again(how)
    assert conference_id(text) == ID
    people = strip(text)
    assert "\u2500" not in people
    assert URI not in people
    assert "spoon" in people
    again = put(text, BLOCK)
    assert again is not None
    assert again.count(ID) == 1
    assert again.endswith(BLOCK)


@pytest.mark.parametrize(
    "text",
    [
        URI,
        f"Join: {URI}.",
        f"<{URI}>",
        escape(URI),
        escape(escape(URI)),
        f'<a href="{escape(URI)}">Join</a>',
        f"https://www.google.com/url?q={quote(URI, safe='')}&sa=D",
        f"https://eur01.safelinks.protection.outlook.com/?url={quote(URI, safe='')}&data=x",
        URI[:30] + "\n" + URI[30:],
        URI[:30] + "=\n".replace("=", "") + URI[30:],
        URI.replace("/j/", "/<wbr>j/"),
        URI.replace("zoom", "zo\u00adom"),
        URI.upper(),
        "https://us02web.zoom.us/j/85746065432",
        "http://us02web.zoom.us/j/85746065432?pwd=other",
    ],
)
def test_the_address_is_there(text: str) -> None:
    assert shows(text, [URI])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://us02web.zoom.us/j/857460654321",
        "https://us02web.zoom.us/j/8574606543",
        "https://us02web.zoom.us/",
        "85746065432",
        "us02web.zoom.us",
    ],
)
def test_the_address_is_not_there(text: str) -> None:
    assert not shows(text, [URI])
    assert not shows(text, [])


def test_a_page_for_everybody_is_no_meetings_address() -> None:
    assert not shows("https://meet.example.com/join?confno=7", ["https://meet.example.com/join?confno=5"])
    assert shows("https://meet.example.com/join?confno=5", ["https://meet.example.com/join?confno=5"])


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (Event(id="e", conference=EventConference(id=ID, solution_type="addOn")), True),
        (Event(id="e", text_conference_id=ID), True),
        (Event(id="e", location=f"Room 12; {URI}"), True),
        (Event(id="e", description=f"join {URI}"), True),
        (Event(id="e", conference=EventConference(id=None, solution_type="addOn", uris=frozenset({URI}))), True),
        # natively it has another one, and nothing of ours is left
        (Event(id="e", conference=EventConference(id="meet", solution_type="hangoutsMeet")), False),
        # natively it has another one, and our text stands there all the same
        (
            Event(
                id="e",
                conference=EventConference(id="meet", solution_type="hangoutsMeet"),
                description=URI,
            ),
            True,
        ),
        (Event(id="e", description="nothing"), False),
    ],
)
def test_whether_an_event_shows_a_conference(event: Event, expected: bool) -> None:
    assert event.shows(ID, DETAILS.uris) is expected


@pytest.mark.parametrize(
    ("location", "earlier", "expected"),
    [
        ("", None, URI),
        (URI, None, URI),
        ("Room 12, second floor", None, f"Room 12, second floor; {URI}"),
        (f"Room 12; {URI}", URI, f"Room 12; {URI}"),
        ("Room 12; https://old.example", "https://old.example", f"Room 12; {URI}"),
        ("https://old.example", "https://old.example", URI),
        ("https://old.example", None, f"https://old.example; {URI}"),
    ],
)
def test_the_link_stands_beside_what_people_typed(location: str, earlier: str | None, expected: str) -> None:
    assert beside(location, URI, earlier=earlier) == expected
    assert beside(expected, URI, earlier=URI) == expected, "it never grows"


@given(nasty)
@example("Minutes <![FOR]> all")
@example("<![ 7 ]> first point")
@example("a <b>list</b> <![x y]>")
def test_readers_take_any_text(text: str) -> None:
    assert isinstance(plain(text), str)
    cut(text, 20).encode()
    strip(text)
    conference_id(text)
    shows(text, [URI])
    put(text, BLOCK)


@given(nasty, nasty)
def test_no_word_of_a_persons_is_lost(before: str, after: str) -> None:
    if "\u2500" in before + after:
        return
    assert strip(before + "\n\n" + BLOCK + after).replace("\n", "") == (before + after).replace("\n", "")


def test_there_is_no_room_for_a_block_in_a_description_that_is_full() -> None:
    assert put("x" * 8192, BLOCK) is None
    assert put("x" * 7000, BLOCK) is not None


@pytest.mark.parametrize(
    "piece", ["<", "<!", "<![", "<!--", "&", "\u2500", "<div>", "<a href='", "%25", "&amp;", "<div ", "<a b='"]
)
@pytest.mark.timeout(20)
def test_long_texts_take_no_time(piece: str) -> None:
    """A square of it would take minutes, and run into the time limit."""
    text = piece * (200_000 // len(piece))
    assert isinstance(plain(text), str)
    assert not shows(text, [URI])
    assert conference_id(text[:8192]) is None


@pytest.mark.parametrize("after", [" please", "\nthen", "\u200bthen", "&nbsp;then", "<br>then", ", then", ""])
def test_an_address_ends_where_white_space_does(after: str) -> None:
    assert shows(f"Join at {URI}{after}", {URI})


def test_a_longer_address_is_another_one() -> None:
    assert not shows("https://us02web.zoom.us/j/857460654321 please", {"https://us02web.zoom.us/j/85746065432"})
