"""Who is calling: a Google-signed identity token in the Authorization header."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from confsync.domain.caller import Caller
from confsync.domain.errors import Forbidden, Unverified
from confsync.web.endpoint import Values

Verify = Callable[[str, Sequence[str]], Caller]
"""(token, audiences) -> who it is from. Raises `Unverified`, `Temporary`."""


@dataclass(frozen=True, kw_only=True)
class ServiceCallers:
    """The service accounts that may call a function: Cloud Tasks', Cloud Scheduler's, the add-on's."""

    audiences: tuple[str, ...]
    service_accounts: tuple[str, ...]

    def check(self, headers: Values, verify: Verify) -> Caller:
        """Raises `Unverified`, or `Forbidden` for somebody else's valid token."""
        caller = verify(bearer(headers), self.audiences)
        if caller.email not in self.service_accounts:
            raise Forbidden(f"{caller.email} may not call this function")
        return caller


def bearer(headers: Values) -> str:
    """The token of the Authorization header. Raises `Unverified`."""
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unverified("an Authorization header with a Google-signed identity token is needed")
    return token.strip()
