"""`functions.toml`: how each function runs, who it is, what it uses; and how the queue between them retries."""

import tomllib
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from deployment import ROOT, DeployError

TABLE = ROOT / "deploy" / "functions.toml"

Count = Annotated[int, Meta(ge=0)]
Seconds = Annotated[int, Meta(ge=1, le=3600)]
AccountId = Annotated[str, Meta(pattern=r"^[a-z][-a-z0-9]{4,28}[a-z0-9]$")]
SecretVersion = Annotated[str, Meta(pattern=r"^[-_A-Za-z0-9]+:[1-9][0-9]*$")]
Use = Literal["records", "calendars", "vendors", "queue"]


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
    uses: tuple[Use, ...]
    refuses: Literal[400, 401, 404]
    needs: str | None = None
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
    deploy_with: Literal["functions", "run"]
    build_account: AccountId
    functions: dict[str, Function]
    queue: Queue


def load_table(text: str) -> Table:
    """The table in a TOML text. Raises `DeployError`, which names the key."""
    try:
        return msgspec.convert(tomllib.loads(text), Table)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise DeployError(f"functions.toml: {error}") from error
