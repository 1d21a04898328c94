"""What people are asked and told: the first file, the administrator's line, costs, the smoke test."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from confsync import config, providers
from confsync.adapters.google_credentials import CALENDAR_SCOPES
from deploy import COMMANDS
from deployment import ROOT, DeployError, cost, delegation, setup
from deployment.environment import Environment, problems
from deployment.gcloud import Command, Gcloud, command
from deployment.report import role_lines
from deployment.resources.accounts import own_accounts
from deployment.resources.database import shared
from deployment.smoke import smoke_test
from deployment.source import Source
from deployment.status import people
from tests.deploy.fake_gcloud import AUTHORIZATION, NUMBER, Cloud
from tests.deploy.projects import deploy

README = (ROOT / "deploy" / "README.md").read_text(encoding="utf-8")
ANSWERS = setup.Answers(project="example-project", region="europe-west1", domain="example.com", solution="zoom")


def environment_of(answers: setup.Answers, environment: Environment) -> Environment:
    text = setup.configuration(answers, number=NUMBER, authorization=AUTHORIZATION)
    return replace(environment, name="new", settings=config.parse(text))


# --- init ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("solution", providers.PROVIDERS)
def test_the_first_file_is_a_configuration_that_fits_its_deployment(environment: Environment, solution: str) -> None:
    server = "https://meet.example.com/" if solution in setup.ASK_FOR_SERVER else ""
    made = environment_of(replace(ANSWERS, solution=solution, server=server), environment)
    assert list(problems(made)) == []
    assert ("join" in made.functions) == providers.vendor(solution).capabilities.join_redirect
    assert "connect" not in made.functions
    assert (made.settings.store.database, shared(made)) == ("confsync", "")


def test_without_a_domain_people_connect_their_accounts_once_there_is_a_client_for_it(
    environment: Environment,
) -> None:
    made = environment_of(replace(ANSWERS, domain=""), environment)
    url = made.url("connect") + "/connect"
    assert [url + "/google/callback" in problem for problem in problems(made)] == [True]
    connect = msgspec.structs.replace(made.settings.connect, client_id="1.apps.googleusercontent.com")
    with_client = replace(made, settings=msgspec.structs.replace(made.settings, connect=connect))
    assert list(problems(with_client)) == []
    assert "connect" in with_client.functions


def test_whom_alerts_mail_is_told_by_a_flag_and_not_asked(environment: Environment) -> None:
    assert environment_of(ANSWERS, environment).settings.monitoring.emails == ()
    told = replace(ANSWERS, emails=("a@example.com", "b@example.com"))
    assert environment_of(told, environment).settings.monitoring.emails == ("a@example.com", "b@example.com")


def test_an_address_that_alerts_cannot_be_mailed_to_is_refused(fake: Gcloud) -> None:
    with pytest.raises(DeployError, match=r"monitoring\.emails"):
        setup.questions(lambda _, default: default, fake, {"domain": "example.com"}, ["ann"])


def test_only_what_is_not_given_is_asked_and_gcloud_knows_the_project(fake: Gcloud) -> None:
    asked: list[tuple[str, str]] = []

    def ask(words: str, default: str) -> str:
        asked.append((words.partition(" (")[0], default))
        return default or "https://meet.example.com/"

    given = {"region": "us-east1", "domain": "", "solution": "jitsi"}
    answers = setup.questions(ask, fake, given)
    assert asked == [("Google Cloud project", "example-project"), ("Address of its server", "")]
    assert answers == setup.Answers(
        project="example-project", region="us-east1", domain="", solution="jitsi", server="https://meet.example.com/"
    )


def test_at_most_four_questions_are_asked_for_a_vendor_in_the_cloud(fake: Gcloud) -> None:
    asked: list[str] = []
    setup.questions(lambda words, default: asked.append(words) or default, fake, {})  # type: ignore[func-returns-value]
    assert len(asked) == 4


def test_a_provider_that_there_is_not_is_refused(fake: Gcloud) -> None:
    with pytest.raises(DeployError, match="there is no provider 'zom'"):
        setup.questions(lambda _, default: default, fake, {"solution": "zom"})


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"project": "Bad Project!"}, "'Bad Project!' cannot be a project"),
        ({"region": "nowhere-1"}, "'nowhere-1' cannot be a region"),
        ({"domain": "example"}, "'example' cannot be a domain"),
    ],
)
def test_an_answer_that_cannot_be_one_is_refused(fake: Gcloud, given: dict[str, str], problem: str) -> None:
    with pytest.raises(DeployError, match=problem):
        setup.questions(lambda _, default: default, fake, given)


@pytest.mark.parametrize("solution", sorted(setup.ASK_FOR_SERVER))
def test_a_server_without_an_address_is_refused_before_anything_is_changed(
    fake: Gcloud, cloud: Cloud, solution: str
) -> None:
    with pytest.raises(DeployError, match=f"solutions.{solution}.api is missing"):
        setup.questions(lambda _, default: default, fake, {"solution": solution, "server": ""})
    assert cloud.changes == []


def test_the_add_ons_caller_is_read_from_the_project(fake: Gcloud, cloud: Cloud) -> None:
    assert setup.authorization(fake) == AUTHORIZATION
    assert cloud.state["apis"] == ["serviceusage", "gsuiteaddons"]
    assert cloud.state["settling"] == []  # the API was there a moment later only
    text = setup.configuration(ANSWERS, number=NUMBER, authorization=AUTHORIZATION)
    callers = tomllib.loads(text)["callers"]["create_conference"]
    assert callers["service_accounts"] == [AUTHORIZATION["serviceAccountEmail"]]
    assert callers["clients"] == [AUTHORIZATION["oauthClientId"]]


# --- delegation ------------------------------------------------------------------------------------------------------


def test_the_administrators_line_has_the_accounts_client_and_every_scope(
    environment: Environment, source: Source, fake: Gcloud, cloud: Cloud
) -> None:
    email = "confsync-calendars@example-project.iam.gserviceaccount.com"
    assert f"(after `apply`: {email})" in delegation.instructions(environment, with_iam(fake, cloud))
    deploy(environment, source, fake)
    told = delegation.instructions(environment, fake)
    assert f"client ID: {cloud.state['accounts'][email]['oauth2ClientId']}" in told
    line = next(each for each in told.splitlines() if "OAuth scopes: " in each)
    assert line.partition(": ")[2].split(",") == delegation.scopes(environment)


def with_iam(fake: Gcloud, cloud: Cloud) -> Gcloud:
    cloud.state["apis"].append("iam")
    return fake


def test_the_page_lists_every_scope(environment: Environment) -> None:
    google = msgspec.structs.replace(environment.settings.google, drive=True)
    full = replace(environment, settings=msgspec.structs.replace(environment.settings, google=google))
    told = re.findall(r"^\| `([a-z.]+)` \| [^|]+ \|$", README.partition("| scope, below")[2], re.MULTILINE)
    assert [f"https://www.googleapis.com/auth/{each}" for each in told] == delegation.scopes(full)


def test_the_page_lists_every_command() -> None:
    table = README.partition("| `deploy.py` | does |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([a-z]+)", table, re.MULTILINE) == list(COMMANDS)


@pytest.mark.parametrize(
    ("answer", "well", "words"),
    [
        ({"access_token": "secret", "expires_in": 3599}, True, "acts as ann@example.com"),
        (
            {"error": "unauthorized_client", "error_description": "Client is unauthorized"},
            False,
            "does not act as ann@example.com (calendar): unauthorized_client, Client is unauthorized",
        ),
    ],
)
def test_delegation_is_tried_with_a_signed_assertion(
    environment: Environment,
    source: Source,
    fake: Gcloud,
    answer: Mapping[str, Any],
    well: bool,
    words: str,
) -> None:
    deploy(environment, source, fake)
    fake.do(lets_me_sign(environment))
    sent: list[tuple[str, str]] = []

    def exchange(url: str, assertion: str) -> Mapping[str, Any]:
        sent.append((url, assertion))
        return answer

    assert delegation.check(environment, fake, "ann@example.com", exchange=exchange) == (well, words)
    url, assertion = sent[0]
    claims = msgspec.json.decode(bytes.fromhex(assertion.split(".")[1]))
    assert (url, claims["aud"]) == (environment.settings.google.oauth_token_url,) * 2
    assert (claims["sub"], claims["exp"] - claims["iat"]) == ("ann@example.com", 600)
    assert claims["scope"].split() == list(CALENDAR_SCOPES)
    assert len(sent) == (2 if well else 1)  # calendars, then settings


def lets_me_sign(environment: Environment) -> Command:
    account = str(environment.settings.google.service_account)
    flags = ("--member=user:admin@example.com", "--role=roles/iam.serviceAccountTokenCreator")
    return command("iam", "service-accounts", "add-iam-policy-binding", account, *flags)


def test_who_may_not_sign_is_told_how_to_and_nothing_of_an_administrator(
    environment: Environment, source: Source, fake: Gcloud
) -> None:
    """Owners may not: it is what they see first, before they or an administrator have done anything."""
    deploy(environment, source, fake)
    ((well, words),) = people(environment, fake, "ann@example.com")
    assert not well
    assert words.startswith("calendars: could not be tried: gcloud iam service-accounts sign-jwt")
    assert words.splitlines()[-1] == lets_me_sign(environment).shown("example-project")
    assert "administrator" not in words


def test_what_google_refuses_is_for_the_administrator(
    environment: Environment, source: Source, fake: Gcloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(environment, source, fake)
    fake.do(lets_me_sign(environment))
    refusal = {"error": "unauthorized_client", "error_description": "no"}
    monkeypatch.setattr(delegation.check, "__kwdefaults__", {"exchange": lambda *_: refusal})
    told = list(people(environment, fake, None))
    assert told == [
        (False, "calendars: does not act as admin@example.com (calendar): unauthorized_client, no"),
        (False, delegation.instructions(environment, fake)),
    ]


def test_an_answer_that_does_not_come_is_not_taken_for_a_refusal(
    environment: Environment, source: Source, fake: Gcloud
) -> None:
    def exchange(url: str, assertion: str) -> Mapping[str, Any]:
        raise OSError("no route to host")

    deploy(environment, source, fake)
    fake.do(lets_me_sign(environment))
    with pytest.raises(DeployError, match=r"oauth2\.googleapis\.com/token: no route to host"):
        delegation.check(environment, fake, "ann@example.com", exchange=exchange)


# --- cost ------------------------------------------------------------------------------------------------------------


def total(environment: Environment, load: cost.Load) -> float:
    return sum(dollars for _, dollars in cost.estimate(environment, load))


def test_without_use_only_what_is_kept_costs(environment: Environment) -> None:
    """One instance of 1 vCPU and 512 MiB is kept warm; there are more secrets and images than are free."""
    parts = dict(cost.estimate(environment, cost.Load(calendars=0)))
    assert parts["instances kept warm"] == pytest.approx((0.0000025 + 0.5 * 0.0000025) * 30 * 86_400)
    assert {name for name, dollars in parts.items() if dollars} == {"instances kept warm", "secrets", "images"}


def test_logs_cost_where_there_are_many_requests(environment: Environment) -> None:
    """A request is a line of ours, and one of Cloud Run's; 50 GiB a month are free."""
    assert dict(cost.estimate(environment, cost.Load(calendars=1_000)))["logs"] == 0
    load = cost.Load(calendars=100_000)
    requests = cost.DAYS * cost.total(cost.a_day(environment, load)).requests
    one, two = ((requests * kib * 1024 / 2**30 - 50) * 0.5 for kib in (1, 2))
    assert one < dict(cost.estimate(environment, load))["logs"] < two


