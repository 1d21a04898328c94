"""People's text that would be more than text: it stays in its place of a request, whatever is in it."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest

from confsync.adapters.system import SystemClock
from confsync.domain.conference import ConferenceSpec
from confsync.domain.errors import ConfsyncError
from confsync.domain.solution import Solution
from confsync.ports import ConferenceProvider, PersonalLinks, Visitor
from confsync.providers import PROVIDERS, ProviderConfig, build
from confsync.transport import connections
from playground.custom_provider import CustomProvider
from playground.server import serve
from tests.contracts.provider import MARKER, SPEC
from tests.fakes.outside import outside
from tests.fakes.secrets import FakeSecrets
from tests.providers.test_bigbluebutton import BigBlueButtonVendor
from tests.providers.test_custom import SECRET
from tests.providers.test_error_table import OPEN

EVIL = (
    "a\r\nX-Evil: 1\r\n\r\nGET /evil HTTP/1.1\r\n\0\x0b\u2028&meetingID=other&checksum=0#\"'<!ENTITY>{}%0d%0aX-Evil: 1"
)
HOSTILE = replace(
    SPEC,
    title=EVIL,
    description=EVIL,
    time_zone=f"Europe/Berlin{EVIL}",
    attendees=("guest@example.com", f"{EVIL}@example.com"),
)
VARIANTS = {
    "everywhere": HOSTILE,
    "its host": replace(SPEC, host=f"{EVIL}@example.com"),
    "a path for a host": replace(SPEC, host="../../admin?x=1#@example.com"),
    "title": replace(SPEC, title=EVIL),
    "only that": replace(SPEC, title="\r\n\0", description="\r\n\0"),
}
VISITORS = [
    Visitor(name=EVIL, moderator=True),
    Visitor(name="\0"),
    Visitor(name=EVIL, email=f"{EVIL}@example.com"),
]
REQUEST = re.compile(rb"(GET|POST|PUT|PATCH|DELETE) (/[!-~]*) HTTP/1\.1")
FIELD = re.compile(rb"[A-Za-z0-9-]+: [\t -~]*")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What providers write to their sockets."""
    written: list[bytes] = []
    send = connections._Plain.send

    def noted(connection: connections._Plain, data: Any) -> None:
        written.append(bytes(data))
        send(connection, data)

    monkeypatch.setattr(connections._Plain, "send", noted)
    return written


@pytest.fixture
def provider(request: pytest.FixtureRequest) -> Iterator[ConferenceProvider]:
    """That vendor's, with its simulator."""
    if request.param == "custom":
        server = serve(CustomProvider(SECRET), name="custom")
        config = ProviderConfig(deadline=timedelta(seconds=2), secret="custom", api=server.url)
        told = Solution(id="own", name="Own", provider="custom")
        yield build(told, config, outside(FakeSecrets({"custom": SECRET}), clock=SystemClock()))
        server.stop()
        return
    vendor = OPENED[request.param]()
    yield vendor.provider()
    vendor.server.stop()


OPENED = {**OPEN, "bigbluebutton": BigBlueButtonVendor}
CALLED = [name for name in PROVIDERS if name not in {"jaas", "jitsi"}]


@pytest.mark.parametrize("spec", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize("provider", CALLED, indirect=True)
def test_an_events_text_stays_in_its_place(
    provider: ConferenceProvider, spec: ConferenceSpec, sent: list[bytes]
) -> None:
    reference = provider.create(SPEC, MARKER).reference
    sent.clear()
    calls: list[Callable[[], object]] = [
        lambda: provider.create(spec, MARKER),
        lambda: provider.find(MARKER, spec),
        lambda: provider.update(reference, spec, frozenset(provider.kept(spec)), MARKER),
    ]
    if provider.capabilities.join_redirect:
        personal = cast("PersonalLinks", provider)
        calls += [lambda each=each: personal.join(reference, spec, each) for each in VISITORS]  # type: ignore[misc]
    for call in calls:
        with suppress(ConfsyncError):  # a vendor may well refuse it
            call()
    assert sent
    for each in sent:
        assert_whole(each)


def assert_whole(written: bytes) -> None:
    """It is one request's head, each line of which is ours, its body, or both."""
    head, _, body = written.partition(b"\r\n\r\n") if REQUEST.match(written) else (b"", b"", written)
    assert b"\n" not in body
    if not head:
        return
    request, *fields = head.split(b"\r\n")
    assert REQUEST.fullmatch(request), request
    assert b".." not in request.partition(b"?")[0].split(b"/")
    for field in fields:
        assert FIELD.fullmatch(field), field
        assert not field.lower().startswith(b"x-evil")


@pytest.mark.parametrize("provider", ["bigbluebutton"], indirect=True)
def test_a_visitors_name_stays_in_its_parameter(provider: Any) -> None:
    link = provider.join(provider.create(SPEC, MARKER).reference, HOSTILE, VISITORS[0])
    assert link.isascii()
    assert link.isprintable()
    asked = parse_qs(urlsplit(link).query)
    assert (asked["fullName"], len(asked["meetingID"]), len(asked["checksum"])) == ([EVIL], 1, 1)
