"""The queues between the functions."""

from typing import Any

from deployment.environment import Environment
from deployment.gcloud import Command, Query, command
from deployment.planning import Changes, Resource, State


def queues(environment: Environment) -> list[Resource]:
    """Each queue, with its rates and retries."""
    return [_queue(environment, name) for name in environment.settings.queue.names]


def _queue(environment: Environment, name: str) -> Resource:
    rules = environment.table.queue
    place = f"--location={environment.region}"
    wanted = {
        "max attempts": f"{rules.max_attempts}",
        "min backoff": f"{rules.min_backoff}s",
        "max backoff": f"{rules.max_backoff}s",
        "max doublings": f"{rules.max_doublings}",
        "max concurrent dispatches": f"{rules.max_concurrent_dispatches}",
        "max dispatches per second": f"{rules.max_dispatches_per_second:g}",
    }
    flags = [f"--{key.replace(' ', '-')}={value}" for key, value in wanted.items()]
    running = {**wanted, "state": "running"}

    def change(changes: Changes) -> tuple[Command, ...]:
        rates = (command("tasks", "queues", "update", name, place, *flags),) if changes.keys() - {"state"} else ()
        if "state" not in changes:
            return rates
        verb = "pause" if changes["state"].new == "paused" else "resume"
        return (*rates, command("tasks", "queues", verb, name, place))

    def found(answer: Any) -> State | None:
        queues = [each for each in answer if each["name"].endswith(f"/queues/{name}")]
        return _state(queues[0]) if queues else None

    return Resource(
        title=f"queue {name}",
        why="spreads syncs and reconciliations, and tries again what failed",
        query=Query(api="cloudtasks", arguments=("tasks", "queues", "list", place)),
        found=found,
        wanted=running,
        create=(command("tasks", "queues", "create", name, place, *flags),),
        change=change,
        delete=(command("tasks", "queues", "delete", name, place),),
        without={**wanted, "state": "paused"},
        kept="a queue of that name can't be made again for some days, and it costs nothing; it is paused",
    )


def _state(queue: Any) -> State:
    """https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues"""
    retries, rates = queue.get("retryConfig", {}), queue.get("rateLimits", {})
    return {
        "max attempts": str(retries.get("maxAttempts")),
        "min backoff": str(retries.get("minBackoff")),
        "max backoff": str(retries.get("maxBackoff")),
        "max doublings": str(retries.get("maxDoublings")),
        "max concurrent dispatches": str(rates.get("maxConcurrentDispatches")),
        "max dispatches per second": f"{rates.get('maxDispatchesPerSecond', 0):g}",
        "state": str(queue.get("state")).lower(),
    }
