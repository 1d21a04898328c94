"""What it costs to find out that nothing concerns us: calls to Calendar, reads and writes of records."""

from tests.benchmarks.calendar_process import RunningCalendar, running_calendar
from tests.benchmarks.measuring import Row
from tests.benchmarks.syncing import Seeded, fill, seed, sync_ours, syncing
from tests.fakes.store import CountingStore, MemoryStore

EVENTS = 5_000
CHANGED = (1, 50, 2_500)
LISTS = r"/events\?"


def rows() -> list[Row]:
    """On a calendar without conferences of ours, and on one with ten, whose events do not change."""
    with running_calendar() as google:
        plain, with_ours = (seed(google, count=EVENTS, ours=ours) for ours in (0, 10))
        return [*_counted(google, plain, "without conferences"), *_counted(google, with_ours, "with 10 conferences")]


def _counted(google: RunningCalendar, calendar: Seeded, kind: str) -> list[Row]:
    store = CountingStore(MemoryStore())
    fill(store, calendar)
    sync = syncing(google, store)
    sync_ours(sync, calendar)
    found = []
    for changed in CHANGED:
        google.control("POST", f"calendars/{calendar.calendar_id}/touch", {"count": changed})
        store.reset()
        google.faults.forget_requests()
        report = sync(calendar.key)
        assert not report.full
        assert (report.events, len(report.reconcile)) == (changed, 0)
        lists, everything = len(google.faults.requests(path=LISTS)), len(google.faults.requests())
        assert lists == everything
        found.append(
            Row(
                what=f"delta of {changed:,} foreign events, calendar {kind}",
                measured=f"{lists} list call, {store.reads} reads, {store.writes} write",
                bar="1 list call, <= 2 reads, 1 write",
                holds=(lists, store.writes) == (1, 1) and store.reads <= 2,
            )
        )
    return found
