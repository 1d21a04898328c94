"""`python -m confsync detect`: an event, a file, an invitation on standard input."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from confsync.cli import detecting, main
from confsync.domain.errors import BadRequest, NotConfigured
from playground.functions import ROOT

ZOOM = "https://us02web.zoom.us/j/85746065432?pwd=QWJj.1"
OWN = "https://meet.example.com/standup"
EVENT = json.dumps({"summary": "Call", "location": ZOOM, "description": "Passcode: 010383"})
ICS = f"""BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//example//EN\r
BEGIN:VEVENT\r
UID:1@example.com\r
DTSTAMP:20261101T090000Z\r
DTSTART:20261101T090000Z\r
DTEND:20261101T100000Z\r
SUMMARY:Call\r
LOCATION:{ZOOM}\r
END:VEVENT\r
END:VCALENDAR\r
"""
DETECTION = """
[[detection.services]]
name = "Our Jitsi"
pattern = "https://meet.example.com/{code}"
"""


def run(text: str | bytes, config: Path | None = None) -> tuple[int, dict[str, Any]]:
    told: list[str] = []
    source = io.BytesIO(text if isinstance(text, bytes) else text.encode())
    code = detecting.detect(source, config, told.append)
    return code, json.loads("".join(told))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "detect.toml"
    example = (ROOT / "deploy" / "config" / "example.toml").read_text(encoding="utf-8")
    path.write_text(example + DETECTION, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "source"),
    [
        (EVENT, "location"),
        (ICS, "location"),
        ("\ufeff" + ICS, "location"),
        (f"\n  {ICS}", "location"),
        (f"Join {ZOOM}", "text"),
        (f'<a href="{ZOOM}">Join</a>', "text"),
        (f"{{not json}} {ZOOM}", "text"),
        (json.dumps([ZOOM]), "text"),
    ],
    ids=["event", "ics", "ics with a mark", "ics after blanks", "text", "html", "no json", "a list"],
)
def test_whatever_it_is_the_meeting_is_told(text: str, source: str) -> None:
    code, told = run(text)
    assert code == 0
    found = told["conferencing"]
    assert (found["provider"], found["source"]) == ("Zoom Meeting", source)
    assert (found["details"]["url"], found["details"]["meeting_code"]) == (ZOOM, "85746065432")


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "Lunch", "[" * 100_000, b"\xff\xfe", '{"location": 7}'])
def test_without_a_meeting_it_is_null_and_the_code_is_1(text: str | bytes) -> None:
    assert run(text) == (1, {"conferencing": None})


def test_what_can_t_be_undone_is_told() -> None:
    wrapped = "https://protect-eu.mimecast.com/s/AbCd"
    assert run(wrapped) == (1, {"conferencing": None, "unresolved": [wrapped]})


def test_services_of_one_s_own_are_configured(config: Path) -> None:
    assert run(OWN)[0] == 1
    code, told = run(OWN, config)
    assert code == 0
    found = told["conferencing"]
    assert (found["provider"], found["details"]["meeting_code"]) == ("Our Jitsi", "standup")


def test_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detecting, "MAX_BYTES", 10)
    assert run("x" * 10)[0] == 1
    with pytest.raises(BadRequest, match="more than 10 bytes"):
        run("x" * 11)


def test_a_configuration_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotConfigured, match=r"none\.toml"):
        run("", tmp_path / "none.toml")


def test_it_is_a_command_that_needs_no_configuration() -> None:
    command = [sys.executable, "-m", "confsync", "detect"]
    done = subprocess.run(command, input=EVENT.encode(), cwd="/", check=True, capture_output=True)
    assert json.loads(done.stdout)["conferencing"]["details"]["password"] == "010383"


def test_its_help_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["detect", "--help"])
    assert "--config" in capsys.readouterr().out
