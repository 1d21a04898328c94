"""A conferencing system where each person uses an account of their own."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from confsync.domain.conference import ConferenceSpec, ProviderConference, Reference
from confsync.domain.errors import AuthExpired, NotFound, Temporary
from confsync.domain.solution import Capabilities
from confsync.ports import Grants
from tests.fakes.logins import FakeLogins
from tests.fakes.provider import FakeProvider

DEADLINE = timedelta(seconds=8)


class AsAccount:
    """The vendor as one account sees it: its own meetings and no others. `owners`: whose each meeting is."""

    def __init__(self, vendor: FakeProvider, owners: dict[str, str], account: str) -> None:
        self._vendor = vendor
        self._owners = owners
        self._account = account

    def create(self, spec: ConferenceSpec, marker: str) -> ProviderConference:
        before = set(self._vendor.meetings)
        try:
            return self._vendor.create(spec, marker)
        finally:
            self._owners.update(dict.fromkeys(self._vendor.meetings.keys() - before, self._account))

    def find(self, marker: str, spec: ConferenceSpec) -> list[ProviderConference]:
        return [each for each in self._vendor.find(marker, spec) if self._is_own(each.reference)]

    def get(self, reference: Reference) -> ProviderConference:
        self._check(reference)
        return self._vendor.get(reference)

    def update(
        self, reference: Reference, spec: ConferenceSpec, changed: frozenset[str], marker: str
    ) -> ProviderConference:
        self._check(reference)
        return self._vendor.update(reference, spec, changed, marker)

    def delete(self, reference: Reference) -> None:
        self._check(reference)
        self._vendor.delete(reference)

    def _is_own(self, reference: Reference) -> bool:
        return self._owners[reference.ids["id"]] == self._account

    def _check(self, reference: Reference) -> None:
        if not self._is_own(reference):
            raise NotFound("the meeting is somebody else's", service="fake")


class PersonalProvider:
    """The `ConferenceProvider` port: each call is made with a token of its host's, and a second one if it is refused.

    `reach` gives the vendor as an account sees it.
    """

    grants: Grants

    def __init__(self, vendor: FakeProvider, logins: FakeLogins, reach: Callable[[str], Any]) -> None:
        self._vendor = vendor
        self._logins = logins
        self._reach = reach

    @property
    def capabilities(self) -> Capabilities:
        return self._vendor.capabilities

    def kept(self, spec: ConferenceSpec) -> Mapping[str, Any]:
        return self._vendor.kept(spec)

    def create(self, spec: ConferenceSpec, marker: str) -> ProviderConference:
        made: ProviderConference = self._as(spec.host).create(spec, marker)
        return made

    def find(self, marker: str, spec: ConferenceSpec) -> list[ProviderConference]:
        found: list[ProviderConference] = self._as(spec.host).find(marker, spec)
        return found

    def get(self, reference: Reference) -> ProviderConference:
        found: ProviderConference = self._as(reference.host).get(reference)
        return found

    def update(
        self, reference: Reference, spec: ConferenceSpec, changed: frozenset[str], marker: str
    ) -> ProviderConference:
        updated: ProviderConference = self._as(reference.host).update(reference, spec, changed, marker)
        return updated

    def delete(self, reference: Reference) -> None:
        self._as(reference.host).delete(reference)

    def _as(self, owner: str) -> Any:
        """Raises `Temporary` if it took too long to get a token: a call is over within its deadline."""
        until = self._logins.clock.now() + DEADLINE
        token = self.grants.token(owner, "fake")
        account = self._logins.takes(token)
        if account is None:
            account = self._logins.takes(self.grants.token(owner, "fake", refused=token))
        if account is None:
            raise AuthExpired("401", service="fake")
        if self._logins.clock.now() > until:
            raise Temporary("no time left", service="fake")
        return self._reach(account)
