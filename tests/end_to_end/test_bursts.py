"""Too much at once: a burst of notifications, and a queue that delivers everything twice and out of order."""

import math
import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import requests

from playground.google_calendar.push import Channel, Message
from playground.project import Tempo
from tests.end_to_end.row import Row
from tests.end_to_end.world import World

pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]

STORES = ("sqlite",)
TEMPO = Tempo(coalesce=1)

NOTIFICATIONS = 1000
SECONDS = 5
SENDERS = 8


def channel_of(row: Row) -> Channel:
    """The channel that Google notifies of the row's calendar."""
    return row.world.cloud.calendar.push.channels[row.world.record(row.person).channel_id or ""]


def test_1000_notifications_for_one_calendar_in_5_seconds(row: Row) -> None:
    """As many syncs as the burst has seconds, six if the machine keeps up; and the change in its middle is found."""
    channel, before, begin = channel_of(row), syncs(row.world), time.time()

    def notify(number: int) -> int:
        time.sleep(max(0.0, begin + number * SECONDS / NOTIFICATIONS - time.time()))  # the burst's own pace
        if number == NOTIFICATIONS // 2:
            row.person.rename(row.event, "In the middle of the burst")
        headers = channel.headers(Message(number=1000 + number, state="exists"))
        return requests.post(channel.address, headers=headers, timeout=30).status_code

    with ThreadPoolExecutor(SENDERS) as pool:
        answers = set(pool.map(notify, range(NOTIFICATIONS)))
    buckets = math.floor(time.time()) - math.floor(begin) + 1
    assert answers == {204}
    row.holds()
    assert row.world.meetings(row.person)[0]["topic"] == "In the middle of the burst"
    assert syncs(row.world) - before <= buckets


def syncs(world: World) -> int:
    """How many sync tasks were done so far."""
    url = world.project.functions["sync_calendar"].url
    return sum(int(queue["by_url"].get(url, {}).get("200", 0)) for queue in world.cloud.tasks.stats().values())


def test_a_queue_that_delivers_twice_and_out_of_order(world: World) -> None:
    """At least once, and in no order, is all that Cloud Tasks promises."""
    ann = world.person("ann")
    bob = world.person("bob")
    tasks = world.cloud.tasks.disturbances
    tasks.add(times=None, copies=1, copy_delay=0.6, jitter=1.2)
    planning, review = world.meet(ann), world.meet(bob, "Review")
    ann.rename(planning, "Planning the spring")
    bob.move_in_time(review, timedelta(hours=2))
    world.rest()
    ann.make_weekly(planning, count=8)
    copy = bob.duplicate(review)["id"]
    world.rest()
    ann.cancel_instance(ann.instances(planning)[2]["id"])
    later = ann.split_this_and_following(ann.instances(planning)[3]["id"], summary="Planning the summer")["id"]
    bob.delete(review)
    bob.add_conference(copy, "zoom-recorded")
    world.rest()
    ann.delete(later)
    ann.delete(planning)
    ann.restore(planning)
    bob.remove_conference(copy)
    bob.restore(review)
    world.rest()
    tasks.clear()
    assert sum(queue["dispatched"] for queue in world.cloud.tasks.stats().values()) > 20
    world.hold(ann, bob)
    assert [re.sub(" .*", "", m["topic"]) for m in world.meetings(ann)] == ["Planning"]
