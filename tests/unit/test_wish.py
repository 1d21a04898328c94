"""What a caller wants of an event's conference."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confsync.domain.conference_data import ShownEntryPoint
from confsync.domain.conferencing import Conferencing, Confidence, JoinDetails, Source, Status
from confsync.domain.errors import BadRequest
from confsync.domain.wish import Autocreate, ByHand, CopyFrom, Remove, is_kept, wish

URL = "https://rooms.example/1"
READ_ONLY = {"source": "location", "confidence": "low", "status": "pending"}


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        (None, Remove()),
        ({"provider": "Zoom Meeting", "autocreate": {}}, Autocreate(provider="Zoom Meeting")),
        ({"autocreate": {"solution": "zoom"}}, Autocreate(solution="zoom")),
        (
            {"provider": "zoom", "autocreate": {"solution": "z", "account": "Host@Example.com"}},
            Autocreate(provider="zoom", solution="z", account="host@example.com"),
        ),
        (
            {"provider": "zoom", "autocreate": {"settings": {"b": [1], "a": {"d": 1, "c": 2}}}},
            Autocreate(provider="zoom", settings='{"a": {"c": 2, "d": 1}, "b": [1]}'),
        ),
        ({"provider": "zoom", "autocreate": {"settings": {}}}, Autocreate(provider="zoom", settings="{}")),
        ({"copy_from": {"calendar_id": "c", "event_id": "e"}}, CopyFrom(calendar_id="c", event_id="e")),
    ],
)
def test_each_form(told: Any, wanted: Any) -> None:
    assert wish(told) == wanted


@pytest.mark.parametrize(
    ("more", "provider"), [({}, "Conference"), ({"provider": "Rooms"}, "Rooms"), (READ_ONLY, "Conference")]
)
def test_details_by_hand(more: Any, provider: str) -> None:
    wanted = wish({"details": {"url": URL}, **more})
    assert isinstance(wanted, ByHand)
    assert (wanted.provider, wanted.details.uris) == (provider, {URL})


@pytest.mark.parametrize(
    ("told", "field"),
    [
        (False, "conferencing"),
        (0, "conferencing"),
        ("", "conferencing"),
        ([], "conferencing"),
        ({}, "conferencing"),
        (READ_ONLY, "conferencing"),
        ({"provider": "Zoom Meeting"}, "conferencing"),
        ({"autocreate": {}}, "conferencing"),
        ({"provider": "zoom", "autocreate": {}, "details": {"url": URL}}, "conferencing"),
        ({"provider": "zoom", "autocreate": {}, "colour": "red"}, "conferencing.colour"),
        ({"provider": "zoom", "autocreate": {}, "source": "block"}, "conferencing.source"),
        ({"provider": "", "autocreate": {"solution": "z"}}, "conferencing.provider"),
        ({"provider": None, "autocreate": {"solution": "z"}}, "conferencing.provider"),
        ({"provider": "x" * 101, "details": {"url": URL}}, "conferencing.provider"),
        ({"provider": "zoom", "autocreate": None}, "conferencing.autocreate"),
        ({"provider": "zoom", "autocreate": {"recording": True}}, "conferencing.autocreate.recording"),
        ({"provider": "zoom", "autocreate": {"settings": None}}, "conferencing.autocreate.settings"),
        ({"provider": "zoom", "autocreate": {"settings": []}}, "conferencing.autocreate.settings"),
        ({"provider": "zoom", "autocreate": {"account": 7}}, "conferencing.autocreate.account"),
        ({"provider": "zoom", "autocreate": {"account": ""}}, "conferencing.autocreate.account"),
        ({"autocreate": {"solution": ""}}, "conferencing.autocreate.solution"),
        ({"copy_from": "e"}, "conferencing.copy_from"),
        ({"copy_from": {"event_id": "e"}}, "conferencing.copy_from.calendar_id"),
        ({"copy_from": {"calendar_id": "c", "event_id": ""}}, "conferencing.copy_from.event_id"),
        ({"copy_from": {"calendar_id": "c", "event_id": "e", "etag": "x"}}, "conferencing.copy_from.etag"),
        ({"copy_from": {"calendar_id": "c", "event_id": "e"}, "provider": "zoom"}, "conferencing.provider"),
        ({"details": None}, "conferencing.details"),
    ],
)
def test_what_is_wrong_is_named(told: Any, field: str) -> None:
    with pytest.raises(BadRequest) as refused:
        wish(told)
    assert refused.value.field == field


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from(["provider", "details", "autocreate", "copy_from", "url", "phone", "entry_points", "uri"])
bodies = st.recursive(
    json_values | st.sampled_from([URL, "tel:+49301234567", "+49301234567", "video"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(fields, inner, max_size=4),
    max_leaves=12,
)


@given(bodies)
def test_any_json_is_a_wish_or_refused_by_the_name_of_a_field(told: Any) -> None:
    field: str | None = "conferencing"
    try:
        wish(told)
    except BadRequest as refused:
        field = refused.field
    assert field is not None
    assert field.split(".")[0] == "conferencing"


# --- what was read ---------------------------------------------------------------------------------------------------

SHOWN = Conferencing(
    provider="Zoom Meeting",
    details=JoinDetails(
        url=URL, password="pw", entry_points=(ShownEntryPoint(type="video", uri=URL, features=("toll",)),)
    ),
    source=Source.LOCATION,
    confidence=Confidence.HIGH,
)
PENDING = Conferencing(
    provider="Google Meet", details=JoinDetails(), source=Source.CONFERENCE_DATA, status=Status.PENDING
)


def test_what_was_read_is_kept() -> None:
    read = json.loads(json.dumps(SHOWN.json()))
    assert is_kept(read, SHOWN)
    assert is_kept({name: read[name] for name in ("provider", "details")}, SHOWN)
    assert not is_kept({**read, "provider": "Other"}, SHOWN)
    assert not is_kept({**read, "details": {**read["details"], "password": "other"}}, SHOWN)
    assert not is_kept(read, None)
    assert not is_kept(None, SHOWN)


@pytest.mark.parametrize("shown", [PENDING, SHOWN, None])
def test_what_was_on_its_way_then_is_kept_whatever_became_of_it(shown: Conferencing | None) -> None:
    assert is_kept(PENDING.json(), shown)
    assert not is_kept({**PENDING.json(), "autocreate": {}}, shown)
    assert not is_kept({**PENDING.json(), "details": {"url": URL + "/2"}}, shown)


def test_nothing_is_kept_where_there_is_nothing() -> None:
    assert is_kept(None, None)
    assert not is_kept({}, None)
