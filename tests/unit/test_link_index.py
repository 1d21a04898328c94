"""The index of links in a calendar's record: it never names too little."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from confsync.domain.keys import link_key
from confsync.domain.link import Link
from confsync.domain.link_index import MAX_ENTRIES, index_of, named, names_series, updated
from tests.unit.builders import NOW, event

SPEC = event().spec(host="alice@example.com")
BASE = Link(key="", calendar_key="", calendar_id="", event_id="", owner="", spec=SPEC, created_at=NOW)

# keys that are alike in the digits that count
links = st.builds(
    lambda start, rest, series: replace(BASE, key=start * 8 + f"{rest:032x}", series=series),
    st.sampled_from("abc"),
    st.integers(0, 5),
    st.sampled_from([None, "one", "two"]),
)


def keys(of: set[Link]) -> set[str]:
    return {link.key for link in of}


def test_an_empty_index_names_nothing() -> None:
    assert index_of([]) == ""
    assert named("", ["a" * 40]) == set()


def test_too_many_links_have_no_index() -> None:
    many = [replace(BASE, key=f"{number:04d}" * 10) for number in range(MAX_ENTRIES + 1)]
    index = index_of(many[:-1])
    assert index is not None
    assert named(index, [link.key for link in many]) == {link.key for link in many[:-1]}
    assert updated(index, many[-1:], []) is None
    assert updated(None, many[:1], many[1:2]) is None
    assert index_of(many) is None


@given(st.sets(links), st.sets(links), st.data())
def test_what_has_a_link_is_named_whatever_came_and_went(
    here: set[Link], others: set[Link], data: st.DataObject
) -> None:
    index = index_of(here)
    gone = data.draw(st.sets(st.sampled_from(sorted(here, key=repr)))) if here else set()
    came = others - here
    index = updated(index, came, gone)
    assert index is not None
    left = here - gone | came
    series = {link_key("", link.series) for link in left if link.series}
    assert keys(left) | series <= named(index, keys(here | others) | series)
    assert all(names_series(index, key) for key in series)
    assert index == index_of(left)


def test_a_series_without_instances_of_its_own_is_not_named_as_one() -> None:
    key = link_key("", "planning")
    index = index_of([replace(BASE, key=key)])
    assert index is not None
    assert named(index, [key]) == {key}
    assert not names_series(index, key)
