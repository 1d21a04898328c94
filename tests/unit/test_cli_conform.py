"""`python -m confsync conform`: the example server keeps the contract, and whatever breaks a rule is told there."""

import base64
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from confsync.cli import main
from confsync.cli.conforming import RULES
from playground.custom_provider import CustomProvider
from playground.server import serve

SECRET = f"whsec_{base64.b64encode(b'a secret of thirty-two bytes....').decode()}"
VARIABLE = "CONFORM_SECRET"
Answer = tuple[str, dict[str, Any]]


class Example(CustomProvider):
    """The example server."""

    def __init__(self) -> None:
        super().__init__(SECRET)

    def left(self) -> int:
        """How many meetings it holds."""
        return len(self._rooms)


class MakesTwo(Example):
    """Every create makes a meeting."""

    def create(self, sent: dict[str, Any]) -> Answer:
        known, self._rooms = self._rooms, {}
        try:
            return super().create(sent)
        finally:
            self._rooms = {**known, **self._rooms}


class TakesAnyTime(Example):
    """A request may be of any age."""

    def _verified(self, environ: dict[str, Any], body: bytes) -> bool:
        at = environ.get("HTTP_WEBHOOK_TIMESTAMP", "")
        environ = {**environ, "HTTP_WEBHOOK_TIMESTAMP": _Now(at)}
        return super()._verified(environ, body)


class _Now(str):
    """A timestamp that is signed as it was sent, and as a number is the present."""

    def __int__(self) -> int:
        return int(time.time())


class DeletesTwice(Example):
    """To delete what is gone is no error."""

    def delete(self, sent: dict[str, Any]) -> Answer:
        self._rooms.pop(sent["id"], None)
        return "200 OK", {"deleted": True}


class FindsBeginnings(Example):
    """A marker finds those that begin with it, too."""

    def _marked(self, marker: str) -> list[str]:
        return [name for name, room in self._rooms.items() if room["marker"].startswith(marker)]


class VerifiesNothing(Example):
    """Whoever asks is answered."""

    def _verified(self, environ: dict[str, Any], body: bytes) -> bool:
        return True


class KnowsNoOthers(Example):
    """A field that it does not know is malformed."""

    def find(self, sent: dict[str, Any]) -> Answer:
        if sent.keys() - {"contract", "operation", "marker", "spec"}:
            raise ValueError
        return super().find(sent)


class KeepsAll(Example):
    """Deletions are confirmed, and not done."""

    def delete(self, sent: dict[str, Any]) -> Answer:
        self._shown(sent["id"])
        return "200 OK", {"deleted": True}


class Least(Example):
    """It only hands out rooms."""

    def capabilities(self, sent: dict[str, Any]) -> Answer:
        return "200 OK", {"contract": 1, "updates": False, "deletes": False, "recurrence": "none", "drifts": False}

    def update(self, sent: dict[str, Any]) -> Answer:
        # create leads here for a marker that has a meeting; a call would not
        assert sent["operation"] == "create"
        return super().update(sent)

    def delete(self, sent: dict[str, Any]) -> Answer:
        raise AssertionError("it was not declared")


@contextmanager
def served(app: Example) -> Iterator[str]:
    server = serve(app, name="custom")
    try:
        yield server.url
    finally:
        server.stop()


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, SECRET)


def conform(app: Example) -> int:
    with served(app) as url:
        return main(["conform", url, "--secret-from", VARIABLE, "--host", "alice@example.com"])


def broken(out: str) -> list[str]:
    """The rules that are told to be not kept."""
    return [line.strip().partition(": NOT OK")[0] for line in out.splitlines() if ": NOT OK: " in line]


def test_the_example_keeps_every_rule_and_nothing_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    app = Example()
    assert conform(app) == 0
    head, *told = capsys.readouterr().out.splitlines()
    assert head.startswith("Example Rooms at http://127.0.0.1:")
    names = ["it says what it can do", *(rule.name for rule in RULES), "nothing is left"]
    assert told == [f"  {name}: ok" for name in names]
    assert app.left() == 0


