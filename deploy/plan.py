"""What is deployed where: `functions.toml` and `config/<env>.toml`, read, checked, and put together."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from confsync import config
from confsync.domain.errors import NotConfigured

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "deploy" / "functions.toml"

Count = Annotated[int, Meta(ge=0)]
Seconds = Annotated[int, Meta(ge=1, le=3600)]
AccountId = Annotated[str, Meta(pattern=r"^[a-z][-a-z0-9]{4,28}[a-z0-9]$")]
SecretVersion = Annotated[str, Meta(pattern=r"^[-_A-Za-z0-9]+:[1-9][0-9]*$")]


class DeployError(Exception):
    """The table or the environment is wrong, or a command failed. The message says which, and what to do."""


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of functions.toml, where every key is described."""


class Schedule(Section, frozen=True):
    """The Cloud Scheduler job that calls a function. https://cloud.google.com/sdk/gcloud/reference/scheduler/jobs"""

    cron: str
    service_account: AccountId
    attempt_deadline: Annotated[int, Meta(ge=15, le=1800)]
    max_retry_attempts: Annotated[int, Meta(ge=0, le=5)]
    min_backoff: Seconds


class Function(Section, frozen=True):
    """One function. https://cloud.google.com/sdk/gcloud/reference/functions/deploy"""

    source: str
    memory: Annotated[str, Meta(pattern=r"^[1-9][0-9]*(Mi|Gi)$")]
    cpu: Annotated[float, Meta(gt=0)]
    timeout: Seconds
    concurrency: Annotated[int, Meta(ge=1, le=1000)]
    min_instances: Count
    max_instances: Annotated[int, Meta(ge=1)]
    ingress: Literal["all", "internal-only", "internal-and-gclb"]
    service_account: AccountId
    callers: Literal["anyone", "configured"]
    secrets: dict[str, SecretVersion] = {}
    schedule: Schedule | None = None

    def __post_init__(self) -> None:
        if self.concurrency > 1 and self.cpu < 1:
            raise ValueError("concurrency above 1 needs a cpu of at least 1")
        if self.schedule and self.schedule.attempt_deadline < self.timeout:
            raise ValueError("schedule.attempt_deadline is shorter than the function's timeout")


class Queue(Section, frozen=True):
    """How Cloud Tasks dispatches and retries. https://cloud.google.com/sdk/gcloud/reference/tasks/queues/update"""

    max_attempts: Annotated[int, Meta(ge=1)]
    min_backoff: Seconds
    max_backoff: Seconds
    max_doublings: Count
    max_concurrent_dispatches: Annotated[int, Meta(ge=1, le=5000)]
    max_dispatches_per_second: Annotated[float, Meta(gt=0, le=500)]


class Table(Section, frozen=True):
    """functions.toml."""

    runtime: str
    name_prefix: str
    functions: dict[str, Function]
    queue: Queue


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is deployed, and where to."""

    env: str
    project: str
    region: str
    table: Table
    settings: config.Settings

    def deployed_name(self, function: str) -> str:
        """The function's name in the cloud, which has hyphens as Cloud Run services do."""
        return self.table.name_prefix + function.replace("_", "-")

    def url(self, function: str) -> str:
        """The address of a deployed function, which is also an audience that its front door accepts."""
        return f"https://{self.region}-{self.project}.cloudfunctions.net/{self.deployed_name(function)}"

    def account(self, account_id: str) -> str:
        """The address of one of the project's service accounts."""
        return f"{account_id}@{self.project}.iam.gserviceaccount.com"

    def callers(self, function: str) -> config.Callers:
        """Whom the function accepts. Raises `DeployError` if the environment does not say."""
        if function not in self.settings.callers:
            raise DeployError(f"{self.env}.toml: there is no [callers.{function}]")
        return self.settings.callers[function]


def load_table(text: str) -> Table:
    """The table in a TOML text. Raises `DeployError`, which names the key."""
    try:
        return msgspec.convert(tomllib.loads(text), Table)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise DeployError(f"functions.toml: {error}") from error


def load(env: str, *, project: str | None = None, region: str | None = None) -> Plan:
    """The plan for an environment. Raises `DeployError` for what would be found out only in the cloud."""
    path = ROOT / "deploy" / "config" / f"{env}.toml"
    try:
        settings = config.load({config.CONFIG_VARIABLE: str(path)})
    except NotConfigured as error:
        raise DeployError(str(error)) from error
    plan = Plan(
        env=env,
        project=project or settings.google.project,
        region=region or settings.queue.location,
        table=load_table(TABLE.read_text(encoding="utf-8")),
        settings=settings,
    )
    for problem in problems(plan):
        raise DeployError(problem)
    return plan


def problems(plan: Plan) -> Iterator[str]:
    """What the table and the environment do not agree on: a source that is missing, a call that would be refused."""
    for function in plan.table.functions.values():
        if not (ROOT / function.source).is_file():
            yield f"functions.toml: {function.source} does not exist"
    for name in sorted(plan.settings.callers.keys() - plan.table.functions.keys()):
        yield f"{plan.env}.toml: [callers.{name}] is of no function in functions.toml"
    if not plan.callers("create_conference").clients:
        yield f"{plan.env}.toml: callers.create_conference.clients is empty, so no person's token would be accepted"
    for name, audience, account in _own_calls(plan):
        callers = plan.callers(name)
        if audience not in callers.audiences:
            yield f"{plan.env}.toml: callers.{name}.audiences lacks {audience}"
        if account not in callers.service_accounts:
            yield f"{plan.env}.toml: callers.{name}.service_accounts lacks {account}"


def _own_calls(plan: Plan) -> Iterator[tuple[str, str, str]]:
    """(function, audience, service account) of the calls that this deployment arranges."""
    queue = plan.settings.queue
    yield "sync_calendar", queue.sync_url, queue.service_account
    yield "reconcile_conference", queue.reconcile_url, queue.service_account
    for name, function in plan.table.functions.items():
        if function.schedule:
            yield name, plan.url(name), plan.account(function.schedule.service_account)
