"""Rooms that let people in by a token of their own: Jitsi's, and 8x8's, which are Jitsi's too."""

from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any, cast

import pytest
import requests

from confsync.ports import ConferenceProvider, PersonalLinks, Visitor
from playground.server import serve
from playground.vendors.jitsi import JitsiService, create_app
from tests.contracts.provider import MARKER, OTHER_MARKER, SPEC
from tests.fakes.clock import FakeClock

ANN = Visitor(name="Ann", email="ann@example.com", moderator=True)
BOB = Visitor(name="Bob")


class Installation:
    """A server on loopback. `late`: by how much its clock differs from ours."""

    def __init__(self) -> None:
        self.clock, self.late = FakeClock(), timedelta()
        self.service = JitsiService(lambda: self.clock.now() + self.late)
        self.server = serve(create_app(self.service), name="jitsi")

    def provider(self, **how: Any) -> ConferenceProvider:
        """Ours, for that server."""
        raise NotImplementedError

    def link(self, visitor: Visitor = ANN, *, marker: str = MARKER, **how: Any) -> str:
        provider = self.provider(**how)
        return cast("PersonalLinks", provider).join(provider.create(SPEC, marker).reference, SPEC, visitor)

    def opens(self, link: str) -> str:
        """As what one comes in, or why not."""
        answer = requests.get(link, timeout=5)
        if answer.status_code == 200:
            return str(self.service.joins()[-1]["role"])
        assert answer.status_code == 403
        return unescape(answer.text.rpartition("call: ")[2].partition(".<")[0])


class RoomTokenContract:
    @pytest.fixture
    def world(self) -> Iterator[Installation]:
        raise NotImplementedError

    @pytest.mark.parametrize(
        "name",
        [
            "",
            "Ünïcödé 日本語 العربية",
            "👩‍👩‍👧 🎉",
            'O\'Neil "Bob" <b>&amp; \\',
            "a&jwt=x#y?z %26",
            "two\nlines",
            "x" * 2000,
        ],
        ids=lambda name: name[:30],
    )
    def test_people_have_their_names(self, world: Installation, name: str) -> None:
        """Whom we don't know, the vendor asks."""
        assert world.opens(world.link(Visitor(name=name))) == "guest"
        assert world.service.joins()[0]["name"] == name

    def test_a_token_is_for_one_room(self, world: Installation) -> None:
        link, other = world.link(), world.link(marker=OTHER_MARKER)
        token, other_token = (each.partition("?")[2] for each in (link, other))
        assert world.opens(link.replace(token, other_token)) == "Room and token mismatched"
        assert world.opens(other) == "moderator"

    @pytest.mark.parametrize(
        ("later", "as_what"),
        [
            (timedelta(), "moderator"),
            (-timedelta(seconds=30), "moderator"),  # its clock may be behind ours
            (-timedelta(seconds=31), "Not acceptable by nbf"),
            (timedelta(hours=4, seconds=-1), "moderator"),
            (timedelta(hours=4), "Not acceptable by exp"),
        ],
        ids=str,
    )
    def test_a_token_lasts_some_hours(self, world: Installation, later: timedelta, as_what: str) -> None:
        link = world.link()
        world.late = later
        assert world.opens(link) == as_what
