"""Who may do what: each role with the thing that it is on, and why. README.md has the table; a test compares them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from deployment.environment import Environment
from deployment.gcloud import Command, Query, command
from deployment.planning import Changes, Resource, State
from deployment.resources.accounts import own_accounts

EVERYBODY = "allUsers"
IF = " if "
CONDITION = "confsync"
"""The title of our conditions: bindings with others are not ours to change."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Something that has a policy of its own. `group` is gcloud's, `place` what it needs to find it."""

    title: str
    api: str
    group: tuple[str, ...]
    name: str
    place: tuple[str, ...] = ()
    conditions: bool = True
    """Whether its policy can have conditions: gcloud then asks which is meant, or is told that none is."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of what a policy is about: its resources are told by their names, in a condition.

    https://cloud.google.com/iam/docs/conditions-resource-attributes
    """

    title: str
    condition: str


@dataclass(frozen=True, kw_only=True)
class Grant:
    """A role on something, or on a part of it, for somebody."""

    member: str
    role: str
    target: Target
    why: str
    part: Part | None = None

    @property
    def on(self) -> str:
        """On what, in words."""
        return self.part.title if self.part else self.target.title

    @property
    def name(self) -> str:
        """Tells it from others in the same policy."""
        condition = f"{IF}{self.part.condition}" if self.part else ""
        return f"{self.role} for {self.member}{condition}"


def project(environment: Environment) -> Target:
    """The project: what has no policy of its own."""
    name = environment.project
    return Target(title="the project", api="cloudresourcemanager", group=("projects",), name=name)


def secret(name: str) -> Target:
    """A secret."""
    return Target(title=f"secret {name}", api="secretmanager", group=("secrets",), name=name)


def queue(environment: Environment, name: str) -> Target:
    """A queue."""
    group, place = ("tasks", "queues"), (f"--location={environment.region}",)
    return Target(title=f"queue {name}", api="cloudtasks", group=group, name=name, place=place, conditions=False)


def account(email: str) -> Target:
    """A service account, which others may use."""
    title = f"service account {email.partition('@')[0]}"
    return Target(title=title, api="iam", group=("iam", "service-accounts"), name=email)


def service(environment: Environment, function: str) -> Target:
    """A function's front door."""
    name, place = environment.service(function), (f"--region={environment.region}",)
    return Target(title=f"function {name}", api="run", group=("run", "services"), name=name, place=place)


# --- who gets what ---------------------------------------------------------------------------------------------------


def grants(environment: Environment) -> Iterator[Grant]:
    """Every role of ours, but for the front doors."""
    for function in environment.functions.values():
        member = f"serviceAccount:{environment.account(function.service_account)}"
        for version in function.secrets.values():
            target = secret(version.partition(":")[0])
            yield Grant(member=member, role="roles/secretmanager.secretAccessor", target=target, why="keys of its own")
        for use in function.uses:
            yield from _USES[use](environment, member)
        if environment.settings.tracing.to_google:
            role, why = "roles/telemetry.tracesWriter", "tells its spans"
            yield Grant(member=member, role=role, target=project(environment), why=why)
    yield from _build(environment)


def _records(environment: Environment, member: str) -> Iterator[Grant]:
    """https://cloud.google.com/firestore/docs/security/iam"""
    yield Grant(
        member=member,
        role="roles/datastore.user",
        target=project(environment),
        part=_database(environment),
        why="keeps records",
    )


def _database(environment: Environment) -> Part:
    """https://cloud.google.com/firestore/docs/manage-databases#configure_per-database_access_permissions"""
    name = environment.settings.store.database
    path = f"projects/{environment.project}/databases/{name}"
    return Part(title=f"database {name}", condition=f'resource.name == "{path}"')


def _calendars(environment: Environment, member: str) -> Iterator[Grant]:
    """https://cloud.google.com/iam/docs/service-account-permissions#token-creator-role"""
    google = environment.settings.google
    if google.credentials == "delegation" and google.service_account:
        why = "acts as people in Calendar"
        target = account(google.service_account)
        yield Grant(member=member, role="roles/iam.serviceAccountTokenCreator", target=target, why=why)
    if google.credentials == "user" and google.oauth_secret:
        why = "renews what people have allowed in Calendar"
        target = secret(google.oauth_secret)
        yield Grant(member=member, role="roles/secretmanager.secretAccessor", target=target, why=why)


def _vendors(environment: Environment, member: str) -> Iterator[Grant]:
    for solution in environment.settings.solutions.values():
        if solution.secret:
            why, target = "calls the vendor", secret(solution.secret)
            yield Grant(member=member, role="roles/secretmanager.secretAccessor", target=target, why=why)


