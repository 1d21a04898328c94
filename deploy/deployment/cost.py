"""What a month costs, about. The formula and every price it takes are here, and nowhere else.

List prices in US dollars, without discounts: those of Cloud Run's cheaper regions ("tier 1"), and Firestore's highest,
of a multi-region; a single region costs half of that in places. As of November 2026:
https://cloud.google.com/run/pricing · https://cloud.google.com/firestore/pricing · https://cloud.google.com/tasks/pricing
https://cloud.google.com/secret-manager/pricing · https://cloud.google.com/scheduler/pricing
https://cloud.google.com/stackdriver/pricing · https://cloud.google.com/artifact-registry/pricing
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import exp

from deployment.environment import Environment
from deployment.resources.secrets import asked_for, own_keys
from deployment.table import Function

CPU_SECOND = 0.000024
MEMORY_SECOND = 0.0000025
"""Of a GiB."""
IDLE_CPU_SECOND = 0.0000025
"""Of an instance that is kept warm and does nothing; its memory costs the same as when it works."""
MILLION_REQUESTS = 0.40
FREE_CPU_SECONDS, FREE_MEMORY_SECONDS, FREE_REQUESTS = 180_000, 360_000, 2_000_000
"""A month, for all projects of a billing account."""
READS, WRITES = 0.06 / 100_000, 0.18 / 100_000
FREE_READS, FREE_WRITES = 50_000 * 30, 20_000 * 30
MILLION_TASKS, FREE_TASKS = 0.40, 1_000_000
SECRET_VERSION, FREE_VERSIONS = 0.06, 6
JOB, FREE_JOBS = 0.10, 3
LOG_GIB, FREE_LOG_GIB = 0.50, 50
"""Stored for 30 days; free of each project."""
IMAGE_GB, FREE_IMAGE_GB = 0.10, 0.5

DAY, DAYS = 86_400, 30
MONTH = DAYS * DAY
RENEWED_AT = 0.45
"""Of a channel's life, on average (see `confsync.domain.channel`)."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """How much there is to do: calendars with conferences on them, and what happens on each a day."""

    calendars: int = 100
    changes: float = 5
    """Of events with a conference."""
    others: float = 5
    """Changes of events without one."""
    chosen: float = 1
    """Conferences that are made; each goes again one day."""
    meetings: float = 10
    """To come, at any time."""


@dataclass(frozen=True, kw_only=True)
class Effort:
    """What one occasion takes, all functions together; `calendar` are requests to Google Calendar."""

    requests: float
    seconds: float
    calendar: float
    vendor: float
    reads: float
    writes: float
    tasks: float


LOOK, OTHER, CHANGE = "look at a calendar", "change without a conference", "change with a conference"
CHOSEN, GONE, CHECK, RENEWAL = "conference chosen", "conference deleted", "meeting compared", "channel renewed"
EFFORTS: Mapping[str, Effort] = {
    LOOK: Effort(requests=1, seconds=0.3, calendar=1, vendor=0, reads=2, writes=2, tasks=1),
    OTHER: Effort(requests=2, seconds=0.3, calendar=1, vendor=0, reads=1, writes=1, tasks=1),
    CHANGE: Effort(requests=3, seconds=0.8, calendar=1, vendor=1, reads=9, writes=7, tasks=2),
    CHOSEN: Effort(requests=4, seconds=1.6, calendar=3, vendor=2, reads=19, writes=14, tasks=2),
    GONE: Effort(requests=3, seconds=1.2, calendar=4, vendor=1, reads=6, writes=6, tasks=2),
    CHECK: Effort(requests=1, seconds=0.5, calendar=0, vendor=1, reads=6, writes=4, tasks=1),
    RENEWAL: Effort(requests=1, seconds=0.7, calendar=3, vendor=0, reads=8, writes=6, tasks=1),
}
"""Counted at the ports while the real use cases do it (tests/simulation/operations.py), and held to that by a test."""

