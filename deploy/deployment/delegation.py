"""Whether an administrator has let us act as people of the Workspace domain, and what they have to do for it."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from confsync.adapters.google_credentials import SCOPES, Purpose
from deployment import DeployError
from deployment.applying import answers
from deployment.environment import Environment
from deployment.gcloud import Gcloud, command
from deployment.resources.accounts import ACCOUNTS

ADMIN_PAGE = "https://admin.google.com/ac/owl/domainwidedelegation"
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"

Exchange = Callable[[str, str], Mapping[str, Any]]


def purposes(environment: Environment) -> list[Purpose]:
    """For what tokens are asked for, each apart."""
    return [each for each in Purpose if each is not Purpose.DRIVE or environment.settings.google.drive]


def scopes(environment: Environment) -> list[str]:
    """What an administrator is asked to allow."""
    return [scope for purpose in purposes(environment) for scope in SCOPES[purpose]]


def instructions(environment: Environment, gcloud: Gcloud) -> str:
    """What the administrator does, with the text to paste. The account exists by now."""
    email = environment.settings.google.service_account
    there = [each for each in answers(gcloud, [ACCOUNTS]).get(ACCOUNTS) or [] if each["email"] == email]
    client = there[0]["oauth2ClientId"] if there else f"(after `apply`: {email})"
    return (
        f"A Workspace administrator opens {ADMIN_PAGE}, chooses Add new, and pastes\n"
        f"  client ID: {client}\n"
        f"  OAuth scopes: {','.join(scopes(environment))}"
    )


def exchange(url: str, assertion: str) -> Mapping[str, Any]:
    """What Google's token endpoint answers to a signed assertion."""
    data = urllib.parse.urlencode({"grant_type": GRANT_TYPE, "assertion": assertion}).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=data), timeout=30) as answer:
            told: Mapping[str, Any] = json.load(answer)
    except urllib.error.HTTPError as error:
        told = json.load(error)
    return told


def check(environment: Environment, gcloud: Gcloud, person: str, *, exchange: Exchange = exchange) -> tuple[bool, str]:
    """(whether we can act as that person, in words). The tokens that Google gives are thrown away. Raises `DeployError`
    if that could not be tried.

    https://developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests
    """
    try:
        for purpose in purposes(environment):
            assertion = _assertion(environment, gcloud, person, purpose)
            told = exchange(environment.settings.google.oauth_token_url, assertion)
            if "access_token" not in told:
                why = f"{told.get('error')}, {told.get('error_description')}"
                return False, f"does not act as {person} ({purpose}): {why}"
    except (OSError, ValueError) as error:
        raise DeployError(f"{environment.settings.google.oauth_token_url}: {error}") from error
    return True, f"acts as {person}"


def _assertion(environment: Environment, gcloud: Gcloud, person: str, purpose: Purpose) -> str:
    """Signed by Google for the service account. Raises `DeployError` if whoever runs this may not have it sign."""
    google, now = environment.settings.google, int(time.time())
    claims = {
        "iss": google.service_account,
        "sub": person,
        "scope": " ".join(SCOPES[purpose]),
        "aud": google.oauth_token_url,
        "iat": now,
        "exp": now + 600,
    }
    with TemporaryDirectory() as directory:
        unsigned, signed = Path(directory) / "claims.json", Path(directory) / "signed.jwt"
        unsigned.write_text(json.dumps(claims), encoding="utf-8")
        account = f"--iam-account={google.service_account}"
        try:
            gcloud.text("iam", "service-accounts", "sign-jwt", str(unsigned), str(signed), account)
        except DeployError as error:
            raise DeployError(f"{error}\n{_to_sign(environment, gcloud)}") from error
        return signed.read_text(encoding="utf-8").strip()


def _to_sign(environment: Environment, gcloud: Gcloud) -> str:
    """How whoever runs this gets to try it."""
    me = gcloud.account()
    member = f"{'serviceAccount' if me.endswith('.gserviceaccount.com') else 'user'}:{me}"
    bind = command(
        *("iam", "service-accounts", "add-iam-policy-binding", str(environment.settings.google.service_account)),
        *(f"--member={member}", "--role=roles/iam.serviceAccountTokenCreator"),
    )
    lets_sign = bind.shown(gcloud.project)
    return f"If you may not sign as it, which owners may not: a minute or two after this, try again\n{lets_sign}"
