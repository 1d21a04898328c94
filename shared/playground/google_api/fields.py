"""Partial responses: the `fields` parameter, as a msgspec type that reads only what is asked for.

https://developers.google.com/workspace/calendar/api/guides/performance#partial-response
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Union

import msgspec

from playground.google_api import discovery
from playground.google_api.errors import ApiError

_TOKEN = re.compile(r"[A-Za-z0-9_*-]+|[(),/]")
Tree = dict[str, "Tree"]
"""Field name -> what is wanted inside it; an empty tree means everything."""


def select(body: bytes, mask: str, api: str) -> bytes:
    """The JSON document `body` of an API (`calendar.v3`) reduced to `mask`.

    Raises 400 for a mask that is malformed or names unknown fields.
    """
    kind = msgspec.json.decode(body, type=_Kind).kind
    return msgspec.json.encode(_decoder(mask, kind, api).decode(body))


class _Kind(msgspec.Struct):
    kind: str


@lru_cache(maxsize=64)
def _decoder(mask: str, kind: str, api: str) -> msgspec.json.Decoder[Any]:
    tree = parse(mask)
    name = kind.partition("#")[2]
    _check_names(tree, {"$ref": name[0].upper() + name[1:]}, discovery.document(api)["schemas"])
    return msgspec.json.Decoder(_type_of(tree))


def _check_names(tree: Tree, schema: Any, schemas: Any) -> None:
    while "$ref" in schema or "items" in schema:
        schema = schema["items"] if "items" in schema else schemas[schema["$ref"]]
    for name, inner in tree.items():
        known = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
        if name != "*" and known is None:
            raise _bad(name)
        _check_names(inner, known or schema, schemas)


def _type_of(tree: Tree) -> Any:
    """A struct with the tree's fields; leaves stay raw bytes, and arrays are looked through like Google does."""
    if not tree or "*" in tree:
        return msgspec.Raw
    fields = []
    for name, inner in tree.items():
        kind: Any = _type_of(inner)
        one_or_many: Any = kind if kind is msgspec.Raw else Union[kind, list[kind]]  # noqa: UP007 (a value, not a type)
        fields.append((name, one_or_many, msgspec.UNSET))
    return msgspec.defstruct("Selection", fields)


def parse(mask: str) -> Tree:
    """`a,b(c,d/e)` as a tree. Raises 400 `invalidParameter` when it is malformed."""
    tokens = _TOKEN.findall(mask)
    if not mask or "".join(tokens) != mask.replace(" ", ""):
        raise _bad(mask)
    rest = iter([*tokens, ""])
    tree, end = _siblings(rest, mask)
    if end:
        raise _bad(mask)
    return tree


def _siblings(rest: Iterator[str], mask: str) -> tuple[Tree, str]:
    """Fields up to the closing parenthesis or the end, and which of the two it was."""
    tree: Tree = {}
    while True:
        path = [_name(next(rest), mask)]
        while (token := next(rest)) == "/":
            path.append(_name(next(rest), mask))
        inner: Tree = {}
        if token == "(":
            inner, end = _siblings(rest, mask)
            if end != ")":
                raise _bad(mask)
            token = next(rest)
        for name in reversed(path):
            inner = {name: inner}
        _join(tree, inner)
        if token != ",":
            return tree, token


def _join(tree: Tree, more: Tree) -> None:
    for name, inner in more.items():
        if name in tree and tree[name] and inner:
            _join(tree[name], inner)
        else:
            tree[name] = inner if name not in tree else {}


def _name(token: str, mask: str) -> str:
    if not token or token in "(),/":
        raise _bad(mask)
    return token


def _bad(mask: str) -> ApiError:
    message = f"Invalid field selection {mask}"
    return ApiError(400, "invalidParameter", message, location="fields")
