"""A JSON API behind access tokens: typed replies, one refresh of a token that ended early, errors of our tree."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from confsync.domain.errors import AuthExpired, PermissionDenied
from confsync.ports import Clock
from confsync.transport import errors
from confsync.transport.errors import Refusal
from confsync.transport.messages import Reply, Request
from confsync.transport.oauth import Token, Tokens
from confsync.transport.session import Authorization, Deadline, Session

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class JsonApi:
    """`base` gives the API's base URL for a token; `refusal` reads a vendor's error body."""

    service: str
    session: Session
    tokens: Tokens
    clock: Clock
    base: Callable[[Token], str]
    refusal: Callable[[Reply], Refusal]
    scheme: str = "Bearer"
    """What stands before the token in the `Authorization` header."""

    def fetch(
        self,
        action: str,
        method: str,
        path: str,
        *,
        into: type[T],
        deadline: Deadline,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        repeatable: bool | None = None,
    ) -> T:
        """The reply as a value of that type; fields the type does not name are never looked at.

        `repeatable`: sending it twice does no harm; by default that is so for every method but POST.
        """
        return self.fetch_with_headers(
            action,
            method,
            path,
            into=into,
            deadline=deadline,
            query=query,
            headers=headers,
            body=body,
            repeatable=repeatable,
        )[0]

    def fetch_with_headers(
        self,
        action: str,
        method: str,
        path: str,
        *,
        into: type[T],
        deadline: Deadline,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        repeatable: bool | None = None,
    ) -> tuple[T, Mapping[str, str]]:
        """Like `fetch`, and the reply's headers (names without regard to case): some vendors page by them."""
        call = _Call(
            action=action,
            method=method,
            path=path,
            query=query or {},
            headers=headers or {},
            body=body,
            repeatable=method != "POST" if repeatable is None else repeatable,
        )
        request, reply = self._send(call, deadline)
        try:
            return msgspec.json.decode(reply.body, type=into), reply.headers
        except errors.UNREADABLE as error:
            reason = str(error) if isinstance(error, msgspec.ValidationError) else "not with JSON"
            raise errors.unreadable(request, reply, errors.safe(reason)) from None

    def send(
        self,
        action: str,
        method: str,
        path: str,
        *,
        deadline: Deadline,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> None:
        """Have it done; the reply has nothing to tell, unless it is a web page: whoever sent that has not done it."""
        call = _Call(
            action=action,
            method=method,
            path=path,
            query=query or {},
            headers={},
            body=body,
            repeatable=method != "POST",
        )
        self._send(call, deadline)

    def _send(self, call: "_Call", deadline: Deadline) -> tuple[Request, Reply]:
        try:
            return self._send_once(call, deadline)
        except AuthExpired:
            pass
        try:
            return self._send_once(call, deadline)
        except AuthExpired as error:
            if error.status == 403:  # of a vendor that says so of a token that ended, too
                raise PermissionDenied(str(error), service=error.service, status=error.status) from error
            raise

    def _send_once(self, call: "_Call", deadline: Deadline) -> tuple[Request, Reply]:
        token = self.tokens.get(deadline)
        request = Request(
            service=self.service,
            action=call.action,
            method=call.method,
            url=self.base(token) + call.path,
            repeatable=call.repeatable,
            auth=Authorization(value=f"{self.scheme} {token.value}"),
            query=call.query,
            headers={"Accept": "application/json", "Content-Type": "application/json", **call.headers},
            body=None if call.body is None else msgspec.json.encode(call.body),
        )
        reply = self.session.send(request, deadline)
        if reply.ok and errors.is_page(reply):
            raise errors.unreadable(request, reply, "with a web page")
        if reply.ok:
            return request, reply
        error = errors.from_reply(request, reply, self._refusal(reply), self.clock.now())
        if isinstance(error, AuthExpired | PermissionDenied):
            # denied too: a scope that an administrator grants now is only in tokens issued after that
            self.tokens.forget(token)
        raise error

    def _refusal(self, reply: Reply) -> Refusal:
        try:
            return self.refusal(reply)
        except RecursionError:  # the vendors' own readers know of bodies that are no JSON
            return Refusal()


@dataclass(frozen=True, kw_only=True)
class _Call:
    action: str
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Mapping[str, Any] | None
    repeatable: bool
