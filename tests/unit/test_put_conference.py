"""A conference on an event, natively or as text: what is written, and what is there."""

from typing import Any

import pytest

from confsync.adapters.google_calendar.conference_data import conference_data
from confsync.adapters.google_calendar.resources import conference
from confsync.domain.description_block import MAX_DESCRIPTION, render
from confsync.domain.entry_point import ConferenceDetails, EntryPoint, EntryPointType
from confsync.domain.errors import BadRequest, Invalid
from confsync.domain.solution import Solution
from confsync.ports import ConferenceOnEvent, EventResource
from confsync.usecases.writing.put_conference import carries, shows, stands, with_text, without_text

URL, OLD_URL = "https://rooms.example/new", "https://rooms.example/old"
ID, OLD_ID = "confsync-" + "a" * 40, "confsync-" + "b" * 40


def shown(uri: str = URL, conference_id: str = ID, kind: str = "video") -> ConferenceOnEvent:
    return ConferenceOnEvent(
        conference_id=conference_id,
        solution=Solution(id="rooms", name="Rooms", provider="custom"),
        details=ConferenceDetails(entry_points=(EntryPoint(type=EntryPointType(kind), uri=uri),)),
    )


def block(uri: str = OLD_URL, conference_id: str = OLD_ID) -> str:
    return render("Rooms", conference_id, shown(uri).details)


def event(**fields: Any) -> EventResource:
    return EventResource(resource={"id": "e", **fields}, conference=conference(fields.get("conferenceData")))


def native(uri: str = URL, conference_id: str = ID, kind: str = "video") -> dict[str, Any]:
    return {"conferenceData": conference_data(shown(uri, conference_id, kind))}


# --- as text ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "old", "description", "location"),
    [
        ({}, {}, "", URL),
        ({}, {"description": "Agenda", "location": "Room 4"}, "Agenda", f"Room 4; {URL}"),
        ({"description": "Plan"}, {"description": "Agenda", "location": "Room 4"}, "Plan", f"Room 4; {URL}"),
        ({"location": None, "description": None}, {"description": "Agenda", "location": "Room 4"}, "", URL),
        # in place of an earlier one
        ({}, {"description": f"Agenda\n\n{block()}", "location": f"Room 4; {OLD_URL}"}, "Agenda", f"Room 4; {URL}"),
        (
            {"location": f"Room 5; {OLD_URL}"},
            {"description": block(), "location": f"Room 4; {OLD_URL}"},
            "",
            f"Room 5; {URL}",
        ),
    ],
)
def test_it_is_written_beside_peoples_words(body: Any, old: Any, description: str, location: str) -> None:
    written = with_text({"summary": "S", **body}, shown(), old)
    whole = "\n\n".join(filter(None, [description, block(URL, ID)]))
    assert written == {"summary": "S", "description": whole, "location": location}


def test_natively_it_is_not_there_besides() -> None:
    assert with_text({}, shown(), native(OLD_URL))["conferenceData"] is None


def test_without_a_link_the_place_stays() -> None:
    assert with_text({}, shown("tel:+1", kind="phone"), {"location": "Room 4"})["location"] == "Room 4"


def test_peoples_words_come_first() -> None:
    with pytest.raises(Invalid, match="too long"):
        with_text({"description": "x" * MAX_DESCRIPTION}, shown(), {})


@pytest.mark.parametrize("name", ["description", "location"])
@pytest.mark.parametrize("value", [7, {"a": 1}, ["x"]])
def test_what_is_no_text_is_named(name: str, value: Any) -> None:
    for write in (lambda body: with_text(body, shown(), {}), lambda body: without_text(body, {"description": block()})):
        with pytest.raises(BadRequest) as refused:
            write({name: value})
        assert refused.value.field == name


@pytest.mark.parametrize(
    ("body", "old", "expected"),
    [
        ({"summary": "S"}, {"description": "Agenda", "location": OLD_URL}, {"summary": "S"}),
        (
            {"summary": "S"},
            {"description": f"Agenda\n\n{block()}", "location": f"Room 4; {OLD_URL}"},
            {"summary": "S", "description": "Agenda", "location": "Room 4"},
        ),
        ({}, {"description": block(), "location": "Room 4"}, {"description": ""}),
        ({}, {"description": block()}, {"description": ""}),
        ({}, {"description": block(), "location": OLD_URL}, {"description": "", "location": ""}),
        (
            {"description": f"New\n\n{block()}", "location": f"Room 5; {OLD_URL}"},
            {"description": block(), "location": OLD_URL},
            {"description": "New", "location": "Room 5"},
        ),
    ],
)
def test_text_is_taken_away_and_no_word_of_peoples(body: Any, old: Any, expected: Any) -> None:
    assert without_text(body, old) == expected


# --- what is there ---------------------------------------------------------------------------------------------------

TEXT = {"description": f"Agenda\n\n{block(URL, ID)}"}
THERE: list[tuple[dict[str, Any], tuple[bool, bool, bool]]] = [
    ({}, (False, False, False)),
    (native(), (True, True, True)),
    (native(OLD_URL), (False, True, False)),
    (native(conference_id=OLD_ID), (True, False, False)),
    (TEXT, (False, True, True)),
    ({"description": block(OLD_URL, ID)}, (False, True, False)),
    ({"description": block(URL, OLD_ID)}, (False, False, False)),
    ({**native(OLD_URL, OLD_ID), **TEXT}, (False, False, False)),
    ({"description": URL, "location": URL}, (False, False, False)),
]


@pytest.mark.parametrize(("fields", "expected"), THERE)
def test_whether_an_event_shows_it_carries_it_and_needs_no_write(
    fields: dict[str, Any], expected: tuple[bool, bool, bool]
) -> None:
    there = event(**fields)
    assert (shows(there, shown()), carries(there, ID), stands(there, shown())) == expected


def test_without_a_link_any_way_to_join_shows_it() -> None:
    phone = shown("tel:+1", kind="phone")
    assert shows(event(**native("tel:+1", kind="phone")), phone)
    assert not shows(event(**native("tel:+2", kind="phone")), phone)