LOGGED = 1_500
"""Bytes of a request: our line has about 400, and Cloud Run writes one of its own, of about 1 KiB."""
IMAGE, IMAGES = 0.3, 3
"""GB of a function's image, with what its build keeps; and how many there are, on average: Google keeps those of
older revisions until somebody deletes them."""

AT_WORK = 0.6
"""Of the requests that an instance takes at once, how many it has where there are many."""


def a_day(environment: Environment, load: Load) -> dict[str, float]:
    """How often each occasion is there, in a day."""
    settings = environment.settings
    interval = settings.sweep.watched_interval or settings.sweep.calendar_interval
    hours = settings.sweep.check_hours
    each = {
        LOOK: DAY / interval,
        OTHER: load.others,
        CHANGE: load.changes,
        CHOSEN: load.chosen,
        GONE: load.chosen,
        CHECK: load.meetings * 24 / hours if hours else 0,
        RENEWAL: DAY / (RENEWED_AT * settings.channels.ttl),
    }
    return {name: times * load.calendars for name, times in each.items()}


def total(times: Mapping[str, float]) -> Effort:
    """What so many of each occasion take."""

    def of(what: str) -> float:
        return sum(count * float(getattr(EFFORTS[name], what)) for name, count in times.items())

    return Effort(**{what: of(what) for what in Effort.__dataclass_fields__})


def instances(per_second: Effort, concurrency: int) -> float:
    """How many are at work on average. One is billed while it has a request, and shares it among those it has."""
    at_once = per_second.seconds
    return max(1 - exp(-at_once), at_once / (AT_WORK * concurrency))


def estimate(environment: Environment, load: Load) -> Iterator[tuple[str, float]]:
    """(what for, dollars a month)."""
    functions = environment.functions.values()
    yield "instances kept warm", sum(map(_warm, functions))
    day = total(a_day(environment, load))
    month = Effort(**{name: DAYS * amount for name, amount in vars(day).items()})
    second = Effort(**{name: amount / DAY for name, amount in vars(day).items()})
    busy = instances(second, min(each.concurrency for each in functions if each.concurrency > 1)) * MONTH
    memory = max(_gib(each.memory) for each in functions)
    yield (
        "instances at work, and requests",
        (
            _over(busy, FREE_CPU_SECONDS) * CPU_SECOND
            + _over(busy * memory, FREE_MEMORY_SECONDS) * MEMORY_SECOND
            + _over(month.requests, FREE_REQUESTS) * MILLION_REQUESTS / 1_000_000
        ),
    )
    yield "Firestore", _over(month.reads, FREE_READS) * READS + _over(month.writes, FREE_WRITES) * WRITES
    yield "tasks", _over(month.tasks, FREE_TASKS) * MILLION_TASKS / 1_000_000
    yield "logs", _over(month.requests * LOGGED / 2**30, FREE_LOG_GIB) * LOG_GIB
    yield "images", _over(len(functions) * IMAGE * IMAGES, FREE_IMAGE_GB) * IMAGE_GB
    versions = len(own_keys(environment)) + len(asked_for(environment))
    yield "secrets", _over(versions, FREE_VERSIONS) * SECRET_VERSION
    yield "schedule", _over(sum(each.schedule is not None for each in functions), FREE_JOBS) * JOB


def _warm(function: Function) -> float:
    second = function.cpu * IDLE_CPU_SECOND + _gib(function.memory) * MEMORY_SECOND
    return function.min_instances * second * MONTH


def _over(amount: float, free: float) -> float:
    return max(0.0, amount - free)


def _gib(memory: str) -> float:
    return float(memory[:-2]) / (1024 if memory.endswith("Mi") else 1)


def lines(environment: Environment, load: Load) -> Iterator[str]:
    """The estimate in words."""
    parts = list(estimate(environment, load))
    dollars = sum(each for _, each in parts)
    yield f"\nAbout ${dollars:.2f} a month beyond what is free (deploy/deployment/cost.py), with {load.calendars}"
    yield f"calendars and {load.changes:g} changes a day on each"
    yield from (f"  {dollars:8.2f}  {name}" for name, dollars in parts)
