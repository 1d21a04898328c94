"""calendar_notifications against a function that does nothing: cold start, memory, warm speed."""

import statistics
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from confsync.domain import channel, keys
from playground.functions import ROOT
from playground.project import Project, Tempo
from tests.benchmarks.canned import canned
from tests.benchmarks.load import requests_per_second
from tests.benchmarks.measuring import Row, median_ratio
from tests.benchmarks.processes import Function, Running, started

STARTS = 15
ROUNDS = 7
REQUESTS = 1500
CONNECTIONS = 16
HELLO = 'def handle(request):\n    return "", 204\n'
DRIVERS = ("_sqlite3", "cygrpc")
"""Extension modules without which neither SQLite nor Firestore can be reached."""

MB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """Our function and the bare one, to which the same requests are sent."""

    ours: Function
    hello: Function
    directory: Path
    channel_keys: tuple[bytes, ...]

    def requests(self, count: int, calendars: int) -> list[bytes]:
        """Notifications for so many calendars in turn."""
        found = [_notification(self.channel_keys, number) for number in range(calendars)]
        return [found[number % calendars] for number in range(count)]


def rows() -> list[Row]:
    """Start and memory with the simulated Cloud Tasks; speed with one that costs next to nothing."""
    with tempfile.TemporaryDirectory() as directory, _pair(Path(directory)) as (pair, project):
        cold = _cold(pair)
        with canned() as tasks:
            config = pair.directory / "canned.toml"
            config.write_text(project.config.read_text().replace(project.cloud.url("tasks"), tasks))
            ours = replace(pair.ours, environment={**pair.ours.environment, "CONFSYNC_CONFIG": str(config)})
            return [*cold, *_warm(replace(pair, ours=ours))]


# --- cold ------------------------------------------------------------------------------------------------------------


def _cold(pair: _Pair) -> list[Row]:
    measured: dict[str, list[tuple[float, float, float]]] = {"ours": [], "hello": []}
    for number in range(STARTS + 1):
        for name, function in (("ours", pair.ours), ("hello", pair.hello)):
            with started(function, pair.directory) as running:
                resident, proportional = running.memory()
                if number:  # the first start may compile modules, and reads them from disk
                    measured[name].append((running.first_answer, resident / MB, proportional / MB))
    ours, hello = zip(*measured["ours"], strict=True), zip(*measured["hello"], strict=True)
    names = (
        ("process start to first answer", "s", 3),
        ("resident memory of the worker", "MB", 1),
        ("proportional memory (PSS), both processes", "MB", 1),
    )
    return [
        _against_hello(name, unit, digits, our, their)
        for (name, unit, digits), our, their in zip(names, ours, hello, strict=True)
    ]


def _against_hello(name: str, unit: str, digits: int, ours: Sequence[float], hello: Sequence[float]) -> Row:
    ratio = median_ratio(ours, hello)
    our, their = statistics.median(ours), statistics.median(hello)
    return Row(
        what=f"calendar_notifications, {name}",
        measured=f"{our:.{digits}f} {unit} / hello {their:.{digits}f} {unit} = {ratio:.2f}x",
        bar="<= 1.25x",
        holds=ratio <= 1.25,
    )


# --- warm ------------------------------------------------------------------------------------------------------------


def _warm(pair: _Pair) -> list[Row]:
    with started(pair.ours, pair.directory) as ours, started(pair.hello, pair.directory) as hello:
        burst = _speed(pair, ours, hello, calendars=20)
        distinct = _speed(pair, ours, hello, calendars=REQUESTS)
        drivers = sorted(name for name in DRIVERS if any(name in path for path in ours.files()))
    return [
        Row(
            what="calendar_notifications, warm: 1,500 notifications of 20 busy calendars",
            measured=_compared(*burst),
            bar=">= 0.8x",
            holds=median_ratio(*burst) >= 0.8,
        ),
        Row(
            what="calendar_notifications, warm: 1,500 notifications of as many calendars", measured=_compared(*distinct)
        ),
        Row(
            what="calendar_notifications, database drivers loaded after all this",
            measured=", ".join(drivers) or "none",
            bar="none",
            holds=not drivers,
        ),
    ]


def _speed(pair: _Pair, ours: Running, hello: Running, *, calendars: int) -> tuple[list[float], list[float]]:
    """Requests per second of both, round by round; the first round only warms."""
    requests = pair.requests(REQUESTS, calendars)
    measured: list[tuple[float, float]] = []
    for number in range(ROUNDS + 1):
        order = (ours, hello) if number % 2 else (hello, ours)
        speeds = {each: requests_per_second(each.port, requests, connections=CONNECTIONS) for each in order}
        measured.append((speeds[ours], speeds[hello]))
    return [our for our, _ in measured[1:]], [their for _, their in measured[1:]]


def _compared(ours: Sequence[float], hello: Sequence[float]) -> str:
    our, their = statistics.median(ours), statistics.median(hello)
    return f"{our:.0f}/s / hello {their:.0f}/s = {median_ratio(ours, hello):.2f}x"


# --- what is started, what is sent -----------------------------------------------------------------------------------


@contextmanager
def _pair(directory: Path) -> Iterator[tuple[_Pair, Project]]:
    """Both functions as deployed: with as many threads as deploy/functions.toml gives ours."""
    project = Project(directory=directory, tempo=Tempo(coalesce=1.0))
    table = tomllib.loads((ROOT / "deploy" / "functions.toml").read_text())["functions"]["calendar_notifications"]
    hello = directory / "hello" / "main.py"
    hello.parent.mkdir()
    hello.write_text(HELLO)
    common = {
        "environment": project.functions["calendar_notifications"].environment,
        "request": _notification((project.channel_keys.encode(),), 0),
        "threads": table["concurrency"],
    }
    try:
        yield (
            _Pair(
                ours=Function(source=ROOT / table["source"], **common),
                hello=Function(source=hello, **common),
                directory=directory,
                channel_keys=(project.channel_keys.encode(),),
            ),
            project,
        )
    finally:
        project.stop()


def _notification(channel_keys: tuple[bytes, ...], number: int) -> bytes:
    """What Google sends when an event changed on the calendar of that number."""
    channel_id = f"channel-{number}"
    headers = {
        "Host": "notifications.example.com",
        "User-Agent": "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)",
        "Accept": "*/*",
        "Content-Length": "0",
        "X-Goog-Channel-ID": channel_id,
        "X-Goog-Channel-Token": channel.token(channel_keys, channel_id, keys.calendar_key(f"{number}@example.com")),
        "X-Goog-Channel-Expiration": "Tue, 19 Jan 2027 10:00:00 GMT",
        "X-Goog-Resource-ID": "ret08u3rv24htgh289g",
        "X-Goog-Resource-URI": f"https://www.googleapis.com/calendar/v3/calendars/{number}%40example.com/events?alt=json",
        "X-Goog-Resource-State": "exists",
        "X-Goog-Message-Number": "10",
    }
    return "\r\n".join(["POST / HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items()), "", ""]).encode()
