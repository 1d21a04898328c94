"""The matrix of faults by which calendar clients are compared, row by row, over real HTTP.

After each row every promise holds again. (gcal_sync 8.0.0 and twenty fail some of the rows: they stop at an empty page,
ask for ever after 410, or never get past one event that they can't read.)
"""

import pytest

from confsync.domain.calendar import CalendarState
from tests.end_to_end.row import CALLS, Row, refusal
from tests.end_to_end.world import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]


def test_empty_middle_page_with_next_page_token(row: Row) -> None:
    row.world.google(row.person).empty_page_before = 1
    row.two_pages()
    row.holds()


def test_500_on_page_2(row: Row) -> None:
    row.fault(path=row.second_page, status=500, times=CALLS)
    row.two_pages()
    row.holds_later()


def test_403_rate_limit_exceeded(row: Row) -> None:
    row.fault(path=row.changes, status=403, body=refusal(403, "rateLimitExceeded"), times=CALLS)
    row.person.rename(row.event, "After the rate limit")
    row.holds_later()
    assert row.world.record(row.person).state is CalendarState.ACTIVE  # it was no want of rights


def test_429(row: Row) -> None:
    tired = refusal(429, "rateLimitExceeded")
    row.fault(path=row.changes, status=429, headers={"Retry-After": "1"}, body=tired, times=CALLS)
    row.person.rename(row.event, "After too many requests")
    row.holds_later()


def test_401_once(row: Row) -> None:
    row.fault(path=row.changes, status=401, body=refusal(401, "authError"))
    row.person.rename(row.event, "With a new token")
    row.holds()


def test_410_on_delta(row: Row) -> None:
    """A deletion hides behind the expired token: a full list has no tombstones."""
    hidden = row.second_event()
    with row.world.told_at_once():
        row.person.delete(hidden)
        row.world.google(row.person).sync_epoch += 1
        row.person.rename(row.event, "After 410")
    row.holds()
    assert len(row.world.meetings(row.person)) == 1


def test_410_on_page_2_of_a_delta(row: Row) -> None:
    row.fault(path=row.second_page, status=410, body=refusal(410, "fullSyncRequired"))
    row.two_pages()
    row.holds()


@pytest.mark.parametrize("page", ["first", "second"])
def test_410_on_a_full_list(row: Row, page: str) -> None:
    condition = "(?!.*syncToken=)" + ("(?!.*pageToken=)" if page == "first" else ".*pageToken=")
    row.fault(path=row.lists(condition), status=410, body=refusal(410, "fullSyncRequired"))
    row.two_pages(expired=True)
    row.holds()


def test_410_for_ever(row: Row) -> None:
    calendar = row.world.faults("calendar")
    calendar.forget_requests()
    row.fault(path=row.lists(), status=410, body=refusal(410, "fullSyncRequired"), times=None)
    row.person.rename(row.event, "After 410 for ever")
    until(lambda: row.world.record(row.person).failures >= 3)
    failing, asked = row.world.record(row.person), calendar.requests(path=row.lists())
    assert failing.reason is not None
    assert "410" in failing.reason
    assert len(asked) <= 2 * (failing.failures + 1)  # a delta and a full list each, and perhaps the next has begun
    calendar.clear()
    row.holds()


def test_tombstone_with_id_only(row: Row) -> None:
    assert not row.world.cloud.calendar.settings.detailed_tombstones
    row.person.delete(row.event)
    row.holds()
    assert not row.world.meetings(row.person)


def test_no_items_key(row: Row) -> None:
    token = row.world.record(row.person).sync_token
    empty = {"kind": "calendar#events", "timeZone": "Europe/Berlin", "nextSyncToken": token}
    row.fault(path=row.changes, status=200, body=empty)
    row.person.rename(row.event, "Not told of")
    row.world.rest()
    assert row.happened()
    assert row.world.record(row.person).failures == 0
    row.person.rename(row.event, "Told of")
    row.holds()


def test_sparse_cancelled_instance(row: Row) -> None:
    row.person.make_weekly(row.event, count=6)
    row.world.hold(row.person)
    row.person.cancel_instance(row.person.instances(row.event)[2]["id"])
    row.holds()
    assert len(row.world.meetings(row.person)) == 1


def test_one_malformed_event(row: Row) -> None:
    """It is put aside with the reason, everything else goes on, and it is followed again when it can be read."""
    other, google = row.second_event(), row.world.google(row.person)
    before, whole = row.world.record(row.person), row.person.event(row.event)
    with row.world.told_at_once():
        row.world.cloud.calendar.store.write(google, {**whole, "start": {"dateTime": "tomorrow"}})
        row.person.rename(other, "Review, although the other can't be read")
    row.world.rest()
    now = row.world.record(row.person)
    assert [event.id for event in now.quarantined] == [row.event]
    assert now.quarantined[0].reason
    assert now.sync_token != before.sync_token
    assert {m["topic"] for m in row.world.meetings(row.person)} == {
        "Planning",
        "Review, although the other can't be read",
    }
    row.world.cloud.calendar.store.write(google, {**whole, "summary": "Readable again"})
    row.holds()


def test_400_on_the_token(row: Row) -> None:
    refused = refusal(400, "invalid", "Invalid sync token value.", location="syncToken", locationType="parameter")
    row.fault(path=row.changes, status=400, body=refused)
    row.person.rename(row.event, "After a bad token")
    row.holds()


def test_conference_data_is_fetched(row: Row) -> None:
    """Whether an event has a conference, and whose, is seen in its `conferenceData` and nowhere else."""
    other = row.second_event()
    row.person.remove_conference(row.event)
    theirs = {
        "conferenceSolution": {"key": {"type": "addOn"}, "name": "Other"},
        "conferenceId": "theirs",
        "entryPoints": [{"entryPointType": "video", "uri": "https://meet.example.net/9"}],
    }
    row.person.edit(other, conferenceData=None)
    row.person.edit(other, conferenceData=theirs)
    row.holds()
    assert not row.world.meetings(row.person)
    assert row.person.event(other)["conferenceData"]["conferenceId"] == "theirs"
