"""`python -m confsync connections`: on a real store and a simulated Zoom, and the sealing anew by itself."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from cryptography.fernet import Fernet

from confsync.adapters.sealing import FernetSealer
from confsync.adapters.sqlite import SqliteStore
from confsync.cli import main
from confsync.cli.deployment import Deployment
from confsync.domain import keys
from confsync.domain.conference import Applied, Conference, ConferenceSpec, ConferenceState, Desired
from confsync.domain.connection import Account, Connection, ConnectionState, Leaving
from confsync.domain.errors import NotConfigured, StoreConflict
from confsync.ports import R, Save
from confsync.usecases.connecting.dependents import Dependents
from confsync.usecases.connecting.people_tokens import PeopleTokens, opened, seal
from confsync.usecases.connecting.reseal import Reseal, Resealed, Unreadable
from confsync.usecases.records.change import CONFLICTS
from playground.faults import Faults
from playground.vendors.zoom import ZoomService
from tests.fakes.clock import FakeClock
from tests.fakes.logins import LASTS, FakeLogins
from tests.fakes.provider import FakeProvider, FakeProviders
from tests.fakes.queue import FakeQueue
from tests.fakes.store import MemoryStore

ANN, BOB = "ann@example.com", "bob@example.com"
AT_ZOOM = "ann@zoom.example"
CALLBACK = "http://localhost/callback"
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
CONFIG = """\
[google]
project = "p"
[store]
kind = "sqlite"
path = "{directory}/confsync.sqlite"
[queue]
location = "l"
name = "n"
sync_url = "https://a"
reconcile_url = "https://b"
service_account = "s"
[secrets]
kind = "file"
path = "{directory}"
[channels]
notifications_url = "https://c"
[callers]
[solutions.zoom]
provider = "zoom"
name = "Zoom"
personal = true
secret = "zoom"
api = "{url}/v2"
[solutions.zoom.login]
token_url = "{url}/oauth/token"
revoke_url = "{url}/oauth/revoke"
account_url = "{url}/v2/users/me"
"""


@pytest.fixture(autouse=True)
def config(tmp_path: Path, zoom: ZoomService, faults: Faults, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file that the environment names. Nobody is signed in at Google, so what is asked there fails at once."""
    secret = {"client_id": zoom.account.person_client_id, "client_secret": zoom.account.person_client_secret}
    (tmp_path / "zoom").write_text(json.dumps(secret))
    path = tmp_path / "confsync.toml"
    path.write_text(CONFIG.format(directory=tmp_path, url=faults.url))
    monkeypatch.setenv("CONFSYNC_CONFIG", str(path))
    monkeypatch.setenv("CONFSYNC_CONNECTION_KEYS", OLD)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere.json")
    yield path
    structlog.reset_defaults()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "confsync.sqlite")
    yield store
    store.close()


@pytest.fixture
def deployment(store: SqliteStore) -> Deployment:
    return Deployment(None)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], zoom: ZoomService, store: SqliteStore) -> Callable[..., tuple[int, str]]:
    """Run the command: its exit code, and what it logged and said; in that is no token, nor one that is sealed."""

    def run(*arguments: str) -> tuple[int, str]:
        sealed = {text for each in store.find(Connection) for text in (each.sealed, each.successor_sealed) if text}
        capsys.readouterr()
        code = main(["connections", *arguments])
        out, log = capsys.readouterr()
        told = log + out
        secrets = {OLD, NEW, *zoom.hidden(), *sealed}
        assert not [secret for secret in secrets if secret in told]
        return code, told

    return run


Run = Callable[..., tuple[int, str]]


def connect(deployment: Deployment, zoom: ZoomService, person: str = AT_ZOOM) -> None:
    """Ann consents at Zoom, as that person, and comes back."""
    code = zoom.consent(person, redirect_uri=CALLBACK)
    deployment.usecases.connect_account.complete(ANN, "zoom", code=code, verifier="v" * 43, redirect_uri=CALLBACK)


