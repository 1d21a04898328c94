"""Whether each queue is there, runs, and is fast enough.

https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues/get
"""

from collections.abc import Iterator
from functools import partial

import msgspec

from confsync.adapters.access_token import RuntimeToken
from confsync.cli.deployment import Deployment
from confsync.cli.doctor.asking import ask
from confsync.cli.doctor.finding import Check, Finding, fail, ok, warn


class _Rates(msgspec.Struct, rename="camel"):
    max_dispatches_per_second: float = 0
    max_concurrent_dispatches: int = 0


class _Retries(msgspec.Struct, rename="camel"):
    max_attempts: int = 0


class _Queue(msgspec.Struct, rename="camel"):
    state: str = ""
    rate_limits: _Rates = msgspec.field(default_factory=_Rates)
    retry_config: _Retries = msgspec.field(default_factory=_Retries)


def checks(deployment: Deployment) -> Iterator[Check]:
    """One for each queue."""
    names, mend = deployment.settings.queue.names, "look whether Cloud Tasks is enabled: deploy again"
    for name in names:
        titled = f"queue {name}" if len(names) > 1 else "queue"
        yield Check(name=titled, look=partial(_queue, deployment, name), mend=mend, signed_in=True)


def _queue(deployment: Deployment, queue_id: str) -> Finding:
    told, sweep = deployment.settings.queue, deployment.settings.sweep
    name = f"projects/{deployment.settings.google.project}/locations/{told.location}/queues/{queue_id}"
    answer = ask(f"{told.api.rstrip('/')}/v2/{name}", token=RuntimeToken()())
    if answer.status == 404:
        return fail(f"there is no {name}", "deploy it: `deploy.py` makes it; a new one takes a minute to be there")
    if answer.status in {401, 403}:
        return fail(f"whoever runs this may not look at {name}", "grant them roles/cloudtasks.viewer")
    try:
        queue = msgspec.json.decode(answer.body, type=_Queue)
    except msgspec.DecodeError:
        return fail(f"Cloud Tasks answered {answer.status} to a question after {name}", "is queue.api right?")
    handed_out = 2 * sweep.per_second / told.number
    return _state(queue, f"{queue_id} --location={told.location}", handed_out=handed_out)


def _state(queue: _Queue, named: str, *, handed_out: float) -> Finding:
    """`handed_out`: tasks a second that a sweep may put into it, of calendars and conferences."""
    rate, attempts = queue.rate_limits.max_dispatches_per_second, queue.retry_config.max_attempts
    if queue.state != "RUNNING":
        return fail(f"it is {queue.state}: no task is delivered", f"gcloud tasks queues resume {named}")
    told = f"running; {rate:g} tasks a second, {queue.rate_limits.max_concurrent_dispatches} at once"
    if attempts == 1:
        return warn(
            f"{told}; a task that fails is not tried again", f"gcloud tasks queues update {named} --max-attempts=100"
        )
    if handed_out > rate:
        return warn(
            f"{told}: too slow for the {handed_out:g} a second that a sweep may hand out",
            f"gcloud tasks queues update {named} --max-dispatches-per-second={handed_out:g}, or lower sweep.per_second",
        )
    return ok(told)
