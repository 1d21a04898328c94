"""The Queue contract, on the fake and on Cloud Tasks; and the tasks' requests as Cloud Tasks sees them."""

import base64
import json
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from confsync.adapters.access_token import RuntimeToken
from confsync.adapters.cloud_tasks import CloudTasksQueue
from confsync.domain.errors import Temporary
from confsync.domain.keys import calendar_key, conference_id
from playground.faults import Faults
from playground.google_cloud.cloud_tasks import CloudTasks
from tests.adapters.conftest import PROJECT, RUNTIME, Canned, GoogleCloud
from tests.contracts.queue import QueueContract
from tests.fakes.queue import FakeQueue

SYNC = "http://127.0.0.1:9/sync_calendar"
RECONCILE = "http://127.0.0.1:9/reconcile_conference"
LOCATION = f"projects/{PROJECT}/locations/europe-west1"
QUEUE = f"{LOCATION}/queues/confsync"
QUEUES = ("confsync", "confsync-2", "confsync-3")
KINDS = {SYNC: "sync", RECONCILE: "reconcile"}


class FakeWorld:
    def __init__(self) -> None:
        self.queue = FakeQueue()

    def waiting(self) -> list[tuple[str, str]]:
        return [("renew" if task.renew else task.kind, task.key) for task in self.queue.tasks]

    def due(self) -> datetime | None:
        (task,) = self.queue.tasks
        return task.at

    def deliver(self) -> None:
        self.queue.take()

    def break_down(self) -> None:
        self.queue.error = Temporary("down")


class TestFakeQueue(QueueContract):
    @pytest.fixture
    def world(self) -> FakeWorld:
        return FakeWorld()


class CloudTasksWorld:
    """The simulated queues, paused: tasks stay to be looked at."""

    def __init__(self, cloud: GoogleCloud, queues: Sequence[str] = QUEUES[:1]) -> None:
        self.tasks = CloudTasks(cloud.accounts, cloud.issuer)
        self.names = [f"{LOCATION}/queues/{queue}" for queue in queues]
        self.server = cloud.serve(self.tasks.app, "cloud tasks")
        self.token = RuntimeToken()
        self.queue = a_queue(self.server.url, self.token, queues)
        for name in self.names:
            self.tasks.create_queue(name)
            self.call("POST", ":pause", name)

    def call(self, method: str, path: str, queue: str = QUEUE) -> Any:
        headers = {"Authorization": f"Bearer {self.token()}"}
        answer = requests.request(method, f"{self.server.url}/v2/{queue}{path}", headers=headers, timeout=5)
        answer.raise_for_status()
        return answer.json()

    def resources(self) -> list[Any]:
        return [task for queue in self.names for task in self.call("GET", "/tasks?responseView=FULL", queue)["tasks"]]

    def waiting(self) -> list[tuple[str, str]]:
        return [_work(task["httpRequest"]) for task in self.resources()]

    def due(self) -> datetime | None:
        (task,) = self.resources()
        return datetime.fromisoformat(task["scheduleTime"])

    def deliver(self) -> None:
        for name in self.names:
            self.call("POST", ":purge", name)

    def break_down(self) -> None:
        Faults(self.server.url).add(status=503, times=None)


def _work(request: Any) -> tuple[str, str]:
    body = json.loads(base64.b64decode(request["body"]))
    kind = KINDS[request["url"]]
    if kind == "reconcile":
        return kind, body["conference_id"]
    return "renew" if body["renew"] else kind, body["calendar_key"]


def a_queue(api: str, access_token: Any = lambda: "token", queues: Sequence[str] = QUEUES[:1]) -> CloudTasksQueue:
    return CloudTasksQueue(
        api=api,
        project=PROJECT,
        location="europe-west1",
        queues=queues,
        sync_url=SYNC,
        reconcile_url=RECONCILE,
        service_account=RUNTIME,
        access_token=access_token,
    )


@pytest.fixture
def cloud_tasks(cloud: GoogleCloud) -> Iterator[CloudTasksWorld]:
    world = CloudTasksWorld(cloud)
    yield world
    world.tasks.close()


class TestCloudTasksQueue(QueueContract):
    @pytest.fixture
    def world(self, cloud_tasks: CloudTasksWorld) -> CloudTasksWorld:
        return cloud_tasks