def connection(owner: str = ANN, vendor: str = "zoom", **more: Any) -> Connection:
    key = keys.connection_key(owner, vendor)
    told = {"account_id": "1", "account_name": owner.replace("example.com", "zoom.example"), "connected_at": NOW}
    return Connection(key=key, owner=owner, vendor=vendor, **(told | more))


def conference(number: int = 0, owner: str = ANN, *, title: str | None = None, **more: Any) -> Conference:
    start = NOW + timedelta(days=1, hours=number)
    spec = ConferenceSpec(
        title=f"Meeting {number}" if title is None else title,
        start=start,
        end=start + timedelta(hours=1),
        time_zone="UTC",
        host=owner,
    )
    told = {"desired": Desired(version=1, spec=spec), "solution": "zoom", "created_at": NOW, "tenant": "example.com"}
    return Conference(id=f"confsync-{owner}-{number}", host=owner, **(told | more))


def held(deployment: Deployment, number: int = 0, **more: Any) -> Conference:
    """A conference of Ann's whose meeting is at Zoom."""
    planned = conference(number)
    spec = planned.desired.spec
    assert spec is not None
    made = deployment.adapters.providers.provider("zoom").create(spec, planned.marker)
    applied = Applied(version=1, spec=spec, reference=made.reference, details=made.details)
    return replace(planned, applied=applied, state=ConferenceState.ACTIVE, **more)


def save(store: SqliteStore | MemoryStore, *records: Connection | Conference) -> None:
    store.commit([Save(record=each) for each in records])


def get(store: SqliteStore | MemoryStore, owner: str = ANN, vendor: str = "zoom") -> Connection:
    found = store.get(Connection, keys.connection_key(owner, vendor))
    assert found is not None
    return found


def rows(told: str) -> list[list[str]]:
    """The cells of each line."""
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in told.splitlines()]


# --- which there are -------------------------------------------------------------------------------------------------


