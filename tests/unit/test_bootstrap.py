"""What is built once per process is, also when the first requests come all at once."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from confsync import bootstrap, config, providers
from confsync.domain.errors import NotConfigured

EXAMPLE = Path(__file__).parents[2] / "deploy" / "config" / "example.toml"
THREADS = 16


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> bootstrap.Process:
    monkeypatch.setenv(config.CONFIG_VARIABLE, str(EXAMPLE))
    monkeypatch.setenv(config.KEYS_VARIABLE, "k" * 32)
    monkeypatch.setattr("confsync.logs.configure", lambda project="": None)
    return bootstrap.Process()


def test_the_first_requests_share_one_of_everything(
    process: bootstrap.Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[str] = []

    def build(solution: Any, *_: Any) -> object:
        built.append(solution.id)
        time.sleep(0.01)
        return object()

    monkeypatch.setattr(providers, "build", build)
    monkeypatch.setattr(bootstrap.Adapters, "secrets", None)
    first, *_ = process.settings.solutions
    barrier = Barrier(THREADS)

    def request(_: int) -> tuple[int, ...]:
        barrier.wait()
        usecases, adapters = process.usecases, process.adapters
        parts = (usecases, adapters, adapters.queue, usecases.receive_notification, adapters.providers.provider(first))
        return tuple(map(id, parts))

    with ThreadPoolExecutor(THREADS) as pool:
        assert len(set(pool.map(request, range(THREADS)))) == 1
    assert built == [first]


@pytest.mark.parametrize("filtered", [False, True])
def test_a_watch_is_filtered_only_if_the_configuration_says_so(
    process: bootstrap.Process, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, filtered: bool
) -> None:
    text = EXAMPLE.read_text()
    if filtered:
        text = text.replace("[channels]", "[channels]\nfilter_event_types = true")
        (tmp_path / "config.toml").write_text(text)
        monkeypatch.setenv(config.CONFIG_VARIABLE, str(tmp_path / "config.toml"))
    assert process.adapters.calendars.watch_filter == ({"eventTypes": "default"} if filtered else {})


def test_a_solution_that_is_not_configured_is_named(process: bootstrap.Process) -> None:
    with pytest.raises(NotConfigured, match=r"solutions\.acme"):
        process.adapters.providers.provider("acme")
