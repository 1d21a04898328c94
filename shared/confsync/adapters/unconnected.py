"""Nobody's account at a vendor is connected: there is no place yet where people could do so."""

from typing import NoReturn

from confsync.domain.errors import ReauthorizationRequired


class Unconnected:
    """The `Grants` port of a deployment in which people can't connect accounts."""

    def token(self, owner: str, vendor: str, *, refused: str | None = None) -> NoReturn:  # noqa: ARG002
        """Raises `ReauthorizationRequired`."""
        raise ReauthorizationRequired(f"{owner} has not connected their account at {vendor}", service=vendor)