class TestSeveralQueues(QueueContract):
    @pytest.fixture
    def world(self, cloud: GoogleCloud) -> Iterator[CloudTasksWorld]:
        world = CloudTasksWorld(cloud, QUEUES)
        yield world
        world.tasks.close()

    def test_what_concerns_one_thing_is_in_one_queue_and_each_has_its_share(self, world: CloudTasksWorld) -> None:
        keys = [calendar_key(f"person{number}@example.com") for number in range(60)]
        for key in keys * 2:
            world.queue.sync_calendar(key)
            world.queue.reconcile_conference(conference_id(key, "event", "zoom"))
        queues = {queue: world.call("GET", "/tasks?responseView=FULL", queue)["tasks"] for queue in world.names}
        waiting = [{_work(task["httpRequest"]) for task in tasks} for tasks in queues.values()]
        assert sum(map(len, waiting)) == len(set().union(*waiting)) == 2 * len(keys)
        assert min(map(len, waiting)) > len(keys) / len(QUEUES)

    def test_another_number_of_queues_loses_no_task(self, world: CloudTasksWorld) -> None:
        """And of tasks of one name at most one is in each."""
        before, after = (a_queue(world.server.url, world.token, QUEUES[:number]) for number in (1, 3))
        keys = [f"calendar-{number}" for number in range(9)]
        for queue in (before, after, before, after):
            for key in keys:
                queue.sync_calendar(key, name=f"{key}-bucket")
        assert {*world.waiting()} == {("sync", key) for key in keys}
        assert len(keys) < len(world.waiting()) <= 2 * len(keys)


def test_a_task_calls_our_function_as_the_service_account(cloud_tasks: CloudTasksWorld) -> None:
    cloud_tasks.queue.sync_calendar("calendar-1", name="a1b2-77")
    (task,) = cloud_tasks.resources()
    request = task["httpRequest"]
    assert task["name"] == f"{QUEUE}/tasks/a1b2-77"
    assert (request["httpMethod"], request["headers"]) == ("POST", {"Content-Type": "application/json"})
    assert json.loads(base64.b64decode(request["body"])) == {
        "calendar_key": "calendar-1",
        "renew": False,
        "notified": False,
    }
    assert request["oidcToken"] == {"serviceAccountEmail": RUNTIME, "audience": SYNC}


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_cut_connection_loses_no_task(cloud_tasks: CloudTasksWorld, cut: str) -> None:
    Faults(cloud_tasks.server.url).add(method="POST", cut=cut)
    cloud_tasks.queue.sync_calendar("calendar-1", name="bucket-1")
    assert cloud_tasks.waiting() == [("sync", "calendar-1")]


def test_a_connection_that_stays_cut_is_temporary(cloud_tasks: CloudTasksWorld) -> None:
    Faults(cloud_tasks.server.url).add(method="POST", cut="before", times=2)
    with pytest.raises(Temporary, match="no answer"):
        cloud_tasks.queue.sync_calendar("calendar-1", name="bucket-1")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_every_refusal_is_temporary_and_says_why(canned: Canned, status: int) -> None:
    canned.answer(status, {"error": {"message": "Queue does not exist."}})
    with pytest.raises(Temporary, match="Queue does not exist") as caught:
        a_queue(canned.url).sync_calendar("calendar-1", name="bucket-1")
    assert caught.value.status == status
    canned.answer(status, b"<html>proxy</html>")
    with pytest.raises(Temporary, match="proxy"):
        a_queue(canned.url).sync_calendar("calendar-1")


def test_a_conflict_without_a_name_is_no_absorption(canned: Canned) -> None:
    canned.answer(409, {"error": {"message": "odd"}})
    with pytest.raises(Temporary):
        a_queue(canned.url).reconcile_conference("confsync-1")


def test_a_named_task_that_was_taken_is_not_sent_again(canned: Canned) -> None:
    queue = a_queue(canned.url)
    canned.answer(503)
    with pytest.raises(Temporary):
        queue.sync_calendar("calendar-1", name="bucket-1")
    for _ in range(3):
        queue.sync_calendar("calendar-1", name="bucket-1")
    queue.sync_calendar("calendar-1", name="bucket-2")
    names = [json.loads(body)["task"]["name"].rpartition("/")[2] for *_, body in canned.seen]
    assert names == ["bucket-1", "bucket-1", "bucket-2"]


def test_the_schedule_time_is_written_in_utc(canned: Canned) -> None:
    at = datetime.fromisoformat("2026-03-03T10:00:00.25+01:00")
    a_queue(canned.url).reconcile_conference("confsync-1", at=at)
    assert json.loads(canned.seen[0][3])["task"]["scheduleTime"] == "2026-03-03T09:00:00.250000Z"
    assert at.astimezone(UTC).hour == 9


def test_each_thread_keeps_one_connection(cloud_tasks: CloudTasksWorld) -> None:
    def work() -> None:
        for n in range(5):
            cloud_tasks.queue.sync_calendar(f"calendar-{n}")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(cloud_tasks.waiting()) == 20
