"""Doing what a plan says."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import count
from typing import Any

from deployment import DeployError
from deployment.gcloud import Gcloud, Query
from deployment.planning import Planned, Stage, Step, Verb, plan
from deployment.report import VERBS
from deployment.resources.services import ENABLED, enabled

Say = Callable[[str], None]
FEW = 3
"""Changes that a line of progress names; the plan has them all."""
QUIET = 20
"""Seconds without a line after which people are told what is being done."""


def answers(gcloud: Gcloud, queries: Iterable[Query]) -> dict[Query, Any]:
    """What exists: the answers to the queries of the APIs that are enabled. Raises `DeployError`."""
    services = gcloud.ask(ENABLED)
    there = enabled(services or [])
    others = [query for query in queries if query != ENABLED and (query.api is None or query.api in there)]
    return {ENABLED: services, **gcloud.ask_all(others)}


def look(gcloud: Gcloud, stages: Iterable[Stage]) -> dict[Query, Any]:
    """What exists of what there should be. Raises `DeployError`."""
    return answers(gcloud, (resource.query for stage in stages for resource in stage.resources))


def planned(gcloud: Gcloud, stages: Sequence[Stage]) -> list[Planned]:
    """What has to be done, by what exists. Raises `DeployError`."""
    return plan(stages, look(gcloud, stages))


def apply(gcloud: Gcloud, todo: Sequence[Planned], say: Say) -> None:
    """Do it, in order. Raises `DeployError` at the first step that fails; what was done before it need not be again."""
    total = sum(len(stage.steps) for stage in todo)
    numbers = count(1)
    for stage in todo:
        say(f"\n{stage.title}")
        with _workers(gcloud, stage.at_once) as pool:
            running = {pool.submit(_carry_out, gcloud, step, say): step for step in stage.steps}
            for future in _ended(running, say):
                number, step = next(numbers), running[future]
                try:
                    say(f"[{number}/{total}] {_told(step)}, {future.result()}")
                except DeployError as error:
                    failed = f"step {number} of {total}, {step.resource.title}, failed. What is done stays done:"
                    raise DeployError(f"{failed} run this again once it is mended.\n{error}") from error


@contextmanager
def _workers(gcloud: Gcloud, at_once: int) -> Iterator[Executor]:
    """Threads for a stage. If one step fails, or somebody interrupts it, what has not begun does not begin."""
    pool = ThreadPoolExecutor(at_once)
    try:
        yield pool
    except KeyboardInterrupt:
        gcloud.stopped.set()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _ended(running: dict[Future[str], Step], say: Say) -> Iterator[Future[str]]:
    """Each step's once it has ended; of those that take long it is told that they are at work."""
    pending = list(running)
    while pending:
        ended = wait(pending, QUIET, FIRST_COMPLETED).done
        if not ended:
            say(f"  at work: {', '.join(running[each].resource.title for each in pending if each.running())}")
        yield from (each for each in pending if each in ended)
        pending = [each for each in pending if each not in ended]


def _carry_out(gcloud: Gcloud, step: Step, say: Say) -> str:
    """How long it took."""
    if step.by_hand:
        return "left for you"
    began = time.monotonic()
    for command in step.commands:
        if gcloud.stopped.is_set():
            raise DeployError("stopped")
        gcloud.do(command, lambda words: say(f"  {step.resource.title}: {words}"))
    return f"{time.monotonic() - began:.0f} s"


def _told(step: Step) -> str:
    names = step.changes if len(step.changes) <= FEW else [f"{len(step.changes)} changes"]
    changed = f" ({', '.join(names)})" if step.verb is Verb.CHANGE else ""
    return f"{VERBS[step.verb]} {step.resource.title}{changed}: {step.resource.why}"