def _queue(environment: Environment, member: str) -> Iterator[Grant]:
    """https://cloud.google.com/tasks/docs/creating-http-target-tasks#sa"""
    signer = account(environment.settings.queue.service_account)
    for name in environment.settings.queue.names:
        target = queue(environment, name)
        yield Grant(member=member, role="roles/cloudtasks.enqueuer", target=target, why="creates tasks")
    yield Grant(member=member, role="roles/iam.serviceAccountUser", target=signer, why="tasks are signed by it")


_USES = {"records": _records, "calendars": _calendars, "vendors": _vendors, "queue": _queue}


def _build(environment: Environment) -> Iterator[Grant]:
    """https://cloud.google.com/functions/docs/securing/build-custom-sa"""
    member, whole = f"serviceAccount:{environment.account(environment.table.build_account)}", project(environment)
    yield Grant(member=member, role="roles/logging.logWriter", target=whole, why="tells how the build goes")
    yield Grant(member=member, role="roles/artifactregistry.writer", target=whole, why="stores the image")
    why, part = "reads the uploaded source", _sources(environment)
    yield Grant(member=member, role="roles/storage.objectViewer", target=whole, part=part, why=why)


def _sources(environment: Environment) -> Part:
    """The bucket that Google makes for what is deployed: no other one is open while a build runs what others wrote.

    https://cloud.google.com/functions/docs/building · https://cloud.google.com/run/docs/deploying-source-code
    """
    names = {"functions": f"gcf-v2-sources-{environment.number}", "run": f"run-sources-{environment.project}"}
    bucket = f"projects/_/buckets/{names[environment.table.deploy_with]}-{environment.region}"
    condition = f'resource.name == "{bucket}" || resource.name.startsWith("{bucket}/")'
    return Part(title="the bucket of uploaded sources", condition=condition)


def front_doors(environment: Environment) -> Iterator[Grant]:
    """Whom Google lets through to each function."""
    for name, function in environment.functions.items():
        target = service(environment, name)
        if function.callers == "anyone":
            why = "it verifies its callers itself: push carries no token of IAM, and IAM's check takes signatures off"
            yield Grant(member=EVERYBODY, role="roles/run.invoker", target=target, why=why)
            continue
        for email in environment.callers(name).service_accounts:
            why = "a configured caller"
            yield Grant(member=f"serviceAccount:{email}", role="roles/run.invoker", target=target, why=why)


# --- policies --------------------------------------------------------------------------------------------------------


def policies(environment: Environment) -> list[Resource]:
    """Each thing's policy, as far as our accounts are concerned: what they should not have is taken back."""
    return _policies(environment, grants(environment))


def doors(environment: Environment) -> list[Resource]:
    """The functions' policies."""
    return _policies(environment, front_doors(environment))


def _policies(environment: Environment, wanted: Iterable[Grant]) -> list[Resource]:
    by_target: dict[Target, list[Grant]] = {}
    for grant in wanted:
        by_target.setdefault(grant.target, []).append(grant)
    ours = _members(environment)
    return [_policy(target, each, ours) for target, each in by_target.items()]


def _members(environment: Environment) -> frozenset[str]:
    """Ours, also those of functions that this environment does without, and everybody."""
    every = {environment.account(each.service_account) for each in environment.table.functions.values()}
    return frozenset({EVERYBODY, *(f"serviceAccount:{email}" for email in every | own_accounts(environment).keys())})


def _policy(target: Target, wanted: list[Grant], ours: frozenset[str]) -> Resource:
    def found(answer: Any) -> State:
        return {
            f"{each['role']} for {member}{condition}": "granted"
            for each in answer.get("bindings", [])
            if (condition := _condition(each)) is not None
            for member in each["members"]
            if member in ours
        }

    def change(changes: Changes) -> tuple[Command, ...]:
        return tuple(_binding(target, name, add=each.new is not None) for name, each in changes.items())

    names = dict.fromkeys((each.name for each in wanted), "granted")
    return Resource(
        title=f"roles on {target.title}",
        why="; ".join(dict.fromkeys(each.why for each in wanted)),
        query=Query(api=target.api, arguments=(*target.group, "get-iam-policy", target.name, *target.place)),
        found=found,
        wanted=names,
        create=tuple(_binding(target, name, add=True) for name in names),
        change=change,
        without={},
    )


def _condition(binding: Any) -> str | None:
    """As it is in the name of a grant; None if it is somebody else's."""
    told = binding.get("condition")
    if told is None:
        return ""
    return f"{IF}{told['expression']}" if told.get("title") == CONDITION else None


def _binding(target: Target, name: str, *, add: bool) -> Command:
    grant, _, expression = name.partition(IF)
    role, _, member = grant.partition(" for ")
    verb = "add-iam-policy-binding" if add else "remove-iam-policy-binding"
    told = f"expression={expression},title={CONDITION}" if expression else "None"
    condition = (f"--condition={told}",) if target.conditions else ()
    return command(*target.group, verb, target.name, *target.place, f"--member={member}", f"--role={role}", *condition)
