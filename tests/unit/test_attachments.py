"""What an event's attachments become: each file once, and none that is there is lost."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confsync.domain.errors import BadRequest
from confsync.usecases.writing.attachments import MAX_ATTACHMENTS, Attachments
from tests.fakes.drive import FakeDrive

ANN = "ann@example.com"
DRIVE = FakeDrive()
DRIVE.add(ANN, "f1", "Agenda.pdf")
AGENDA = {"fileId": "f1", "fileUrl": "https://drive.google.com/open?id=f1", "title": "Agenda.pdf"}


def link(number: int, **more: Any) -> dict[str, Any]:
    return {"fileUrl": f"https://files.example/{number}", **more}


def become(given: Any, there: Any = ()) -> list[tuple[str, str]]:
    """The addresses and titles of what is there afterwards."""
    files = Attachments(drive=DRIVE)(given, there=there, account=ANN)
    return [(str(file["fileUrl"]), str(file.get("title", ""))) for file in files]


@pytest.mark.parametrize(
    ("there", "given", "expected"),
    [
        ([], [], []),
        ([link(1)], [], [link(1)]),
        ([link(1)], [link(2)], [link(1), link(2)]),
        ([link(1)], [link(2), link(1)], [link(1), link(2)]),
        ([link(1, title="One")], [link(1, title="Other")], [link(1, title="One")]),
        ([], [link(1), link(1)], [link(1)]),
        ([], [{"fileId": "f1"}], [AGENDA]),
        ([], [{"fileId": "f1", "title": "Mine"}], [{**AGENDA, "title": "Mine"}]),
        ([], [{"fileId": "f1"}, {"fileUrl": AGENDA["fileUrl"]}], [AGENDA]),
        ([AGENDA], [{"fileId": "f1"}], [AGENDA]),
        ([AGENDA], [{"fileUrl": AGENDA["fileUrl"]}], [AGENDA]),
        ([AGENDA], [AGENDA], [AGENDA]),
    ],
)
def test_each_file_is_there_once(there: Any, given: Any, expected: Any) -> None:
    assert become(given, there) == [(each["fileUrl"], each.get("title", "")) for each in expected]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (None, ""),
        ({}, ""),
        (["f1"], ""),
        ([link(1), {}], "[1]"),
        ([{"title": "Nothing"}], "[0]"),
        ([{"fileUrl": ""}], "[0]"),
        ([{"fileUrl": {}}], "[0].fileUrl"),
        ([{"fileId": []}], "[0].fileId"),
        ([{"fileId": 7, **link(1)}], "[0].fileId"),
        ([{"fileId": "nothing"}], "[0].fileId"),
        ([link(n) for n in range(MAX_ATTACHMENTS + 1)], ""),
    ],
)
def test_what_is_wrong_is_named(given: Any, field: str) -> None:
    with pytest.raises(BadRequest) as refused:
        become(given)
    assert refused.value.field == f"attachments{field}"


links = st.lists(st.integers(1, 12).map(link), max_size=15)


@given(links, links)
def test_what_is_there_stays_in_its_order_and_nothing_is_there_twice(there: Any, given: Any) -> None:
    there = [file for n, file in enumerate(there) if file not in there[:n]]
    after = become(given, there)
    assert after[: len(there)] == [(file["fileUrl"], "") for file in there]
    assert {url for url, _ in after} == {file["fileUrl"] for file in (*there, *given)}
    assert len(after) == len(set(after))
    assert become(given, [{"fileUrl": url} for url, _ in after]) == after
