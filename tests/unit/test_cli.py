"""The commands for operators."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from confsync.adapters.system import SystemClock
from confsync.cli import main
from confsync.cli.listing import markdown
from confsync.providers import PROVIDERS, vendor
from confsync.providers.zoom import Zoom
from playground.custom_provider import CustomProvider
from playground.faults import Faults
from playground.functions import ROOT
from playground.server import serve
from playground.vendors.catalogue import CATALOGUE, Entry
from playground.vendors.jitsi import JitsiService
from playground.vendors.zoom import ZoomService


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
path = ":memory:"
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
    assert "  look at account_id, client_id, client_secret in the secret zoom\n" in told
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
    assert told[2:] == [f"  asked: {faults.url}", "  look for what it made: ok", "  remove: ok"]
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


def test_a_meeting_that_was_just_being_made_is_removed(
    config: Path, zoom: ZoomService, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    create = Zoom.create

    def interrupted(*asked: Any) -> None:
        create(*asked)
        raise KeyboardInterrupt

    monkeypatch.setattr(Zoom, "create", interrupted)
    with pytest.raises(KeyboardInterrupt):
        check(config)
    assert capsys.readouterr().out.endswith("  look for what it made: ok\n  remove: ok\n")
    assert zoom.meetings() == []


def test_what_can_not_be_tried_is_an_error(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "teams", "--config", str(config)]) == 2
    assert main(["check", "zoom", "--config", "/nowhere.toml"]) == 2
    told = capsys.readouterr().err
    assert "solutions.teams" in told
    assert "/nowhere.toml" in told


# --- what can't be removed at once -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [(429, {"Retry-After": "7"}, 7), (429, {"Retry-After": "9999"}, 60), (503, {}, 5), (500, {}, 5)],
    ids=str,
)
def test_a_vendor_that_can_not_remove_it_just_now_is_given_time(
    config: Path,
    zoom: ZoomService,
    faults: Faults,
    slept: list[float],
    capsys: pytest.CaptureFixture[str],
    status: int,
    headers: dict[str, str],
    wait: float,
) -> None:
    faults.add(method="DELETE", path="/meetings", status=status, headers=headers, times=2)
    assert check(config) == 0
    assert slept[1:] == pytest.approx([wait, wait], abs=1)
    told = capsys.readouterr().out
    assert told.count("; trying again in ") == 2
    assert told.endswith("  remove: ok\n")
    assert zoom.meetings() == []


def test_in_the_end_a_person_is_asked(
    config: Path, zoom: ZoomService, faults: Faults, capsys: pytest.CaptureFixture[str]
) -> None:
    faults.add(method="DELETE", path="/meetings", status=503, times=None)
    assert check(config) == 1
    (left,) = zoom.meetings()
    told = capsys.readouterr().out
    assert f"the meeting {{'id': '{left['id']}'}} is still there: remove it by hand" in told
    assert len(faults.requests(method="DELETE")) == 3


def test_an_interrupted_removal_names_the_meeting(
    config: Path, zoom: ZoomService, faults: Faults, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: SystemClock, seconds: float) -> None:
        if seconds == 42:
            raise KeyboardInterrupt

    faults.add(method="DELETE", path="/meetings", status=429, headers={"Retry-After": "42"}, times=None)
    monkeypatch.setattr(SystemClock, "sleep", interrupted)
    monkeypatch.setattr("confsync.cli.checking.LONGEST_WAIT", timedelta(seconds=42))
    monkeypatch.setattr(SystemClock, "now", lambda _: datetime(2027, 3, 1, tzinfo=UTC))
    with pytest.raises(KeyboardInterrupt):
        check(config)
    (left,) = zoom.meetings()
    assert f"the meeting {{'id': '{left['id']}'}} may still be there" in capsys.readouterr().out


# --- whose meeting it is ---------------------------------------------------------------------------------------------


def with_lines(config: Path, *lines: str) -> Path:
    config.write_text("\n".join([config.read_text(), *lines]))
    return config


def test_a_host_is_asked_for_where_one_is_needed(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "zoom", "--config", str(config)]) == 1
    assert "  create: NOT OK: say who hosts it: --host somebody@example.com\n" in capsys.readouterr().out


def test_people_use_their_own_accounts(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "zoom", "--config", str(with_lines(config, "personal = true"))]) == 1
    assert "  create: NOT OK: say who hosts it: --host somebody@example.com\n" in capsys.readouterr().out


def test_every_host_is_tried(config: Path, zoom: ZoomService, capsys: pytest.CaptureFixture[str]) -> None:
    zoom.configure(missing=frozenset({"nobody@elsewhere.example"}))
    with_lines(config, 'hosts = ["ann@example.com", "nobody@elsewhere.example", "bob@example.com"]')
    assert main(["check", "zoom", "--config", str(config)]) == 1
    told = capsys.readouterr().out
    for host, end in (
        ("ann@example.com", "  change: ok\n  remove: ok\n"),
        ("bob@example.com", "create: ok\n  remove: ok\n"),
    ):
        assert end in told.partition(f"hosted by {host}")[2].partition("Zoom, by")[0]
    assert told.endswith("NOT OK for nobody@elsewhere.example\n")
    assert zoom.meetings() == []


def test_wrong_credentials_are_the_same_for_every_host(
    config: Path, zoom: ZoomService, capsys: pytest.CaptureFixture[str]
) -> None:
    zoom.configure(client_secret="another")
    with_lines(config, 'hosts = ["ann@example.com", "bob@example.com"]')
    assert main(["check", "zoom", "--config", str(config)]) == 1
    assert capsys.readouterr().out.count("create: NOT OK") == 1


# --- somewhere else --------------------------------------------------------------------------------------------------


def test_where_nobody_or_somebody_else_answers_is_told(
    config: Path, faults: Faults, capsys: pytest.CaptureFixture[str]
) -> None:
    good = config.read_text()
    nobody = "http://127.0.0.1:1"  # below what any server is given
    for text, where in (
        (good.replace(f"{faults.url}/oauth/token", f"{faults.url}/secret-path"), faults.url),  # a 404
        (good.replace(f"{faults.url}/v2", f"{faults.url}/secret-path"), faults.url),
        (good.replace(f"{faults.url}/v2", f"{nobody}/secret-path"), nobody),
        (good.replace(f"{faults.url}/oauth/token", f"{nobody}/secret-path"), nobody),
    ):
        config.write_text(text)
        assert check(config) == 1
        told = capsys.readouterr().out
        assert f"  asked: {where}\n" in told
        assert "secret-path" not in told


# --- every vendor ----------------------------------------------------------------------------------------------------

JOIN = """
[join]
url = "https://confsync.example.com/join"
"""
QUIET = {"bigbluebutton", "jaas"}
"""Of those, nothing is asked before somebody joins."""
Checked = Callable[..., tuple[int, str, Any]]
"""Runs the command for a vendor, with what its secret is made into: the exit code, what was told, the vendor."""


@pytest.fixture
def checked(
    tmp_path: Path, slept: list[float], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Checked]:
    servers = []
    monkeypatch.setenv("CONFSYNC_JOIN_KEYS", "k" * 32)

    def run(
        entry: Entry,
        change: Callable[[str], str] = str,
        *,
        join: str = JOIN,
        more: str = "",
        host: str = "ann@example.com",
    ) -> tuple[int, str, Any]:
        service, secret = entry.open()
        service.clock = lambda: datetime.now(UTC) + timedelta(seconds=sum(slept))
        servers.append(serve(entry.app(service), name=entry.name))
        (tmp_path / entry.name).write_text(change(secret))
        solution = entry.solution.replace("{url}", servers[-1].url)
        table = f'[solutions.{entry.name}]\n{solution}\nname = "It"\nsecret = "{entry.name}"\n{more}\n'
        path = tmp_path / "check.toml"
        path.write_text(CONFIG.partition("[solutions")[0].format(secrets=tmp_path) + table + join)
        code = main(["check", entry.name, "--config", str(path), *(["--host", host] if host else [])])
        return code, capsys.readouterr().out, service

    yield run
    for server in servers:
        server.stop()


def entry(name: str) -> Entry:
    return next(each for each in CATALOGUE if each.name == name)


def wrong(secret: str) -> str:
    """The same fields with other values, which a vendor finds no good."""
    try:
        fields = json.loads(secret)
    except ValueError:
        return f"whsec_{'d3Jvbmcg' * 5}" if secret.startswith("whsec_") else f"wrong-{secret}"
    if "private_key" in fields:
        return json.dumps({**fields, "app_id": "another-application"})
    return json.dumps({**fields, **{name: f"wrong-{value}" for name, value in fields.items() if name != "tenant_id"}})


def values(secret: str) -> list[str]:
    try:
        told = json.loads(secret)
    except ValueError:
        return [secret]
    return [line for value in told.values() for line in value.splitlines() if len(line) > 8 and "---" not in line]


@pytest.mark.parametrize("each", CATALOGUE, ids=lambda each: each.name)
def test_right_credentials_of_every_vendor(each: Entry, checked: Checked) -> None:
    code, told, service = checked(each)
    assert (code, "NOT OK" in told) == (0, False), told
    assert ("create, find again, read, change: nothing to ask the vendor yet" in told) == (each.name in QUIET)
    assert ("  create: ok\n" in told) == (each.name not in QUIET)
    assert service.meetings() == []


@pytest.mark.parametrize("each", CATALOGUE, ids=lambda each: each.name)
def test_wrong_credentials_of_every_vendor(each: Entry, checked: Checked) -> None:
    seen: list[str] = []

    def change(secret: str) -> str:
        seen.extend(values(secret) + values(wrong(secret)))
        return wrong(secret)

    code, told, service = checked(each, change)
    assert code == 1, told
    assert f"the secret {each.name}" in told
    assert [value for value in seen if value in told] == []
    assert "still there" not in told
    assert service.meetings() == []


def test_zohos_own_word_is_told(checked: Checked) -> None:
    def change(secret: str) -> str:
        return json.dumps({**json.loads(secret), "client_secret": "another"})

    assert "HTTP 200, invalid_client_secret\n" in checked(entry("zoho"), change)[1]


def test_bigbluebuttons_checksum_has_a_hint(checked: Checked) -> None:
    told = checked(entry("bigbluebutton"), wrong)[1]
    assert "checksumError" in told
    assert "look at the secret bigbluebutton, and whether settings.checksum is what the server takes\n" in told
    assert "remove" not in told


def test_bigbluebutton_is_asked(checked: Checked) -> None:
    _, told, service = checked(entry("bigbluebutton"))
    assert told.endswith("  a personal link: ok\n  remove: ok\n")
    assert service.joins() == []


def test_when_8x8_looks_at_the_key_is_told(checked: Checked) -> None:
    assert checked(entry("jaas"))[1].endswith("8x8 checks the key only when somebody joins\n")


@pytest.mark.parametrize("name", sorted(QUIET))
def test_people_need_our_own_address(name: str, checked: Checked, monkeypatch: pytest.MonkeyPatch) -> None:
    code, told, _ = checked(entry(name), join="")
    assert (code, "[join] url: NOT OK" in told, "CONFSYNC_JOIN_KEYS: ok" in told) == (1, True, True)
    monkeypatch.setenv("CONFSYNC_JOIN_KEYS", "short")
    code, told, _ = checked(entry(name))
    assert (code, "[join] url: ok" in told, "CONFSYNC_JOIN_KEYS: NOT OK" in told) == (1, True, True)
    assert "  a personal link: ok\n" in told


KEYS = json.dumps({"room_key": "k" * 32, "app_secret": "s" * 32})


@pytest.mark.parametrize(
    ("secret", "app_id", "join", "code", "last"),
    [
        ("k" * 32, "", "", 0, "nothing to ask the vendor yet"),
        (KEYS, "a", JOIN, 0, "checks tokens only when somebody joins"),
        (KEYS, "a", "", 1, "checks tokens only when somebody joins"),
        (KEYS, "", "", 1, "settings.app_id, their issuer, is missing"),
        ("k" * 32, "a", JOIN, 1, "the secret jitsi is not a JSON object"),
    ],
    ids=["rooms", "tokens", "no address of ours", "no issuer", "no keys"],
)
def test_jitsi(checked: Checked, secret: str, app_id: str, join: str, code: int, last: str) -> None:
    jitsi = Entry(
        name="jitsi",
        title="Jitsi",
        open=lambda: (JitsiService(), secret),
        app=entry("jaas").app,
        solution='provider = "jitsi"\napi = "{url}"',
    )
    ended, told, _ = checked(jitsi, join=join, more=f'settings = {{ app_id = "{app_id}" }}' if app_id else "")
    assert (ended, told.splitlines()[-1].endswith(last)) == (code, True), told


def test_a_server_that_removes_nothing_is_known_before(checked: Checked, monkeypatch: pytest.MonkeyPatch) -> None:
    def capabilities(*_: object) -> tuple[str, dict[str, Any]]:
        return "200 OK", {"contract": 1, "updates": True, "deletes": False, "recurrence": "none"}

    monkeypatch.setattr(CustomProvider, "capabilities", capabilities)
    hosts = 'hosts = ["ann@example.com", "bob@example.com"]'
    code, told, service = checked(entry("custom"), more=hosts, host="")
    assert (code, len(service.meetings())) == (0, 1)
    lines = told.splitlines()
    assert "will stay there" in lines[1]
    assert lines[2] == "  create: ok"
    assert re.fullmatch(r"  the meeting \{'id': '\S+'\} is left to itself", lines[-2])
    assert lines[-1] == "the other hosts are not tried: their meetings would stay, too"


def test_a_server_that_wants_a_host_is_given_one(checked: Checked) -> None:
    code, told, service = checked(entry("custom"), host="")
    assert (code, service.meetings()) == (1, [])
    assert told.splitlines()[-1] == "  perhaps it needs a host: say who hosts it: --host somebody@example.com"
    assert "look at" not in told


def test_no_meeting_is_left_where_bigbluebutton_is_not(checked: Checked) -> None:
    code, told, _ = checked(
        replace(entry("bigbluebutton"), solution='provider = "bigbluebutton"\napi = "{url}/nowhere"')
    )
    assert code == 1
    assert "  asked: http://127.0.0.1:" in told
    assert "nowhere" not in told
    assert "remove" not in told


def run_as_a_program(*arguments: str, stdout: int) -> tuple[int, str]:
    """Exit code and what is said on standard error."""
    told = subprocess.run([sys.executable, *arguments], stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60)
    return told.returncode, told.stderr


def test_a_reader_who_has_enough_is_no_fault() -> None:
    """`python -m confsync providers | head -1`"""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        assert run_as_a_program("-m", "confsync", "providers", stdout=writer) == (1, "")
    finally:
        os.close(writer)


def test_a_person_who_stops_a_command_sees_no_trace() -> None:
    stopped = "import runpy, confsync.cli as cli\ndef main(_): raise KeyboardInterrupt\ncli.main = main\n"
    told = run_as_a_program("-c", f"{stopped}runpy.run_module('confsync')", stdout=subprocess.DEVNULL)
    assert told == (130, "")
