"""The providers: one module each, imported only when a solution uses it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from typing import Protocol, TypeVar, cast

import msgspec

from confsync.domain.errors import NotConfigured, NotFound
from confsync.domain.solution import Solution
from confsync.ports import Clock, ConferenceProvider, Secrets

PROVIDERS: Mapping[str, str] = {
    "jitsi": "Jitsi",
    "zoom": "Zoom",
}
"""Module and class of every provider; the module's name is what a solution's `provider` says."""

S = TypeVar("S", bound=msgspec.Struct)


@dataclass(frozen=True, kw_only=True)
class ProviderConfig:
    """How a solution reaches its provider. `secret` is a secret's name; the addresses default to the vendor's own.

    `deadline` is how long one call of the port may take, all its HTTP requests together.
    """

    deadline: timedelta
    secret: str | None = None
    api: str | None = None
    token_url: str | None = None


class Factory(Protocol):
    """What every provider class is called with."""

    def __call__(
        self, solution: Solution, config: ProviderConfig, secrets: Secrets, clock: Clock
    ) -> ConferenceProvider: ...


def build(solution: Solution, config: ProviderConfig, secrets: Secrets, clock: Clock) -> ConferenceProvider:
    """The provider that makes this solution's conferences. Raises `NotConfigured`, which names the key."""
    if solution.provider not in PROVIDERS:
        known = ", ".join(sorted(PROVIDERS))
        raise NotConfigured(f"solutions.{solution.id}.provider: no provider {solution.provider!r}, there are {known}")
    module = import_module(f"{__name__}.{solution.provider}")
    factory = cast("Factory", getattr(module, PROVIDERS[solution.provider]))
    return factory(solution, config, secrets, clock)


def settings_of(solution: Solution, kind: type[S]) -> S:
    """The solution's settings as a provider's own type. Raises `NotConfigured`, which names the key."""
    try:
        return msgspec.convert(dict(solution.settings), kind)
    except msgspec.ValidationError as error:
        raise NotConfigured(f"solutions.{solution.id}.settings: {str(error).replace('$.', '')}") from None


def required(solution: Solution, key: str, value: str | None) -> str:
    """The value of that key of the solution's table. Raises `NotConfigured` if there is none."""
    if not value:
        raise NotConfigured(f"solutions.{solution.id}.{key} is missing")
    return value


def credential(secrets: Secrets, name: str) -> str:
    """The secret's newest value. Raises `NotConfigured` if there is none: to callers, `NotFound` is a meeting's."""
    try:
        return secrets.get(name)
    except NotFound as error:
        raise NotConfigured(f"there is no secret {name}") from error
