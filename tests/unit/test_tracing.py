"""Which trace a request belongs to, what calls for it tell, and what is told of both."""

from collections.abc import Iterator
from itertools import pairwise

import pytest

from confsync import tracing
from confsync.tracing import Span

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"


@pytest.fixture
def ended() -> Iterator[list[Span]]:
    """Spans in the order of their ends."""
    spans: list[Span] = []
    tracing.export_to(spans.append)
    yield spans
    tracing.export_to(None)


@pytest.mark.parametrize(
    ("parent", "platform", "flags"),
    [
        (f"00-{TRACE}-{SPAN}-01", "", "01"),
        (f"00-{TRACE}-{SPAN}-00", "", "00"),
        (f"00-{TRACE.upper()}-{SPAN}-01", "", "01"),
        (f"cc-{TRACE}-{SPAN}-01-what-comes-later", "", "01"),
        ("", TRACE, "01"),
        ("", f"{TRACE}/7;o=1", "01"),
        ("", f"{TRACE}/7;o=0", "00"),
        ("nonsense", f"{TRACE}/7", "01"),
        (f"00-{TRACE}-{SPAN}-01", f"{'1' * 32}/7", "01"),
    ],
)
def test_the_trace_that_a_request_names_goes_on(parent: str, platform: str, flags: str) -> None:
    with tracing.request("POST", parent, platform) as request, tracing.call("zoom: create a meeting") as call:
        version, trace, span, sampled = call.headers["traceparent"].split("-")
    assert request.trace == trace == TRACE
    assert (version, sampled) == ("00", flags)
    assert len(span) == 16
    assert span != SPAN


@pytest.mark.parametrize("parent", ["", f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{SPAN}", f"00-{TRACE}x-{SPAN}-01"])
def test_a_new_one_where_none_is_named(parent: str) -> None:
    def answer() -> str:
        with tracing.request("POST", parent) as request:
            return request.trace

    assert len({answer() for _ in range(3)} | {TRACE}) == 4


def test_outside_of_requests_there_is_none(ended: list[Span]) -> None:
    with tracing.request("POST", PARENT):
        pass
    ended.clear()
    with tracing.call("zoom: create a meeting") as call:
        assert call.headers == {}
    assert not ended


def test_spans_are_told_as_a_tree(ended: list[Span]) -> None:
    with tracing.request("POST", PARENT) as request:
        with tracing.call("calendar.events.list") as call:
            call.status = 200
        with tracing.call("cloud-tasks: create a task", kind="producer") as task:
            pass
        request.status = 204
    listed, made, answered = ended
    assert (answered.kind, answered.name, answered.parent, answered.status) == ("server", "POST", SPAN, 204)
    assert (listed.kind, listed.parent, listed.status) == ("client", answered.id, 200)
    assert (made.kind, made.parent) == ("producer", answered.id)
    assert task.headers == {"traceparent": f"00-{TRACE}-{made.id}-01"}
    assert {each.trace for each in ended} == {TRACE}
    assert all(earlier.end <= later.end for earlier, later in pairwise(ended))
    assert answered.start <= listed.start <= listed.end <= made.start


def test_what_ends_by_an_error_says_so_and_the_error_goes_on(ended: list[Span]) -> None:
    with pytest.raises(LookupError), tracing.request("POST", PARENT), tracing.call("zoom: create a meeting"):
        raise LookupError
    assert [each.error for each in ended] == ["LookupError", "LookupError"]


@pytest.mark.parametrize(
    ("parent", "platform"), [(f"00-{TRACE}-{SPAN}-00", ""), ("", f"{TRACE}/7;o=0"), (f"00-{TRACE}-{SPAN}-02", "")]
)
def test_nothing_is_told_of_what_is_not_sampled(ended: list[Span], parent: str, platform: str) -> None:
    with tracing.request("POST", parent, platform), tracing.call("zoom: create a meeting"):
        pass
    assert not ended


@pytest.mark.parametrize(
    ("platform", "caller"),
    [(f"{TRACE}/7;o=1", f"{7:016x}"), (TRACE, ""), (f"{TRACE}/0;o=1", ""), (f"{TRACE}/{2**64};o=1", "")],
)
def test_the_front_door_names_its_span_in_decimal(ended: list[Span], platform: str, caller: str) -> None:
    with tracing.request("POST", "", platform):
        pass
    assert [each.parent for each in ended] == [caller]
