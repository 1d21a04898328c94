"""An account ends, or gives way to another one: what is to become of its meetings, and what came of it."""

from confsync.domain.connection import GOOGLE, Connection, Leaving
from confsync.domain.errors import BadRequest
from confsync.web import pages, rendering
from confsync.web.account_pages import AccountPages, Way, texts
from confsync.web.account_words import choices, shown, state
from confsync.web.endpoint import Answer, Call
from confsync.web.people import Person
from confsync.web.rendering import Texts
from confsync.web.routing import Routes

SHOWN = 10
"""Meetings of an account that are named."""


class LeavingPages(AccountPages):
    """Below the address of the vendor."""

    def routes(self) -> Routes:
        """All of them."""
        base = f"{self.people.base}/{{vendor}}"
        return {
            ("GET", f"{base}/disconnect"): self.or_told(self._ask),
            ("POST", f"{base}/disconnect"): self.or_told(self._leave),
            ("POST", f"{base}/decline"): self.or_told(self._decline),
            ("GET", f"{base}/left"): self.or_told(self._left),
        }

    def _ask(self, call: Call) -> Answer:
        vendor, person = call.parameters["vendor"], self.people.who(call)
        name = self.accounts.name(vendor)
        if person is None:
            return self.people.begin(then=self.own(vendor, "disconnect"))
        connection = self.connection(person, vendor)
        if connection is None:
            return pages.redirect(self.own())
        return self._page(texts(call), person, vendor, name, connection)

    def _page(self, told: Texts, person: Person, vendor: str, name: str, connection: Connection) -> Answer:
        successor = connection.successor
        hosted = [each for each in self.accounts.conferences(person.email, vendor) if each.desired.spec is not None]
        account = connection.account_name
        if successor is None:
            title = told("Disconnect %(name)s?", name=name)
            text = told("%(account)s will not be used any more.", account=account)
        else:
            title = told("Another %(name)s account", name=name)
            text = told("%(new)s is to take the place of %(old)s.", new=successor.name, old=account)
        if hosted and state(connection) == "ended":
            text += " " + told(
                "It can't be reached now: whatever is removed or made anew has to be deleted there by you."
            )
        return rendering.page(
            "leave.html",
            language=told.language,
            title=title,
            text=text,
            conferences=[shown(each, told) for each in hosted[:SHOWN]],
            total=len(hosted),
            more=max(0, len(hosted) - SHOWN),
            choices=choices(told, successor=successor is not None, only_keep=vendor == GOOGLE),
            act=told("Disconnect") if successor is None else told("Replace"),
            action=self.own(vendor, "disconnect"),
            back=self.own(),
            decline=self.own(vendor, "decline") if successor is not None else None,
            shown=connection.shown,
            token=self.token(person),
            style=self.own(rendering.STYLE),
            again_in=None,
        )

    def _leave(self, call: Call) -> Answer:
        vendor = call.parameters["vendor"]
        person, sent = self.checked(call)
        told = texts(call)
        if sent.get("then", "") not in set(Leaving):
            lines = [told("Choose what is to become of the meetings.")]
            ways = [Way(self.own(vendor, "disconnect"), told("Try again"))]
            return self.message(call, told("That did not work"), lines, status=400, ways=ways)
        try:
            left = self.accounts.disconnect(person.email, vendor, Leaving(sent["then"]), shown=sent.get("shown", ""))
        except BadRequest as error:
            if error.field != "shown":
                raise
            lines = [told("This has changed meanwhile, or was done already: look again.")]
            ways = [Way(self.own(), told("Your accounts"))]
            return self.message(call, told("This page is out of date"), lines, status=409, ways=ways)
        return pages.redirect(self.own(vendor, "left") + ("?more=1" if left else ""))

    def _decline(self, call: Call) -> Answer:
        """Not the other account after all."""
        vendor, person = call.parameters["vendor"], self.checked(call)[0]
        self.accounts.decline(person.email, vendor)
        return pages.redirect(self.own())

    def _left(self, call: Call) -> Answer:
        """What came of it: a page that can be loaded again."""
        vendor = call.parameters["vendor"]
        told, name = texts(call), self.accounts.name(vendor)
        if call.query.get("more", ""):
            lines = [
                told("Your choice is being carried out."),
                told("Some meetings are still being removed. You need not wait for it."),
            ]
        else:
            lines = [told("It is done.")]
        if not self.accounts.revokes(vendor):
            lines.append(told("To take it back at %(name)s too, remove this app in your account there.", name=name))
        return self.message(call, name, lines, status=200, ways=[Way(self.own(), told("Your accounts"))])
