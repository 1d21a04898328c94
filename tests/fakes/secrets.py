"""Secrets in a dictionary."""

from collections.abc import Mapping

from confsync.domain.errors import NotFound


class FakeSecrets:
    """The `Secrets` port. `put` adds or rotates; set `error` to have every `get` raise it."""

    def __init__(self, secrets: Mapping[str, str] | None = None) -> None:
        self._secrets = dict(secrets or {})
        self.error: Exception | None = None

    def put(self, name: str, value: str) -> None:
        self._secrets[name] = value

    def get(self, name: str) -> str:
        if self.error:
            raise self.error
        if name not in self._secrets:
            raise NotFound(f"there is no secret {name!r}")
        return self._secrets[name]
