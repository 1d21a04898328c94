"""Who may do what: no more than README.md says, and what the use cases need."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from confsync.config import Tracing
from confsync.usecases.assembly import Limits, UseCases
from deployment import ROOT
from deployment.environment import Environment
from deployment.resources.accounts import own_accounts
from deployment.resources.roles import Grant, front_doors, grants
from deployment.resources.services import services

README = (ROOT / "deploy" / "README.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(roles/\S+)` \| ([^|]+) \| ([^|]+) \| [^|]+ \|$", re.MULTILINE)

NOTIFICATIONS = "serviceAccount:confsync-notifications@example-project.iam.gserviceaccount.com"


def by_grant(environment: Environment) -> Environment:
    """The same, where people connect their own Google accounts."""
    google = msgspec.structs.replace(
        environment.settings.google, credentials="user", oauth_secret="google-oauth-client"
    )
    return replace(environment, settings=msgspec.structs.replace(environment.settings, google=google))


def traced(environment: Environment) -> Environment:
    """The same, with spans for Cloud Trace."""
    tracing = Tracing(otlp_url="https://telemetry.googleapis.com/v1/traces")
    return replace(environment, settings=msgspec.structs.replace(environment.settings, tracing=tracing))


def told() -> Iterator[tuple[str, str, str]]:
    """(role, on what, account) of README.md's table."""
    for role, target, who in ROW.findall(README):
        for account in re.findall(r"`([^`]+)`", who):
            yield role, target.strip(), account


def kind(environment: Environment, grant: Grant) -> str:
    """The grant's target in the words of README.md."""
    title, settings = grant.on, environment.settings
    names = {
        f"database {settings.store.database}": "the database",
        "the project": "the project",
        "the bucket of uploaded sources": "the bucket of uploaded sources",
        **{f"queue {name}": "each queue" for name in settings.queue.names},
        "service account confsync-tasks": "`confsync-tasks`",
        "service account confsync-calendars": "`confsync-calendars`",
        **{f"secret {each.secret}": "each solution's secret" for each in settings.solutions.values()},
        f"secret {settings.google.oauth_secret}": "the secret of the OAuth client",
    }
    return names.get(title, title.replace("secret confsync-", "secret `confsync-") + "`")


def account(grant: Grant) -> str:
    return grant.member.removeprefix("serviceAccount:").partition("@")[0]


def test_the_page_lists_every_role_and_no_other(environment: Environment) -> None:
    functions = environment.table.functions.items()
    whole = {name: msgspec.structs.replace(each, needs=None) for name, each in functions}
    full = replace(environment, table=msgspec.structs.replace(environment.table, functions=whole))
    ways = full, by_grant(full), traced(full)
    given = {(grant.role, kind(each, grant), account(grant)) for each in ways for grant in grants(each)}
    assert set(told()) == given


def test_nobody_has_a_role_that_can_do_nearly_everything(environment: Environment) -> None:
    every = [*grants(environment), *front_doors(environment)]
    assert not [each for each in every if re.search(r"editor|owner|admin", each.role, re.IGNORECASE)]


def test_the_notification_function_creates_tasks_and_reads_its_keys_and_can_do_nothing_else(
    environment: Environment,
) -> None:
    own = {(each.role, each.target.title) for each in grants(environment) if each.member == NOTIFICATIONS}
    assert own == {
        ("roles/cloudtasks.enqueuer", "queue confsync"),
        ("roles/iam.serviceAccountUser", "service account confsync-tasks"),
        ("roles/secretmanager.secretAccessor", "secret confsync-channel-keys"),
    }


@pytest.mark.parametrize(
    ("tool", "bucket"),
    [("functions", "gcf-v2-sources-123456789012-europe-west1"), ("run", "run-sources-example-project-europe-west1")],
)
def test_a_build_reads_the_bucket_of_its_source_and_no_other(environment: Environment, tool: str, bucket: str) -> None:
    told = replace(environment, table=msgspec.structs.replace(environment.table, deploy_with=tool))
    (part,) = [each.part for each in grants(told) if each.role == "roles/storage.objectViewer"]
    assert part is not None
    name = f"projects/_/buckets/{bucket}"
    assert part.condition == f'resource.name == "{name}" || resource.name.startsWith("{name}/")'


