"""JSON bodies into typed values."""

import msgspec
import pytest

from confsync.domain.errors import BadRequest
from confsync.web.json_body import MAX_DEPTH, body, json_object
from tests.unit.http import call

JSON = {"Content-Type": "application/json"}


class Inner(msgspec.Struct, rename="camel"):
    event_id: str
    tags: list[str] = []


class Outer(msgspec.Struct):
    name: str
    inner: Inner | None = None


def test_unknown_fields_are_left_alone() -> None:
    assert body(call({"name": "a", "new": {"from": "Google"}}), Outer) == Outer(name="a")


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "name"),
        ({"name": 1}, "name"),
        ({"name": None}, "name"),
        ({"name": "a", "inner": {}}, "inner.eventId"),
        ({"name": "a", "inner": {"eventId": 1}}, "inner.eventId"),
        ({"name": "a", "inner": {"eventId": "e", "tags": [1]}}, "inner.tags[0]"),
        ({"name": "a", "inner": []}, "inner"),
        ([], None),
        ("text", None),
        (None, None),
    ],
)
def test_what_does_not_fit_names_its_field(sent: object, field: str | None) -> None:
    with pytest.raises(BadRequest) as refused:
        body(call(sent), Outer)
    assert refused.value.field == field


@pytest.mark.parametrize(
    "sent",
    [b"", b"{", b"nonsense", b'{"name": "\xff"}', b'{"name": "a"}}', b"[" * 500_000, b'{"x": ' * 100_000],
    ids=["empty", "cut", "text", "not UTF-8", "too much", "deep list", "deep object"],
)
def test_what_is_not_json_is_refused(sent: bytes) -> None:
    with pytest.raises(BadRequest) as refused:
        body(call(sent), Outer)
    assert refused.value.field is None


# --- whatever a caller sends -----------------------------------------------------------------------------------------


def nested(depth: int, opening: str) -> bytes:
    """An object that is so deep."""
    closing = {"[": "]", '{"a":': "}"}[opening]
    return b'{"x":' + (opening * (depth - 1) + "1" + closing * (depth - 1)).encode() + b"}"


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_a_body_is_as_deep_as_others_can_read(opening: str) -> None:
    assert json_object(call(nested(MAX_DEPTH - 1, opening), headers=JSON))["x"]
    for depth in (MAX_DEPTH, MAX_DEPTH + 1, 900, 100_000):
        with pytest.raises(BadRequest):
            json_object(call(nested(depth, opening), headers=JSON))


@pytest.mark.parametrize("sent", [b"", b"[]", b"null", b"{", b'{"a": NaN}', b'"\xff"', b'{"a": "\\ud800"}'])
def test_what_is_no_object_is_refused(sent: bytes) -> None:
    with pytest.raises(BadRequest):
        json_object(call(sent, headers=JSON))
