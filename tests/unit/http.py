"""Requests as functions get them, and the answers as a caller reads them."""

import json
from typing import Any

from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from confsync.domain.caller import Caller
from confsync.domain.errors import Unverified
from confsync.web.endpoint import Answer, Call

TRACE = "0af7651916cd43dd8448eb211c80319c"


def request(
    body: bytes | str = b"{}",
    *,
    method: str = "POST",
    content_type: str | None = "application/json",
    headers: dict[str, str] | None = None,
    query: str = "",
) -> Request:
    """A request as it comes out of a real WSGI environment."""
    data = body.encode() if isinstance(body, str) else body
    return Request(
        EnvironBuilder(
            method=method, data=data, content_type=content_type, headers=Headers(headers or {}), query_string=query
        ).get_environ()
    )


def call(body: Any = None, *, headers: dict[str, str] | None = None, query: dict[str, str] | None = None) -> Call:
    """A request that has passed the door. A body that is not bytes is sent as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Call(headers=Headers(headers or {}), query=query or {}, body=data, trace=TRACE)


def told(answer: Answer) -> Any:
    """The JSON in an answer."""
    assert answer[2]["Content-Type"] == "application/json"
    return json.loads(answer[0])


class Tokens:
    """Verifies tokens of the form `<email> for <audience>`, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def __call__(self, token: str, audiences: Any) -> Caller:
        self.asked.append((token, tuple(audiences)))
        email, _, audience = token.partition(" for ")
        if audience not in audiences:
            raise Unverified("the token is for somebody else")
        return Caller(email=email, hosted_domain="example.com")
