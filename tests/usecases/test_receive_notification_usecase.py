"""A push notification becomes a task."""

from datetime import UTC, datetime, timedelta

import pytest

from confsync.domain.channel import token
from confsync.domain.errors import Forbidden, Temporary
from confsync.usecases.receive_notification import CLOCK_SKEW, Notification, ReceiveNotification
from tests.fakes.clock import FakeClock
from tests.fakes.queue import FakeQueue
from tests.usecases.world import CHANNEL_KEYS, KEY

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NEW_KEY = b"n" * 32


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(START)


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue()


@pytest.fixture
def receive(clock: FakeClock, queue: FakeQueue) -> ReceiveNotification:
    return ReceiveNotification(queue=queue, clock=clock, keys=CHANNEL_KEYS, coalesce=1.0)


def notification(state: str = "exists", *, keys: tuple[bytes, ...] = CHANNEL_KEYS, channel: str = "ch") -> Notification:
    return Notification(channel_id=channel, channel_token=token(keys, channel, KEY), resource_state=state)


def test_it_becomes_one_sync_at_the_end_of_its_moment(
    receive: ReceiveNotification, queue: FakeQueue, clock: FakeClock
) -> None:
    clock.advance(timedelta(milliseconds=300))

    receive(notification())

    (task,) = queue.tasks
    assert (task.kind, task.key, task.notified) == ("sync", KEY, True)
    assert task.at == START + timedelta(seconds=1) + CLOCK_SKEW


def test_a_burst_becomes_one_sync_per_moment_and_the_last_change_is_in_it(
    receive: ReceiveNotification, queue: FakeQueue, clock: FakeClock
) -> None:
    for _ in range(1000):
        receive(notification())
        clock.advance(timedelta(milliseconds=5))

    assert len(queue.tasks) == 5
    last = queue.tasks[-1]
    assert last.at is not None
    assert last.at > clock.now()


def test_the_task_that_absorbs_a_notification_has_not_started(
    receive: ReceiveNotification, queue: FakeQueue, clock: FakeClock
) -> None:
    for step in (0, 999, 1, 500, 499, 1):
        clock.advance(timedelta(milliseconds=step))
        receive(notification())
        newest = queue.tasks[-1]
        assert newest.at is not None
        assert newest.at > clock.now()


def test_names_tell_calendars_apart(receive: ReceiveNotification, queue: FakeQueue) -> None:
    other = Notification(channel_id="ch", channel_token=token(CHANNEL_KEYS, "ch", "f" * 40), resource_state="exists")

    receive(notification())
    receive(other)

    assert {task.key for task in queue.tasks} == {KEY, "f" * 40}
    assert len({task.name for task in queue.tasks}) == 2


def test_the_first_message_of_a_channel_is_no_change(receive: ReceiveNotification, queue: FakeQueue) -> None:
    receive(notification("sync"))

    assert queue.tasks == []


def test_a_channel_of_the_old_key_still_counts_while_keys_rotate(queue: FakeQueue, clock: FakeClock) -> None:
    receive = ReceiveNotification(queue=queue, clock=clock, keys=(NEW_KEY, *CHANNEL_KEYS), coalesce=1.0)

    receive(notification())
    clock.advance(timedelta(seconds=1))
    receive(notification(keys=(NEW_KEY,)))

    assert len(queue.tasks) == 2


@pytest.mark.parametrize(
    "bad",
    [
        notification(keys=(NEW_KEY,)),
        Notification(channel_id="other", channel_token=token(CHANNEL_KEYS, "ch", KEY), resource_state="exists"),
        Notification(channel_id="ch", channel_token=f"v1.{KEY}.", resource_state="exists"),
        Notification(channel_id="ch", channel_token="", resource_state="exists"),
        Notification(channel_id="ch", channel_token="ünïcödé", resource_state="sync"),
        Notification(
            channel_id="ch", channel_token=token(CHANNEL_KEYS, "ch", KEY).replace("v1", "v2"), resource_state="exists"
        ),
    ],
    ids=["foreign key", "another channel's", "no mac", "empty", "not even ASCII", "another version"],
)
def test_what_is_not_ours_is_refused(receive: ReceiveNotification, queue: FakeQueue, bad: Notification) -> None:
    with pytest.raises(Forbidden):
        receive(bad)

    assert queue.tasks == []


def test_a_refusing_queue_is_told(receive: ReceiveNotification, queue: FakeQueue) -> None:
    queue.error = Temporary("503")

    with pytest.raises(Temporary):
        receive(notification())
