"""As with very many calendars: several queues, and in Firestore what is due over shards. Nothing goes wrong."""

import pytest
from google.cloud import firestore

from confsync.adapters.firestore import FirestoreStore
from playground.project import QUEUES
from tests.end_to_end.world import World

pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]

SCALED = True


def test_a_meetings_life(world: World) -> None:
    """People's changes reach Zoom, whichever queue their calendars' tasks are in."""
    people = [world.person("at-scale") for _ in range(8)]
    events = {person.email: world.meet(person) for person in people}
    world.hold(*people)
    for person in people:
        person.rename(events[person.email], "Planning the spring")
    world.hold(*people)
    assert [world.meetings(person)[0]["topic"] for person in people] == ["Planning the spring"] * len(people)
    for person in people:
        person.delete(events[person.email])
    world.hold(*people)
    assert not any(world.meetings(person) for person in people)
    created = [queue["created"] for queue in world.cloud.tasks.stats().values()]
    assert len(created) == QUEUES
    assert all(created)


def test_what_nobody_told_of_the_sweep_finds(world: World) -> None:
    person = world.person("untold")
    event = world.meet(person)
    world.hold(person)
    world.notifications("drop")
    person.rename(event, "Untold")
    world.rest()
    world.sweep()
    world.hold(person)
    assert world.meetings(person)[0]["topic"] == "Untold"


def test_all_that_is_due_has_a_shard(world: World) -> None:
    """Where Firestore keeps it; so the sweep of the test before found it there."""
    if not isinstance(world.store, FirestoreStore):
        return
    client: firestore.Client = world.store._client
    for collection in ("calendars", "channels", "conferences"):
        stored = [each.to_dict() for each in client.collection(collection).stream()]
        assert [each for each in stored if "_shard" in each]
        assert not [each for each in stored if each.get("due_at") is not None]
