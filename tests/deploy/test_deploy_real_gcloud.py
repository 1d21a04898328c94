"""The real gcloud against Google Cloud's REST APIs on loopback: what it sends for our commands, what it answers to our
questions, and whether the fake that the other tests use answers in the same forms.

The APIs keep what they are sent, and add what Google adds. Every request and every answer is held to Google's discovery
documents, which come with its client for Python.
"""

import base64
import copy
import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from deployment import ROOT, DeployError
from deployment.applying import apply, look, planned
from deployment.environment import Environment, load
from deployment.gcloud import Command, Gcloud, Query, Result
from deployment.planning import Resource, Stage, demolition, plan
from deployment.report import steps_of
from deployment.resources import stages
from deployment.resources.addon import AUTHORIZATION
from deployment.resources.functions import release
from deployment.resources.services import ENABLED
from deployment.rollback import rollbacks
from deployment.source import Source, source_of
from tests.deploy.fake_gcloud import Cloud
from tests.deploy.google_rest.every_host import Request, every_host
from tests.deploy.google_rest.project import NUMBER, Project, forbidden
from tests.deploy.google_rest.resources import HANDLERS
from tests.deploy.projects import Hurry, deploy, gcloud_of
from tests.deploy.test_deploy_gcloud import form

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("real-gcloud")]

AT_FIRST = frozenset({"cloudresourcemanager", "serviceusage"})


def new_project() -> Project:
    """One in which there is nothing."""
    return Project(id="example-project", handlers=HANDLERS, apis=set(AT_FIRST))


class Google:
    """Every host of Google's: one project, which can be another for each test."""

    def __init__(self) -> None:
        self.project = new_project()

    def __call__(self, request: Request) -> tuple[int, Any]:
        return self.project(request)


@pytest.fixture(scope="module")
def google() -> Google:
    return Google()


@pytest.fixture(scope="module")
def real(gcloud: str, google: Google, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gcloud]:
    """The real gcloud, which takes `google` for the internet."""
    directory = tmp_path_factory.mktemp("gcloud")
    token = directory / "token"
    token.write_text("nobody's")
    with every_host(google, directory) as (proxy, certificate):
        host, _, port = proxy.partition(":")
        settings = {
            "CONFIG": directory,
            "AUTH_ACCESS_TOKEN_FILE": token,
            "PROXY_TYPE": "http",
            "PROXY_ADDRESS": host,
            "PROXY_PORT": port,
            "CORE_CUSTOM_CA_CERTS_FILE": certificate,
            "CORE_CHECK_GCE_METADATA": "false",
            "CORE_DISABLE_FILE_LOGGING": "true",
            "CORE_DISABLE_USAGE_REPORTING": "true",
            "COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
        }
        own = {f"CLOUDSDK_{name}": str(value) for name, value in settings.items()}
        others = {name: value for name, value in os.environ.items() if not name.startswith("CLOUDSDK_")}

        def run(arguments: Sequence[str], stdin: str | None) -> Result:
            done = subprocess.run(
                arguments, cwd=ROOT, env=others | own, input=stdin or "", check=False, capture_output=True, text=True
            )
            return Result(code=done.returncode, out=done.stdout, err=done.stderr)

        yield Gcloud(project="example-project", run=run, stopped=Hurry())


@pytest.fixture(scope="module")
def small() -> Environment:
    """One function, which uses everything, and one solution."""
    environment = load("example")
    table, settings = environment.table, environment.settings
    function, solution = table.functions["renew_channels"], settings.solutions["zoom"]
    return replace(
        environment,
        table=msgspec.structs.replace(table, functions={"renew_channels": function}),
        settings=msgspec.structs.replace(settings, solutions={"zoom": solution}),
    )


def content(command: Command) -> frozenset[str]:
    """The form of a file that it sends."""
    is_file = command.stdin is not None and command.arguments[-1].endswith("-from-file=-")
    return frozenset(forms(json.loads(command.stdin()))) if command.stdin and is_file else frozenset()


def one_of_each(every: list[Stage]) -> list[Stage]:
    """Of resources for which gcloud is told the same but for names and values the first. Accounts are all there: roles
    are theirs. What is waited for needs all of its kind."""
    seen = set()

    def is_new(stage: Stage, resource: Resource) -> bool:
        lines = [(form(each.arguments), content(each)) for each in resource.create]
        new = set(lines or [(form(resource.query.arguments), frozenset())]) - seen
        seen.update(new)
        if any(each.until for each in resource.create):
            return False
        return bool(new) or stage.title == "service accounts"

    return [replace(stage, resources=tuple(each for each in stage.resources if is_new(stage, each))) for stage in every]


@pytest.fixture(scope="module")
def source(small: Environment, real: Gcloud) -> Source:
    """The add-on as it is rendered; of the files only that gcloud lists them."""
    told = source_of(small, real)
    assert (len(told.build), told.missing) == (12, "")
    return replace(told, build="0123456789ab")


@pytest.fixture(scope="module")
def wanted(small: Environment, source: Source) -> list[Stage]:
    return one_of_each(stages(small, source))


