"""`python -m confsync doctor` on the running playground: all is well, and each fault is told on its own line."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from google.auth.compute_engine import _metadata

from confsync.adapters.google_credentials import CALENDAR_SCOPES, DRIVE_SCOPE, SETTINGS_SCOPE
from confsync.adapters.sealing import FernetSealer
from confsync.adapters.sqlite import SqliteStore
from confsync.adapters.system import SystemClock
from confsync.cli import main
from confsync.domain.calendar import CalendarState
from confsync.domain.conference import ConferenceState
from confsync.domain.connection import ConnectionState
from confsync.domain.sweep import Sweep
from confsync.ports import Record, Save
from playground.cloud import PROJECT, RUNTIME
from playground.project import Project, running
from tests.contracts.store import CALENDAR, CHANNEL, CONFERENCE, CONNECTION, NOW

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("doctor"), pytest.mark.timeout(180)]

ANN = "ann@example.com"
OTHER = f"other@{PROJECT}.iam.gserviceaccount.com"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with running(tmp_path_factory.mktemp("project")) as project:
        project.sweep()
        yield project


@dataclass(kw_only=True)
class Patient:
    """The project, with a configuration and records of this test's own."""

    project: Project
    path: Path
    directory: Path
    patch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    after: ExitStack = field(default_factory=ExitStack)
    """What has to be mended."""

    def configured(self, before: str, after: str) -> None:
        text = self.path.read_text()
        assert before in text
        self.path.write_text(text.replace(before, after))

    @property
    def store(self) -> SqliteStore:
        return SqliteStore(self.directory / "confsync.sqlite")

    def saved(self, *records: Record) -> None:
        self.store.commit([Save(record=each) for each in records])

    def swept(self, ago: timedelta = timedelta(0), **more: Any) -> None:
        """A sweep has completed."""
        found = self.store.get(Sweep, "last")
        version = found.version if found else None
        self.saved(Sweep(completed_at=datetime.now(UTC) - ago, version=version, **more))

    def fault(self, simulator: str, **fault: Any) -> None:
        faults = self.project.cloud.faults(simulator)
        faults.add(times=None, **fault)
        self.after.callback(faults.clear)

    def examined(self, *more: str) -> tuple[int, dict[str, dict[str, str]]]:
        """The exit code, and the findings by their names."""
        self.capsys.readouterr()
        code = main(["doctor", "--config", str(self.path), "--account", ANN, "--json", *more])
        told = json.loads(self.capsys.readouterr().out)
        assert told["ok"] == (code == 0)
        return code, {each["check"]: each for each in told["findings"]}


@pytest.fixture
def patient(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Patient]:
    for name, value in project.environment.items():
        monkeypatch.setenv(name, value)
    # google-auth read the environment when it was imported
    monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", project.environment["GCE_METADATA_HOST"])
    path = tmp_path / "confsync.toml"
    path.write_text(project.config.read_text().replace(str(project.directory), str(tmp_path)))
    found = Patient(project=project, path=path, directory=tmp_path, patch=monkeypatch, capsys=capsys)
    found.swept()
    with found.after:
        yield found
    structlog.reset_defaults()


