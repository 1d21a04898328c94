"""How much one deployment does: the tables of deploy/capacity.md. `--write` renews them; the last takes minutes."""

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import structlog

from confsync.adapters.firestore.due_index import SHARDS
from confsync.domain.backoff import renewal_time
from tests.benchmarks.measuring import percentile
from tests.simulation.operations import OCCASIONS, Operations, operations, sweep_alone
from tests.simulation.prices import Environment, cost, load
from tests.simulation.queueing import RUN_FOR, SWEEP_EVERY, Found, Setup, Simulation

PAGE = Path(__file__).parents[2] / "deploy" / "capacity.md"
PEAK = 2.4
"""A day's changes are made within ten hours."""
HOUR = 3600
SIX_HOURS = 6 * HOUR
A_DAY = 24 * HOUR

OUTAGE = (1200.0, 1200.0 + HOUR)
UNTIL = OUTAGE[1] + HOUR


# --- counted ---------------------------------------------------------------------------------------------------------


def counted() -> str:
    """What each occasion takes."""
    rows = [(name, operations(name)) for name in OCCASIONS] + [("a sweep that finds nothing", sweep_alone())]
    head = ("occasion", "requests", "to Calendar", "to the vendor", "reads", "writes", "tasks")
    return table(head, ((name, *_cells(found)) for name, found in rows))


def _cells(found: Operations) -> Iterable[str]:
    return map(str, (found.requests, found.calendar, found.vendor, found.reads, found.writes, found.tasks))


# --- multiplied out --------------------------------------------------------------------------------------------------


def environment(watched: int | None, **keys: float) -> Environment:
    """The example environment, with calendars that are watched looked at so often, and other keys of `[sweep]`."""
    found = load("example")
    sweep = msgspec.structs.replace(found.settings.sweep, watched_interval=watched, **keys)
    return replace(found, settings=msgspec.structs.replace(found.settings, sweep=sweep))


def scales() -> str:
    """What a day of so many calendars is, and a month's price."""
    head = ("", "1,000", "100,000", "100,000", "1,000,000", "10,000,000")
    cases = [(1_000, None), (100_000, None), (100_000, SIX_HOURS), (1_000_000, SIX_HOURS), (10_000_000, A_DAY)]
    columns = [_scale(calendars, watched) for calendars, watched in cases]
    return table(head, ((name, *(column[name] for column in columns)) for name in columns[0]))


def _scale(calendars: int, watched: int | None) -> dict[str, str]:
    where, load = environment(watched), cost.Load(calendars=calendars)
    times = cost.a_day(where, load)
    day = cost.total(times)
    busy = cost.total(_busy(times))
    per_second = cost.Effort(**{name: amount / cost.DAY for name, amount in vars(busy).items()})
    dollars = sum(part for _, part in cost.estimate(where, load))
    return {
        "a watched calendar is looked at every": _duration(watched or where.settings.sweep.calendar_interval),
        "function requests a second, busy hour": _number(per_second.requests),
        "instances at work, busy hour": _number(cost.instances(per_second, 8)),
        "tasks a second, busy hour": _number(per_second.tasks),
        "Firestore reads a second, busy hour": _number(per_second.reads),
        "Firestore writes a second, busy hour": _number(per_second.writes),
        "requests to Calendar a minute, busy hour": _number(60 * per_second.calendar),
        "requests to Calendar a day": _number(day.calendar),
        "beyond 1,000,000 a day (Scaled)": _number(max(0, day.calendar - 1_000_000)),
        "requests to vendors a day": _number(day.vendor),
        "Secret Manager, accesses a minute": _number(SECRETS * cost.instances(per_second, 8)),
        "dollars a month": _number(dollars),
        "of these Firestore": _number(dict(cost.estimate(where, load))["Firestore"]),
    }


SECRETS = 2
"""Solutions' secrets that an instance reads again each minute."""
BUSY = {cost.OTHER, cost.CHANGE, cost.CHOSEN, cost.GONE}
"""What people do; the rest goes on day and night."""


def _busy(times: dict[str, float]) -> dict[str, float]:
    return {name: count * (PEAK if name in BUSY else 1) for name, count in times.items()}


# --- where limits are met --------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Limit:
    """Something that ends: `taken` a calendar in the busy hour, of `most` in all."""

    name: str
    most: float
    of: Callable[[Operations], float]
    per: float = 1
    """Seconds for which `most` is."""
    peak: bool = True

    def calendars(self, watched: int | None) -> float:
        """With how many calendars it is met."""
        times = cost.a_day(environment(watched), cost.Load(calendars=1))
        busy = _busy(times) if self.peak else times
        return self.most / (
            sum(count * self.of(operations(name)) for name, count in busy.items()) * self.per / cost.DAY
        )


