"""`python -m confsync conform`: the example server keeps the contract, and whatever breaks a rule is told there."""

import base64
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
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


class Shows(Example):
    """Each meeting is shown with these fields in place of its own; `...`: without it."""

    def __init__(self, **shown: Any) -> None:
        super().__init__()
        self._fields = shown

    def _shown(self, name: str) -> dict[str, Any]:
        shown = {**super()._shown(name), **self._fields}
        return {field: value for field, value in shown.items() if value is not ...}


class Counts(Example):
    """Its meetings have numbers."""

    def create(self, sent: dict[str, Any]) -> Answer:
        status, shown = super().create(sent)
        if isinstance(shown["id"], str):
            numbers: dict[Any, Any] = self._rooms
            numbers[len(numbers)] = numbers.pop(shown["id"])
            shown["id"] = len(numbers) - 1
        return status, shown


class Nameless(Example):
    """What it has made can't be told."""

    def create(self, sent: dict[str, Any]) -> Answer:
        return super().create(sent)[0], {"meeting": "is made"}

    def find(self, sent: dict[str, Any]) -> Answer:
        return "200 OK", {"conferences": [{} for _ in self._marked(sent["marker"])]}


class IgnoresUpdates(Example):
    """A change is confirmed, and not done."""

    def update(self, sent: dict[str, Any]) -> Answer:
        return super().update(sent) if sent["operation"] == "create" else self.get(sent)


class IgnoresNewSpecs(Example):
    """A meeting that is there is answered as it is."""

    def create(self, sent: dict[str, Any]) -> Answer:
        known = self._marked(sent["marker"])
        return self.get({"id": known[0]}) if known else super().create(sent)


class NeedsNoFields(Example):
    """What lacks is empty."""

    def find(self, sent: dict[str, Any]) -> Answer:
        return super().find({"marker": "", **sent})


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


ASKED_AGAIN = "create with the same marker takes the new title"
RENAMED = "update takes the new title"
SAME = "create with the same marker answers the same meeting"


@pytest.mark.parametrize(
    ("app", "rules"),
    [
        (MakesTwo, [SAME, ASKED_AGAIN, "find shows the meeting", "creates at the same time make one meeting"]),
        (TakesAnyTime, ["an old timestamp is unverified", "a timestamp to come is unverified"]),
        (DeletesTwice, ["delete of an unknown id is not found", "delete of a removed meeting is not found"]),
        (FindsBeginnings, ["find takes a marker as a whole"]),
        (IgnoresUpdates, [RENAMED]),
        (IgnoresNewSpecs, [ASKED_AGAIN]),
        (partial(Shows, fingerprint="always"), [ASKED_AGAIN, RENAMED]),
        (NeedsNoFields, ["a call without a field that it needs is malformed"]),
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
    capsys: pytest.CaptureFixture[str], app: Callable[[], Example], rules: list[str]
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
    assert f"  {ASKED_AGAIN}: not declared" in out
    assert f"  {RENAMED}: not declared" in out
    assert "  delete removes the meeting: not declared" in out
    assert "are left to themselves" in out
    assert app.left() == 1


def test_what_no_fingerprint_shows_is_for_people_to_see(capsys: pytest.CaptureFixture[str]) -> None:
    assert conform(Shows(fingerprint=...)) == 0
    out = capsys.readouterr().out
    for rule in (ASKED_AGAIN, RENAMED):
        assert f"  {rule}: can't be seen from outside: look at your meeting's title" in out


def test_without_a_meeting_the_rest_is_not_tried(capsys: pytest.CaptureFixture[str]) -> None:
    with served(Example()) as url:
        assert main(["conform", url, "--secret-from", VARIABLE]) == 1
    out = capsys.readouterr().out
    assert broken(out) == ["create makes a meeting"]
    (told,) = [line for line in out.splitlines() if ": NOT OK: " in line]
    assert "Example Rooms would not create a meeting" in told
    assert "needs_permission" in told
    assert "`--host somebody@...`" in told
    later = len(RULES) - [rule.name for rule in RULES].index("create makes a meeting") - 1
    assert out.splitlines()[-2:] == [f"  {later} more need a meeting, and were not tried", "  nothing is left: ok"]


TWO_LINKS = [{"entryPointType": "video", "uri": f"https://rooms.example/{name}"} for name in "ab"]


@pytest.mark.parametrize(
    "app", [Shows(notes=None), Shows(entryPoints=TWO_LINKS), Counts()], ids=["null", "two links", "a number"]
)
def test_a_meeting_whose_answer_can_not_be_read_is_removed_all_the_same(
    capsys: pytest.CaptureFixture[str], app: Example
) -> None:
    assert conform(app) == 1
    out = capsys.readouterr().out
    assert broken(out) == ["create makes a meeting"]
    assert app.left() == 0
    assert out.splitlines()[-1] == "  nothing is left: ok"


def test_a_meeting_of_which_nothing_can_be_read_may_be_left(capsys: pytest.CaptureFixture[str]) -> None:
    app = Nameless()
    assert conform(app) == 1
    (room,) = app._rooms.values()
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith(f"  nothing is left: NOT OK: a meeting may be left: marker {room['marker']}: ")


def test_a_server_that_does_not_say_what_it_can_do_is_not_tried(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", "http://127.0.0.1:9", "--secret-from", VARIABLE]) == 1
    (told,) = capsys.readouterr().out.splitlines()
    assert told.startswith("  it says what it can do: NOT OK: the server gave no answer")
    assert told.endswith("POST http://127.0.0.1:9/capabilities")


def test_a_wrong_address_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with served(Example()) as url:
        assert main(["conform", f"{url}/wrong/", "--secret-from", VARIABLE]) == 1
    assert f"POST {url}/wrong/capabilities" in capsys.readouterr().out


def test_what_can_not_be_tried_is_an_error(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["conform", "http://rooms.example", "--secret-from", VARIABLE]) == 2
    assert main(["conform", "https://rooms.example", "--secret-from", "NOBODY_SET_THIS"]) == 2
    monkeypatch.setenv(VARIABLE, "whsec_c2hvcnQ=")
    assert main(["conform", "https://rooms.example", "--secret-from", VARIABLE]) == 2
    told = capsys.readouterr().err
    assert told.count("the address") + told.count("address is") == 1
    assert "NOBODY_SET_THIS is not set" in told
    assert f"the secret {VARIABLE} is not" in told
    assert "c2hvcnQ=" not in told


@pytest.mark.parametrize("secret", [SECRET, "whsec_c2hvcnQ", "c2hvcnQ=", "c2hvcnQ", "1_A", ""])
def test_a_secret_in_place_of_its_name_is_not_shown(capsys: pytest.CaptureFixture[str], secret: str) -> None:
    assert main(["conform", "https://rooms.example", "--secret-from", secret]) == 2
    told = capsys.readouterr()
    assert not secret or secret not in told.out + told.err
    if secret != "c2hvcnQ":  # which could be a name
        assert "give the variable's name, not the secret" in told.err