def test_with_several_queues_whoever_creates_tasks_does_so_in_each(environment: Environment) -> None:
    queue = msgspec.structs.replace(environment.settings.queue, number=3)
    several = replace(environment, settings=msgspec.structs.replace(environment.settings, queue=queue))
    own = {each.target.name for each in grants(several) if each.role == "roles/cloudtasks.enqueuer"}
    assert own == {"confsync", "confsync-2", "confsync-3"}
    more = {(each.member, each.role) for each in grants(several)} - {
        (each.member, each.role) for each in grants(environment)
    }
    assert not more


def test_spans_for_others_than_google_take_no_role(environment: Environment) -> None:
    tracing = Tracing(otlp_url="https://collector.example.com/v1/traces")
    elsewhere = replace(environment, settings=msgspec.structs.replace(environment.settings, tracing=tracing))
    assert list(grants(elsewhere)) == list(grants(environment))
    (apis,), (same,), (more,) = services(environment), services(elsewhere), services(traced(environment))
    assert same.wanted == apis.wanted
    assert more.wanted.keys() - apis.wanted.keys() == {"cloudtrace", "telemetry"}


def test_every_account_is_one_that_is_made(environment: Environment) -> None:
    members = {each.member.removeprefix("serviceAccount:") for each in grants(environment)}
    assert members <= own_accounts(environment).keys()
    accounts = [each.service_account for each in environment.table.functions.values()]
    assert len(accounts) == len(set(accounts))


def test_a_front_door_that_is_closed_lets_in_the_configured_callers(closed: Environment) -> None:
    doors = {each.target.name: each.member for each in front_doors(closed)}
    tasks = "serviceAccount:confsync-tasks@example-project.iam.gserviceaccount.com"
    assert doors.pop("confsync-sync-calendar") == tasks
    assert set(doors.values()) == {"allUsers"}


# --- what each function uses -----------------------------------------------------------------------------------------


USES = {
    "store": "records",
    "calendars": "calendars",
    "drive": "calendars",
    "providers": "vendors",
    "logins": "vendors",
    "queue": "queue",
}
KEYS = {
    "channel_keys": "CONFSYNC_CHANNEL_KEYS",
    "join_keys": "CONFSYNC_JOIN_KEYS",
    "sealer": "CONFSYNC_CONNECTION_KEYS",
}


class Recorder:
    """Ports that only remember which were asked for."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.asked.add(name)
        return self

    def __call__(self, *_: Any, **__: Any) -> Any:
        return self


def parts(usecases: UseCases) -> dict[str, list[Callable[[], object]]]:
    """The use cases behind each function, as confsync/bootstrap/handlers.py has them."""
    return {
        "create_conference": [lambda: usecases.create_conference],
        "calendar_notifications": [lambda: usecases.receive_notification],
        "join": [lambda: usecases.join_conference],
        "connect": [lambda: usecases.connect_account],
        "events": [lambda: usecases.read_events, lambda: usecases.create_event, lambda: usecases.change_event],
        "sync_calendar": [lambda: usecases.sync_calendar],
        "reconcile_conference": [lambda: usecases.reconcile_conference],
        "renew_channels": [lambda: usecases.renew_channels, lambda: usecases.leave_account],
    }


@pytest.mark.parametrize("name", parts(UseCases(Recorder(), Limits())))  # type: ignore[arg-type]
def test_a_function_may_use_what_its_use_cases_use(environment: Environment, name: str) -> None:
    ports = Recorder()
    for build in parts(UseCases(ports, Limits()))[name]:  # type: ignore[arg-type]
        build()
    function = environment.table.functions[name]
    assert {use for port, use in USES.items() if port in ports.asked} == set(function.uses)
    keys = {variable for port, variable in KEYS.items() if port in ports.asked}
    assert keys <= function.secrets.keys()
