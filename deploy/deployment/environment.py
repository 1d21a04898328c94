"""What is deployed where: `functions.toml` and `config/<env>.toml` put together, and held against each other."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

from confsync import config, vendors
from confsync.domain.errors import NotConfigured
from deployment import ROOT, DeployError
from deployment.table import TABLE, Function, Table, load_table

SERVICE_ADDRESS = re.compile(
    r"https://(?P<service>[a-z][-a-z0-9]*)-(?P<number>[0-9]+)\.(?P<region>[-a-z0-9]+)\.run\.app"
)
"""Where a Cloud Run service is reached, before it exists: https://cloud.google.com/run/docs/triggering/https-request"""

FORMS = {
    "project": re.compile(r"[a-z][-a-z0-9]{4,28}[a-z0-9]"),
    "region": re.compile(r"[a-z]+-[a-z]+[0-9]+"),
    "domain": re.compile(r"(?:[a-z0-9-]+\.)+[a-z0-9-]+|"),
}
"""https://cloud.google.com/resource-manager/docs/creating-managing-projects · https://cloud.google.com/run/docs/locations"""


def malformed(**values: str) -> Iterator[str]:
    """Those of the values that cannot be what they are called, in words."""
    for name, value in values.items():
        if not FORMS[name].fullmatch(value):
            yield f"{value!r} cannot be a {name}"


def config_file(env: str) -> Path:
    """Where an environment's file is."""
    return ROOT / "deploy" / "config" / f"{env}.toml"


def service_url(service: str, project_number: str, region: str) -> str:
    """The address of a service of Cloud Run."""
    return f"https://{service}-{project_number}.{region}.run.app"


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What is deployed, and where to. `number` is the project's, which its functions' addresses have."""

    name: str
    number: str
    table: Table
    settings: config.Settings

    @property
    def project(self) -> str:
        """The Google Cloud project's id."""
        return self.settings.google.project

    @property
    def region(self) -> str:
        """Where everything is: functions, queue, schedule, database."""
        return self.settings.queue.location

    @property
    def functions(self) -> dict[str, Function]:
        """Those of the table that this environment has a use for."""
        return {name: each for name, each in self.table.functions.items() if self._has(each.needs)}

    def service(self, function: str) -> str:
        """The function's name in the cloud, which has hyphens as Cloud Run services do."""
        return self.table.name_prefix + function.replace("_", "-")

    def url(self, function: str) -> str:
        """The address of a deployed function, which is also the audience of its callers' tokens."""
        return service_url(self.service(function), self.number, self.region)

    def account(self, account_id: str) -> str:
        """The address of one of the project's service accounts."""
        return f"{account_id}@{self.project}.iam.gserviceaccount.com"

    def callers(self, function: str) -> config.Callers:
        """Whom the function accepts. Raises `DeployError` if the environment does not say."""
        if function not in self.settings.callers:
            raise DeployError(f"{self.name}.toml: there is no [callers.{function}]")
        return self.settings.callers[function]

    def _has(self, key: str | None) -> bool:
        return key is None or bool(reduce(getattr, key.split("."), self.settings))


def load(env: str) -> Environment:
    """The environment. Raises `DeployError` for what would be found out only in the cloud."""
    if not config_file(env).is_file():
        raise DeployError(f"{config_file(env)}: there is no such file. `deploy.py init --env {env}` writes it.")
    try:
        settings = config.load({config.CONFIG_VARIABLE: str(config_file(env))})
    except NotConfigured as error:
        raise DeployError(str(error)) from error
    told = SERVICE_ADDRESS.match(settings.queue.sync_url)
    environment = Environment(
        name=env,
        number=told["number"] if told else "PROJECTNUMBER",
        table=load_table(TABLE.read_text(encoding="utf-8")),
        settings=settings,
    )
    if wrong := list(problems(environment)):
        raise DeployError("\n".join(wrong))
    return environment


def problems(environment: Environment) -> Iterator[str]:
    """What the table and the environment do not agree on: a source that is missing, a call that would be refused."""
    file, table, settings = f"{environment.name}.toml", environment.table, environment.settings
    for function in table.functions.values():
        if not (ROOT / function.source).is_file():
            yield f"functions.toml: {function.source} does not exist"
    yield from (f"{file}: {each}" for each in malformed(project=environment.project, region=environment.region))
    yield from (f"{file}: {each}" for each in vendors.problems(settings))
    if settings.store.kind != "firestore":
        yield f'{file}: store.kind is "{settings.store.kind}", and functions have no disk that lasts: "firestore"'
    for name in sorted(settings.callers.keys() - table.functions.keys()):
        yield f"{file}: [callers.{name}] is of no function in functions.toml"
    if not environment.callers("create_conference").clients:
        yield (
            f"{file}: callers.create_conference.clients is empty, so no person's token would be accepted. "
            f"`gcloud workspace-add-ons get-authorization --project={environment.project}` tells it"
        )
    connects = settings.google.credentials == "user" or any(each.personal for each in settings.solutions.values())
    if connects and settings.connect.url and not settings.connect.client_id:
        url = settings.connect.url
        uris = f"{url}/signed-in" + (f" and {url}/google/callback" if settings.google.credentials == "user" else "")
        yield (
            f"{file}: connect.client_id is missing. At https://console.cloud.google.com/auth/clients make one of type "
            f"Web application, with the redirect URIs {uris}"
        )
    for key, address, wanted in _addresses(environment):
        if not (address == wanted or address.startswith(f"{wanted}/")):
            yield f"{file}: {key} is {address}, but the function will be at {wanted}"
    for name, audience, account in _own_calls(environment):
        callers = environment.callers(name)
        if audience not in callers.audiences:
            yield f"{file}: callers.{name}.audiences lacks {audience}"
        if account not in callers.service_accounts:
            yield f"{file}: callers.{name}.service_accounts lacks {account}"


def _addresses(environment: Environment) -> Iterator[tuple[str, str, str]]:
    """(key, address that is configured, address that the function gets)."""
    settings = environment.settings
    yield "queue.sync_url", settings.queue.sync_url, environment.url("sync_calendar")
    yield "queue.reconcile_url", settings.queue.reconcile_url, environment.url("reconcile_conference")
    notifications = settings.channels.notifications_url
    yield "channels.notifications_url", notifications, environment.url("calendar_notifications")


def _own_calls(environment: Environment) -> Iterator[tuple[str, str, str]]:
    """(function, audience, service account) of the calls that this deployment arranges."""
    queue = environment.settings.queue
    yield "sync_calendar", queue.sync_url, queue.service_account
    yield "reconcile_conference", queue.reconcile_url, queue.service_account
    for name, function in environment.table.functions.items():
        if function.schedule:
            yield name, environment.url(name), environment.account(function.schedule.service_account)
