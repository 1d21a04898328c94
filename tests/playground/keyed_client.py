"""An application of a vendor that knows one API key, as a plain HTTP client."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar

import requests
from flask import Flask

from playground.server import serve
from playground.vendors.keyed import KeyedService

NOW = datetime(2027, 1, 4, 8, 20, tzinfo=UTC)


class Client:
    """It also holds the vendor's clock."""

    def __init__(self, url: str, service: KeyedService[Any]) -> None:
        self.url, self.service, self.now = url, service, NOW
        service.clock = lambda: self.now
        self.session = requests.Session()
        self.authorize(f"Bearer {service.account.api_key}")

    def authorize(self, header: str) -> None:
        self.session.headers["Authorization"] = header

    def __call__(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """What the answer says, if it has this status."""
        self.answer = self.session.request(method, self.url + path, json=body, timeout=5)
        assert self.answer.status_code == status, self.answer.text
        return self.answer.json() if self.answer.headers["Content-Type"] == "application/json" else None

    def set(self, **changes: Any) -> None:
        self("PUT", "/_playground/settings", changes)

    def join(self, url: str, **more: str) -> Any:
        return self("POST", "/_playground/join", {"url": url, **more})["outcome"]


ClientT = TypeVar("ClientT", bound=Client)


def serving(client: type[ClientT], service: KeyedService[Any], create_app: Callable[[Any], Flask]) -> Iterator[ClientT]:
    """A client of the vendor, which runs as long."""
    server = serve(create_app(service), name=client.__name__.lower())
    yield client(server.url, service)
    server.stop()
