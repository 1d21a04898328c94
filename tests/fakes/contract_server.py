"""A server that takes what the HTTP API's contract allows, and answers with the contract's own examples."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.wrappers import Request, Response

from confsync.domain.errors import BadRequest, Unverified
from confsync.web.callers import bearer
from confsync.web.endpoint import Answer, Call, Handler, Headers, require_json, serve
from confsync.web.problems import from_error
from confsync.web.routing import router
from tests.openapi import CONTRACT, METHODS, check_request, resolved

TOKEN = "a-token"


class ContractServer:
    """A WSGI application. `broken`: operations that answer something else."""

    def __init__(self, *, broken: Iterable[str] = ()) -> None:
        self.broken = frozenset(broken)
        self.asked: list[str] = []
        """The operations, in their order."""
        self._router = router(
            {
                (method.upper(), path): self._handler(operation)
                for path, route in CONTRACT["paths"].items()
                for method, operation in route.items()
                if method in METHODS
            }
        )

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body, status, headers = serve(
            lambda: self._router, Request(environ), methods=None, json_body=False, refused=from_error
        )
        return Response(body, status, headers)(environ, start_response)

    def _handler(self, operation: Any) -> Handler:
        def handle(call: Call) -> Answer:
            if operation.get("security") != [] and bearer(call.headers) != TOKEN:
                raise Unverified("the token is another")
            if "requestBody" in operation:
                require_json(call.headers)
            _check(call)
            self.asked.append(operation["operationId"])
            return ("{}", 200, {}) if operation["operationId"] in self.broken else _example(operation)

        return handle


def _check(call: Call) -> None:
    query: Any = call.query
    headers: Any = call.headers
    try:
        body = json.loads(call.body) if call.body else None
        check_request(call.method, call.path, query=query.items(multi=True), headers=dict(headers), body=body)
    except (AssertionError, ValueError) as error:
        raise BadRequest(str(error)) from error


def _example(operation: Any) -> Answer:
    """The first success, and its first example."""
    status = min(operation["responses"])
    response = operation["responses"][status]
    headers: Headers = {name: str(resolved(each)["example"]) for name, each in response.get("headers", {}).items()}
    if "content" not in response:
        return "", int(status), headers
    ((media, content),) = response["content"].items()
    examples = [content.get("example"), *(each["value"] for each in content.get("examples", {}).values())]
    shown = next((each for each in examples if each is not None), "none")
    body = shown if isinstance(shown, str) else json.dumps(shown)
    return body, int(status), {**headers, "Content-Type": media}
