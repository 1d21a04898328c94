"""A world in which people use their own accounts at the vendor, and what is promised about those."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from confsync.adapters.records import plain
from confsync.domain import keys
from confsync.domain.conference import Conference
from confsync.domain.connection import Connection, Leaving
from confsync.ports import Save, Write
from confsync.usecases.assembly import people_tokens
from confsync.usecases.connecting.people_tokens import opened
from tests.fakes.logins import LASTS, SECRET, FakeLogins, FakeSealer
from tests.fakes.personal import AsAccount, PersonalProvider
from tests.fakes.ports import FakePorts
from tests.fakes.provider import FakeProviders
from tests.simulation.cloud import ANN, SOLUTIONS, Cloud
from tests.simulation.gate import Open
from tests.simulation.scenarios import Scenario, delete, rename

UPDATE = {"update": 1}


class PersonalCloud(Cloud):
    """`owners`: the account of each meeting. `stored`: every refresh token that a record had, sealed."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.logins = FakeLogins(self.clock)
        self.sealer = FakeSealer()
        self.owners: dict[str, str] = {}
        self.stored: set[str] = set()
        self.store.observer = self._committed
        self.connect("ann")

    def ports(self, gated: Callable[[str, Any], Any]) -> FakePorts:
        personal = PersonalProvider(
            self.vendor, self.logins, lambda account: gated("vendor", AsAccount(self.vendor, self.owners, account))
        )
        vendors = FakeProviders(personal, *SOLUTIONS, personal=True)  # type: ignore[arg-type]
        logins = gated("logins", self.logins)
        ports = replace(super().ports(gated), providers=vendors, sealer=self.sealer, logins=logins)
        personal.grants = people_tokens(ports)
        return ports

    # --- people

    def connect(self, account: str) -> None:
        """Ann consents at the vendor, as whoever she is there."""
        code = self.logins.consent(account)
        self.run(lambda functions: functions.connect(ANN, code))
        self.follow()

    def disconnect(self, then: Leaving) -> None:
        """Ann decides what becomes of her meetings, and that her account goes (or gives way to another one)."""
        if then is not Leaving.KEEP:
            self.promises.release(ANN, "e1")
        shown = self.connection.shown
        self.run(lambda functions: functions.disconnect(ANN, then, shown))
        self.follow()

    # --- what is promised

    @property
    def connection(self) -> Connection:
        found = self.store.get(Connection, keys.connection_key(ANN, "fake"))
        assert found is not None
        return found

    @property
    def account(self) -> str | None:
        """Whose tokens they are that work, or will when they are renewed."""
        connection = self.connection
        if not connection.usable:
            return None
        tokens = opened(self.sealer, connection)
        whose = [each for each in self.logins.consents if tokens.refresh in each.refreshes]
        assert whose, "nobody consented to these tokens"
        return whose[0].account.id if self.logins.renewable(tokens.refresh) else None

    def _committed(self, writes: Sequence[Write]) -> None:
        self.promises.committed(writes)
        for write in writes:
            told = str(plain(write.record))
            assert SECRET not in told, f"a secret in clear: {told}"
            if isinstance(write.record, Connection):
                for sealed in filter(None, (write.record.sealed, write.record.successor_sealed)):
                    self.stored.add(opened(self.sealer, replace(write.record, sealed=sealed)).refresh or "")

    def check_accounts(self) -> None:
        """The connection works, or says that it has to be made anew, and why; that, only if an answer was lost."""
        connection = self.connection
        assert not connection.lease.taken(self.clock.now()), "somebody still renews it"
        assert connection.leaving is None, "it is still being left"
        assert not connection.untold, "what waits is not told"
        if connection.usable:
            assert self.account is not None, "its tokens are no good, and nobody says so"
            assert connection.due_at == connection.renew_at > self.clock.now(), "nobody renews it before it ends"
        else:
            assert connection.reason, "it does not say why it is of no use"
            assert connection.due_at is None, "it is looked at for nothing"
        for id, owner in self.owners.items():
            if id in self.vendor.meetings:
                conference = self._of_meeting(id)
                mine = conference.kept_by or (self.account if connection.usable else connection.account_id)
                assert owner == mine, f"{id} of {owner} is an orphan: the account is {mine}, {conference}"

    def _of_meeting(self, id: str) -> Conference:
        found = self.store.get(Conference, self.vendor.meetings[id].marker.rpartition(".")[0])
        assert found is not None
        return found

    def leave_behind(self) -> None:
        """Meetings of an account that nobody can use any more stay there: they are no concern of ours now."""
        known = {c.applied.reference.ids["id"] for c in self.store.conferences_of_host(ANN) if c.applied.reference}
        for id in self.vendor.meetings.keys() - known:
            del self.vendor.meetings[id]
            self.vendor.answered.discard(id)

    def really_lost(self) -> bool:
        """Whether the vendor gave a refresh token that nobody could store."""
        newest = [list(each.refreshes)[-1] for each in self.logins.consents if each.refreshes]
        return any(each not in self.stored for each in newest)


