"""The table and the environments: what is accepted, and what is said about the rest."""

import re
import tomllib
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from deployment import ROOT, DeployError
from deployment.environment import Environment, load, problems
from deployment.table import TABLE, Table, load_table

TEXT = TABLE.read_text(encoding="utf-8")


def test_every_function_of_the_tree_is_in_the_table(environment: Environment) -> None:
    sources = {str(path.relative_to(ROOT)) for path in ROOT.glob("functions/*/main.py")}
    assert {function.source for function in environment.table.functions.values()} == sources
    assert all(function.source == f"functions/{name}/main.py" for name, function in environment.table.functions.items())


def test_the_example_has_the_addresses_that_its_deployment_gets(environment: Environment) -> None:
    settings = environment.settings
    assert settings.queue.sync_url == environment.url("sync_calendar")
    assert settings.queue.reconcile_url == environment.url("reconcile_conference")
    assert settings.channels.notifications_url == environment.url("calendar_notifications")
    assert environment.url("create_conference") in settings.callers["create_conference"].audiences


def test_the_queue_dispatches_no_more_than_its_functions_take(environment: Environment) -> None:
    targets = (environment.table.functions[name] for name in ("sync_calendar", "reconcile_conference"))
    room = min(target.concurrency * target.max_instances for target in targets)
    assert environment.table.queue.max_concurrent_dispatches <= room