def test_more_to_do_costs_more(environment: Environment) -> None:
    loads = [cost.Load(calendars=calendars) for calendars in (0, 100, 1_000, 10_000)]
    dollars = [total(environment, load) for load in loads]
    assert dollars == sorted(dollars)
    assert len(set(dollars)) == len(dollars)
    busy = cost.Load(calendars=1_000, changes=50)
    assert total(environment, busy) > total(environment, cost.Load(calendars=1_000))


# --- who may do what, and whether it answers -------------------------------------------------------------------------


def test_the_plan_shows_each_account_with_its_roles(environment: Environment) -> None:
    text = "\n".join(role_lines(environment))
    notifications = text.partition("confsync-notifications:")[2].partition("\n  confsync-")[0]
    assert notifications.count("roles/") == 3
    assert all(email.partition("@")[0] in text for email in own_accounts(environment))


def test_a_function_is_well_if_it_refuses_as_it_should(environment: Environment) -> None:
    answers: dict[str, list[int | str]] = {environment.url("join"): [403, 404], environment.url("sync_calendar"): [500]}
    waited: list[float] = []

    def ask(url: str) -> int | str:
        told = answers.get(url)
        if told:
            return told.pop(0) if len(told) > 1 else told[0]
        return next(each.refuses for name, each in environment.functions.items() if environment.url(name) == url)

    told = {name: (well, words) for name, well, words in smoke_test(environment, ask=ask, sleep=waited.append)}
    assert [name for name, (well, _) in told.items() if not well] == ["sync_calendar"]
    assert "500, 401 expected: its log says why" in told["sync_calendar"][1]
    assert waited == [10.0] * 6
