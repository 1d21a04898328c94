"""Records that were stored by the version before."""

from dataclasses import replace

from confsync.adapters.records import plain, record
from confsync.domain.calendar import Calendar
from confsync.domain.conference import Applied, Conference, Reference
from confsync.domain.link import Link
from tests.contracts.store import CALENDAR, CONFERENCE, LINK


def test_a_link_without_a_series_is_no_instances() -> None:
    data = plain(LINK)
    del data["series"]
    assert record(Link, data, "1").series is None


def test_a_calendar_without_an_index_does_not_know_its_links() -> None:
    data = plain(CALENDAR)
    del data["link_index"]
    assert record(Calendar, data, "1").link_index is None


def test_a_reference_of_ids_alone_keeps_them_and_its_host() -> None:
    data = plain(replace(CONFERENCE, applied=Applied(reference=Reference(ids={"id": "1"}))))
    data["applied"]["reference"] = {"id": "1", "host": "ann@example.com"}
    assert record(Conference, data, "1").applied.reference == Reference(ids={"id": "1"}, host="ann@example.com")
    data["applied"]["reference"] = {"room": "r"}
    assert record(Conference, data, "1").applied.reference == Reference(ids={"room": "r"})
