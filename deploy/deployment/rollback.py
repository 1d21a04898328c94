"""The release before gets the requests again: the functions that the last one touched go back, to one and the same."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deployment import DeployError
from deployment.applying import answers
from deployment.environment import Environment
from deployment.gcloud import Command, Gcloud, Query, command
from deployment.resources.functions import BUILD_VARIABLE, RELEASE_VARIABLE, find, own_variables, services_of, serving


@dataclass(frozen=True, kw_only=True)
class Revision:
    """One of a function: when it was `made`, of which source (`build`), by which `release`."""

    name: str
    made: str
    build: str
    release: str


History = Sequence[Revision]
"""A function's revisions that work, up to the one that gets its requests, oldest first."""


def rollbacks(environment: Environment, gcloud: Gcloud, names: Iterable[str]) -> Iterator[tuple[str, Command | None]]:
    """(what happens, how) for each of the functions; None where nothing does. Raises `DeployError` if there is no
    release to go back to."""
    services = services_of(environment)
    queries = {environment.service(name): _revisions(environment, name) for name in names}
    told = answers(gcloud, [services, *queries.values()])
    there = {name: find(name, told.get(services) or []) for name in queries}
    histories = {name: _history(name, there[name], told.get(query) or []) for name, query in queries.items()}
    targets = before(histories)
    for name, history in histories.items():
        to = targets[name]
        if to is None:
            yield f"{name}: it is new in this release, and stays", None
        elif to == history[-1]:
            yield f"{name}: {to.name} stays, the last release did not touch it", None
        else:
            place = (name, f"--region={environment.region}", f"--to-revisions={to.name}=100")
            yield f"{name}: {history[-1].name} -> {to.name}", command("run", "services", "update-traffic", *place)


def before(histories: Mapping[str, History]) -> dict[str, Revision | None]:
    """The revision that each function has once the last release is undone: None if it has none but of that release.

    The last release is what was made since any other. One that failed midway is passed over: all functions go to the
    newest source that each of them has. Raises `DeployError` if there is none.
    """
    every = sorted((each for history in histories.values() for each in history), key=lambda each: each.made)
    began = max((each.made for each in every if each.release != every[-1].release), default="")
    older = {name: _older(history, began) for name, history in histories.items()}
    known = [{each.build for each in revisions} for revisions in older.values() if revisions]
    if not known:
        raise DeployError("there is no release before this one")
    build = next((each.build for each in reversed(every) if all(each.build in builds for builds in known)), None)
    if build is None:
        told = "\n".join(f"{name}: {', '.join(each.name for each in has)}" for name, has in older.items())
        raise DeployError(f"no release before this one has all functions. Deploy an older source by `apply`.\n{told}")
    return {
        name: next((each for each in reversed(revisions) if each.build == build), None)
        for name, revisions in older.items()
    }


def _older(history: History, began: str) -> History:
    """What the function can go back to: if the last release did not touch it, what it has."""
    if history and history[-1].made <= began:
        return history[-1:]
    return [each for each in history if each.made <= began]


def _history(name: str, service: Any | None, revisions: Iterable[Any]) -> History:
    """Raises `DeployError` if the function is not deployed."""
    if service is None:
        raise DeployError(f"{name} is not deployed")
    now = serving(service) or service["status"].get("latestReadyRevisionName")
    told = sorted((_revision(each) for each in revisions if _works(each)), key=lambda each: each.made)
    until = next((number for number, each in enumerate(told, 1) if each.name == now), 0)
    return told[:until]


def _revision(told: Any) -> Revision:
    """A revision of before there were releases is of one that is called as its source."""
    variables = own_variables(told["spec"]["containers"][0])
    build = variables.get(BUILD_VARIABLE, "")
    return Revision(
        name=told["metadata"]["name"],
        made=told["metadata"]["creationTimestamp"],
        build=build,
        release=variables.get(RELEASE_VARIABLE, build),
    )


def _works(revision: Any) -> bool:
    conditions = revision.get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _revisions(environment: Environment, name: str) -> Query:
    place = (f"--service={environment.service(name)}", f"--region={environment.region}")
    return Query(api="run", arguments=("run", "revisions", "list", *place))
