"""The `Secrets` port on Secret Manager.

Over REST, not gRPC: a secret is read once a minute at most, which is not worth a channel with threads of its own, and
the same transport serves an `http://` address.
"""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import structlog
from google.api_core import exceptions
from google.api_core.retry import Retry
from google.auth.exceptions import GoogleAuthError
from google.cloud.secretmanager_v1 import SecretManagerServiceClient
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import SecretManagerServiceRestTransport
from requests import RequestException

from confsync.adapters.secret_names import require_name
from confsync.domain.errors import NotFound, PermissionDenied, ServiceError, Temporary
from confsync.ports import Clock

SERVICE = "secret-manager"
TIMEOUT = 5.0
"""Seconds for one request, and for all tries of one `get`."""
STALE_FOR = timedelta(hours=1)
"""How long a value that can't be renewed is better than none: vendors keep a rotated-out secret valid for a while."""

_log = structlog.get_logger(__name__)
_retry = Retry(
    predicate=lambda error: isinstance(error, (exceptions.ServiceUnavailable, exceptions.ResourceExhausted)),
    initial=0.2,
    maximum=2.0,
    timeout=TIMEOUT,
)


@dataclass(frozen=True, kw_only=True)
class _Read:
    value: str
    at: datetime


class SecretManager:
    """The `Secrets` port: the latest version of each secret, at most `cache_seconds` old, so that rotation just works.

    `credentials` are google-auth's.
    """

    def __init__(self, *, api: str, project: str, clock: Clock, credentials: Any, cache_seconds: float = 60) -> None:
        self._api = urlsplit(api)
        self._project = project
        self._clock = clock
        self._fresh_for = timedelta(seconds=cache_seconds)
        self._credentials = credentials
        self._lock = threading.Lock()
        self._cache: dict[str, _Read] = {}

    def get(self, name: str) -> str:
        """The secret's latest value. Raises `NotFound`, `PermissionDenied`, `Temporary`."""
        require_name(name, service=SERVICE)
        with self._lock:  # one reader asks, the others wait for its answer
            cached = self._cache.get(name)
            age = self._clock.now() - cached.at if cached else None
            if cached and age is not None and age < self._fresh_for:
                return cached.value
            try:
                value = self._access(name)
            except Temporary as error:
                if cached and age is not None and age < STALE_FOR:
                    _log.warning("secret not renewed", secret=name, age_seconds=age.total_seconds(), error=str(error))
                    return cached.value
                raise
            self._cache[name] = _Read(value=value, at=self._clock.now())
            return value

    def _access(self, name: str) -> str:
        version = f"projects/{self._project}/secrets/{name}/versions/latest"
        try:
            answer = self._client.access_secret_version(name=version, retry=_retry, timeout=TIMEOUT)
        except (exceptions.GoogleAPIError, GoogleAuthError, RequestException) as error:
            raise _domain_error(error, version) from error
        return str(answer.payload.data.decode("utf-8"))

    @cached_property
    def _client(self) -> SecretManagerServiceClient:
        transport = SecretManagerServiceRestTransport(
            host=self._api.netloc, url_scheme=self._api.scheme, credentials=self._credentials
        )
        return SecretManagerServiceClient(transport=transport)


def _domain_error(error: Exception, version: str) -> ServiceError:
    # a latest version that is disabled or destroyed is a 400
    if isinstance(error, exceptions.NotFound | exceptions.BadRequest):
        return NotFound(f"{version}: {error}", service=SERVICE)
    if isinstance(error, exceptions.Forbidden | exceptions.Unauthorized):
        return PermissionDenied(f"{version} needs roles/secretmanager.secretAccessor: {error}", service=SERVICE)
    return Temporary(f"{version}: {error}", service=SERVICE)
