"""Records that were stored by the version before."""

from confsync.adapters.records import plain, record
from confsync.domain.calendar import Calendar
from confsync.domain.link import Link
from tests.contracts.store import CALENDAR, LINK


def test_a_link_without_a_series_is_no_instances() -> None:
    data = plain(LINK)
    del data["series"]
    assert record(Link, data, "1").series is None


def test_a_calendar_without_an_index_does_not_know_its_links() -> None:
    data = plain(CALENDAR)
    del data["link_index"]
    assert record(Calendar, data, "1").link_index is None
