"""gcloud: the one place that runs it, to ask and to change."""

import json
import re
import shlex
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from deployment import ROOT, DeployError

AT_ONCE = 8
"""Questions at the same time: each is a process of about a second."""

ABSENT = re.compile(
    r"NOT_FOUND|instance \[\S+\] not found|'iam\.serviceAccounts\.\w+' denied on resource .*\(or it may not exist\)"
)
"""How it is said that something isn't there. A service account is looked for in any project, so that of one that isn't
there Google says as much as of one that is not ours to see; creating it then tells which. Every other refusal is one,
though gcloud itself adds "(or it may not exist)" to many:
https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts#ServiceAccount.FIELDS.name"""

DENIED = re.compile(r"PERMISSION_DENIED|does not have permission|lacks IAM permission")

SETTLING = re.compile(
    r"SERVICE_DISABLED|it is disabled\. Enable it|[Ss]ervice account \S+ does not exist|concurrent policy changes"
    r"|underlying data changed"
)
"""What is said of things that were made or changed a moment ago, elsewhere in Google: it cures itself within a minute
or two. https://cloud.google.com/iam/docs/access-change-propagation"""
PAUSES = (5.0, 10.0, 20.0, 40.0)
"""Seconds between tries of what is answered so."""
NEW_METRIC = re.compile(r"Cannot find metric|metric referenced by the provided filter is unknown")
"""What is said of an alert on a metric that is not known yet; "it could take up to 10 minutes to become available"."""
METRIC_PAUSES = (30.0,) * 24

LOOKS, BETWEEN = 360, 10
"""At what is waited for, and seconds between them: an hour."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """A question; its answer is JSON. It makes no sense before its API is enabled: then nothing is there."""

    arguments: tuple[str, ...]
    api: str | None = None


@dataclass(frozen=True, kw_only=True)
class Late:
    """An argument with a name that Google gives, so that only an answer tells it. `shown`: what stands for it."""

    shown: str
    query: Query
    found: Callable[[Any], str] = field(compare=False)


@dataclass(frozen=True, kw_only=True)
class Command:
    """A change. `stdin` makes what is read from standard input, if anything: no secret stands in arguments. `late`:
    further arguments. With `until` it is a question that is put again until the answer is so: for what Google does in
    its own time."""

    arguments: tuple[str, ...]
    stdin: Callable[[], str] | None = field(default=None, compare=False)
    late: tuple[Late, ...] = ()
    until: Callable[[Any], bool] | None = field(default=None, compare=False)

    def shown(self, project: str) -> str:
        """As it could be typed into a shell, once names are put in."""
        arguments = self.whole(each.shown for each in self.late)
        return shlex.join(line(project, arguments)) + (" < (generated)" if self.stdin else "")

    def whole(self, late: Iterable[str]) -> list[str]:
        """All arguments, names before flags."""
        return sorted([*self.arguments, *late], key=lambda each: each.startswith("--"))


def command(*arguments: str) -> Command:
    """A change that needs no input."""
    return Command(arguments=arguments)


def line(project: str, arguments: Iterable[str]) -> list[str]:
    """The whole command line; without a project it is about gcloud's own default."""
    return ["gcloud", *arguments, *([f"--project={project}"] if project else []), "--quiet"]


@dataclass(frozen=True, kw_only=True)
class Result:
    """How a process ended, and what it said."""

    code: int
    out: str
    err: str


Run = Callable[[Sequence[str], str | None], Result]


def run(arguments: Sequence[str], stdin: str | None = None) -> Result:
    """Run a program in the project's directory. Raises `DeployError` if it isn't installed."""
    try:
        done = subprocess.run(
            arguments, cwd=ROOT, input=stdin or "", check=False, capture_output=True, text=True, encoding="utf-8"
        )
    except FileNotFoundError as error:
        raise DeployError(f"{arguments[0]} is not installed: https://cloud.google.com/sdk/docs/install") from error
    return Result(code=done.returncode, out=done.stdout, err=done.stderr)