LIMITS = (
    Limit(
        name="1,000,000 answers of Calendar a day", most=1_000_000, of=lambda it: it.calendar, per=cost.DAY, peak=False
    ),
    Limit(name="10,000 requests to Calendar a minute", most=10_000, of=lambda it: it.calendar, per=60),
    Limit(name="50 tasks a second of the queue as deployed", most=50, of=lambda it: it.tasks),
    Limit(name="500 tasks a second of one queue", most=500, of=lambda it: it.tasks),
    Limit(name="2,000 tasks a second of four", most=2_000, of=lambda it: it.tasks),
    Limit(name="500 writes a second to `calendars`", most=500, of=lambda it: it.calendars),
    Limit(name="500 writes a second to `conferences`", most=500, of=lambda it: it.conferences),
    Limit(name=f"{500 * SHARDS:,} of them over shards", most=500 * SHARDS, of=lambda it: it.conferences),
)


def swept(watched: int | None) -> tuple[float, ...]:
    """How many things of each kind become due a calendar from one sweep to the next: calendars, conferences, channels.

    What people change has its own tasks, and is not due.
    """
    day = cost.a_day(environment(watched), cost.Load(calendars=1))
    return tuple(day[name] * SWEEP_EVERY / cost.DAY for name in (cost.LOOK, cost.CHECK, cost.RENEWAL))


def limits() -> str:
    """Each limit, and how many calendars meet it."""
    intervals = (None, SIX_HOURS)
    rows = [(each.name, *(each.calendars(watched) for watched in intervals)) for each in LIMITS]
    for batch in (10_000, 100_000):
        rows.append((f"`sweep.batch` = {batch:,}", *(batch / max(swept(watched)) for watched in intervals)))
    for threads in (16, 40):
        most = Setup(calendars=1, changes=0, others=0, threads=threads).hands_out * RUN_FOR
        rows.append((f"`sweep.threads` = {threads}", *(most / sum(swept(watched)) for watched in intervals)))
    head = ("limit", "calendars, each looked at every 15 min", "every 6 h")
    return table(head, ((name, *map(_number, reach)) for name, *reach in rows))


# --- simulated -------------------------------------------------------------------------------------------------------


MAKES = {cost.CHANGE, cost.CHOSEN, cost.GONE}
"""Changes of events with a conference."""


def setup(calendars: int, *, watched: float = 900, check_hours: float = 18, **more: float) -> Setup:
    """A deployment in its busy hour, with all that `cost.Load` has."""
    where = environment(int(watched), check_hours=check_hours)
    times = cost.a_day(where, cost.Load(calendars=calendars))
    second = {name: count / cost.DAY for name, count in _busy(times).items()}
    changes = sum(second[name] for name in MAKES)
    requests = sum(second[name] * (cost.EFFORTS[name].calendar - 1) for name in MAKES) / changes
    return Setup(
        calendars=calendars,
        watched=watched,
        changes=changes,
        others=second[cost.OTHER],
        requests=requests,
        checks=second[cost.CHECK],
        renewals=second[cost.RENEWAL],
        **more,  # type: ignore[arg-type]
    )


def million(quota: float) -> Setup:
    """A million calendars in one project, with so many requests to Calendar a minute."""
    sweep = {"watched": SIX_HOURS, "check_hours": 36, "batch": 150_000, "per_second": 250, "threads": 40}
    return setup(1_000_000, quota=quota, queues=4, dispatches=500, concurrency=300, **sweep)


SETUPS = {
    "1,000": setup(1_000),
    "100,000": setup(100_000, watched=SIX_HOURS, dispatches=200, concurrency=200, batch=30_000, per_second=50),
    "150,000": setup(150_000, watched=SIX_HOURS, dispatches=300, concurrency=300, batch=40_000, per_second=65),
    "250,000: a million in four projects": setup(
        250_000, watched=SIX_HOURS, dispatches=500, concurrency=300, batch=40_000, per_second=65
    ),
    "1,000,000": million(40_000),
    "1,000,000 with twice the quota": million(80_000),
}
SIMULATED = 100_000
CHECK_HOURS = (18, 18, 18, 18, 36, 36)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a simulation says, in seconds."""

    wait: float
    """99 of 100 tasks of pushes wait no longer."""
    age: float
    """The median age of a pushed change at the vendor."""
    oldest: float
    """99 of 100 are no older."""
    drained: float
    """After the outage's end, when the last task of a push waited for ten seconds or more."""
    swept: float
    """After the outage's end, when a sweep left nothing that was due."""


def outcome(found: Found) -> Outcome:
    """With a quarter of an hour before the outage, in which things are as usual."""
    waits = [wait for when, wait in found.waits if when < OUTAGE[0]]
    ages = [age for made, age in found.told if made < OUTAGE[0] - 60]
    late = [when - OUTAGE[1] for when, wait in found.waits if when >= OUTAGE[1] and wait >= 10]
    swept = [when - OUTAGE[1] for when, _, left in found.sweeps if when >= OUTAGE[1] and not left]
    return Outcome(
        wait=percentile(waits, 0.99),
        age=percentile(ages, 0.5),
        oldest=percentile(ages, 0.99),
        drained=max(late, default=0),
        swept=min(swept, default=float("inf")),
    )


