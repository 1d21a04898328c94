"""The revision before gets the requests again."""

from collections.abc import Iterable, Iterator
from typing import Any

from deployment import DeployError
from deployment.environment import Environment
from deployment.gcloud import Command, Gcloud, Query, command
from deployment.resources.functions import find, services_of, serving


def rollbacks(environment: Environment, gcloud: Gcloud, names: Iterable[str]) -> Iterator[tuple[str, Command]]:
    """(what happens, how) for each of the functions. Raises `DeployError` if one has no revision to go back to."""
    services = gcloud.ask(services_of(environment)) or []
    queries = {name: _revisions(environment, name) for name in names}
    answers = gcloud.ask_all(queries.values())
    for name, query in queries.items():
        service = environment.service(name)
        there = find(service, services)
        if there is None:
            raise DeployError(f"{service} is not deployed")
        now = serving(there) or there["status"]["latestReadyRevisionName"]
        to = previous(answers[query] or [], now)
        if to is None:
            raise DeployError(f"{service} has no revision before {now}")
        place = (service, f"--region={environment.region}", f"--to-revisions={to}=100")
        yield f"{service}: {now} -> {to}", command("run", "services", "update-traffic", *place)


def previous(revisions: Iterable[Any], now: str) -> str | None:
    """The latest revision that is older than this one, and works."""
    metadata = {each["metadata"]["name"]: each["metadata"]["creationTimestamp"] for each in revisions if _works(each)}
    made = metadata.pop(now, None)
    older = {name: at for name, at in metadata.items() if made is not None and at < made}
    return max(older, key=older.__getitem__, default=None)


def _works(revision: Any) -> bool:
    conditions = revision.get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _revisions(environment: Environment, name: str) -> Query:
    place = (f"--service={environment.service(name)}", f"--region={environment.region}")
    return Query(api="run", arguments=("run", "revisions", "list", *place))
