"""The first file of an environment: a few questions, and what Google Cloud itself knows."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from confsync import config, providers, vendors
from confsync.domain.errors import NotConfigured
from deployment import DeployError
from deployment.environment import config_file, malformed, service_url
from deployment.gcloud import Gcloud, Query, command
from deployment.resources.addon import AUTHORIZATION
from deployment.resources.database import OWN_DATABASE
from deployment.table import TABLE, load_table

ASK_FOR_SERVER = frozenset({"bigbluebutton", "custom", "jitsi"})
"""Providers that run on a server of one's own."""

Values = Mapping[str, str | list[str]]
"""A table of the file."""
Ask = Callable[[str, str], str]
"""A question and its default; the answer."""


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What only people know. Without a Workspace domain everybody connects their own account."""

    project: str
    region: str
    domain: str
    solution: str
    server: str = ""
    emails: tuple[str, ...] = ()


def questions(ask: Ask, gcloud: Gcloud, given: Mapping[str, str | None], emails: Iterable[str] = ()) -> Answers:
    """The answers; those that are given are not asked for. Raises `DeployError` for what cannot be one."""

    def answer(name: str, words: str, default: str) -> str:
        value = given.get(name)
        return ask(words, default) if value is None else value

    told = {
        "project": answer("project", "Google Cloud project", gcloud.text("config", "get-value", "project").strip()),
        "region": answer("region", "Region", "europe-west1"),
        "domain": answer("domain", "Google Workspace domain (empty: none, everybody connects their account)", ""),
        "solution": answer("solution", f"First solution ({', '.join(providers.PROVIDERS)})", "zoom"),
    }
    if wrong := list(malformed(project=told["project"], region=told["region"], domain=told["domain"])):
        raise DeployError("\n".join(wrong))
    if told["solution"] not in providers.PROVIDERS:
        raise DeployError(f"there is no provider {told['solution']!r}, only {', '.join(providers.PROVIDERS)}")
    if told["solution"] in ASK_FOR_SERVER:
        told["server"] = answer("server", "Address of its server", "")
    answers = Answers(**told, emails=tuple(emails))
    # what is wrong with them is so whatever Google will answer
    _check(configuration(answers, number="0", authorization={}))
    return answers


def write(env: str, answers: Answers, gcloud: Gcloud) -> str:
    """Write `config/<env>.toml`; the text. Raises `DeployError` if Google does not tell what stands in it."""
    text = configuration(answers, number=_number(gcloud), authorization=authorization(gcloud))
    config_file(env).write_text(text, encoding="utf-8")
    return text


def _check(text: str) -> None:
    try:
        wrong = list(vendors.problems(config.parse(text)))
    except NotConfigured as error:
        raise DeployError(str(error)) from error
    if wrong:
        raise DeployError("\n".join(wrong))


def authorization(gcloud: Gcloud) -> Mapping[str, Any]:
    """Who will call for Calendar: the add-on's service account, and the OAuth client that people's tokens are for."""
    gcloud.do(command("services", "enable", "gsuiteaddons.googleapis.com"))
    told: Mapping[str, Any] = gcloud.ask(AUTHORIZATION) or {}
    return told


def _number(gcloud: Gcloud) -> str:
    told = gcloud.ask(Query(arguments=("projects", "describe", gcloud.project)))
    if told is None:
        raise DeployError(f"there is no project {gcloud.project}, or this account may not see it")
    return str(told["projectNumber"])


def configuration(answers: Answers, *, number: str, authorization: Mapping[str, Any]) -> str:
    """The file."""
    prefix = load_table(TABLE.read_text(encoding="utf-8")).name_prefix
    vendor = providers.vendor(answers.solution)

    def url(function: str) -> str:
        return service_url(prefix + function, number, answers.region)

    def account(name: str) -> str:
        return f"{name}@{answers.project}.iam.gserviceaccount.com"

    tables: dict[str, Values] = {
        "google": _google(answers, account("confsync-calendars")),
        "store": {"kind": "firestore", "database": OWN_DATABASE},
        "queue": {
            "location": answers.region,
            "name": "confsync",
            "sync_url": url("sync-calendar"),
            "reconcile_url": url("reconcile-conference"),
            "service_account": account("confsync-tasks"),
        },
        "channels": {"notifications_url": url("calendar-notifications")},
    }
    if vendor.capabilities.join_redirect:
        tables["join"] = {"url": f"{url('join')}/join"}
    if not answers.domain:
        tables["connect"] = {"url": f"{url('connect')}/connect", "client_id": ""}
    tables["callers.create_conference"] = {
        "audiences": [f"{url('create-conference')}/", url("create-conference")],
        "service_accounts": _known(authorization.get("serviceAccountEmail")),
        "clients": _known(authorization.get("oauthClientId")),
    }
    if answers.emails:
        tables["monitoring"] = {"emails": list(answers.emails)}
    for function, caller in _CALLERS.items():
        name = f"callers.{function.replace('-', '_')}"
        tables[name] = {"audiences": [url(function)], "service_accounts": [account(caller)]}
    tables[f"solutions.{answers.solution}"] = {
        "provider": answers.solution,
        "name": vendor.name,
        **({"api": answers.server} if answers.server else {}),
        "secret": f"confsync-{answers.solution.replace('_', '-')}",
    }
    return "\n\n".join([_HEAD, *(_table(name, values) for name, values in tables.items())]) + "\n"


_HEAD = "# Written by deploy.py init. Every key: shared/confsync/config/; more solutions: example.toml"
_CALLERS = {
    "sync-calendar": "confsync-tasks",
    "reconcile-conference": "confsync-tasks",
    "renew-channels": "confsync-scheduler",
}


def _google(answers: Answers, account: str) -> Values:
    if answers.domain:
        return {"project": answers.project, "credentials": "delegation", "service_account": account}
    return {"project": answers.project, "credentials": "user", "oauth_secret": "google-oauth-client"}


def _known(value: str | None) -> list[str]:
    return [value] if value else []


def _table(name: str, values: Values) -> str:
    return "\n".join([f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in values.items())])


def _toml(value: str | list[str]) -> str:
    """Strings are written as in JSON."""
    return f"[{', '.join(map(_toml, value))}]" if isinstance(value, list) else json.dumps(value, ensure_ascii=False)