@pytest.fixture(scope="module")
def made(google: Google, real: Gcloud, wanted: list[Stage]) -> Project:
    """A project with one of each, which the real gcloud has made."""
    google.project = new_project()
    apply(real, planned(real, wanted), lambda _: None)
    return google.project


@pytest.fixture(scope="module")
def answers(google: Google, made: Project, real: Gcloud, wanted: list[Stage]) -> dict[Query, Any]:
    """What gcloud then says is there."""
    google.project = made
    return look(real, wanted)


@pytest.fixture
def deployed(google: Google, made: Project) -> Project:
    """Another one in which there is the same."""
    there = {name: copy.deepcopy(getattr(made, name)) for name in ("apis", "resources", "policies", "faults")}
    google.project = Project(id=made.id, handlers=HANDLERS, **there)
    return google.project


# --- what is there ---------------------------------------------------------------------------------------------------


def test_what_gcloud_wrote_it_reads_as_what_was_wanted(
    made: Project, wanted: list[Stage], answers: dict[Query, Any]
) -> None:
    assert made.faults == []
    assert [step.resource.title for step in steps_of(plan(wanted, answers))] == ["value of confsync-zoom"]


def test_the_fake_answers_in_the_same_forms(
    small: Environment, source: Source, wanted: list[Stage], answers: dict[Query, Any]
) -> None:
    """It has no key and no type that gcloud does not have. (The secret of a vendor is in one of the projects only.)"""
    fake = gcloud_of(Cloud())
    deploy(small, source, fake)
    told = {query: (answer, answers[query]) for query, answer in look(fake, wanted).items() if answers[query]}
    assert len(told) == len(answers) - 1
    more = {query: forms(fakes) - forms(reals) for query, (fakes, reals) in told.items()}
    assert {query: each for query, each in more.items() if each} == {}


def forms(value: Any, path: str = "") -> set[str]:
    """Each place in some JSON, with the type of what stands there; the items of a list share one."""
    if isinstance(value, dict):
        return {path}.union(*(forms(each, f"{path}.{key}") for key, each in value.items()))
    if isinstance(value, list):
        return {f"{path}[]"}.union(*(forms(each, f"{path}[]") for each in value))
    return {f"{path}: {type(value).__name__}"}


def test_what_is_not_there_is_told_from_what_is_refused(google: Google, real: Gcloud) -> None:
    """And a question whose API was enabled a moment ago is put again, not answered with nothing."""
    google.project = new_project()
    google.project.apis |= {"iam", "secretmanager", "run"}
    assert real.ask(Query(arguments=("secrets", "get-iam-policy", "none"))) is None
    nobody = "nobody@example-project.iam.gserviceaccount.com"
    assert real.ask(Query(arguments=("iam", "service-accounts", "get-iam-policy", nobody))) is None
    google.project.refused["serviceusage services.list"] = forbidden("serviceusage.services.list", "")
    with pytest.raises(DeployError, match=r"does not have permission .* \(or it may not exist\)"):
        real.ask(ENABLED)

    class Later(Hurry):
        def wait(self, timeout: float | None = None) -> bool:
            google.project.apis.add("gsuiteaddons")
            return super().wait(timeout)

    after_a_while = replace(real, stopped=Later())
    assert after_a_while.ask(AUTHORIZATION).keys() == {"name", "oauthClientId", "serviceAccountEmail"}


# --- what is sent ----------------------------------------------------------------------------------------------------


def test_a_function_is_sent_as_the_table_has_it(small: Environment, made: Project) -> None:
    (function,) = made.bodies("cloudfunctions projects.locations.functions.create")
    account = "confsync-build@example-project.iam.gserviceaccount.com"
    assert function["buildConfig"] == {
        "entryPoint": "handle",
        "environmentVariables": {"GOOGLE_FUNCTION_SOURCE": "functions/renew_channels/main.py"},
        "runtime": "python313",
        "serviceAccount": f"projects/example-project/serviceAccounts/{account}",
        "source": {"storageSource": {"bucket": "uploads", "object": "function-source.zip"}},
    }
    assert function["serviceConfig"] == {
        "availableCpu": "1",
        "availableMemory": "512Mi",
        "environmentVariables": {
            "CONFSYNC_BUILD": "0123456789ab-python313",
            "CONFSYNC_CONFIG": "/workspace/deploy/config/example.toml",
            "CONFSYNC_RELEASE": release(small, "0123456789ab"),
            "THREADS": "1",
        },
        "ingressSettings": "ALLOW_ALL",
        "maxInstanceCount": 1,
        "maxInstanceRequestConcurrency": 1,
        "minInstanceCount": 0,
        "secretEnvironmentVariables": [
            {"key": f"CONFSYNC_{key}_KEYS", "projectId": NUMBER, "secret": f"confsync-{name}-keys", "version": "1"}
            for key, name in (("CHANNEL", "channel"), ("CONNECTION", "connection"))
        ],
        "serviceAccountEmail": "confsync-renew@example-project.iam.gserviceaccount.com",
        "timeoutSeconds": 540,
    }


