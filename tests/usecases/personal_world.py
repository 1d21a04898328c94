"""A world in which each person uses an account of their own at the vendor."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from confsync.domain import keys
from confsync.domain.connection import Connection, Leaving
from confsync.usecases.assembly import people_tokens
from confsync.usecases.connect_account import Connected
from tests.fakes.logins import SCOPES
from tests.fakes.personal import AsAccount, PersonalProvider
from tests.fakes.provider import FakeProviders
from tests.usecases.world import ANN, World

REDIRECT = "https://confsync.example/connect/fake/callback"


class PersonalWorld(World):
    """`owners`: the account of each meeting, by the meeting's id at the vendor."""

    def build(self, **limits: Any) -> None:
        self.owners: dict[str, str] = getattr(self, "owners", {})
        personal = PersonalProvider(
            self.provider, self.logins, lambda account: AsAccount(self.provider, self.owners, account)
        )
        self.providers = FakeProviders(personal, "zoom", "jitsi", personal=True)  # type: ignore[arg-type]
        super().build(**limits)
        self.tokens = personal.grants = people_tokens(self.ports)
        self.connecting = self.usecases.connect_account
        self.leaving = self.usecases.leave_account

    def connect(self, account: str = "ann", *, owner: str = ANN, scopes: Sequence[str] = SCOPES) -> Connected:
        """A person consents at the vendor, and comes back."""
        code = self.logins.consent(account, scopes=tuple(scopes))
        return self.connecting.complete(owner, "fake", code=code, verifier="v", redirect_uri=REDIRECT)

    def disconnect(self, then: Leaving) -> int:
        """The person decides, about what there is now."""
        return self.connecting.disconnect(ANN, "fake", then, shown=self.connection.shown)

    @property
    def connection(self) -> Connection:
        found = self.store.get(Connection, keys.connection_key(ANN, "fake"))
        assert found is not None
        return found

    def rests(self) -> bool:
        """Whether the sweep has nothing to do with the connection until its tokens are to be renewed."""
        connection = self.connection
        assert connection.renew_at is not None
        return connection.due_at == connection.renew_at > self.clock.now() and not connection.untold

    def token(self, *, refused: str | None = None) -> str:
        return self.tokens.token(ANN, "fake", refused=refused)

    def hosted(self) -> dict[str, str]:
        """The account of each meeting that there is, by its title."""
        return {meeting.spec.title: self.owners[id] for id, meeting in self.provider.meetings.items()}

    def pass_time(self, **by: float) -> None:
        self.clock.advance(timedelta(**by))
