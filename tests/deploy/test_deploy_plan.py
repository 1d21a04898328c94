"""The table and the environments: what is accepted, and what is said about the rest."""

import re
import tomllib
from dataclasses import replace

import msgspec
import pytest

from plan import ROOT, TABLE, DeployError, Plan, Table, load, load_table, problems

TEXT = TABLE.read_text(encoding="utf-8")


def test_every_function_of_the_tree_is_in_the_table(plan: Plan) -> None:
    sources = {str(path.relative_to(ROOT)) for path in ROOT.glob("functions/*/main.py")}
    assert {function.source for function in plan.table.functions.values()} == sources
    assert all(function.source == f"functions/{name}/main.py" for name, function in plan.table.functions.items())


def test_the_example_has_the_addresses_that_its_deployment_gets(plan: Plan) -> None:
    settings = plan.settings
    assert settings.queue.sync_url == plan.url("sync_calendar")
    assert settings.queue.reconcile_url == plan.url("reconcile_conference")
    assert settings.channels.notifications_url == plan.url("calendar_notifications")
    assert plan.url("create_conference") in settings.callers["create_conference"].audiences


def test_the_queue_dispatches_no_more_than_its_functions_take(plan: Plan) -> None:
    targets = (plan.table.functions[name] for name in ("sync_calendar", "reconcile_conference"))
    room = min(target.concurrency * target.max_instances for target in targets)
    assert plan.table.queue.max_concurrent_dispatches <= room


def test_a_task_is_not_dispatched_again_while_its_function_still_runs(plan: Plan) -> None:
    """Cloud Tasks' default dispatch deadline is 10 minutes: https://cloud.google.com/tasks/docs/reference/rest"""
    assert all(plan.table.functions[name].timeout < 600 for name in ("sync_calendar", "reconcile_conference"))


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
    with pytest.raises(DeployError, match=r"deploy/config/nowhere\.toml: .*No such file"):
        load("nowhere")


def test_flags_win_over_the_environment_and_are_checked_against_it() -> None:
    """The example's configuration would refuse the calls of a deployment that went elsewhere."""
    with pytest.raises(DeployError, match=r"callers\.renew_channels\.audiences lacks https://us-east1-other\."):
        load("example", project="other", region="us-east1")


def test_what_the_table_and_the_environment_disagree_about_is_found(plan: Plan) -> None:
    table = tomllib.loads(TEXT)
    table["functions"]["sync_calendar"]["source"] = "functions/gone/main.py"
    schedule = table["functions"]["renew_channels"]["schedule"] | {"service_account": "confsync-stranger"}
    table["functions"]["renew_channels"]["schedule"] = schedule
    wrong = Plan(
        env="example",
        project=plan.project,
        region=plan.region,
        table=msgspec.convert(table, Table),
        settings=plan.settings,
    )
    assert list(problems(wrong)) == [
        "functions.toml: functions/gone/main.py does not exist",
        "example.toml: callers.renew_channels.service_accounts lacks "
        "confsync-stranger@example-project.iam.gserviceaccount.com",
    ]


def test_an_environment_that_would_refuse_every_person_is_an_error(plan: Plan) -> None:
    callers = plan.settings.callers
    closed = msgspec.structs.replace(callers["create_conference"], clients=())
    settings = msgspec.structs.replace(plan.settings, callers={**callers, "create_conference": closed})
    assert list(problems(replace(plan, settings=settings))) == [
        "example.toml: callers.create_conference.clients is empty, so no person's token would be accepted"
    ]


def test_callers_of_a_function_that_is_not_deployed_are_told(plan: Plan) -> None:
    callers = {**plan.settings.callers, "sync_calender": plan.settings.callers["sync_calendar"]}
    settings = msgspec.structs.replace(plan.settings, callers=callers)
    assert list(problems(replace(plan, settings=settings))) == [
        "example.toml: [callers.sync_calender] is of no function in functions.toml"
    ]


def test_a_scheduled_function_without_callers_is_an_error(plan: Plan) -> None:
    with pytest.raises(DeployError, match=r"there is no \[callers\.calendar_notifications\]"):
        plan.callers("calendar_notifications")
