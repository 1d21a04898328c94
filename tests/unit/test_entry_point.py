"""Calendar's limits, at and beyond each boundary."""

from typing import Any

import pytest
from hypothesis import given

from confsync.domain.entry_point import CODES, ConferenceDetails, EntryPoint, EntryPointType, Feature
from confsync.domain.errors import Invalid
from tests.strategies import conference_details

VIDEO, PHONE, SIP, MORE = EntryPointType.VIDEO, EntryPointType.PHONE, EntryPointType.SIP, EntryPointType.MORE
URIS = {
    VIDEO: "https://meet.example.com/1",
    PHONE: "tel:+441234",
    SIP: "sip:1@example.com",
    MORE: "https://example.com",
}


def point(kind: EntryPointType = VIDEO, **fields: Any) -> EntryPoint:
    return EntryPoint(**{"type": kind, "uri": URIS[kind], **fields})


def long(start: str, length: int) -> str:
    return start.ljust(length, "x")


@pytest.mark.parametrize(
    ("kind", "uri"),
    [
        (VIDEO, "https://meet.example.com"),
        (VIDEO, "http://meet.example.com"),
        (MORE, "https://example.com"),
        (MORE, "http://example.com"),
        (PHONE, "tel:+12345678900,,,123456789;1234"),
        (SIP, "sip:1@example.com"),
        (SIP, "sips:1@example.com"),
    ],
)
def test_the_schemes_of_each_type(kind: EntryPointType, uri: str) -> None:
    assert point(kind, uri=uri).uri == uri


@pytest.mark.parametrize("kind", EntryPointType)
@pytest.mark.parametrize("uri", ["", "mailto:a@example.com", "javascript:alert(1)", "meet.example.com", " https://a"])
def test_other_schemes_are_refused(kind: EntryPointType, uri: str) -> None:
    with pytest.raises(Invalid, match="uri starts with"):
        point(kind, uri=uri)


@pytest.mark.parametrize(("kind", "other"), [(VIDEO, PHONE), (PHONE, VIDEO), (SIP, PHONE), (MORE, SIP)])
def test_a_scheme_of_another_type_is_refused(kind: EntryPointType, other: EntryPointType) -> None:
    with pytest.raises(Invalid):
        point(kind, uri=URIS[other])


LIMITS = [("uri", 1300, "https://"), ("label", 512, "")] + [(code, 128, "") for code in CODES]


@pytest.mark.parametrize(("field", "limit", "start"), LIMITS)
def test_texts_may_have_as_many_characters_as_calendar_takes(field: str, limit: int, start: str) -> None:
    for length in (limit - 1, limit):
        assert len(getattr(point(**{field: long(start, length)}), field)) == length


@pytest.mark.parametrize(("field", "limit", "start"), LIMITS)
def test_and_not_one_more(field: str, limit: int, start: str) -> None:
    with pytest.raises(Invalid, match=str(limit)):
        point(**{field: long(start, limit + 1)})


@pytest.mark.parametrize("kind", EntryPointType)
def test_only_a_phone_has_a_region_and_a_price(kind: EntryPointType) -> None:
    fields: list[dict[str, Any]] = [{"region_code": "GB"}, {"features": (Feature.TOLL,)}]
    for each in fields:
        if kind is PHONE:
            assert point(kind, **each)
        else:
            with pytest.raises(Invalid, match="only a phone"):
                point(kind, **each)


def test_a_call_is_either_toll_or_toll_free() -> None:
    with pytest.raises(Invalid, match="either toll or toll-free"):
        point(PHONE, features=(Feature.TOLL, Feature.TOLL_FREE))


def test_more_has_no_label() -> None:
    with pytest.raises(Invalid, match="no label"):
        point(MORE, label="More ways to join")


@pytest.mark.parametrize(
    "points",
    [
        (point(VIDEO),),
        (point(PHONE),),
        (point(SIP),),
        (point(VIDEO), point(MORE)),
        (point(VIDEO), point(SIP), point(MORE), *(point(PHONE, uri=f"tel:+{n}") for n in range(297))),
    ],
)
def test_combinations_that_people_can_join(points: tuple[EntryPoint, ...]) -> None:
    assert ConferenceDetails(entry_points=points).uris == {each.uri for each in points}


@pytest.mark.parametrize(
    "points",
    [
        (),
        (point(MORE),),
        (point(VIDEO), point(VIDEO, uri="https://meet.example.com/2")),
        (point(SIP), point(SIP, uri="sip:2@example.com")),
        (point(VIDEO), point(MORE), point(MORE, uri="https://example.com/2")),
        tuple(point(PHONE, uri=f"tel:+{n}") for n in range(301)),
    ],
    ids=["none", "only more", "two videos", "two sips", "two mores", "301"],
)
def test_combinations_that_calendar_refuses(points: tuple[EntryPoint, ...]) -> None:
    with pytest.raises(Invalid):
        ConferenceDetails(entry_points=points)


def parameters(count: int = 1, key: int = 1, value: int = 1) -> dict[str, str]:
    return {str(number).zfill(key): "v" * value for number in range(count)}


@pytest.mark.parametrize("notes", ["", "n" * 2048])
def test_notes_up_to_their_limit(notes: str) -> None:
    assert ConferenceDetails(entry_points=(point(),), notes=notes).notes == notes


def test_notes_beyond_it() -> None:
    with pytest.raises(Invalid, match="2048"):
        ConferenceDetails(entry_points=(point(),), notes="n" * 2049)


@pytest.mark.parametrize("given", [{}, parameters(300, key=3), parameters(key=50), parameters(value=1024)])
def test_parameters_up_to_their_limits(given: dict[str, str]) -> None:
    assert ConferenceDetails(entry_points=(point(),), parameters=given).parameters == given


@pytest.mark.parametrize(
    "given", [parameters(301, key=3), parameters(key=51), parameters(value=1025), {"": "v"}, {"k": ""}]
)
def test_parameters_beyond_them(given: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        ConferenceDetails(entry_points=(point(),), parameters=given)


@given(conference_details())
def test_the_revision_is_of_the_content(details: ConferenceDetails) -> None:
    phone = point(PHONE, uri="tel:+4900000")
    copy = ConferenceDetails(
        entry_points=details.entry_points,
        notes=details.notes,
        parameters=dict(reversed(list(details.parameters.items()))),
    )
    more = ConferenceDetails(entry_points=(*details.entry_points, phone), notes=details.notes)
    other = ConferenceDetails(entry_points=details.entry_points, notes=(details.notes or "") + "!")
    assert details.revision == copy.revision
    assert len({details.revision, more.revision, other.revision}) == 3


def test_the_video_link_is_the_one_people_click() -> None:
    assert ConferenceDetails(entry_points=(point(PHONE), point(VIDEO))).video_uri == URIS[VIDEO]
    assert ConferenceDetails(entry_points=(point(PHONE),)).video_uri is None