def test_a_task_is_not_dispatched_again_while_its_function_still_runs(environment: Environment) -> None:
    """Cloud Tasks' default dispatch deadline is 10 minutes: https://cloud.google.com/tasks/docs/reference/rest"""
    assert all(environment.table.functions[name].timeout < 600 for name in ("sync_calendar", "reconcile_conference"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('runtime = "python313"', "", "missing required field `runtime`"),
        ("[queue]", "[queue]\nretries = 3", "unknown field `retries`"),
        ("timeout = 30", 'timeout = "30s"', "Expected `int`, got `str`"),
        ("timeout = 30", "timeout = 3601", "<= 3600"),
        ('memory = "256Mi"', 'memory = "256"', "matching regex"),
        ('callers = "anyone"', 'callers = "me"', "Invalid enum value 'me'"),
        ('"confsync-channel-keys:1"', '"confsync-channel-keys:latest"', "matching regex"),
        ('service_account = "confsync-sync"', 'service_account = "sync@example.com"', "matching regex"),
        ("cpu = 1", "cpu = 0.5", "concurrency above 1 needs a cpu of at least 1"),
        ("attempt_deadline = 600", "attempt_deadline = 60", "attempt_deadline is shorter than"),
        ("[queue]", "[queue", "Expected ']'"),
    ],
)
def test_a_wrong_table_is_an_error_that_names_the_key(old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(DeployError, match=re.escape(message)):
        load_table(TEXT.replace(old, new, 1))


def test_an_environment_that_does_not_exist_is_named() -> None:
    with pytest.raises(DeployError, match=r"deploy/config/nowhere\.toml: there is no such file"):
        load("nowhere")


def test_what_the_table_and_the_environment_disagree_about_is_found(environment: Environment) -> None:
    table = tomllib.loads(TEXT)
    table["functions"]["sync_calendar"]["source"] = "functions/gone/main.py"
    schedule = table["functions"]["renew_channels"]["schedule"] | {"service_account": "confsync-stranger"}
    table["functions"]["renew_channels"]["schedule"] = schedule
    wrong = replace(environment, table=msgspec.convert(table, Table))
    assert list(problems(wrong)) == [
        "functions.toml: functions/gone/main.py does not exist",
        "example.toml: callers.renew_channels.service_accounts lacks "
        "confsync-stranger@example-project.iam.gserviceaccount.com",
    ]


def test_an_environment_that_would_refuse_every_person_is_an_error(environment: Environment) -> None:
    callers = environment.settings.callers
    closed = msgspec.structs.replace(callers["create_conference"], clients=())
    settings = msgspec.structs.replace(environment.settings, callers={**callers, "create_conference": closed})
    assert list(problems(replace(environment, settings=settings))) == [
        "example.toml: callers.create_conference.clients is empty, so no person's token would be accepted. "
        "`gcloud workspace-add-ons get-authorization --project=example-project` tells it"
    ]


def test_callers_of_a_function_that_is_not_deployed_are_told(environment: Environment) -> None:
    callers = {**environment.settings.callers, "sync_calender": environment.settings.callers["sync_calendar"]}
    settings = msgspec.structs.replace(environment.settings, callers=callers)
    assert list(problems(replace(environment, settings=settings))) == [
        "example.toml: [callers.sync_calender] is of no function in functions.toml"
    ]


def test_a_scheduled_function_without_callers_is_an_error(environment: Environment) -> None:
    with pytest.raises(DeployError, match=r"there is no \[callers\.calendar_notifications\]"):
        environment.callers("calendar_notifications")


def test_an_address_that_the_function_will_not_have_is_an_error(environment: Environment) -> None:
    address = "https://europe-west1-example-project.cloudfunctions.net/confsync-calendar-notifications"
    channels = msgspec.structs.replace(environment.settings.channels, notifications_url=address)
    settings = msgspec.structs.replace(environment.settings, channels=channels)
    assert list(problems(replace(environment, settings=settings))) == [
        f"example.toml: channels.notifications_url is {address}, but the function will be at "
        "https://confsync-calendar-notifications-123456789012.europe-west1.run.app"
    ]


def test_functions_have_no_disk_to_keep_records_on(environment: Environment) -> None:
    store = msgspec.structs.replace(environment.settings.store, kind="sqlite")
    settings = msgspec.structs.replace(environment.settings, store=store)
    assert [each.partition(",")[0] for each in problems(replace(environment, settings=settings))] == [
        'example.toml: store.kind is "sqlite"'
    ]


def with_settings(environment: Environment, **sections: Any) -> Environment:
    return replace(environment, settings=msgspec.structs.replace(environment.settings, **sections))


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"provider": "zoomm"}, "solutions.zoom.provider: no provider 'zoomm'"),
        ({"settings": {"nonsense": 1}}, "solutions.zoom.settings: Object contains unknown field `nonsense`"),
        ({"secret": None}, "solutions.zoom.secret is missing"),
        ({"secret": "bad name!"}, "solutions.zoom.secret: 'bad name!' is not a secret's name"),
    ],
)
def test_a_solution_that_would_never_work_is_found_before_it_is_deployed(
    environment: Environment, changed: dict[str, Any], problem: str
) -> None:
    zoom = msgspec.structs.replace(environment.settings.solutions["zoom"], **changed)
    solutions = {**environment.settings.solutions, "zoom": zoom}
    (told,) = problems(with_settings(environment, solutions=solutions))
    assert told.startswith(f"example.toml: {problem}")


def test_a_project_or_region_that_cannot_be_one_is_told(environment: Environment) -> None:
    google = msgspec.structs.replace(environment.settings.google, project="Bad Project!")
    queue = msgspec.structs.replace(environment.settings.queue, location="nowhere-1")
    told = list(problems(with_settings(environment, google=google, queue=queue)))
    assert told[:2] == [
        "example.toml: 'Bad Project!' cannot be a project",
        "example.toml: 'nowhere-1' cannot be a region",
    ]


def test_personal_solutions_need_a_client_to_connect_accounts(environment: Environment) -> None:
    zoom = msgspec.structs.replace(environment.settings.solutions["zoom"], personal=True)
    connect = msgspec.structs.replace(environment.settings.connect, client_id=None)
    personal = with_settings(environment, connect=connect, solutions={"zoom": zoom})
    (told,) = problems(personal)
    assert told.endswith(f"with the redirect URIs {environment.settings.connect.url}/signed-in")
