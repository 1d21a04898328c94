"""A full sync against gcal_sync, on the same simulator: speed, and how memory grows with the calendar.

Run as a module with a `_Job` as its argument, it does that one sync and prints what its process took for it.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec
import psutil

from confsync.adapters.sqlite import SqliteStore
from confsync.ports import Store
from tests.benchmarks.calendar_process import RunningCalendar, running_calendar
from tests.benchmarks.measuring import Row, median_ratio
from tests.benchmarks.syncing import Seeded, fill, seed, sync_ours, sync_theirs, syncing
from tests.fakes.store import MemoryStore

OURS = 10
"""Events that show a conference of ours, in each calendar."""

ROUNDS = {1_000: 15, 10_000: 7}
BARRED = 10_000
MEMORY_SIZES = (1_000, 10_000, 100_000)
FLAT = 10.0
"""MB that 100 times as many events may cost us: about what two pages of 2,500 events take up."""

Who = Literal["ours", "theirs"]


class _Job(msgspec.Struct):
    """One sync in a process of its own."""

    who: Who
    google: RunningCalendar
    calendar: Seeded


def rows() -> list[Row]:
    """Speed in this process, memory in processes of their own."""
    with running_calendar() as google:
        calendars = {size: seed(google, count=size, ours=OURS) for size in MEMORY_SIZES}
        speed = [row for size, rounds in ROUNDS.items() for row in _speed(google, calendars[size], rounds)]
        return [*speed, _memory(google, calendars)]


# --- speed -----------------------------------------------------------------------------------------------------------


def _speed(google: RunningCalendar, calendar: Seeded, rounds: int) -> list[Row]:
    measured: list[tuple[float, float, float]] = []
    with tempfile.TemporaryDirectory() as directory:
        for number in range(rounds + 1):
            stores = SqliteStore(Path(directory) / f"{number}.sqlite"), MemoryStore()
            on_sqlite, in_memory = (_time(_our_sync(google, calendar, store)) for store in stores)
            theirs = _time(lambda: sync_theirs(google, calendar))
            if number:  # the first round warms
                measured.append((on_sqlite, in_memory, theirs))
    *ours, gcal_sync = ([times[index] for times in measured] for index in range(3))
    bar = ">= 3x" if calendar.count == BARRED else ""
    return [
        _faster(f"full sync of {calendar.count:,} events, records in {kept}", calendar.count, times, gcal_sync, bar)
        for kept, times in zip(("SQLite", "memory"), ours, strict=True)
    ]


def _our_sync(google: RunningCalendar, calendar: Seeded, store: Store) -> Callable[[], None]:
    fill(store, calendar)
    sync = syncing(google, store)
    return lambda: sync_ours(sync, calendar)


def _time(work: Callable[[], None]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _faster(what: str, events: int, ours: list[float], theirs: list[float], bar: str) -> Row:
    ratio = median_ratio(theirs, ours)
    our, their = (events / statistics.median(times) for times in (ours, theirs))
    return Row(
        what=what,
        measured=f"{our:,.0f} events/s / gcal_sync {their:,.0f} events/s = {ratio:.1f}x",
        bar=bar,
        holds=ratio >= 3 if bar else None,
    )


# --- memory ----------------------------------------------------------------------------------------------------------


def _memory(google: RunningCalendar, calendars: dict[int, Seeded]) -> Row:
    ours, theirs = (
        [_growth(_Job(who, google, calendars[size])) for size in MEMORY_SIZES] for who in ("ours", "theirs")
    )
    sizes = " / ".join(f"{size:,}" for size in MEMORY_SIZES)
    return Row(
        what=f"full sync of {sizes} events, peak memory taken for it",
        measured=f"{_megabytes(ours)}; gcal_sync {_megabytes(theirs)}",
        bar=f"at most {FLAT:.0f} MB more for the last than for the second",
        holds=ours[-1] - ours[1] <= FLAT,
    )


def _megabytes(values: list[float]) -> str:
    return " / ".join(f"{value:.0f}" for value in values) + " MB"


def _growth(job: _Job) -> float:
    command = [sys.executable, "-m", __name__, msgspec.json.encode(job).decode()]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _sync_once(job: _Job) -> float:
    """MB: the process's peak, less what it held before the sync."""
    with tempfile.TemporaryDirectory() as directory:
        ours = _our_sync(job.google, job.calendar, SqliteStore(Path(directory) / "confsync.sqlite"))
        before = psutil.Process().memory_info().rss
        if job.who == "ours":
            ours()
        else:
            sync_theirs(job.google, job.calendar)
    return float(_peak() - before) / 2**20


def _peak() -> int:
    """Bytes. Not from getrusage: that begins with what the parent process held when it forked.

    https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
    """
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


if __name__ == "__main__":
    print(_sync_once(msgspec.json.decode(sys.argv[1], type=_Job)))
