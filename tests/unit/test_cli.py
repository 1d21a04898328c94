"""The commands for operators."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from confsync.adapters.system import SystemClock
from confsync.cli import main
from confsync.cli.listing import markdown
from confsync.providers import PROVIDERS, vendor
from playground.faults import Faults
from playground.functions import ROOT
from playground.server import serve
from playground.vendors.zoom import ZoomService, create_app


def test_the_readme_has_the_table_of_providers() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (told,) = re.findall(r"<!-- providers -->\n(.*?)\n<!-- end of providers -->", readme, re.DOTALL)
    assert told == markdown(), "put what `python -m confsync providers --markdown` prints into README.md"


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_provider_says_what_it_can_do_and_has_its_set_up_written_down(name: str) -> None:
    told = vendor(name)
    assert told.name
    assert told.accounts
    assert told.marker
    guide = (ROOT / "shared" / "confsync" / "providers" / "README.md").read_text(encoding="utf-8")
    assert f"| `{name}` |" in guide


def test_the_list_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["providers"]) == 0
    assert "zoom: Zoom" in capsys.readouterr().out


def test_it_is_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "confsync", "--help"], cwd="/", check=True, capture_output=True, text=True
    )
    assert "providers" in done.stdout


CONFIG = """\
[google]
project = "p"
[store]
kind = "sqlite"
path = "unused.sqlite"
[queue]
location = "l"
name = "n"
sync_url = "https://a"
reconcile_url = "https://b"
service_account = "s"
[secrets]
kind = "file"
path = "{secrets}"
[channels]
notifications_url = "https://c"
[callers]
[solutions.zoom]
provider = "zoom"
name = "Zoom"
secret = "zoom"
api = "{url}/v2"
token_url = "{url}/oauth/token"
"""


@pytest.fixture
def zoom() -> ZoomService:
    return ZoomService()


@pytest.fixture
def faults(zoom: ZoomService) -> Iterator[Faults]:
    server = serve(create_app(zoom), name="zoom")
    yield Faults(server.url)
    server.stop()


@pytest.fixture(autouse=True)
def slept(monkeypatch: pytest.MonkeyPatch, zoom: ZoomService) -> list[float]:
    """How long was waited, which takes no time but at the vendor."""
    waits: list[float] = []
    monkeypatch.setattr(SystemClock, "sleep", lambda _, seconds: waits.append(seconds))
    zoom.clock = lambda: datetime.now(UTC) + timedelta(seconds=sum(waits))
    return waits


@pytest.fixture
def config(tmp_path: Path, zoom: ZoomService, faults: Faults) -> Path:
    names = ("account_id", "client_id", "client_secret")
    (tmp_path / "zoom").write_text(json.dumps({name: getattr(zoom.account, name) for name in names}))
    path = tmp_path / "check.toml"
    path.write_text(CONFIG.format(secrets=tmp_path, url=faults.url))
    return path


def check(config: Path, *more: str) -> int:
    return main(["check", "zoom", "--config", str(config), "--host", "ann@example.com", *more])


def test_a_solution_is_tried_and_nothing_is_left(
    config: Path, zoom: ZoomService, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(config) == 0
    told = capsys.readouterr().out.splitlines()
    assert told == [
        "Zoom, by zoom, hosted by ann@example.com",
        "  create: ok",
        "  find again: ok",
        "  read: ok",
        "  change: ok",
        "  remove: ok",
    ]
    assert zoom.meetings() == []


@pytest.mark.parametrize(
    ("scope", "step"),
    [
        ("meeting:write:meeting:admin", "create"),
        ("meeting:read:list_meetings:admin", "find again"),
        ("meeting:update:meeting:admin", "change"),
        ("meeting:delete:meeting:admin", "remove"),
    ],
)
def test_a_missing_scope_is_told_at_its_step(
    config: Path, zoom: ZoomService, capsys: pytest.CaptureFixture[str], scope: str, step: str
) -> None:
    zoom.configure(scopes=tuple(each for each in zoom.account.scopes if each != scope))
    assert check(config) == 1
    told = capsys.readouterr().out
    assert f"  {step}: NOT OK" in told
    assert scope in told
    assert ("is still there: remove it by hand" in told) == (step == "remove")
    assert len(zoom.meetings()) == (step == "remove")


def test_wrong_credentials_are_told_without_them(
    config: Path, zoom: ZoomService, capsys: pytest.CaptureFixture[str]
) -> None:
    zoom.configure(client_secret="another")
    assert check(config) == 1
    told = capsys.readouterr().out
    assert "create: NOT OK" in told
    assert "example-client-secret" not in told


@pytest.mark.parametrize(("lag", "waits"), [(0, [5.0]), (2, [5.0]), (7, [5.0, 5.0])])
def test_a_list_may_lag(config: Path, zoom: ZoomService, slept: list[float], lag: int, waits: list[float]) -> None:
    zoom.configure(list_lag=lag)
    assert check(config) == 0
    assert slept == waits
    assert zoom.meetings() == []


def test_a_meeting_that_does_not_show_up_is_told_and_removed(
    config: Path, zoom: ZoomService, capsys: pytest.CaptureFixture[str]
) -> None:
    zoom.configure(list_lag=60)
    assert check(config) == 1
    assert "find again: NOT OK" in capsys.readouterr().out
    assert zoom.meetings() == []


@pytest.mark.parametrize("lag", [0, 2, 7])
def test_what_a_create_without_an_answer_made_is_removed(
    config: Path, zoom: ZoomService, faults: Faults, capsys: pytest.CaptureFixture[str], lag: int
) -> None:
    zoom.configure(list_lag=lag)
    faults.add(method="POST", path="/meetings", cut="after")
    assert check(config) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[1].startswith("  create: NOT OK")
    assert told[2:] == ["  look for what it made: ok", "  remove: ok"]
    assert zoom.meetings() == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"list_lag": 60}, {"cut": "after"}),
        ({}, {"cut": "before"}),
        ({"scopes": ("meeting:write:meeting:admin",)}, {"cut": "after"}),
    ],
    ids=["it shows up later", "it was not made", "nobody may look"],
)
def test_what_may_remain_is_told(
    config: Path,
    zoom: ZoomService,
    faults: Faults,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, Any],
    fault: dict[str, Any],
) -> None:
    zoom.configure(**changes)
    faults.add(method="POST", path="/meetings", **fault)
    assert check(config) == 1
    (told,) = re.findall(r"a meeting marked (\S+) may remain at the vendor", capsys.readouterr().out)
    assert [told in meeting["agenda"] for meeting in zoom.meetings()] == [True] * len(zoom.meetings())


def test_nothing_is_looked_for_after_a_refusal(
    config: Path, faults: Faults, slept: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    faults.add(method="POST", path="/meetings", status=400, body={"code": 300, "message": "Validation Failed."})
    assert check(config) == 1
    assert "may remain" not in capsys.readouterr().out
    assert slept == []


def test_an_interrupted_trial_leaves_no_meeting(
    config: Path, zoom: ZoomService, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        assert len(zoom.meetings()) == 1
        raise KeyboardInterrupt

    monkeypatch.setattr(SystemClock, "sleep", interrupted)
    with pytest.raises(KeyboardInterrupt):
        check(config)
    assert zoom.meetings() == []


def test_what_can_not_be_tried_is_an_error(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "teams", "--config", str(config)]) == 2
    assert main(["check", "zoom", "--config", "/nowhere.toml"]) == 2
    told = capsys.readouterr().err
    assert "solutions.teams" in told
    assert "/nowhere.toml" in told
