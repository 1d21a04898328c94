"""JSON bodies into typed values."""

import re
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from confsync.domain.errors import BadRequest
from confsync.web.endpoint import Call, require_json

T = TypeVar("T")

MAX_DEPTH = 100
"""Whatever reads or writes JSON after us takes that."""


def body(call: Call, kind: type[T]) -> T:
    """The body as this type; unknown fields are left alone. Raises `BadRequest`, which names the field."""
    try:
        return msgspec.json.decode(call.body, type=kind)
    except msgspec.ValidationError as error:
        raise BadRequest(str(error), field=_field(str(error))) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"the body is not JSON: {error}") from error


def json_object(call: Call) -> dict[str, Any]:
    """The body, whatever is in it. Raises `BadRequest`, and `HttpError` if it is of another kind."""
    require_json(call.headers)
    try:
        given = msgspec.json.decode(call.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"the body is not JSON: {error}") from error
    if not isinstance(given, dict):
        raise BadRequest("the body is not a JSON object")
    if _depth(given) > MAX_DEPTH:
        raise BadRequest(f"the body is nested more than {MAX_DEPTH} deep")
    return given


def _depth(value: Any) -> int:
    """Counted without recursion, of which there could be too much."""
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [each for node in level for each in _parts(node)]
    return depth


def _parts(node: Any) -> Iterable[Any]:
    return node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()


def _field(message: str) -> str | None:
    """The path in msgspec's message, down to the missing field if that is what it is about."""
    path = re.search(r"at `\$\.?([^`]*)`", message)
    missing = re.search(r"missing required field `([^`]*)`", message)
    parts = [match[1] for match in (path, missing) if match and match[1]]
    return ".".join(parts) or None