# --- deeds -----------------------------------------------------------------------------------------------------------


def saved(cloud: Cloud) -> None:
    cloud.with_conference(cloud.ann, "e1", title="Standup")


def ended(cloud: PersonalCloud) -> None:
    """The access token's time is over."""
    saved(cloud)
    cloud.clock.advance(LASTS)


def idle(cloud: PersonalCloud) -> None:
    """Nobody has needed it for so long that it has to be renewed."""
    saved(cloud)
    lie_idle(cloud)


def lie_idle(cloud: PersonalCloud) -> None:
    now = cloud.clock.now()
    cloud.store.commit([Save(record=replace(cloud.connection, renew_at=now, due_at=now))])


def refused(cloud: PersonalCloud) -> None:
    """The vendor takes it no more, before its time."""
    saved(cloud)
    cloud.logins.expire_access()


def withdrawn(cloud: PersonalCloud) -> None:
    """Ann took it back at the vendor, and her last change waits."""
    saved(cloud)
    cloud.logins.withdraw()
    cloud.clock.advance(LASTS)
    rename(cloud)
    cloud.follow()
    assert not cloud.connection.usable


def connect(cloud: PersonalCloud) -> None:
    if not cloud.connection.usable:
        cloud.connect("ann")


def is_left(cloud: PersonalCloud) -> bool:
    return not cloud.connection.sealed or cloud.connection.account_id == "id-other"


def disconnect(then: Leaving) -> Callable[[PersonalCloud], None]:
    def deed(cloud: PersonalCloud) -> None:
        if not is_left(cloud) and cloud.connection.leaving is None:
            cloud.disconnect(then)

    return deed


def replace_account(then: Leaving) -> Callable[[PersonalCloud], None]:
    def deed(cloud: PersonalCloud) -> None:
        if is_left(cloud) or cloud.connection.leaving is not None:
            return
        if cloud.connection.successor is None:
            cloud.connect("other")
        if cloud.connection.successor is not None and cloud.connection.leaving is None:
            cloud.disconnect(then)

    return deed


def scenario(prepare: Any, act: Any, meetings: list[str], calls: dict[str, int], insist: Any = None) -> Scenario:
    return Scenario(prepare=prepare, act=act, insist=insist or act, meetings=meetings, calls=calls)


GONE, ANEW = {"delete": 1}, {"delete": 1, "create": 1}
KEEP, REMAKE, REMOVE = Leaving.KEEP, Leaving.ANEW, Leaving.REMOVE
SCENARIOS = {
    "a token has to be renewed": replace(scenario(ended, rename, ["Retro"], UPDATE), insist=None),
    "a token lies idle": replace(scenario(idle, Cloud.sweep, ["Standup"], {}), insist=None),
    "a token is refused": replace(scenario(refused, rename, ["Retro"], UPDATE), insist=None),
    "a token ends while the event goes": replace(scenario(ended, delete, [], GONE), insist=None),
    "connect": scenario(withdrawn, connect, ["Retro"], UPDATE),
    "disconnect, keep": scenario(saved, disconnect(KEEP), ["Standup"], {}),
    "disconnect, anew": scenario(saved, disconnect(REMAKE), ["Standup"], GONE),
    "disconnect, remove": scenario(saved, disconnect(REMOVE), [], GONE),
    "disconnect with a token that has ended": scenario(ended, disconnect(REMAKE), ["Standup"], GONE),
    "replace, keep": scenario(saved, replace_account(KEEP), ["Standup"], {}),
    "replace, anew": scenario(saved, replace_account(REMAKE), ["Standup"], ANEW),
    "replace, remove": scenario(saved, replace_account(REMOVE), [], GONE),
}


def rest_with_accounts(cloud: PersonalCloud) -> None:
    """All is as promised; then Ann connects an account if none is, hers if meetings were kept, and all is again."""
    cloud.gate = Open()
    cloud.until_quiet()
    if not cloud.connection.sealed and cloud.really_lost():
        cloud.leave_behind()
    cloud.check_accounts()
    kept = [each for each in cloud.store.conferences_of_host(ANN) if each.frozen]
    if kept or not cloud.connection.usable:
        cloud.connect("ann" if kept or cloud.connection.sealed else "other")
    assert cloud.connection.usable
    cloud.until_quiet()
    cloud.promises.check(collected=True)
    cloud.check_accounts()
    assert not any(each.frozen for each in cloud.store.conferences_of_host(ANN) if each.kept_by == cloud.account)
