"""The base of all simulators: keep-alive, crashes, injected faults and the request log."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import requests
from flask import Flask, request

from playground.faults import Faults
from playground.server import HOST, Server, free_port, reserve_port, serve

work: list[str] = []


def make_app() -> Flask:
    app = Flask("echo")

    @app.route("/work/<path:item>", methods=["GET", "POST"])
    def do(item: str) -> dict[str, Any]:
        work.append(item)
        return {"item": item, "body": request.get_data(as_text=True)}

    @app.delete("/work/<item>")
    def forget(item: str) -> tuple[str, int]:
        work.remove(item)
        return "", 204

    @app.get("/_playground/mine")
    def mine() -> dict[str, Any]:
        return {"mine": True}

    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError("a bug in a simulator")

    return app


@pytest.fixture
def server() -> Iterator[Server]:
    work.clear()
    server = serve(make_app(), name="echo")
    yield server
    server.stop()


@pytest.fixture
def faults(server: Server) -> Faults:
    return Faults(server.url)


def test_a_reserved_port_is_given_to_nobody_else() -> None:
    # two functions once had the same port, and people who wanted to join were answered by the sync
    with reserve_port() as reserved:
        port = reserved.getsockname()[1]
        assert port not in {free_port() for _ in range(30_000)}


def test_a_server_runs_on_a_port_that_is_reserved_for_it_again_and_again() -> None:
    with reserve_port() as reserved:
        for _ in range(2):
            server = serve(make_app(), port=reserved.getsockname()[1], name="echo")
            with closing(http.client.HTTPConnection(HOST, server.port, timeout=5)) as connection:
                connection.request("GET", "/work/a")
                assert connection.getresponse().status == 200
            server.stop()


def get(server: Server, path: str = "/work/a", **kwargs: Any) -> requests.Response:
    return requests.get(server.url + path, timeout=5, **kwargs)


def test_one_connection_serves_many_requests_of_every_shape(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    connection.connect()
    socket = connection.sock
    for method, path, body in (
        ("GET", "/work/a", None),
        ("POST", "/work/b", b"x" * 100_000),
        ("DELETE", "/work/b", None),
        ("HEAD", "/work/a", None),
        ("POST", "/work/c", iter([b"in ", b"chunks"])),
        ("GET", "/missing", None),
        ("GET", "/work/a", None),
    ):
        connection.request(method, path, body, encode_chunked=True)
        response = connection.getresponse()
        answer = response.read()
        if path == "/work/c":
            assert b"in chunks" in answer
    assert answer.startswith(b"{")
    assert connection.sock is socket
    connection.close()


def test_a_bug_in_a_simulator_is_a_500(server: Server) -> None:
    assert get(server, "/broken").status_code == 500


def test_a_client_that_goes_away_is_no_news(server: Server, faults: Faults, capfd: pytest.CaptureFixture[str]) -> None:
    faults.add(status=200, body="x" * 10_000_000, latency=0.1)
    with pytest.raises(requests.Timeout):
        requests.get(server.url + "/work/a", timeout=0.05)
    time.sleep(0.2)
    assert get(server).ok
    assert capfd.readouterr().err == ""


def test_a_stopped_server_is_dead_at_once_and_its_port_can_be_served_again(server: Server) -> None:
    with requests.Session() as session:
        session.get(server.url + "/work/a", timeout=5)
        server.stop()
        with pytest.raises(requests.ConnectionError):
            session.get(server.url + "/work/a", timeout=5)
    again = serve(make_app(), port=server.port, name="again")
    assert again.url == server.url
    assert get(again).ok
    again.stop()


def test_a_taken_port_is_an_error(server: Server) -> None:
    with pytest.raises(OSError):
        serve(make_app(), port=server.port, name="second")


def test_a_status_comes_instead_of_the_work(server: Server, faults: Faults) -> None:
    faults.add(status=503, headers={"Retry-After": "7"}, body={"error": "busy"})
    refused = get(server)
    assert (refused.status_code, refused.headers["Retry-After"], refused.json()) == (503, "7", {"error": "busy"})
    assert work == []
    assert get(server).status_code == 200


def test_a_status_can_come_after_the_work(server: Server, faults: Faults) -> None:
    faults.add(status=504, after=True)
    assert get(server).status_code == 504
    assert work == ["a"]


@pytest.mark.parametrize(("cut", "done"), [("before", []), ("after", ["a"])])
def test_a_cut_connection_gives_no_answer(server: Server, faults: Faults, cut: str, done: list[str]) -> None:
    faults.add(cut=cut, method="GET")
    with pytest.raises(requests.ConnectionError):
        get(server)
    assert work == done
    assert faults.requests()[0].status == 0


def test_a_fault_chooses_its_requests(server: Server, faults: Faults) -> None:
    faults.add(method="GET", path=r"/work/b\?deep=1", skip=1, times=2, status=500)
    statuses = [get(server, f"/work/{path}").status_code for path in ("a?deep=1", *["b?deep=1"] * 4, "b")]
    assert statuses == [200, 200, 500, 500, 200, 200]
    assert faults.left() == []


def test_a_fault_may_last_until_it_is_cleared(server: Server, faults: Faults) -> None:
    faults.add(status=500, times=None)
    assert {get(server).status_code for _ in range(3)} == {500}
    assert faults.left()[0].times is None
    faults.clear()
    assert get(server).ok


def test_latency_of_one_request_and_of_all(server: Server, faults: Faults) -> None:
    faults.add(latency=0.2, after=True)
    with pytest.raises(requests.Timeout):
        requests.get(server.url + "/work/a", timeout=0.1)
    assert work == ["a"]
    faults.set_latency(0.1)
    started = time.perf_counter()
    get(server)
    assert time.perf_counter() - started >= 0.1


def test_an_unknown_fault_is_refused(faults: Faults) -> None:
    for fault in ({"sttus": 500}, {"path": "("}):
        with pytest.raises(requests.HTTPError):
            faults.add(**fault)


def test_the_log_tells_what_was_asked(server: Server, faults: Faults) -> None:
    get(server, "/work/a?x=1")
    get(server, "/missing")
    first, second = faults.requests()
    assert (first.method, first.path, first.query, first.status) == ("GET", "/work/a", "x=1", 200)
    assert (second.path, second.status) == ("/missing", 404)
    assert abs(first.started - time.time()) < 5
    assert first.duration >= 0
    assert faults.requests(path="x=1") == [first]
    faults.forget_requests()
    assert faults.requests() == []


def test_controls_of_the_app_are_neither_faulted_nor_logged(server: Server, faults: Faults) -> None:
    faults.add(status=500)
    assert get(server, "/_playground/mine").json() == {"mine": True}
    assert faults.requests() == []
    assert len(faults.left()) == 1
