"""What providers may use besides their vendor, from fakes."""

from confsync.ports import Clock
from confsync.providers import Outside
from tests.fakes.clock import FakeClock
from tests.fakes.grants import FakeGrants
from tests.fakes.secrets import FakeSecrets


def outside(
    secrets: FakeSecrets | None = None, *, grants: FakeGrants | None = None, clock: Clock | None = None
) -> Outside:
    """Nobody is connected, no secret is there, and the time is the fake clock's, unless given."""
    return Outside(secrets=secrets or FakeSecrets(), grants=grants or FakeGrants(), clock=clock or FakeClock())