SAME = "create with the same marker answers the same meeting"


@pytest.mark.parametrize(
    ("app", "rules"),
    [
        (MakesTwo, [SAME, "find shows the meeting", "creates at the same time make one meeting"]),
        (TakesAnyTime, ["an old timestamp is unverified", "a timestamp to come is unverified"]),
        (DeletesTwice, ["delete of an unknown id is not found", "delete of a removed meeting is not found"]),
        (FindsBeginnings, ["find takes a marker as a whole"]),
        (KnowsNoOthers, ["unknown fields are ignored"]),
        (
            VerifiesNothing,
            [
                "a call signed with another secret is unverified",
                "a call without a signature is unverified",
                "a body that was not signed is unverified",
                "an old timestamp is unverified",
                "a timestamp to come is unverified",
            ],
        ),
    ],
)
def test_a_rule_that_is_broken_is_told_and_nothing_is_left(
    capsys: pytest.CaptureFixture[str], app: type[Example], rules: list[str]
) -> None:
    server = app()
    assert conform(server) == 1
    out = capsys.readouterr().out
    assert [rule for rule in rules if rule not in broken(out)] == []
    assert set(broken(out)) - set(rules) <= {"delete removes the meeting", "the marker of a removed meeting is free"}
    assert SECRET[6:] not in out
    assert server.left() == 0


def test_it_is_told_what_was_expected_and_what_was_seen(capsys: pytest.CaptureFixture[str]) -> None:
    assert conform(DeletesTwice()) == 1
    assert (
        "  delete of a removed meeting is not found: NOT OK: expected HTTP 404 and `not_found`, "
        "saw HTTP 200 and no error of the contract, when asked to delete a meeting"
    ) in capsys.readouterr().out.splitlines()


def test_what_is_left_all_the_same_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    app = KeepsAll()
    assert conform(app) == 1
    out = capsys.readouterr().out
    assert "delete removes the meeting" in broken(out)
    (last,) = [line for line in out.splitlines() if line.startswith("  nothing is left: ")]
    assert "remove them by hand" in last
    assert all(name in last for name in app._rooms)


def test_what_is_not_declared_is_not_called(capsys: pytest.CaptureFixture[str]) -> None:
    app = Least()
    assert conform(app) == 0
    out = capsys.readouterr().out
    assert "  update changes the meeting, and not its id: not declared" in out
    assert "  delete removes the meeting: not declared" in out
    assert "are left to themselves" in out
    assert app.left() == 1


def test_without_a_meeting_the_rest_is_not_tried(capsys: pytest.CaptureFixture[str]) -> None:
    with served(Example()) as url:
        assert main(["conform", url, "--secret-from", VARIABLE]) == 1
    out = capsys.readouterr().out
    assert broken(out) == ["create makes a meeting"]
    assert "needs_permission" in out
    assert "  get shows the meeting: not tried: there is no meeting to try it on" in out


def test_a_server_that_does_not_say_what_it_can_do_is_not_tried(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", "http://127.0.0.1:9", "--secret-from", VARIABLE]) == 1
    (told,) = capsys.readouterr().out.splitlines()
    assert told.startswith("  it says what it can do: NOT OK: custom gave no answer")


def test_what_can_not_be_tried_is_an_error(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["conform", "http://rooms.example", "--secret-from", VARIABLE]) == 2
    assert main(["conform", "https://rooms.example", "--secret-from", "NOBODY_SET_THIS"]) == 2
    monkeypatch.setenv(VARIABLE, "whsec_c2hvcnQ=")
    assert main(["conform", "https://rooms.example", "--secret-from", VARIABLE]) == 2
    told = capsys.readouterr().err
    assert "NOBODY_SET_THIS is not set" in told
    assert f"the secret {VARIABLE} is not" in told
    assert "c2hvcnQ=" not in told