def test_everybodys_connections_are_listed(store: SqliteStore, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONFSYNC_CONNECTION_KEYS")  # nothing is opened
    gone = {"state": ConnectionState.EXPIRED, "reason": "the vendor does not accept it any more", "ended_at": NOW}
    save(
        store,
        connection(sealed="gAAAAA-x", used_at=NOW + timedelta(hours=2), renew_at=NOW + timedelta(days=40)),
        connection(BOB, sealed="gAAAAA-y", **gone),
        conference(0),
        conference(1),
        conference(2, kept_by="1"),
        conference(3, desired=Desired(version=2, spec=None)),
        conference(4, solution="another"),
        conference(5, owner=BOB),
    )
    code, told = run("list")
    head, *lines = rows(told)
    assert (code, head) == (
        0,
        ["owner", "vendor", "account", "state", "connected", "last used", "renewed next", "conferences", "why"],
    )
    assert sorted(lines) == [
        [ANN, "zoom", AT_ZOOM, "active", "2026-03-02 09:30Z", "2026-03-02 11:30Z", "2026-04-11 09:30Z", "2"],
        [BOB, "zoom", "bob@zoom.example", "expired", "2026-03-02 09:30Z", "never", "never", "1", gone["reason"]],
    ]
    column = told.splitlines()[0].index("conferences")
    assert {line[column - 1 : column + 2].strip() for line in told.splitlines()[1:]} == {"2", "1"}


def test_what_is_going_on_is_told(store: SqliteStore, run: Run) -> None:
    successor = Account(id="2", name="ann@elsewhere.example")
    save(store, connection(sealed="gAAAAA-x", leaving=Leaving.KEEP, leaving_since=NOW, successor=successor))
    _, told = run("list")
    assert "is being disconnected (keep); ann@elsewhere.example is to take its place" in told


def test_some_of_them(store: SqliteStore, run: Run) -> None:
    expired = ConnectionState.EXPIRED
    save(store, connection(), connection(vendor="webex", state=expired), connection(BOB, state=expired))
    found = {
        asked: sorted(row[:2] for row in rows(run("list", *asked)[1])[1:])
        for asked in [
            ("--owner", "Ann@Example.com"),
            ("--state", "expired"),
            ("--owner", ANN, "--state", "expired"),
        ]
    }
    assert list(found.values()) == [
        [[ANN, "webex"], [ANN, "zoom"]],
        [[ANN, "webex"], [BOB, "zoom"]],
        [[ANN, "webex"]],
    ]
    assert run("list", "--owner", "eve@example.com") == (0, "there is no such connection\n")


def test_a_long_list_comes_page_by_page(store: SqliteStore, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("confsync.cli.answers.PAGE", 2)
    owners = [f"{n}{'n' * n}@example.com" for n in range(5)]
    save(store, *(connection(owner) for owner in owners))
    told = rows(run("list")[1])
    assert told[0][0] == "owner"
    assert sorted(row[0] for row in told[1:]) == owners


def test_everything_about_one(store: SqliteStore, run: Run) -> None:
    save(store, connection(sealed="gAAAAA-x", scopes=("meeting:write", "meeting:read"), renew_at=NOW), conference(0))
    code, told = run("show", ANN, "zoom", "--json")
    known = json.loads(told)
    assert code == 0
    assert (known["owner"], known["state"], known["conferences"]) == (ANN, "active", 1)
    assert known["allowed"] == ["meeting:write", "meeting:read"]
    code, told = run("show", ANN, "zoom")
    assert (code, "meeting:write" in told) == (0, True)
    assert run("show", BOB, "zoom") == (2, f"confsync: {BOB} has no account at zoom connected\n")


def test_one_is_renewed_by_the_next_sweep(store: SqliteStore, run: Run) -> None:
    later = datetime.now(UTC) + timedelta(days=40)
    save(store, connection(sealed="gAAAAA-x", renew_at=later, due_at=later))
    code, told = run("retry", ANN, "zoom")
    assert (code, "the next sweep renews its grant" in told) == (0, True)
    (due,) = store.due(Connection, datetime.now(UTC), limit=2)
    assert due.idle(datetime.now(UTC))


def test_one_that_is_being_left_goes_on_by_the_next_sweep(store: SqliteStore, run: Run) -> None:
    later = datetime.now(UTC) + timedelta(days=1)
    save(store, connection(sealed="gAAAAA-x", leaving=Leaving.REMOVE, due_at=later))
    assert run("retry", ANN, "zoom")[0] == 0
    (due,) = store.due(Connection, datetime.now(UTC), limit=2)
    assert due.leaving is Leaving.REMOVE


def test_nobody_but_its_person_can_renew_what_has_ended(store: SqliteStore, run: Run) -> None:
    save(store, connection(sealed="gAAAAA-x", state=ConnectionState.EXPIRED, reason="taken back", ended_at=NOW))
    before = get(store)
    code, told = run("retry", ANN, "zoom")
    expected = f"confsync: zoom account of {ANN}: it has ended (taken back): its person has to connect it again\n"
    assert (code, told) == (2, expected)
    assert get(store) == before


def test_names_steer_no_terminal(store: SqliteStore, run: Run) -> None:
    save(store, connection(account_name="\x1b[2Jann\u202e\n"), conference(title="a\x1b]0;b\x07"))
    assert "?[2Jann??" in run("list")[1]
    code, told = run("disconnect", ANN, "zoom")
    assert (code, "?[2Jann??" in told, "a?]0;b?" in told) == (2, True, True)
    assert "\x1b" not in told


# --- one that is to go -----------------------------------------------------------------------------------------------


def test_without_a_choice_what_depends_on_it_is_told(store: SqliteStore, run: Run) -> None:
    save(store, connection(sealed="gAAAAA-x"), *(conference(n) for n in range(12)), conference(12, title=""))
    before = get(store)
    code, told = run("disconnect", "Ann@example.com", "zoom")
    lines = told.splitlines()
    assert (code, lines[:3]) == (
        2,
        [
            "ann@zoom.example, the zoom account of ann@example.com: active",
            "live conferences that depend on it: 13",
            "  2026-03-03 09:30Z  Meeting 0",
        ],
    )
    assert lines[11:14] == [
        "  2026-03-03 18:30Z  Meeting 9",
        "  and 3 more",
        "nothing was changed: say what becomes of them",
    ]
    assert [line.split()[:2] for line in lines[14:]] == [["--then", each] for each in ("keep", "anew", "remove")]
    assert get(store) == before


def test_google_can_only_be_left_with_all_kept(store: SqliteStore, run: Run) -> None:
    save(store, connection(vendor="google", sealed="gAAAAA-x"), conference(solution="another"))
    code, told = run("disconnect", ANN, "google", "--then", "remove", "--yes")
    assert (code, "depend on it: 1" in told, "--then keep" in told, "--then anew" in told) == (2, True, True, False)
    assert get(store, vendor="google").leaving is None


def test_its_conferences_are_kept(deployment: Deployment, zoom: ZoomService, store: SqliteStore, run: Run) -> None:
    connect(deployment, zoom)
    save(store, held(deployment))
    code, told = run("disconnect", ANN, "zoom", "--then", "keep", "--yes")
    assert code == 0
    assert told.splitlines()[-1] == "disconnected"
    after = get(store)
    assert (after.state, after.reason, after.sealed) == (ConnectionState.REVOKED, "disconnected", "")
    assert len(zoom.meetings()) == 1
    assert [each.kept_by for each in store.conferences_of_host(ANN)] != [""]
    assert zoom.tokens() == []  # taken back at Zoom too
    assert rows(run("list")[1])[1][6:] == ["never", "0", "disconnected"]


def test_its_conferences_are_removed_to_be_made_anew(
    deployment: Deployment, zoom: ZoomService, store: SqliteStore, run: Run
) -> None:
    connect(deployment, zoom)
    save(store, held(deployment))
    code, told = run("disconnect", ANN, "zoom", "--then", "anew", "--yes")
    assert (code, told.splitlines()[-1]) == (0, "disconnected")
    assert (zoom.meetings(), zoom.tokens(), get(store).sealed) == ([], [], "")
    (waits,) = store.conferences_of_host(ANN)
    assert (waits.wanted, waits.at_vendor) == (True, False)


def test_what_takes_longer_is_left_to_the_functions(
    deployment: Deployment, zoom: ZoomService, faults: Faults, store: SqliteStore, run: Run
) -> None:
    connect(deployment, zoom)
    save(store, held(deployment), held(deployment, 1))
    faults.add(method="DELETE", path="/meetings", status=503, times=None)
    code, told = run("disconnect", ANN, "zoom", "--then", "anew", "--yes")
    assert code == 0
    assert "meetings that are still to be removed: 2. The functions go on with it" in told.splitlines()[-1]
    after = get(store)
    assert (after.leaving, after.usable, after.due_at is not None) == (Leaving.ANEW, True, True)
    assert "is being disconnected (anew)" in run("list")[1]


def test_removed_from_their_events(deployment: Deployment, zoom: ZoomService, store: SqliteStore, run: Run) -> None:
    """Nobody is signed in at Google here, so this machine can do none of it: it is on record, and told."""
    connect(deployment, zoom)
    save(store, held(deployment))
    code, told = run("disconnect", ANN, "zoom", "--then", "remove", "--yes")
    assert (code, "still to be removed: 1" in told) == (0, True)
    assert get(store).leaving is Leaving.REMOVE


def test_tokens_that_are_no_good_are_told_of(store: SqliteStore, run: Run) -> None:
    save(store, connection(sealed=FernetSealer([OLD.encode()]).seal("{}"), state=ConnectionState.EXPIRED))
    code, told = run("disconnect", ANN, "zoom", "--then", "remove", "--yes")
    assert (code, "meetings stay at the vendor" in told, told.endswith("disconnected\n")) == (0, True, True)
    assert "[warning  ] tokens are not taken back at the vendor" in told


def test_a_successor_goes_too(deployment: Deployment, zoom: ZoomService, store: SqliteStore, run: Run) -> None:
    connect(deployment, zoom)
    save(store, held(deployment))
    connect(deployment, zoom, "ann@elsewhere.example")
    code, told = run("disconnect", ANN, "zoom", "--then", "keep", "--yes")
    assert (code, "ann@elsewhere.example will not take its place" in told) == (0, True)
    assert (told.endswith("disconnected\n"), get(store).sealed, get(store).successor) == (True, "", None)
    code, told = run("disconnect", ANN, "zoom", "--then", "keep", "--yes")
    assert (code, "is not what was decided about" in told) == (2, True)


class Terminal(io.StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("typed", "code"), [("y\n", 0), ("Yes\n", 0), ("n\n", 1), ("\n", 1), ("", 1)], ids=["y", "yes", "n", "enter", "end"]
)
def test_a_person_is_asked(
    deployment: Deployment,
    zoom: ZoomService,
    store: SqliteStore,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    typed: str,
    code: int,
) -> None:
    connect(deployment, zoom)
    before = get(store)
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    ended, told = run("disconnect", ANN, "zoom", "--then", "keep")
    assert (ended, "Disconnect it? [y/N] " in told) == (code, True)
    assert told.endswith("nothing was changed\n" if code else "disconnected\n")
    assert (get(store) == before) == bool(code)


def test_nobody_is_there_to_be_asked(store: SqliteStore, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    save(store, connection(sealed="gAAAAA-x"))
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    code, told = run("disconnect", ANN, "zoom", "--then", "keep")
    assert (code, "say --yes" in told, get(store).leaving) == (2, True, None)


def test_what_can_not_be_disconnected(store: SqliteStore, run: Run) -> None:
    code, told = run("disconnect", ANN, "zoom", "--then", "keep", "--yes")
    assert (code, told) == (2, "confsync: ann@example.com has no account at zoom connected\n")
    save(store, connection(vendor="webex", sealed="gAAAAA-x"))
    code, told = run("disconnect", ANN, "webex", "--then", "keep", "--yes")
    assert (code, "webex" in told, get(store, vendor="webex").leaving) == (2, True, None)


# --- another key -----------------------------------------------------------------------------------------------------


def test_everything_is_sealed_anew(
    deployment: Deployment, zoom: ZoomService, store: SqliteStore, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(deployment, zoom)
    sealer = FernetSealer([OLD.encode()])
    before = opened(sealer, get(store))
    save(
        store, connection(BOB, sealed=sealer.seal("b"), successor_sealed=sealer.seal("c")), connection("eve@a.example")
    )
    assert run("reseal") == (0, "sealed anew: 0; skipped: 3; unreadable: 0\n")
    monkeypatch.setenv("CONFSYNC_CONNECTION_KEYS", f"{NEW},{OLD}")
    assert run("reseal") == (0, "sealed anew: 2; skipped: 1; unreadable: 0\n")
    assert run("reseal") == (0, "sealed anew: 0; skipped: 3; unreadable: 0\n")
    sealer = FernetSealer([NEW.encode()])
    assert opened(sealer, get(store)) == before
    bob = get(store, BOB)
    assert (sealer.open(bob.sealed), sealer.open(bob.successor_sealed)) == ("b", "c")
    monkeypatch.setenv("CONFSYNC_CONNECTION_KEYS", NEW)
    assert run("disconnect", ANN, "zoom", "--then", "keep", "--yes")[0] == 0
    assert zoom.tokens() == []


def test_what_no_key_opens_is_named(store: SqliteStore, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    lost, old = FernetSealer([Fernet.generate_key()]), FernetSealer([OLD.encode()])
    save(
        store,
        connection(sealed=lost.seal("a")),
        connection(BOB, sealed=old.seal("b"), successor_sealed=lost.seal("c")),
        connection("eve@example.com", sealed=old.seal("d")),
    )
    monkeypatch.setenv("CONFSYNC_CONNECTION_KEYS", f"{NEW}, {OLD}")
    code, told = run("reseal")
    assert (code, told.splitlines()[-1]) == (1, "sealed anew: 1; skipped: 0; unreadable: 2")
    assert sorted(told.splitlines()[:2]) == [
        f"no key opens the tokens of {owner} at zoom: they have to connect that account again" for owner in (ANN, BOB)
    ]
    assert lost.open(get(store).sealed) == "a"
    new = FernetSealer([NEW.encode()])
    assert (new.open(get(store, BOB).sealed), lost.open(get(store, BOB).successor_sealed)) == ("b", "c")


# --- what is not set up ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ring", [None, "", "short", "k" * 40])
@pytest.mark.parametrize("command", [("reseal",), ("disconnect", ANN, "zoom", "--then", "keep", "--yes")], ids=" ".join)
def test_keys_are_asked_for(
    store: SqliteStore, run: Run, monkeypatch: pytest.MonkeyPatch, ring: str | None, command: tuple[str, ...]
) -> None:
    save(store, connection(sealed="gAAAAA-x"))
    monkeypatch.delenv("CONFSYNC_CONNECTION_KEYS")
    if ring is not None:
        monkeypatch.setenv("CONFSYNC_CONNECTION_KEYS", ring)
    code, told = run(*command)
    assert (code, get(store).leaving, told.count("CONFSYNC_CONNECTION_KEYS")) == (2, None, 1)
    assert "; give this command the same as the functions\n" in told


def test_a_configuration_is_asked_for(config: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONFSYNC_CONFIG")
    code, told = run("list")
    assert (code, told.startswith("confsync: CONFSYNC_CONFIG is not set")) == (2, True)
    assert run("list", "--config", str(config)) == (0, "nobody has connected an account\n")
    code, told = run("list", "--config", "/nowhere.toml")
    assert (code, "/nowhere.toml" in told) == (2, True)


def test_credentials_are_asked_for(config: Path, run: Run) -> None:
    config.write_text(config.read_text().replace('kind = "sqlite"', 'kind = "firestore"'))
    code, told = run("list")
    assert (code, told.startswith("confsync: Firestore: ")) == (2, True)


# --- sealing anew, by itself -----------------------------------------------------------------------------------------


class Overtaken(MemoryStore):
    """A store in which others are faster, so many times."""

    def __init__(self, times: int, meanwhile: Callable[[Connection], Connection]) -> None:
        super().__init__()
        self.times, self._meanwhile = 0, meanwhile
        self._planned = times

    def arm(self) -> None:
        self.times = self._planned

    def commit(self, writes: Any) -> None:
        if self.times:
            self.times -= 1
            super().commit([Save(record=self._meanwhile(get(self)))])
        super().commit(writes)


def rings() -> tuple[FernetSealer, FernetSealer, FernetSealer]:
    """By the old key, by both, and by the new one."""
    old, new = OLD.encode(), NEW.encode()
    return FernetSealer([old]), FernetSealer([new, old]), FernetSealer([new])


def test_a_change_by_others_is_kept() -> None:
    old, both, new = rings()
    store = Overtaken(2, lambda c: replace(c, used_at=NOW, sealed=old.seal("renewed")))
    save(store, connection(sealed=old.seal("first")))
    store.arm()
    assert Reseal(store=store, sealer=both)() == Resealed(done=1, skipped=0, unreadable=())
    assert (get(store).used_at, new.open(get(store).sealed)) == (NOW, "renewed")


def test_what_others_sealed_by_the_new_key_meanwhile_is_left() -> None:
    old, both, new = rings()
    store = Overtaken(1, lambda c: replace(c, sealed=both.seal("renewed")))
    save(store, connection(sealed=old.seal("first")))
    store.arm()
    assert Reseal(store=store, sealer=both)() == Resealed(done=0, skipped=1, unreadable=())
    assert new.open(get(store).sealed) == "renewed"


def test_others_who_change_it_all_the_time_are_told_of() -> None:
    old, both, _ = rings()
    store = Overtaken(CONFLICTS, lambda c: replace(c, used_at=NOW))
    save(store, connection(sealed=old.seal("first")))
    store.arm()
    with pytest.raises(StoreConflict):
        Reseal(store=store, sealer=both)()


def test_one_that_goes_meanwhile_is_skipped() -> None:
    old, both, _ = rings()
    store = MemoryStore()
    save(store, connection(sealed=old.seal("first")))

    class Late(MemoryStore):
        def find(self, kind: type[R], **having: str) -> Iterator[R]:
            return store.find(kind, **having)

    assert Reseal(store=Late(), sealer=both)() == Resealed(done=0, skipped=1, unreadable=())


def test_what_is_skipped_is_not_written() -> None:
    _, both, _ = rings()
    store = MemoryStore()
    save(store, connection(sealed=both.seal("first")), connection(BOB))
    before = [get(store), get(store, BOB)]
    assert Reseal(store=store, sealer=both)() == Resealed(done=0, skipped=2, unreadable=())
    assert [get(store), get(store, BOB)] == before


@pytest.mark.parametrize("moment", ["ahead_of", "during"])
def test_a_renewal_goes_on_beside_it(moment: str) -> None:
    """Whoever renews has the lease, and stores what it got, though the record was sealed anew under its hands."""
    old, both, new = rings()
    clock, store = FakeClock(), MemoryStore()
    logins = FakeLogins(clock, "fake", reuse_ends=True)
    granted = logins.finish("fake", code=logins.consent(), verifier="v", redirect_uri="r")
    save(store, connection(vendor="fake", sealed=seal(old, granted.tokens)))
    providers = FakeProviders(FakeProvider(clock), "fake")
    dependents = Dependents(store=store, providers=providers, queue=FakeQueue(), clock=clock)
    tokens = PeopleTokens(store=store, sealer=both, logins=logins, clock=clock, dependents=dependents)
    clock.advance(LASTS)
    found = []
    getattr(logins, moment)("renew", lambda: found.append(Reseal(store=store, sealer=both)()))
    access = tokens.token(ANN, "fake")
    assert found == [Resealed(done=1, skipped=0, unreadable=())]
    assert logins.takes(access) == "id-ann"
    kept = opened(new, get(store, vendor="fake"))
    assert (kept.access, logins.renewable(kept.refresh), logins.calls["renew"]) == (access, True, 1)


def test_a_sealer_seals_anew() -> None:
    old, both, new = rings()
    sealed = old.seal("größe")
    anew = both.reseal(sealed)
    assert anew != sealed
    assert (new.open(anew), both.reseal(anew), new.reseal(anew)) == ("größe", anew, anew)
    for text in (sealed, "", "nonsense", "größe"):
        with pytest.raises(NotConfigured, match="no connection key opens"):
            new.reseal(text)


def test_who_can_not_be_read_is_named_once() -> None:
    _, _, new = rings()
    store = MemoryStore()
    lost = FernetSealer([Fernet.generate_key()])
    save(store, connection(sealed=lost.seal("a"), successor_sealed=lost.seal("b")))
    found = Reseal(store=store, sealer=new)()
    assert found == Resealed(done=0, skipped=0, unreadable=(Unreadable(owner=ANN, vendor="zoom"),))
