"""People's connected accounts in a dictionary."""

from collections.abc import Iterable

from confsync.domain.errors import ReauthorizationRequired


class FakeGrants:
    """The `Grants` port: everybody of `owners` is connected everywhere, until a test disconnects them."""

    def __init__(self, owners: Iterable[str] = ()) -> None:
        self._owners = set(owners)

    def connect(self, owner: str) -> None:
        self._owners.add(owner)

    def disconnect(self, owner: str) -> None:
        self._owners.discard(owner)

    def token(self, owner: str, vendor: str, *, refused: str | None = None) -> str:
        if owner not in self._owners:
            raise ReauthorizationRequired(f"{owner} has to connect their account at {vendor}", service=vendor)
        return f"token of {owner} at {vendor}"