def simulated() -> str:
    """Each setup in its busy hour, and after an hour in which no function answers."""
    head = ("", *SETUPS)
    found = [outcome(Simulation(_some(each), outage=OUTAGE).run(UNTIL)) for each in SETUPS.values()]
    rows = {
        "queues; of each tasks a second, at most; at once": [
            f"{each.queues}; {each.dispatches:g}; {each.concurrency}" for each in SETUPS.values()
        ],
        "requests to Calendar a minute, at most": [f"{each.quota:,.0f}" for each in SETUPS.values()],
        "`watched_interval`": [_duration(int(each.watched)) for each in SETUPS.values()],
        "`check_hours`": [f"{each}" for each in CHECK_HOURS],
        "`batch`; `per_second`; `threads`": [
            f"{each.batch:,}; {each.per_second:g}; {each.threads}" for each in SETUPS.values()
        ],
        "a push's task waits, p99": [f"{each.wait:.2f} s" for each in found],
        "change to vendor, median": [f"{each.age:.1f} s" for each in found],
        "change to vendor, p99": [f"{each.oldest:.1f} s" for each in found],
        "after the outage, pushes wait again less than 10 s": [_within(each.drained) for each in found],
        "after the outage, a sweep leaves nothing": [_within(each.swept) for each in found],
    }
    return table(head, ((name, *cells) for name, cells in rows.items()))


def _some(setup: Setup) -> Setup:
    """Of many calendars a part, so that it takes no hour."""
    return setup.part(min(1, SIMULATED / setup.calendars))


def _within(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds < UNTIL - OUTAGE[1] - 60 else "not within an hour"


def untold(watched: float, *, calendars: int = 1_000, days: float = 3) -> list[float]:
    """Ages of changes of which Google told nothing, once they reached the vendor."""
    load = cost.Load(calendars=calendars)
    rates = {"changes": calendars * load.changes / cost.DAY, "others": calendars * load.others / cost.DAY}
    return Simulation(Setup(calendars=calendars, watched=watched, **rates)).run(days * cost.DAY).untold  # type: ignore[arg-type]


def found_late() -> str:
    """How old a change gets that was not pushed; the next change of the same calendar that is brings it along."""
    head = ("a watched calendar is looked at every", "median", "p99")
    rows = []
    for watched in (900, HOUR, SIX_HOURS, A_DAY):
        ages = untold(watched)
        rows.append((_duration(watched), *(_duration(int(percentile(ages, share))) for share in (0.5, 0.99))))
    return table(head, rows)


def busiest_minute(channels: int) -> float:
    """Of channels that were all opened in the same minute, how many more than on average are renewed in one."""
    opened = datetime(2026, 3, 2, 9, tzinfo=UTC)
    minutes = [0] * (7 * 24 * 60)
    for index in range(channels):
        at = renewal_time(f"channel-{index}", opened, opened + timedelta(days=7))
        minutes[(at - opened) // timedelta(minutes=1)] += 1
    used = [count for count in minutes if count]
    return max(used) * len(used) / channels


# --- the page --------------------------------------------------------------------------------------------------------

TABLES: dict[str, Callable[[], str]] = {
    "counted": counted,
    "scales": scales,
    "limits": limits,
    "found late": found_late,
    "simulated": simulated,
}
QUICK = ("counted", "scales", "limits")
"""Those that a test holds the page to."""


def on_page(name: str) -> str:
    """The table as it stands in the page."""
    found = _place(name).search(PAGE.read_text("utf-8"))
    assert found is not None, f"there is no table {name!r}"
    return found[2].strip()


def write(names: Sequence[str]) -> None:
    """Renew these tables in the page."""
    for name in names:
        text = TABLES[name]()
        page = PAGE.read_text("utf-8")
        PAGE.write_text(_place(name).sub(lambda it: f"{it[1]}{text}\n{it[3]}", page), "utf-8")  # noqa: B023 - run at once


def _place(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {name} -->\n)(.*?)(<!-- end of {name} -->)", re.DOTALL)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _number(value: float) -> str:
    """Three digits that count, or what is left of them."""
    if value >= 100:
        digits = len(str(int(value))) - 3
        return f"{round(value, -max(digits, 0)):,.0f}"
    return f"{value:.3g}"


def _duration(seconds: int) -> str:
    return f"{seconds / HOUR:.3g} h" if seconds >= HOUR else f"{seconds / 60:.3g} min"


def main(arguments: list[str]) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    names = [name for name in arguments if name in TABLES] or list(TABLES)
    if "--write" in arguments:
        write(names)
        return
    for name in names:
        print(f"{TABLES[name]()}\n")
    print(f"a million channels opened in one minute: {busiest_minute(1_000_000):.2f} times the mean in the busiest one")


if __name__ == "__main__":
    main(sys.argv[1:])
