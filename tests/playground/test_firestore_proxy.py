"""The proxy passes everything on to the emulator, and does what its faults say."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from google.api_core import exceptions
from google.api_core.retry import Retry, if_exception_type
from google.cloud import firestore

from playground.firestore_proxy import FirestoreProxy, firestore_proxy

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("firestore")]

ONCE: dict[str, Any] = {"retry": Retry(if_exception_type()), "timeout": 10}


@pytest.fixture
def proxy(firestore_host: str) -> Iterator[FirestoreProxy]:
    with firestore_proxy(firestore_host, seed=1) as proxy:
        yield proxy


@pytest.fixture
def client(
    proxy: FirestoreProxy, firestore_project: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[firestore.Client]:
    """What a function would use, behind the proxy; it tries nothing twice."""
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", proxy.host)
    client = firestore.Client(project=firestore_project)
    yield client
    client.close()


@pytest.fixture
def direct(firestore_host: str, firestore_project: str) -> Iterator[firestore.Client]:
    """The same data without the proxy."""
    client = firestore.Client(project=firestore_project)
    yield client
    client.close()


def write(client: firestore.Client, number: int = 1) -> None:
    batch = client.batch()
    batch.set(client.document("a/b"), {"number": number})
    batch.commit(**ONCE)


def number(client: firestore.Client) -> int | None:
    return (client.document("a/b").get(**ONCE).to_dict() or {}).get("number")


def test_passes_calls_of_every_kind_on(client: firestore.Client, direct: firestore.Client) -> None:
    write(client)
    batch = client.batch()
    for each in range(20):
        batch.set(client.document(f"many/{each:02}"), {"number": each, "text": "é" * 60_000})
    batch.commit(**ONCE)
    assert number(client) == number(direct) == 1
    assert [each.get("number") for each in client.collection("many").stream(**ONCE)] == list(range(20))


def test_the_emulators_own_errors_come_through(client: firestore.Client, proxy: FirestoreProxy) -> None:
    write(client)
    batch = client.batch()
    batch.create(client.document("a/b"), {})
    with pytest.raises(exceptions.AlreadyExists, match="already exists"):
        batch.commit(**ONCE)
    assert [call.status for call in proxy.faults.calls("Commit")] == ["OK", "ALREADY_EXISTS"]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("ABORTED", exceptions.Aborted),
        ("UNAVAILABLE", exceptions.ServiceUnavailable),
        ("DEADLINE_EXCEEDED", exceptions.DeadlineExceeded),
    ],
)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_status_before_or_after_the_work(
    client: firestore.Client,
    direct: firestore.Client,
    proxy: FirestoreProxy,
    status: str,
    error: type[Exception],
    after: bool,
) -> None:
    proxy.faults.add(method="Commit", status=status, after=after)
    with pytest.raises(error):
        write(client)
    assert number(direct) == (1 if after else None)
    write(client, 2)
    assert number(direct) == 2
    assert [call.status for call in proxy.faults.calls("Commit")] == [status, "OK"]


def test_times_and_skip(client: firestore.Client, proxy: FirestoreProxy) -> None:
    proxy.faults.add(method="BatchGetDocuments", status="UNAVAILABLE", times=2, skip=1)
    write(client)
    assert number(client) == 1
    for _ in range(2):
        with pytest.raises(exceptions.ServiceUnavailable):
            number(client)
    assert number(client) == 1
    assert proxy.faults.left() == []


def test_chance_until_cleared(client: firestore.Client, proxy: FirestoreProxy) -> None:
    proxy.faults.add(status="UNAVAILABLE", times=None, chance=0.5)
    for _ in range(60):
        try:
            number(client)
        except exceptions.ServiceUnavailable:
            continue
    hit = [call.status for call in proxy.faults.calls()].count("UNAVAILABLE")
    assert 15 < hit < 45
    proxy.faults.clear()
    for _ in range(20):
        number(client)


def test_an_answer_that_breaks_off(client: firestore.Client, proxy: FirestoreProxy) -> None:
    for each in range(5):
        client.document(f"many/{each}").set({})
    proxy.faults.add(method="RunQuery", status="UNAVAILABLE", after=True, messages=2)
    answer = client.collection("many").stream(**ONCE)
    assert [next(answer).id, next(answer).id] == ["0", "1"]
    with pytest.raises(exceptions.ServiceUnavailable):
        next(answer)


def test_latency_is_longer_than_the_callers_patience(
    client: firestore.Client, direct: firestore.Client, proxy: FirestoreProxy
) -> None:
    write(client)
    proxy.faults.add(method="Commit", latency=1.5, after=True)
    batch = client.batch()
    batch.set(client.document("a/b"), {"number": 2})
    with pytest.raises(exceptions.DeadlineExceeded):
        batch.commit(**{**ONCE, "timeout": 1})
    assert number(direct) == 2


def test_connections_are_cut(client: firestore.Client, direct: firestore.Client, proxy: FirestoreProxy) -> None:
    write(client)
    proxy.faults.add(method="Commit", latency=1, after=True)
    failed = threading.Event()

    def try_to_write() -> None:
        with pytest.raises(exceptions.ServiceUnavailable):
            write(client, 2)
        failed.set()

    thread = threading.Thread(target=try_to_write)
    thread.start()
    while number(direct) != 2:
        pass
    proxy.cut()
    thread.join(20)
    assert failed.is_set()
    assert number(client) == 2


def test_no_such_fault(proxy: FirestoreProxy) -> None:
    with pytest.raises(ValueError, match="NO_SUCH"):
        proxy.faults.add(status="NO_SUCH")
    with pytest.raises(TypeError):
        proxy.faults.add(path="/")
