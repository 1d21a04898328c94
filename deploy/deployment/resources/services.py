"""The APIs of Google Cloud that confsync, or its deployment, calls."""

from typing import Any

from deployment.environment import Environment
from deployment.gcloud import Query, command
from deployment.planning import Changes, Resource, State

APIS = {
    "artifactregistry": "keeps the functions' images",
    "calendar-json": "Calendar",
    "cloudbuild": "builds the functions",
    "cloudfunctions": "deploys the functions",
    "cloudresourcemanager": "the project's number and roles; gcloud asks in our name where a service account deploys",
    "cloudscheduler": "runs the sweep",
    "cloudtasks": "the queue between the functions",
    "firestore": "the records",
    "gsuiteaddons": "the add-on in Calendar",
    "iam": "the functions' accounts",
    "iamcredentials": "acting as people, without a key file",
    "logging": "what the functions tell",
    "run": "runs the functions",
    "secretmanager": "vendors' credentials and our own keys",
}
DRIVE = {"drive": "titles of attached files"}
TELEMETRY = {"cloudtrace": "shows spans", "telemetry": "takes spans"}
"""https://docs.cloud.google.com/stackdriver/docs/reference/telemetry/overview"""

ENABLED = Query(arguments=("services", "list", "--enabled"))


def enabled(answer: Any) -> frozenset[str]:
    """The APIs in the answer, by the first part of their names."""
    return frozenset(each["config"]["name"].removesuffix(".googleapis.com") for each in answer)


def services(environment: Environment) -> list[Resource]:
    """All of them in one command."""
    settings = environment.settings
    apis = APIS | (DRIVE if settings.google.drive else {}) | (TELEMETRY if settings.tracing.to_google else {})

    def found(answer: Any) -> State:
        return dict.fromkeys(sorted(enabled(answer) & apis.keys()), "enabled")

    def change(changes: Changes) -> tuple[Any, ...]:
        return (command("services", "enable", *(f"{name}.googleapis.com" for name in changes)),)

    return [
        Resource(
            title="APIs",
            why="a project can call only what it has enabled",
            query=ENABLED,
            found=found,
            wanted=dict.fromkeys(sorted(apis), "enabled"),
            change=change,
            kept="something else may use them, and they cost nothing",
        )
    ]
