"""The vendor's daily limit: `SimulatedVendor` fails the test at the first call too many."""

from datetime import timedelta
from itertools import cycle

from tests.simulation.cloud import DAY, INTERVAL, Cloud
from tests.simulation.vendor import PER_DAY


def test_dragging_an_event_all_day() -> None:
    """300 edits of one event, half a minute apart: most collapse, and the last one counts."""
    cloud = Cloud()
    cloud.with_conference(cloud.ann, "e1", title="Dragged")
    for number in range(300):
        cloud.ann.update("e1", title=f"Dragged {number}")
        cloud.follow()
        cloud.clock.advance(timedelta(seconds=30))
    assert cloud.vendor.calls.count("update") <= PER_DAY
    quiet_days(cloud)
    assert [meeting.spec.title for meeting in cloud.vendor.meetings.values()] == ["Dragged 299"]


def test_a_busy_day_keeps_room_for_new_meetings() -> None:
    """Thirty events, each edited ten times; in the evening a new one gets its conference at once."""
    cloud = Cloud()
    events = [f"e{number}" for number in range(30)]
    for event in events:
        cloud.with_conference(cloud.ann, event)
    for event, number in zip(cycle(events), range(300), strict=False):
        cloud.ann.update(event, title=f"{event}, {number}")
        cloud.follow()
        cloud.clock.advance(timedelta(minutes=1))
    cloud.with_conference(cloud.ann, "late", title="Late")
    quiet_days(cloud)


def quiet_days(cloud: Cloud) -> None:
    """What had to wait is made up for, and every promise holds."""
    for _ in range(2 * DAY // INTERVAL):
        cloud.sweep()
        cloud.clock.advance(INTERVAL)
    cloud.promises.check()