@dataclass(frozen=True, kw_only=True)
class Gcloud:
    """gcloud, for one project. Once it is `stopped`, nothing is changed or waited for any more."""

    project: str
    run: Run = run
    stopped: Event = field(default_factory=Event)

    def ask(self, query: Query) -> Any | None:
        """The answer; None if what is asked about isn't there. Raises `DeployError` with gcloud's own words."""
        arguments = [*line(self.project, query.arguments), "--format=json"]
        result = self._tried(arguments, None)
        if result.code == 0:
            return _parsed(arguments, result.out)
        if ABSENT.search(result.err):
            return None
        raise self._failed(arguments, result)

    def ask_all(self, queries: Iterable[Query]) -> Mapping[Query, Any]:
        """The answers. Each question is put once."""
        different = list(dict.fromkeys(queries))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return dict(zip(different, pool.map(self.ask, different), strict=True))

    def text(self, *arguments: str) -> str:
        """What a command prints. Raises `DeployError`."""
        whole = line(self.project, arguments)
        result = self._tried(whole, None)
        if result.code != 0:
            raise self._failed(whole, result)
        return result.out

    def account(self) -> str:
        """Who runs this. Raises `DeployError`."""
        return self.text("config", "get-value", "account").strip()

    def do(self, command: Command, say: Callable[[str], None] = lambda _: None) -> None:
        """Carry the change out; `say` is told what takes minutes. Raises `DeployError` with gcloud's own words."""
        if command.until is not None:
            self._wait(Query(arguments=command.arguments), command.until)
            return
        arguments = line(self.project, command.whole(map(self._named, command.late)))
        result = self._tried(arguments, command.stdin() if command.stdin else None, say)
        if result.code != 0:
            raise self._failed(arguments, result)

    def _wait(self, query: Query, until: Callable[[Any], bool]) -> None:
        for _ in range(LOOKS):
            if until(self.ask(query)):
                return
            if self.stopped.wait(BETWEEN):
                raise DeployError("stopped")
        raise DeployError(
            f"not done after an hour, and Google goes on: {shlex.join(line(self.project, query.arguments))}"
        )

    def _named(self, late: Late) -> str:
        try:
            return late.found(self.ask(late.query) or [])
        except KeyError as error:
            raise DeployError(f"{late.shown}: {error} is not there any more, run this again") from error

    def _tried(
        self, arguments: Sequence[str], stdin: str | None, say: Callable[[str], None] = lambda _: None
    ) -> Result:
        """How it ended; after more tries, if something it needs was made a moment ago."""
        result = self.run(arguments, stdin)
        pauses = _pauses(result)
        if pauses is METRIC_PAUSES:
            say("alerts do not know a new metric yet: that takes Google up to ten minutes, waiting")
        for pause in pauses:
            if self.stopped.wait(pause):
                break
            result = self.run(arguments, stdin)
            if not _pauses(result):
                break
        return result

    def _failed(self, arguments: Sequence[str], result: Result) -> DeployError:
        words = "\n".join(result.err.strip().splitlines()[-15:])
        told = f"{shlex.join(arguments)}\nended with {result.code}:\n{words}"
        if not DENIED.search(result.err) or SETTLING.search(result.err):
            return DeployError(told)
        who = self.run(["gcloud", "config", "get-value", "account", "--quiet"], None).out.strip()
        roles = "deploy/README.md lists the roles of whoever deploys"
        return DeployError(f"{told}\n{who} may not do this, or there is no project {self.project}: {roles}")


def _pauses(result: Result) -> tuple[float, ...]:
    """How long to wait before each further try; nothing for what went well, or does not cure itself."""
    if result.code == 0:
        return ()
    if NEW_METRIC.search(result.err):
        return METRIC_PAUSES
    return PAUSES if SETTLING.search(result.err) else ()


def _parsed(arguments: Sequence[str], text: str) -> Any:
    try:
        return json.loads(text or "null")
    except ValueError as error:
        raise DeployError(f"{shlex.join(arguments)}\nsaid what is no JSON: {text[:200]}") from error
