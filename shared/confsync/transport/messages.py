"""What is sent to a vendor, and what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from requests.auth import AuthBase


@dataclass(frozen=True, kw_only=True)
class Request:
    """One HTTP request. Its repr, which may reach a log, names only the service and the action ("create a meeting").

    `repeatable`: sending it twice does no harm, so it may be sent again when no answer came.
    """

    service: str
    action: str
    method: str = field(repr=False)
    url: str = field(repr=False)
    repeatable: bool = field(repr=False)
    auth: AuthBase = field(repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | Mapping[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An HTTP answer; header names are case-insensitive."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300
