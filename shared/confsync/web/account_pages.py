"""What the pages of people's accounts share: whose they are, the forms, and what people are told when it goes wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple, Protocol

from confsync.domain.conference import Conference
from confsync.domain.connection import Connection, Leaving
from confsync.domain.errors import (
    BadRequest,
    Busy,
    Forbidden,
    NotConfigured,
    PermissionDenied,
    ReauthorizationRequired,
    ServiceError,
    StoreConflict,
    Unverified,
)
from confsync.usecases.connect_account import Connected, Row
from confsync.web import pages, rendering
from confsync.web.account_words import state
from confsync.web.endpoint import Answer, Call, Handler
from confsync.web.people import People, Person
from confsync.web.rendering import Texts


class Accounts(Protocol):
    """The use case."""

    def overview(self, owner: str) -> Sequence[Row]: ...
    def name(self, vendor: str) -> str: ...
    def issuer(self, vendor: str) -> str | None: ...
    def start(self, vendor: str, *, owner: str, state: str, challenge: str, redirect_uri: str) -> str: ...
    def complete(self, owner: str, vendor: str, *, code: str, verifier: str, redirect_uri: str) -> Connected: ...
    def conferences(self, owner: str, vendor: str) -> list[Conference]: ...
    def disconnect(self, owner: str, vendor: str, then: Leaving, *, shown: str | None = None) -> int: ...
    def decline(self, owner: str, vendor: str) -> None: ...
    def revokes(self, vendor: str) -> bool: ...


class Way(NamedTuple):
    """A way on from a page: a link, or with a token a form."""

    url: str
    text: str
    token: str | None = None


@dataclass(frozen=True, kw_only=True)
class AccountPages:
    """Pages that show a person's accounts, or change them."""

    accounts: Accounts
    people: People

    def connection(self, person: Person, vendor: str) -> Connection | None:
        """The account that the person has there, also one that has ended."""
        rows = {row.vendor: row.connection for row in self.accounts.overview(person.email)}
        connection = rows.get(vendor)
        return None if state(connection) == "none" else connection

    def token(self, person: Person) -> str:
        """What a form of this person's has to bring along."""
        return self.people.seals.seal("form", person.session, lasts=timedelta(hours=12))

    def checked(self, call: Call) -> tuple[Person, dict[str, str]]:
        """Who sent a form of ours, and what. Raises `Forbidden` if it was another page that had it sent."""
        person, sent = self.people.who(call), pages.form(call)
        if person is None or self.people.seals.open("form", sent.get("token")) != person.session:
            raise Forbidden("this form was not made for whoever is signed in here")
        return person, sent

    def own(self, *parts: str) -> str:
        """A path of ours."""
        return "/".join([self.people.base, *parts]) or "/"

    def message(self, call: Call, title: str, lines: list[str], *, status: int, ways: Sequence[Way] = ()) -> Answer:
        """A page of some sentences."""
        return rendering.page(
            "message.html",
            language=rendering.language(call),
            status=status,
            title=title,
            lines=lines,
            ways=ways,
            style=self.own(rendering.STYLE),
            again_in=None,
        )

    def or_told(self, handler: Handler) -> Handler:
        """The handler; what goes wrong is told in a page, in words for people."""

        def handle(call: Call) -> Answer:
            told = texts(call)
            ways = [Way(self.own(), told("Your accounts"))]
            try:
                return handler(call)
            except BadRequest:
                nothing = told("There is no such account here.")
                return self.message(call, told("That did not work"), [nothing], status=400, ways=ways)
            except (Forbidden, Unverified):
                stale = told("It was begun in another browser or long ago, or was used already. Begin again.")
                return self.message(call, told("This page is out of date"), [stale], status=403, ways=ways)
            except ReauthorizationRequired:
                again = told("The vendor did not accept it. Begin again.")
                return self.message(call, told("That did not work"), [again], status=400, ways=ways)
            except (PermissionDenied, NotConfigured):
                ask = told("Something is not set up as it has to be. Tell whoever runs this for you.")
                return self.message(call, told("That can't be done now"), [ask], status=502, ways=ways)
            except (ServiceError, StoreConflict, Busy):
                later = told("The service does not answer just now. Try again in a minute.")
                return self.message(call, told("One moment"), [later], status=503, ways=ways)

        return handle


def texts(call: Call) -> Texts:
    """In the language of whoever calls."""
    return rendering.texts(rendering.language(call))
