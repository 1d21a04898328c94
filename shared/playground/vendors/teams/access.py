"""Who may do what: tokens, permissions, the directory, application access policies, and the limits.

learn.microsoft.com/graph: permissions-reference, cloud-communication-online-meeting-application-access-policy,
throttling-limits.
"""

import re
from collections import Counter, deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from playground.vendors.teams.account import Account, GraphError, bad_request, unknown_error
from playground.vendors.teams.entra import Entra, object_id
from playground.vendors.tokens import Grant

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_WINDOW = timedelta(seconds=10)
_READ_USERS = frozenset({"User.Read.All", "User.ReadBasic.All", "User.ReadWrite.All", "Directory.Read.All"})
_CHALLENGE = (
    'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize",'
    ' client_id="00000003-0000-0000-c000-000000000000"'
)


class Access:
    """Whoever calls holds the lock of `TeamsService`."""

    def __init__(self, account: Callable[[], Account], clock: Callable[[], datetime], entra: Entra) -> None:
        self._account, self._clock, self._entra = account, clock, entra
        self._people: dict[str, str] = {}
        self._calls: deque[datetime] = deque()
        self._creates: Counter[tuple[str, str]] = Counter()

    def reset(self) -> None:
        """Forget whom it has met, and what was counted."""
        self._people.clear()
        self._calls.clear()
        self._creates.clear()

    def object_id(self, address: str) -> str:
        """The person's id in the directory, which from now on is known to be theirs."""
        identity = object_id(self._account().tenant_id, address)
        self._people[identity] = address.lower()
        return identity

    def organizer(self, token: str, user: str, permission: str) -> str:
        """Whose meetings `/me` or `/users/{user}` means, if the token may `Read` or `ReadWrite` them."""
        grant = self._admit(token)
        alone = grant.account == self._account().client_id
        enough = {"OnlineMeetings.ReadWrite", f"OnlineMeetings.{permission}"}
        if not {f"{name}.All" if alone else name for name in enough} & grant.scopes:
            raise GraphError(403, "Forbidden", "")
        address = self._whom(grant, user, alone=alone)
        if alone:
            self._require_policy(address)
        return address

    def require_effective(self, token: str, user: str) -> None:
        """What a policy that was granted just now does to the filter: Teams-Transcript-Summariser-Open-AI#2."""
        account, grant = self._account(), self._entra.whose(token)
        fresh = {self.object_id(address) for address in account.fresh_policy}
        if grant and grant.account == account.client_id and user in fresh:
            raise bad_request("1026: An error has occurred.")

    def person(self, token: str, key: str) -> dict[str, Any]:
        """`GET /users/{id or sign-in name}` and `GET /me`."""
        grant = self._admit(token)
        if key == "me" and grant.account == self._account().client_id:
            raise _only_delegated()
        enough = _READ_USERS | {"User.Read"} if key in {"me", grant.account} else _READ_USERS
        if not enough & grant.scopes:
            raise _denied()
        address = self._found(grant.account if key == "me" else key)
        if address is None:
            raise GraphError(
                404,
                "Request_ResourceNotFound",
                f"Resource '{key}' does not exist or one of its queried reference-property objects are not present.",
            )
        return self._entry(address)

    def people(self, token: str, query: str) -> list[dict[str, Any]]:
        """`GET /users?$filter=mail eq '...'`, which finds people whose sign-in name is another one."""
        if not _READ_USERS & self._admit(token).scopes:
            raise _denied()
        asked = re.fullmatch(r"(mail|userPrincipalName) eq '([^']+)'", query)
        if asked is None:
            raise GraphError(400, "Request_UnsupportedQuery", "Unsupported or invalid query filter clause.")
        address = asked[2].lower() if asked[1] == "mail" else self._found(asked[2])
        return [] if address is None or address in self._account().missing else [self._entry(address)]

    def count_create(self, address: str) -> None:
        """Count a new meeting of that person. A person without a Teams licence has none.

        How that is refused is only known as an empty text (msgraph-sdk-java#1836), as for somebody unknown.
        """
        account, now = self._account(), self._clock()
        if address in account.unlicensed:
            raise unknown_error()
        month = (address, now.strftime("%Y-%m"))
        if self._creates[month] >= account.per_month:
            following = (now.replace(day=1) + timedelta(days=32)).replace(day=1, hour=0, minute=0, second=0)
            raise _too_many(following - now)
        self._creates[month] += 1

    def _admit(self, token: str) -> Grant:
        if not token:
            raise GraphError(401, "InvalidAuthenticationToken", "Access token is empty.", WWW_Authenticate=_CHALLENGE)
        grant = self._entra.whose(token)
        if grant is None:
            text = "Lifetime validation failed, the token is expired."
            raise GraphError(401, "InvalidAuthenticationToken", text, WWW_Authenticate=_CHALLENGE)
        self._throttle()
        return grant

    def _throttle(self) -> None:
        now, limit = self._clock(), self._account().per_ten_seconds
        while self._calls and self._calls[0] + _WINDOW <= now:
            self._calls.popleft()
        if limit is not None and len(self._calls) >= limit:
            raise _too_many(self._calls[0] + _WINDOW - now)
        self._calls.append(now)

    def _whom(self, grant: Grant, user: str, *, alone: bool) -> str:
        if user == "me":
            if alone:
                raise _only_delegated()
            self.object_id(grant.account)
            return grant.account
        address = self._found(user) if _GUID.fullmatch(user) else None  # a sign-in name is not enough here
        if address is None:
            raise unknown_error()
        if not alone and address != grant.account:
            raise GraphError(403, "Forbidden", "")
        return address

    def _require_policy(self, address: str) -> None:
        account = self._account()
        if address in {*account.without_policy, *account.fresh_policy}:
            text = f"No application access policy found for this app {account.client_id} on the user."
            raise GraphError(403, "Forbidden", text)

    def _found(self, key: str) -> str | None:
        """The address of whoever has that id or sign-in name. An address that is none is not found."""
        account, key = self._account(), key.lower()
        signs_in = {upn.lower(): address for address, upn in account.other_upns.items()}
        if _GUID.fullmatch(key):
            address = self._people.get(key)
        else:
            address = signs_in.get(key, key if key not in account.other_upns and "@" in key else None)
        return None if address in account.missing else address

    def _entry(self, address: str) -> dict[str, Any]:
        name = address.partition("@")[0].title()
        return {
            "businessPhones": [],
            "displayName": name,
            "givenName": name,
            "jobTitle": None,
            "mail": address,
            "mobilePhone": None,
            "officeLocation": None,
            "preferredLanguage": None,
            "surname": None,
            "userPrincipalName": self._account().other_upns.get(address, address),
            "id": self.object_id(address),
        }


def _too_many(wait: timedelta) -> GraphError:
    seconds = max(1, -(-wait // timedelta(seconds=1)))
    return GraphError(429, "TooManyRequests", "Too many requests.", Retry_After=str(seconds))


def _denied() -> GraphError:
    return GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def _only_delegated() -> GraphError:
    return bad_request("/me request is only valid with delegated authentication flow.")
