"""Which trace a request belongs to, and what calls for it tell."""

from contextvars import copy_context

import pytest

from confsync import tracing

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"


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
    def answer() -> list[str]:
        assert tracing.begin(parent, platform) == TRACE
        return tracing.headers()["traceparent"].split("-")

    version, trace, span, sampled = copy_context().run(answer)
    assert (version, trace, sampled) == ("00", TRACE, flags)
    assert len(span) == 16
    assert span != SPAN


@pytest.mark.parametrize("parent", ["", f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{SPAN}", f"00-{TRACE}x-{SPAN}-01"])
def test_a_new_one_where_none_is_named(parent: str) -> None:
    def answer() -> str:
        trace = tracing.begin(parent)
        assert trace in tracing.headers()["traceparent"]
        return trace

    assert len({copy_context().run(answer) for _ in range(3)} | {TRACE}) == 4


def test_outside_of_requests_there_is_none() -> None:
    assert copy_context().run(tracing.headers) == {}
