"""Whether every secret that the configuration names is there, and of the right form; none of their values is told."""

import json
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice

from confsync import config
from confsync.adapters.sealing import FernetSealer
from confsync.cli.deployment import Deployment
from confsync.cli.doctor.finding import Check, Finding, fail, ok, warn
from confsync.domain.connection import GOOGLE, Connection, ConnectionState
from confsync.domain.errors import NotConfigured, NotFound, PermissionDenied
from confsync.providers import PROVIDERS, credentials, vendor
from confsync.transport.login import ClientCredentials

CLIENT_ID = re.compile(r"\d+-[\w-]+\.apps\.googleusercontent\.com", re.ASCII)
OPENED = 20
"""So many of the stored tokens are tried."""
Ring = Callable[[Mapping[str, str]], tuple[bytes, ...]]


def checks(deployment: Deployment) -> Iterator[Check]:
    """Secrets of solutions, rings of keys, OAuth clients."""
    settings = deployment.settings
    for name, keys in _named(settings).items():
        mend = f"providers/README.md says what stands in it: {_add_version(deployment, name)}"
        look = partial(_secret, deployment, name, keys)
        yield Check(name=f"secret {name}", look=look, mend=mend, signed_in=deployment.secrets_at_google)
    for variable, ring in _rings(settings).items():
        mend = f"set {variable}, or let whoever runs this read the secret {_mounted(variable)}"
        mounted = not os.environ.get(variable) and deployment.secrets_at_google
        look = partial(_ring, deployment, variable, ring)
        yield Check(name=f"keys {variable}", look=look, mend=mend, signed_in=mounted)
    yield from _clients(deployment)


def _named(settings: config.Settings) -> dict[str, list[str]]:
    """Secrets, and the keys that name them."""
    named: dict[str, list[str]] = defaultdict(list)
    if settings.google.oauth_secret:
        named[settings.google.oauth_secret].append("google.oauth_secret")
    for solution_id, solution in settings.solutions.items():
        if solution.secret:
            named[solution.secret].append(f"solutions.{solution_id}")
    return named


def _secret(deployment: Deployment, name: str, keys: list[str]) -> Finding:
    try:
        value = deployment.adapters.secrets.get(name)
    except PermissionDenied as error:
        return fail(f"{error}", f"grant it, to whoever runs this and to the functions: {_GRANT.format(name)}")
    why = _malformed(value)
    if why is not None:
        return fail(f"{why} ({', '.join(keys)})", f"add a version: {_add_version(deployment, name)}")
    return ok(f"is there ({', '.join(keys)})")


def _add_version(deployment: Deployment, name: str) -> str:
    """The secret itself `apply` makes, empty."""
    if not deployment.secrets_at_google:
        return f"it is a file in the directory of secrets.path: {name}"
    project = deployment.settings.google.project
    return f"printf %s '...' | gcloud secrets versions add {name} --data-file=- --project={project}"


_GRANT = "gcloud secrets add-iam-policy-binding {} --role=roles/secretmanager.secretAccessor --member=..."


def _malformed(value: str) -> str | None:
    """What is wrong with it, whatever it is for."""
    if not value.strip():
        return "it is empty"
    if value.lstrip().startswith("{"):
        try:
            json.loads(value)
        except ValueError:
            return "it is no JSON object"
        return None
    return "it begins or ends with white space" if value != value.strip() else None


# --- rings of keys ---------------------------------------------------------------------------------------------------


def _rings(settings: config.Settings) -> dict[str, Ring]:
    """The rings that are needed, by the variable that holds each of them where functions run."""
    solutions = [each for each in settings.solutions.values() if each.provider in PROVIDERS]
    joins = settings.join.url or any(vendor(each.provider).capabilities.join_redirect for each in solutions)
    people = settings.connect.url or settings.google.credentials == "user" or any(each.personal for each in solutions)
    rings: dict[str, Ring] = {config.KEYS_VARIABLE: config.channel_keys}
    if joins:
        rings[config.JOIN_KEYS_VARIABLE] = config.join_keys
    if people:
        rings[config.CONNECTION_KEYS_VARIABLE] = config.connection_keys
    return rings


def _mounted(variable: str) -> str:
    """The secret that a function has in this variable, as deploy/functions.toml names them."""
    return variable.lower().replace("_", "-")


def _ring(deployment: Deployment, variable: str, ring: Ring) -> Finding:
    secret = _mounted(variable)
    where = "in the environment" if os.environ.get(variable) else f"in the secret {secret}"
    try:
        keys = ring({variable: os.environ.get(variable) or deployment.adapters.secrets.get(secret)})
        if variable == config.CONNECTION_KEYS_VARIABLE:
            return _sealed(deployment, FernetSealer(keys), f"{len(keys)} {where}")
    except NotFound:
        return fail(f"there are none, neither in {variable} nor in the secret {secret}", APPLY)
    except NotConfigured as error:
        return fail(f"{where}: {error}", f"add a version with new ones: {_add_version(deployment, secret)}")
    return ok(f"{len(keys)} {where}")


APPLY = "`deploy.py apply` makes the secret, with a key in it"


def _sealed(deployment: Deployment, sealer: FernetSealer, told: str) -> Finding:
    """Whether the keys open what is stored."""
    stored = deployment.stored.find(Connection, state=ConnectionState.ACTIVE)
    for each in islice(stored, OPENED):
        try:
            sealer.open(each.sealed)
        except NotConfigured:
            mend = "put the key back that was taken away, or have them connect their account again"
            return fail(f"{told} do not open the tokens of {each.owner} at {each.vendor}", mend)
    return ok(told)


# --- OAuth clients ---------------------------------------------------------------------------------------------------


def _clients(deployment: Deployment) -> Iterator[Check]:
    """Of people who sign in on our pages, and of those who let us use their accounts."""
    settings = deployment.settings
    for area, told in (("join", settings.join), ("connect", settings.connect)):
        if told.client_id is not None:
            look = partial(_sign_in, told.client_id, f"{told.url}/signed-in")
            yield Check(name=f"OAuth client {area}.client_id", look=look)
    names = {each.provider: each.secret for each in settings.solutions.values() if each.personal and each.secret}
    if settings.google.oauth_secret:
        names[GOOGLE] = settings.google.oauth_secret
    for service, secret in names.items():
        yield Check(
            name=f"OAuth client at {service}",
            look=partial(_application, deployment, service, secret),
            signed_in=deployment.secrets_at_google,
            mend=f'the secret {secret} is {{"client_id": "...", "client_secret": "..."}}',
        )


def _sign_in(client_id: str, redirect: str) -> Finding:
    if not CLIENT_ID.fullmatch(client_id):
        mend = 'create one of type "Web application", and put its id there: APIs & Services > Credentials'
        return fail(f"{client_id} is no id of an OAuth client of Google's", mend)
    return ok(f"its redirect address has to be {redirect}")


def _application(deployment: Deployment, service: str, secret: str) -> Finding:
    credentials(deployment.adapters.secrets, secret, ClientCredentials)
    base = deployment.settings.connect.url
    if base is None:
        return warn("nobody can connect an account: connect.url is missing", "deploy the function connect, and set it")
    return ok(f"its redirect address has to be {base.rstrip('/')}/{service}/callback")
