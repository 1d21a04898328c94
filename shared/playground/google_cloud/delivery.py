"""One HTTP request that Google makes to a function, with the identity token of a service account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import urllib3

from playground.google_cloud.oidc import Issuer


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where to, with what; `audience` defaults to the URL, and without a service account no token is sent."""

    url: str
    method: str = "POST"
    headers: Mapping[str, str]
    body: bytes | None = None
    service_account: str | None = None
    audience: str | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came back: no `status` if no answer did, then `reason` says why; `retry_after` in seconds."""

    status: int | None
    reason: str
    retry_after: float = 0

    @property
    def ok(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Courier:
    """Sends targets; connections are kept, nothing is repeated or redirected."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer
        self._pool = urllib3.PoolManager(maxsize=64, retries=False)

    def send(self, target: Target, headers: Mapping[str, str], deadline: float) -> Outcome:
        """Send with these further headers and wait `deadline` seconds for the answer; never raises."""
        try:
            response = self._pool.request(
                target.method,
                target.url,
                body=target.body,
                headers={**target.headers, **self._authorization(target), **headers},
                timeout=deadline,
            )
        except urllib3.exceptions.ReadTimeoutError:
            return Outcome(status=None, reason="DEADLINE_EXCEEDED")
        except urllib3.exceptions.HTTPError:
            return Outcome(status=None, reason="UNAVAILABLE")
        retry_after = _seconds(response.headers.get("Retry-After"))
        return Outcome(status=response.status, reason=f"HTTP status {response.status}", retry_after=retry_after)

    def _authorization(self, target: Target) -> dict[str, str]:
        if target.service_account is None:
            return {}
        token = self._issuer.mint(target.service_account, target.audience or target.url)
        return {"Authorization": f"Bearer {token}"}


def _seconds(retry_after: str | None) -> float:
    """Return how long a Retry-After header asks to wait, in either of its two forms; 0 if it says nothing."""
    if not retry_after:
        return 0
    if retry_after.isdigit():
        return float(retry_after)
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return 0


def backoff(attempt: int, *, minimum: float, maximum: float, doublings: int) -> float:
    """Return the seconds to wait after the `attempt`-th failure (from 1): doubling, then linear, then `maximum`.

    https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues#retryconfig
    """
    doubled = min(attempt - 1, doublings)
    linear_steps = max(0, attempt - 1 - doublings)
    return min(maximum, minimum * (1 << doubled) * (1 + linear_steps))
