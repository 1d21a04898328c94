"""Doing what a plan says."""

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

from deployment import DeployError
from deployment.gcloud import Gcloud, Query
from deployment.planning import Planned, Stage, Step, Verb, plan
from deployment.report import VERBS
from deployment.resources.services import ENABLED, enabled

Say = Callable[[str], None]
FEW = 3
"""Changes that a line of progress names; the plan has them all."""


def look(gcloud: Gcloud, stages: Iterable[Stage]) -> dict[Query, Any]:
    """What exists: the answers to the queries of the APIs that are enabled. Raises `DeployError`."""
    services = gcloud.ask(ENABLED)
    there = enabled(services or [])
    queries = [resource.query for stage in stages for resource in stage.resources if resource.query != ENABLED]
    answers = gcloud.ask_all(query for query in queries if query.api is None or query.api in there)
    return {ENABLED: services, **answers}


def planned(gcloud: Gcloud, stages: Sequence[Stage]) -> list[Planned]:
    """What has to be done, by what exists. Raises `DeployError`."""
    return plan(stages, look(gcloud, stages))


def apply(gcloud: Gcloud, todo: Sequence[Planned], say: Say) -> None:
    """Do it, in order. Raises `DeployError` at the first step that fails; what was done before it need not be again."""
    total = sum(len(stage.steps) for stage in todo)
    done = 0
    for stage in todo:
        say(f"\n{stage.title}")
        with ThreadPoolExecutor(stage.at_once) as pool:
            running = {pool.submit(_carry_out, gcloud, step, say): step for step in stage.steps}
            try:
                for future in as_completed(running):
                    done += 1
                    say(f"[{done}/{total}] {_told(running[future])}, {future.result()}")
            except DeployError as error:
                pool.shutdown(cancel_futures=True)
                failed = f"step {done} of {total}, {running[future].resource.title}, failed. What is done stays done:"
                raise DeployError(f"{failed} run this again once it is mended.\n{error}") from error


def _carry_out(gcloud: Gcloud, step: Step, say: Say) -> str:
    """How long it took."""
    if step.by_hand:
        return "left for you"
    began = time.monotonic()
    for command in step.commands:
        gcloud.do(command, lambda words: say(f"{step.resource.title}: {words}"))
    return f"{time.monotonic() - began:.0f} s"


def _told(step: Step) -> str:
    names = step.changes if len(step.changes) <= FEW else [f"{len(step.changes)} changes"]
    changed = f" ({', '.join(names)})" if step.verb is Verb.CHANGE else ""
    return f"{VERBS[step.verb]} {step.resource.title}{changed}: {step.resource.why}"
