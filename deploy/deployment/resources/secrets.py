"""Secrets: our own keys are generated, vendors' credentials are asked for. No value is shown, or an argument."""

import base64
import secrets as random
from typing import Any

from deployment.environment import Environment
from deployment.gcloud import Command, Query, command
from deployment.planning import Resource, State

SECRETS = Query(api="secretmanager", arguments=("secrets", "list"))


def new_key() -> str:
    """32 random bytes as text, good for signing and sealing: https://cryptography.io/en/latest/fernet/"""
    return base64.urlsafe_b64encode(random.token_bytes(32)).decode()


def own_keys(environment: Environment) -> dict[str, str]:
    """Names of the secrets that hold our own keys, and the version that functions get."""
    pinned = (version for each in environment.functions.values() for version in each.secrets.values())
    return dict(sorted(version.split(":") for version in pinned))


def asked_for(environment: Environment) -> dict[str, str]:
    """Names of the secrets whose values only people have, and what stands in each."""
    settings = environment.settings
    told = {
        each.secret: f"what `{each.provider}` needs: shared/confsync/providers/README.md"
        for each in settings.solutions.values()
        if each.secret
    }
    if settings.google.credentials == "user" and settings.google.oauth_secret:
        told[settings.google.oauth_secret] = "client_id and client_secret of the OAuth client: deploy/README.md"
    return told


def secrets(environment: Environment) -> list[Resource]:
    """Each secret, without its value."""
    own = [_secret(name, "signs or seals what is ours") for name in own_keys(environment)]
    return [*own, *(_secret(name, "opens somebody else's API") for name in asked_for(environment))]


def values(environment: Environment) -> list[Resource]:
    """What stands in the secrets."""
    own = [_own_value(name, version) for name, version in own_keys(environment).items()]
    return [*own, *(_asked_value(environment.project, *told) for told in asked_for(environment).items())]


def _secret(name: str, why: str) -> Resource:
    def found(answer: Any) -> State | None:
        return {} if any(each["name"].endswith(f"/secrets/{name}") for each in answer) else None

    return Resource(
        title=f"secret {name}",
        why=why,
        query=SECRETS,
        found=found,
        wanted={},
        create=(command("secrets", "create", name, "--replication-policy=automatic"),),
        delete=(command("secrets", "delete", name),),
        kept="people's tokens are sealed with such keys, and vendors show credentials once",
    )


def _versions(name: str) -> Query:
    return Query(api="secretmanager", arguments=("secrets", "versions", "list", name, "--filter=state=ENABLED"))


def _own_value(name: str, version: str) -> Resource:
    """A first key is generated. A later one holds older keys too, and is made by whoever rotates them."""
    add = Command(arguments=("secrets", "versions", "add", name, "--data-file=-"), stdin=new_key)

    def found(answer: Any) -> State | None:
        numbers = [each["name"].rpartition("/")[2] for each in answer]
        return {"version": version if version in numbers else f"up to {max(numbers, key=int)}"} if numbers else None

    return Resource(
        title=f"key in {name}",
        why="generated here, seen by nobody",
        query=_versions(name),
        found=found,
        wanted={"version": version},
        create=(add,) if version == "1" else (),
        by_hand=f"functions.toml asks for version {version} of {name}: deploy/README.md says how keys are rotated",
    )


def _asked_value(project: str, name: str, text: str) -> Resource:
    return Resource(
        title=f"value of {name}",
        why="only you have it",
        query=_versions(name),
        found=lambda answer: {} if answer else None,
        wanted={},
        by_hand=f"{text}\nprintf %s '...' | gcloud secrets versions add {name} --data-file=- --project={project}",
    )