def test_all_is_well(project: Project) -> None:
    """With the playground's own configuration, from a foreign directory, as an operator would."""
    command = [sys.executable, "-m", "confsync", "doctor", "--account", ANN]
    done = subprocess.run(
        command, cwd="/", env={**os.environ, **project.environment}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    *lines, last = done.stdout.splitlines()
    assert [line for line in lines if not line.startswith("ok    ")] == []
    assert last == f"{len(lines)} ok, 0 to look at, 0 failed"


def test_it_changes_nothing(patient: Patient) -> None:
    simulators = {name: patient.project.cloud.faults(name) for name in patient.project.cloud.servers}
    for each in simulators.values():
        each.forget_requests()
    before = patient.store.find(Sweep), list(patient.path.parent.iterdir())
    assert patient.examined()[0] == 0
    assert [list(before[0]), before[1]] == [list(patient.store.find(Sweep)), list(patient.path.parent.iterdir())]
    changing = [
        f"{name} {each.method} {each.path}"
        for name, faults in simulators.items()
        for each in faults.requests()
        if each.method not in {"GET", "HEAD"}
    ]
    # tokens, which nobody keeps
    assert {line.rpartition("/")[2] for line in changing} <= {"token", f"{RUNTIME}:signBlob"}, changing
    assert patient.project.cloud.tasks.stats()[patient.project.cloud.queue_name]["created"] == 0


# --- faults ----------------------------------------------------------------------------------------------------------

Fault = Callable[[Patient], None]
FAULTS: dict[str, tuple[str, Fault, str, str]] = {}
"""By name: the line that tells of it, the fault, how bad it is, and words of what is told or would mend it."""


def fault(line: str, level: str, words: str) -> Callable[[Fault], Fault]:
    def named(make: Fault) -> Fault:
        FAULTS[make.__name__] = line, make, level, words
        return make

    return named


@fault("configuration", "fail", "unknown field `nonsense`")
def an_unknown_key(patient: Patient) -> None:
    patient.configured("[store]", "[store]\nnonsense = 1")


@fault("configuration", "fail", "solutions.jitsi.settings: Object contains unknown field `nonsense`")
def a_setting_that_its_vendor_has_not(patient: Patient) -> None:
    patient.configured("[solutions.jitsi]", "[solutions.jitsi]\nsettings = { nonsense = 1 }")


@fault("secret nowhere", "fail", "gcloud secrets versions add nowhere --data-file=- --project=playground")
def a_missing_secret(patient: Patient) -> None:
    patient.configured('secret = "jitsi-key"', 'secret = "nowhere"')


@fault("secret jitsi-key", "fail", "roles/secretmanager.secretAccessor")
def a_secret_that_can_not_be_read(patient: Patient) -> None:
    denied = {"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "denied"}}
    patient.fault("secrets", path="jitsi-key", status=403, body=denied)


@fault("secret padded", "fail", "white space")
def a_secret_with_a_line_too_much(patient: Patient) -> None:
    patient.project.cloud.secrets.put(PROJECT, "padded", b"the key\n")
    patient.configured('secret = "jitsi-key"', 'secret = "padded"')


@fault("secret broken", "fail", "it is no JSON object")
def a_secret_that_broke_off(patient: Patient) -> None:
    patient.project.cloud.secrets.put(PROJECT, "broken", b'{"client_id": ')
    patient.configured('secret = "jitsi-key"', 'secret = "broken"')


@fault("keys CONFSYNC_CHANNEL_KEYS", "fail", "at least 32 characters")
def short_keys(patient: Patient) -> None:
    patient.patch.setenv("CONFSYNC_CHANNEL_KEYS", "short")


@fault("keys CONFSYNC_CONNECTION_KEYS", "fail", "32 random bytes")
def keys_that_are_none(patient: Patient) -> None:
    patient.patch.setenv("CONFSYNC_CONNECTION_KEYS", "k" * 32)


@fault("keys CONFSYNC_CONNECTION_KEYS", "fail", "do not open the tokens of ann@example.com at zoom")
def keys_that_open_nothing(patient: Patient) -> None:
    patient.saved(CONNECTION)


@fault("keys CONFSYNC_JOIN_KEYS", "fail", "`deploy.py apply` makes the secret")
def no_keys(patient: Patient) -> None:
    patient.fault("secrets", path="confsync-join-keys", status=404, body={"error": {"code": 404}})


@fault("OAuth client join.client_id", "fail", "no id of an OAuth client")
def an_odd_client(patient: Patient) -> None:
    patient.configured("123456789012-sign-in.apps.googleusercontent.com", "GOCSPX-no-id")


@fault("OAuth client at zoom", "fail", "client_secret")
def an_application_without_a_secret(patient: Patient) -> None:
    patient.project.cloud.secrets.put(PROJECT, "half", b'{"client_id": "c"}')
    patient.configured('secret = "zoom-people-app"', 'secret = "half"')


@fault("address http://127.0.0.1:", "fail", "gave no answer")
def a_vendor_that_is_not_there(patient: Patient) -> None:
    patient.configured(patient.project.cloud.url("webex"), "http://127.0.0.1:1")  # below what any server is given


@fault("address https://10.1.2.3", "fail", "private = true")
def a_vendor_in_a_private_network(patient: Patient) -> None:
    patient.configured(f'api = "{patient.project.cloud.url("custom")}', 'api = "https://10.1.2.3')


@fault("address ", "warn", "answers 503 (solutions.daily.api)")
def a_vendor_in_trouble(patient: Patient) -> None:
    patient.fault("daily", path="^/$", status=503)


@fault("clock", "fail", "set it by NTP")
def a_clock_that_is_off(patient: Patient) -> None:
    patient.patch.setattr(SystemClock, "now", lambda _: datetime.now(UTC) + timedelta(minutes=5))


@fault("signed in at Google", "fail", "gcloud auth application-default login")
def nobody_is_signed_in(patient: Patient) -> None:
    patient.fault("metadata", path="token", status=403)


@fault("delegation for calendar", "fail", f"not as {ANN} for {CALENDAR_SCOPES[2]}")
def a_scope_that_is_not_allowed(patient: Patient) -> None:
    delegated(patient, *CALENDAR_SCOPES[:2])


@fault("delegation for settings", "warn", SETTINGS_SCOPE)
def a_scope_that_is_not_needed(patient: Patient) -> None:
    delegated(patient, *CALENDAR_SCOPES, DRIVE_SCOPE)


@fault("delegation for drive", "fail", "Domain-wide delegation, for the client id of")
def files_that_nobody_may_look_at(patient: Patient) -> None:
    delegated(patient, *CALENDAR_SCOPES, SETTINGS_SCOPE)


def delegated(patient: Patient, *scopes: str) -> None:
    oauth = patient.project.cloud.oauth
    oauth.delegate(RUNTIME, scopes)
    patient.after.callback(oauth._delegations.clear)


@fault("delegation for calendar", "fail", "of the domain, and not suspended?")
def somebody_whom_google_does_not_know(patient: Patient) -> None:
    patient.project.cloud.oauth.set_account(ANN, "unknown")
    patient.after.callback(patient.project.cloud.oauth.set_account, ANN, "active")


@fault("delegation for calendar", "fail", "roles/iam.serviceAccountTokenCreator")
def nobody_may_sign(patient: Patient) -> None:
    patient.project.cloud.service_accounts.add(OTHER)
    patient.configured(f'"delegation"\nservice_account = "{RUNTIME}"', f'"delegation"\nservice_account = "{OTHER}"')


@fault("calendar", "fail", "403")
def calendar_is_not_enabled(patient: Patient) -> None:
    patient.fault("calendar", path="/calendars/primary", status=403, body={"error": {"message": "not enabled"}})


@fault("calendar", "warn", "share it with the functions' service accounts")
def a_calendar_that_is_not_shared(patient: Patient) -> None:
    patient.configured('credentials = "delegation"', 'credentials = "application-default"')
    patient.configured("drive = true", "drive = false")


@fault("calendar", "fail", "as reader")
def a_calendar_that_is_shared_to_be_read(patient: Patient) -> None:
    a_calendar_that_is_not_shared(patient)
    patient.project.cloud.calendar.store.ensure_primary(ANN).acl[RUNTIME] = "reader"
    patient.after.callback(patient.project.cloud.calendar.store.ensure_primary(ANN).acl.clear)


@fault("queue", "fail", "gcloud tasks queues resume confsync --location=europe-west1")
def a_paused_queue(patient: Patient) -> None:
    queue = patient.project.cloud.tasks._queues[patient.project.cloud.queue_name]
    queue.set_paused(True)
    patient.after.callback(queue.set_paused, False)


@fault("queue", "fail", "there is no projects/playground/locations/europe-west1/queues/nowhere")
def no_queue(patient: Patient) -> None:
    patient.configured('name = "confsync"', 'name = "nowhere"')


@fault("queue confsync-2", "fail", "there is no projects/playground/locations/europe-west1/queues/confsync-2")
def no_second_queue(patient: Patient) -> None:
    patient.configured("number = 1", "number = 2")


@fault("queue", "warn", "--max-attempts=100")
def a_queue_that_tries_once(patient: Patient) -> None:
    queue = patient.project.cloud.tasks._queues[patient.project.cloud.queue_name]
    before = queue.settings
    queue.settings = replace(before, max_attempts=1)
    patient.after.callback(setattr, queue, "settings", before)


@fault("queue", "warn", "--max-dispatches-per-second=40")
def a_queue_that_is_too_slow(patient: Patient) -> None:
    queue = patient.project.cloud.tasks._queues[patient.project.cloud.queue_name]
    before = queue.settings
    queue.settings = replace(before, max_dispatches_per_second=1)
    patient.after.callback(setattr, queue, "settings", before)


@fault("queue", "fail", "roles/cloudtasks.viewer")
def a_queue_that_may_not_be_looked_at(patient: Patient) -> None:
    patient.fault("tasks", path="queues/confsync", status=403)


@fault("callers", "fail", "callers.sync_calendar.audiences lacks")
def tasks_that_are_not_let_in(patient: Patient) -> None:
    url = patient.project.functions["sync_calendar"].url
    patient.configured(f'audiences = ["{url}"]', 'audiences = ["https://elsewhere.example.com"]')


@fault("callers", "fail", "the add-on's service account")
def an_addon_that_is_not_let_in(patient: Patient) -> None:
    url = patient.project.functions["create_conference"].url
    patient.configured(f'audiences = ["{url}"]', "audiences = []")


@fault("function reconcile_conference", "fail", "gcloud functions logs read confsync-reconcile-conference")
def a_function_that_is_down(patient: Patient) -> None:
    function = patient.project.functions["reconcile_conference"]
    function.kill()

    def back() -> None:
        function.start()
        function.wait()

    patient.after.callback(back)


@fault("function events", "fail", "answers 404, not 401")
def another_program_in_the_place_of_a_function(patient: Patient) -> None:
    patient.configured(
        f'[events]\nurl = "{patient.project.functions["events"].url}"',
        f'[events]\nurl = "{patient.project.cloud.url("zoom")}"',
    )


@fault("store", "fail", "no function has run yet")
def no_records(patient: Patient) -> None:
    patient.configured("confsync.sqlite", "nowhere.sqlite")


@fault("sweep", "fail", "gcloud scheduler jobs run confsync-renew-channels")
def a_stale_sweep(patient: Patient) -> None:
    patient.swept(timedelta(minutes=21))


@fault("sweep", "warn", "raise sweep.batch")
def a_sweep_that_does_not_keep_up(patient: Patient) -> None:
    patient.swept(more_due=("calendar",))


@fault("channels that tell nothing", "warn", "2 of the 9 calendars")
def silent_channels(patient: Patient) -> None:
    patient.swept(calendars_due=9, channels_silent=2)


@fault("calendars due", "fail", "has been due for 3 h")
def a_calendar_that_nobody_reads(patient: Patient) -> None:
    patient.saved(replace(CALENDAR, due_at=datetime.now(UTC) - timedelta(hours=3)))


@fault("conferences due", "warn", "conferences list --due")
def a_conference_that_is_late(patient: Patient) -> None:
    patient.saved(replace(CONFERENCE, due_at=datetime.now(UTC) - timedelta(minutes=30)))


@fault("channels that open", "warn", "registering for too long: ann@example.com")
def a_channel_that_does_not_open(patient: Patient) -> None:
    patient.saved(CHANNEL)


@fault("paused calendars", "warn", "1: ann@example.com (no access)")
def a_paused_calendar(patient: Patient) -> None:
    patient.saved(replace(CALENDAR, state=CalendarState.PAUSED, reason="no access"))


@fault("failed conferences", "warn", "5: zoom: no licence (3), zoom: too long (2)")
def failed_conferences(patient: Patient) -> None:
    errors = ["no licence", "too long", "no licence", "too long", "no licence"]
    failed = replace(CONFERENCE, state=ConferenceState.FAILED)
    patient.saved(*(replace(failed, id=str(n), last_error=error) for n, error in enumerate(errors)))


@fault("connections that ended", "warn", "ann@example.com at zoom (taken back)")
def a_connection_that_ended(patient: Patient) -> None:
    patient.saved(replace(CONNECTION, state=ConnectionState.EXPIRED, reason="taken back"))


@fault("connections that lie idle", "warn", "ann@example.com at zoom (since 2026-03-01 12:00Z)")
def a_connection_that_nobody_renews(patient: Patient) -> None:
    sealed = FernetSealer([patient.project.connection_keys.encode()]).seal("{}")
    patient.saved(replace(CONNECTION, sealed=sealed, renew_at=NOW))


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told(patient: Patient, name: str) -> None:
    line, make, level, words = FAULTS[name]
    make(patient)
    code, found = patient.examined()
    told = [each for check, each in found.items() if check.startswith(line) and each["level"] != "ok"]
    assert [each["level"] for each in told] == [level], found
    assert words in f"{told[0]['told']} {told[0]['mend']}"
    assert told[0]["mend"]
    assert code == (level == "fail")


def test_who_is_not_signed_in_is_told_so_once(patient: Patient) -> None:
    """And of nothing that fails for that reason alone, with advice that would not help."""
    nobody_is_signed_in(patient)
    code, found = patient.examined()
    failed = [name for name, each in found.items() if each["level"] == "fail"]
    assert (code, failed) == (1, ["signed in at Google"])
    untried = found["not tried"]["told"]
    for name in ("secret zoom-credentials", "queue", "delegation for calendar", "calendar"):
        assert f" {name}" in untried, untried
        assert name not in found
    assert {"store", "callers", "function sync_calendar"} <= found.keys()


def test_a_lack_of_a_file_is_bad_usage(patient: Patient) -> None:
    assert main(["doctor", "--config", "/nowhere.toml"]) == 2
    patient.patch.delenv("CONFSYNC_CONFIG")
    assert main(["doctor"]) == 2
    assert "CONFSYNC_CONFIG is not set: say --config FILE" in patient.capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        main(["doctor", "--nonsense"])
    assert ended.value.code == 2


def test_a_fresh_project_names_somebody(patient: Patient) -> None:
    """Without an account, and nobody's calendar to try."""
    patient.capsys.readouterr()
    assert main(["doctor", "--config", str(patient.path)]) == 0
    told = patient.capsys.readouterr().out
    assert "warn  delegation for calendar: not tried: nobody's calendar is followed yet\n" in told
    assert "      to mend it: name somebody: --account ann@example.com\n" in told
    patient.saved(replace(CALENDAR, owner="ben@example.com"))
    assert main(["doctor", "--config", str(patient.path)]) == 0
    assert "ok    calendar: ben@example.com reaches ben@example.com\n" in patient.capsys.readouterr().out