def test_indexes_and_expiry_are_sent_field_by_field(made: Project) -> None:
    calls = [each for call, each in made.sent if call.endswith("fields.patch")]
    sent = [(each.path.partition("collectionGroups/")[2], each.query["updateMask"], each.json) for each in calls]
    ascending = {"indexes": [{"fields": [{"order": "ASCENDING"}], "queryScope": "COLLECTION"}]}
    assert [(place, mask, body.get(mask)) for place, mask, body in sent] == [
        ("calendars/fields/due_at", "indexConfig", ascending),
        ("budgets/fields/*", "indexConfig", {}),
        ("budgets/fields/expire_at", "ttlConfig", {}),
    ]


def test_a_composite_index_is_sent_with_its_fields_in_order_and_waited_for(made: Project) -> None:
    (call,) = [each for call, each in made.sent if call.endswith("indexes.create")]
    assert call.path.partition("collectionGroups/")[2] == "calendars/indexes"
    fields = [{"fieldPath": "_shard", "order": "ASCENDING"}, {"fieldPath": "_due_at", "order": "ASCENDING"}]
    assert {key: call.json[key] for key in ("fields", "queryScope")} == {"fields": fields, "queryScope": "COLLECTION"}
    (index,) = [each for name, each in made.resources.items() if "/indexes/" in name]
    assert index["state"] == "READY"


def test_a_job_is_sent_with_its_token_and_retries(made: Project) -> None:
    (job,) = made.bodies("cloudscheduler projects.locations.jobs.create")
    url = f"https://confsync-renew-channels-{NUMBER}.europe-west1.run.app"
    email = "confsync-scheduler@example-project.iam.gserviceaccount.com"
    target = {"httpMethod": "POST", "uri": url, "oidcToken": {"audience": url, "serviceAccountEmail": email}}
    assert job["httpTarget"] == target
    assert (job["schedule"], job["timeZone"], job["attemptDeadline"]) == ("*/10 * * * *", "Etc/UTC", "600s")
    assert {key: job["retryConfig"][key] for key in ("retryCount", "minBackoffDuration")} == {
        "retryCount": 1,
        "minBackoffDuration": "60s",
    }


def test_a_key_goes_in_the_body_of_a_request_and_nowhere_else(made: Project) -> None:
    (version,) = made.bodies("secretmanager projects.secrets.addVersion")
    key = base64.b64decode(version["payload"]["data"])
    assert len(base64.urlsafe_b64decode(key)) == 32


# --- changes ---------------------------------------------------------------------------------------------------------


def test_what_differs_is_changed_and_then_nothing_differs(
    deployed: Project, real: Gcloud, small: Environment, source: Source
) -> None:
    """Also what somebody did by hand; and a function that was rolled back."""
    place = "projects/example-project/locations/europe-west1"
    deployed.resources[f"{place}/jobs/confsync-renew-channels"]["state"] = "PAUSED"
    deployed.resources[f"{place}/queues/confsync"]["retryConfig"]["maxAttempts"] = 3
    manifest = (source.manifest or "").replace("Webex", "Another")
    every = one_of_each(stages(small, replace(source, build="ba9876543210", manifest=manifest)))
    deployed.resources["projects/example-project/metrics/confsync_bugs"]["filter"] = "severity=ERROR"
    del deployed.resources["projects/example-project/dashboards/confsync"]["gridLayout"]["widgets"][0]
    alert = next(each for each in deployed.under("projects/example-project/alertPolicies") if "bugs" in str(each))
    alert["conditions"][0]["conditionThreshold"]["thresholdValue"] = 5.0
    alert["notificationChannels"] = []
    monitoring = {"metrics", "addresses for alerts", "dashboard and alerts"}
    titles = {"queues", "functions", "traffic", "schedule", "add-on", *monitoring}
    later = [stage for stage in every if stage.title in titles]
    todo = planned(real, later)
    assert {step.resource.title: set(step.changes) for step in steps_of(todo)} == {
        "queue confsync": {"max attempts"},
        "function confsync-renew-channels": {"CONFSYNC_BUILD"},
        "schedule of confsync-renew-channels": {"state"},
        "add-on confsync": {"manifest"},
        "metric confsync_bugs": {"filter"},
        "dashboard confsync": {"gridLayout"},
        "alert Unexpected errors": {"conditions", "mailed"},
    }
    apply(real, todo, lambda _: None)
    for _, back in list(rollbacks(small, real, small.functions)):
        real.do(back)
    todo = planned(real, later)
    assert [step.resource.title for step in steps_of(todo)] == ["traffic of confsync-renew-channels"]
    apply(real, todo, lambda _: None)
    again = [stage for stage in later if stage.title in {"traffic", *monitoring}]
    assert (planned(real, again), deployed.faults) == ([], [])


def test_everything_can_be_taken_down(
    deployed: Project, real: Gcloud, wanted: list[Stage], answers: dict[Query, Any]
) -> None:
    apply(real, plan(demolition(wanted, everything=True), answers), lambda _: None)
    left = [name for name in deployed.resources if "/operations/" not in name]
    granted = [binding for each in deployed.policies.values() for binding in each.get("bindings", ())]
    assert (left, granted, deployed.faults) == ([], [], [])
