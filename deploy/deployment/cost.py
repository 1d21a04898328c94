"""What a month costs, about. The formula and every price it takes are here, and nowhere else.

List prices in US dollars, without discounts: those of Cloud Run's cheaper regions ("tier 1"), and Firestore's highest,
of a multi-region; a single region costs half of that in places. As of November 2026:
https://cloud.google.com/run/pricing · https://cloud.google.com/firestore/pricing · https://cloud.google.com/tasks/pricing
https://cloud.google.com/secret-manager/pricing · https://cloud.google.com/scheduler/pricing
"""

from collections.abc import Iterator
from dataclasses import dataclass

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

MONTH = 30 * 86_400
DAYS = 30


@dataclass(frozen=True, kw_only=True)
class Load:
    """How much there is to do: calendars with conferences on them, changes of events with one, a day and calendar."""

    calendars: int = 100
    changes: float = 5


@dataclass(frozen=True, kw_only=True)
class Effort:
    """What one occasion takes, all functions together."""

    requests: float
    seconds: float
    reads: float
    writes: float
    tasks: float


LOOK = Effort(requests=1, seconds=0.5, reads=3, writes=1, tasks=1)
"""The sweep looks at a calendar that told nothing. Estimates, as the next one: rather too much than too little."""
CHANGE = Effort(requests=5, seconds=4, reads=15, writes=8, tasks=3)
"""An event changes: two notifications (one of our own answer to it), two syncs, a reconciliation."""


def estimate(environment: Environment, load: Load) -> Iterator[tuple[str, float]]:
    """(what for, dollars a month)."""
    functions = environment.functions.values()
    yield "instances kept warm", sum(map(_warm, functions))
    looks = load.calendars * MONTH / environment.settings.sweep.calendar_interval
    changes = load.calendars * load.changes * DAYS
    total = _total((looks, LOOK), (changes, CHANGE))
    memory = max(_gib(each.memory) for each in functions)
    yield (
        "instances at work, and requests",
        (
            _over(total.seconds, FREE_CPU_SECONDS) * CPU_SECOND
            + _over(total.seconds * memory, FREE_MEMORY_SECONDS) * MEMORY_SECOND
            + _over(total.requests, FREE_REQUESTS) * MILLION_REQUESTS / 1_000_000
        ),
    )
    yield "Firestore", _over(total.reads, FREE_READS) * READS + _over(total.writes, FREE_WRITES) * WRITES
    yield "tasks", _over(total.tasks, FREE_TASKS) * MILLION_TASKS / 1_000_000
    versions = len(own_keys(environment)) + len(asked_for(environment))
    yield "secrets", _over(versions, FREE_VERSIONS) * SECRET_VERSION
    yield "schedule", _over(sum(each.schedule is not None for each in functions), FREE_JOBS) * JOB


def _warm(function: Function) -> float:
    second = function.cpu * IDLE_CPU_SECOND + _gib(function.memory) * MEMORY_SECOND
    return function.min_instances * second * MONTH


def _total(*occasions: tuple[float, Effort]) -> Effort:
    def of(name: str) -> float:
        return sum(count * float(getattr(effort, name)) for count, effort in occasions)

    return Effort(**{name: of(name) for name in Effort.__dataclass_fields__})


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
