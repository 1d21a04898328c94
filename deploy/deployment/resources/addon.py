"""The add-on in Calendar."""

import json
from dataclasses import replace
from typing import Any

from deployment.environment import Environment
from deployment.gcloud import Query, command
from deployment.planning import Resource, State
from deployment.source import Source

NAME = "confsync"
DEPLOYMENTS = Query(api="gsuiteaddons", arguments=("workspace-add-ons", "deployments", "list"))
AUTHORIZATION = Query(api="gsuiteaddons", arguments=("workspace-add-ons", "get-authorization"))
"""Who calls the function when Calendar does: https://developers.google.com/workspace/add-ons/guides/alternate-runtimes"""


ACCEPTED = "accepted"


def caller(environment: Environment) -> Resource:
    """That the function accepts whom Google lets call for Calendar: `init` has read it."""
    callers, project = environment.callers("create_conference"), environment.project

    def found(answer: Any) -> State:
        account, client = answer.get("serviceAccountEmail", ""), answer.get("oauthClientId", "")
        return {
            "service account": ACCEPTED if account in callers.service_accounts else account,
            "client": ACCEPTED if client in callers.clients else client,
        }

    return Resource(
        title="caller for Calendar",
        why="the function accepts nobody else",
        query=AUTHORIZATION,
        found=found,
        wanted={"service account": ACCEPTED, "client": ACCEPTED},
        by_hand=(
            f"callers.create_conference of config/{environment.name}.toml has to have what this prints:\n"
            f"gcloud workspace-add-ons get-authorization --project={project}"
        ),
    )


def addon(source: Source) -> list[Resource]:
    """The add-on's deployment, by its manifest; nothing if there is none to be had."""
    if source.missing:
        return [_resource(wanted={}, by_hand=f"{source.missing}\ndeploy/addon/README.md says how people get it")]
    if source.manifest is None:
        return []
    manifest = json.loads(source.manifest)
    place = (NAME, f"--deployment-object={json.dumps(manifest)}")
    resource = _resource(wanted={"manifest": "as rendered"}, manifest=manifest)
    return [
        replace(
            resource,
            create=(command("workspace-add-ons", "deployments", "create", *place),),
            change=lambda _: (command("workspace-add-ons", "deployments", "replace", *place),),
        )
    ]


def _resource(*, wanted: State, manifest: Any = None, by_hand: str = "") -> Resource:
    def found(answer: Any) -> State | None:
        there = [each for each in answer if each["name"].endswith(f"/deployments/{NAME}")]
        if not there:
            return None
        return {"manifest": "as rendered" if _holds(there[0], manifest) else "another"} if manifest else {}

    return Resource(
        title=f"add-on {NAME}",
        why="people choose our solutions in Calendar",
        query=DEPLOYMENTS,
        found=found,
        wanted=wanted,
        by_hand=by_hand,
        delete=(command("workspace-add-ons", "deployments", "delete", NAME),),
    )


def _holds(there: Any, wanted: Any) -> bool:
    """Whether everything that is wanted is there. Google adds its defaults, and leaves out what is empty."""
    if not there:
        return not wanted
    if isinstance(wanted, dict) and isinstance(there, dict):
        return all(_holds(there.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list) and isinstance(there, list):
        return len(there) == len(wanted) and all(map(_holds, there, wanted))
    return bool(there == wanted)
