"""Leading people on to links of their own."""

from dataclasses import replace
from datetime import timedelta

import pytest

from confsync.domain.conference import ConferenceSpec, Reference
from confsync.domain.errors import Forbidden, NotFound
from confsync.domain.joining import EARLY, token
from confsync.ports import Visitor
from confsync.usecases.join_conference import JoinConference, Joined, Joining
from tests.fakes.clock import FakeClock
from tests.fakes.provider import FakeProvider
from tests.usecases.world import ANN, BEN, World

KEYS = (b"j" * 32,)
HOUR = timedelta(hours=1)


class PersonalProvider(FakeProvider):
    """Each person has a link of their own."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.capabilities = replace(self.capabilities, join_redirect=True)
        self.visitors: list[Visitor] = []

    def join(self, reference: Reference, spec: ConferenceSpec, visitor: Visitor) -> str:
        self.get(reference)
        self.visitors.append(visitor)
        return f"https://vendor.example.com/{reference.ids['id']}?user={visitor.name}"


@pytest.fixture
def provider(world: World) -> PersonalProvider:
    provider = PersonalProvider(world.clock)
    world.provider = provider
    world.providers._provider = provider
    world.build(join_url="https://join.example.com/join/")
    return provider


@pytest.fixture
def join(world: World, provider: PersonalProvider) -> JoinConference:
    return JoinConference(store=world.store, providers=world.providers, queue=world.queue, clock=world.clock, keys=KEYS)


@pytest.fixture
def link(world: World, provider: PersonalProvider) -> str:
    """The token of a meeting that begins in an hour."""
    start = world.clock.now() + HOUR
    created = world.saved(start=start, end=start + HOUR)
    made = token(KEYS, created.conference_id)
    assert created.details.video_uri == f"https://join.example.com/join/{made}"
    return made


def test_everybody_gets_a_link_of_their_own(
    world: World, join: JoinConference, link: str, provider: PersonalProvider
) -> None:
    world.clock.advance(HOUR)
    assert join(link).how is Joining.NAME_WANTED
    (meeting,) = provider.meetings
    assert join(link, name=" Cara ") == Joined(
        how=Joining.READY, solution="Zoom", url=f"https://vendor.example.com/{meeting}?user=Cara"
    )
    assert provider.visitors == [Visitor(name="Cara")]


@pytest.mark.parametrize(("email", "leads"), [(ANN.upper(), True), (BEN, False), (None, False)])
def test_whose_event_it_is_leads(
    world: World, join: JoinConference, link: str, provider: PersonalProvider, email: str | None, leads: bool
) -> None:
    world.clock.advance(HOUR)
    join(link, name="Somebody", email=email)
    assert [visitor.moderator for visitor in provider.visitors] == [leads]


def test_before_and_after_its_time_it_says_when(world: World, join: JoinConference, link: str) -> None:
    opens_at = world.clock.now() + HOUR - EARLY
    assert join(link, name="Cara") == Joined(how=Joining.EARLY, solution="Zoom", opens_at=opens_at)
    world.clock.advance(4 * HOUR)
    assert join(link, name="Cara").how is Joining.OVER


def test_a_meeting_that_is_gone_says_so(world: World, join: JoinConference, link: str) -> None:
    world.ann.delete("event1")
    world.sync()
    world.deliver()
    assert join(link, name="Cara").how is Joining.GONE


def test_a_meeting_that_is_lost_is_prepared_anew(
    world: World, join: JoinConference, link: str, provider: PersonalProvider
) -> None:
    world.clock.advance(HOUR)
    provider.fail("get", NotFound("gone", service="vendor"))
    assert join(link, name="Cara").how is Joining.PREPARING
    assert [task.kind for task in world.queue.take()] == ["reconcile"]


def test_a_vendor_with_one_link_for_all_is_led_on_to(
    world: World, join: JoinConference, link: str, provider: PersonalProvider
) -> None:
    """The configuration changed; the addresses that were published go on working."""
    world.clock.advance(HOUR)
    provider.capabilities = replace(provider.capabilities, join_redirect=False)
    assert join(link).how is Joining.READY


def test_a_strange_link_is_refused(join: JoinConference) -> None:
    with pytest.raises(Forbidden):
        join("nonsense")
