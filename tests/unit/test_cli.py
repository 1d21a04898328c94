"""The commands for operators."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from confsync.cli import main
from confsync.cli.listing import markdown
from confsync.providers import PROVIDERS, vendor
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
def config(tmp_path: Path, zoom: ZoomService) -> Iterator[Path]:
    server = serve(create_app(zoom), name="zoom")
    names = ("account_id", "client_id", "client_secret")
    (tmp_path / "zoom").write_text(json.dumps({name: getattr(zoom.account, name) for name in names}))
    path = tmp_path / "check.toml"
    path.write_text(CONFIG.format(secrets=tmp_path, url=server.url))
    yield path
    server.stop()


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


def test_what_can_not_be_tried_is_an_error(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "teams", "--config", str(config)]) == 2
    assert main(["check", "zoom", "--config", "/nowhere.toml"]) == 2
    told = capsys.readouterr().err
    assert "solutions.teams" in told
    assert "/nowhere.toml" in told
