"""Records that were stored by the version before."""

from dataclasses import replace
from datetime import datetime

import pytest

from confsync.adapters.records import plain, record
from confsync.domain.calendar import Calendar
from confsync.domain.conference import Applied, Conference, Reference
from confsync.domain.connection import Connection, Leaving
from confsync.domain.link import Link
from tests.contracts.store import CALENDAR, CONFERENCE, CONNECTION, LINK, NOW


def test_a_link_without_a_series_is_no_instances() -> None:
    data = plain(LINK)
    del data["series"]
    assert record(Link, data, "1").series is None


def test_a_calendar_without_an_index_does_not_know_its_links() -> None:
    data = plain(CALENDAR)
    del data["link_index"]
    assert record(Calendar, data, "1").link_index is None


@pytest.mark.parametrize(
    ("due_at", "leaving", "untold"), [(NOW, None, True), (None, None, False), (NOW, Leaving.ANEW, False)]
)
def test_a_connection_that_was_due_and_not_left_was_untold(
    due_at: datetime | None, leaving: Leaving | None, untold: bool
) -> None:
    data = plain(replace(CONNECTION, due_at=due_at, leaving=leaving))
    del data["untold"], data["renew_at"]
    assert record(Connection, data, "1").untold is untold


def test_a_connection_that_waits_for_its_renewal_is_not_untold() -> None:
    assert not record(Connection, plain(replace(CONNECTION, due_at=NOW, renew_at=NOW)), "1").untold


def test_a_reference_of_ids_alone_keeps_them_and_its_host() -> None:
    data = plain(replace(CONFERENCE, applied=Applied(reference=Reference(ids={"id": "1"}))))
    data["applied"]["reference"] = {"id": "1", "host": "ann@example.com"}
    assert record(Conference, data, "1").applied.reference == Reference(ids={"id": "1"}, host="ann@example.com")
    data["applied"]["reference"] = {"room": "r"}
    assert record(Conference, data, "1").applied.reference == Reference(ids={"room": "r"})
