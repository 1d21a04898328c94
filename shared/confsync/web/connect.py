"""Connecting one's own accounts: which there are, a vendor's consent, and what becomes of meetings when one ends.

RFC 9700 (best current practice of OAuth 2.0's security): the state is good for one browser, one person, one vendor and
some minutes; the code is bound to it by PKCE; where the vendor tells who it is, that is checked.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_urlsafe
from typing import NamedTuple, Protocol
from urllib.parse import urlencode

import structlog

from confsync.domain.conference import Conference
from confsync.domain.connection import GOOGLE, Connection, Leaving
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
from confsync.usecases.connect_account import NO_REFRESH, Connected, Row
from confsync.web import pages, rendering
from confsync.web.account_words import choices, problem, shown, state, status
from confsync.web.endpoint import Answer, Call, Handler
from confsync.web.people import People, Person
from confsync.web.rendering import Texts
from confsync.web.routing import router
from confsync.web.sealed import Seals

log = structlog.get_logger()

CONSENTING = timedelta(minutes=15)
ASKED = timedelta(minutes=30)
"""So long Calendar's link knows whose it is; after that people say so themselves."""
CONSENT = "consent"
"""Name of the cookie that belongs to a consent."""
DENIED = frozenset({"access_denied", "user_denied", "consent_required", ""})
"""What consent pages say when a person does not allow it. RFC 6749 has the first; vendors send none at all, too."""
SHOWN = 10
"""Meetings of an account that are named."""


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


def address(url: str, email: str, seals: Seals) -> str:
    """The address of a page of ours, for that person: it tells whom it is for, and lets nobody in."""
    return f"{url}?{urlencode({'who': seals.seal('who', email.lower(), lasts=ASKED)})}"


class _Way(NamedTuple):
    """A way on from a page: a link, or with a token a form."""

    url: str
    text: str
    token: str | None = None


@dataclass(frozen=True, kw_only=True)
class Pages:
    """The pages."""

    accounts: Accounts
    people: People

    def handler(self) -> Handler:
        """All of them."""
        base = self.people.base
        return router(
            {
                ("GET", base or "/"): self._or_told(self._overview),
                ("GET", f"{base}/{rendering.STYLE}"): rendering.stylesheet,
                ("POST", f"{base}/signed-in"): self._or_told(self._end_sign_in),
                ("GET", f"{base}/signed-in"): self._or_told(self._stale_sign_in),
                ("POST", f"{base}/sign-out"): self._or_told(self._sign_out),
                ("GET", f"{base}/{{vendor}}/start"): self._or_told(self._start),
                ("POST", f"{base}/{{vendor}}/start"): self._or_told(self._start_again),
                ("GET", f"{base}/{{vendor}}/callback"): self._or_told(self._callback),
                ("GET", f"{base}/{{vendor}}/connected"): self._or_told(self._connected),
                ("GET", f"{base}/{{vendor}}/disconnect"): self._or_told(self._ask_to_leave),
                ("POST", f"{base}/{{vendor}}/disconnect"): self._or_told(self._leave),
                ("POST", f"{base}/{{vendor}}/decline"): self._or_told(self._decline),
                ("GET", f"{base}/{{vendor}}/left"): self._or_told(self._left),
            }
        )

    # --- which there are ---------------------------------------------------------------------------------------------

    def _overview(self, call: Call) -> Answer:
        person, meant = self.people.who(call), self._meant(call)
        if person is None:
            return self.people.begin(then=self._own(), hint=meant or "")
        told = _texts(call)
        if meant is not None and meant != person.email:
            return self._somebody_elses(call, told("Whose accounts?"), meant, person)
        return rendering.page(
            "accounts.html",
            language=told.language,
            title=told("Your accounts"),
            rows=[self._row(row, told) for row in self.accounts.overview(person.email)],
            email=person.email,
            token=self._token(person),
            out=self._own("sign-out"),
            style=self._own(rendering.STYLE),
            again_in=None,
        )

    def _row(self, row: Row, told: Texts) -> dict[str, object]:
        connection = row.connection
        shown: dict[str, object] = {
            "vendor": row.vendor,
            "name": row.name,
            "state": state(connection),
            "start": self._own(row.vendor, "start"),
            "leave": self._own(row.vendor, "disconnect"),
        }
        if connection is None:
            return shown
        used = told("last used on %(day)s", day=told.day(connection.used_at)) if connection.used_at else ""
        return shown | {
            "status": status(connection, told),
            "account": connection.account_name,
            "problem": problem(connection, told),
            "since": told("since %(day)s", day=told.day(connection.connected_at)),
            "used": used,
        }

    # --- consent -----------------------------------------------------------------------------------------------------

    def _start(self, call: Call) -> Answer:
        """From Calendar: whoever the link is for has to be who is in the browser, and goes on to the vendor at once.

        From anywhere else it takes a click of theirs: another site can lead them here too.
        """
        vendor, person, meant = call.parameters["vendor"], self.people.who(call), self._meant(call)
        name, told = self.accounts.name(vendor), _texts(call)
        if person is None:
            here = self._own(vendor, "start")
            then = here if meant is None else f"{here}?{urlencode({'who': call.query.get('who', '')})}"
            return self.people.begin(then=then, hint=meant or "")
        if meant is None:
            lines = [told("It is connected for %(email)s.", email=person.email)]
            connect = told("Connect %(name)s", name=name)
            ways = [self._form_to(vendor, person, connect), _Way(self._own(), told("Your accounts"))]
            return self._message(call, told("Connect %(name)s", name=name), lines, status=200, ways=ways)
        if meant != person.email:
            return self._somebody_elses(call, told("Whose %(name)s account?", name=name), meant, person)
        return self._consent(vendor, person)

    def _form_to(self, vendor: str, person: Person, text: str) -> "_Way":
        return _Way(self._own(vendor, "start"), text, self._token(person))

    def _meant(self, call: Call) -> str | None:
        """Whom the link that was followed is for, if it says so."""
        meant = self.people.seals.open("who", call.query.get("who", ""))
        return None if meant is None else str(meant)

    def _somebody_elses(self, call: Call, title: str, meant: str, person: Person) -> Answer:
        told = _texts(call)
        lines = [
            told("This link is for %(meant)s, and you are signed in as %(email)s.", meant=meant, email=person.email),
            told(
                "Open it in the browser in which you use %(meant)s, or continue as %(email)s.",
                meant=meant,
                email=person.email,
            ),
        ]
        ways = [_Way(self._own(), told("Continue as %(email)s", email=person.email))]
        return self._message(call, title, lines, status=403, ways=ways)

    def _start_again(self, call: Call) -> Answer:
        return self._consent(call.parameters["vendor"], self._checked(call)[0])

    def _consent(self, vendor: str, person: Person) -> Answer:
        nonce, verifier = token_urlsafe(24), token_urlsafe(48)
        seals = self.people.seals
        url = self.accounts.start(
            vendor,
            owner=person.email,
            state=seals.seal("state", [vendor, nonce], lasts=CONSENTING),
            challenge=_challenge(verifier),
            redirect_uri=self._callback_url(vendor),
        )
        kept = seals.seal(CONSENT, [vendor, nonce, verifier, person.email, person.session], lasts=CONSENTING)
        cookie = pages.cookie(f"{CONSENT}-{vendor}", kept, seconds=int(CONSENTING.total_seconds()))
        return pages.redirect(url, cookies=(cookie,))

    def _callback(self, call: Call) -> Answer:
        """Back from the vendor, with a code or without; what belongs to this consent is used up."""
        vendor, person, seals = call.parameters["vendor"], self.people.who(call), self.people.seals
        cookie = f"{CONSENT}-{vendor}"
        state = seals.open("state", call.query.get("state", ""))
        kept = seals.open(CONSENT, pages.cookie_of(call, cookie))
        if call.method != "GET" or person is None or state is None or kept is None:
            raise Forbidden("this consent was not begun in this browser, or long ago")
        if state != [vendor, kept[1]] or [kept[0], *kept[3:]] != [vendor, person.email, person.session]:
            raise Forbidden("this consent was begun for somebody or something else")
        issuer = call.query.get("iss", "")
        if issuer and self.accounts.issuer(vendor) not in {None, issuer}:
            raise Forbidden("this consent came back from somebody else")
        code = call.query.get("code", "")
        answer = self._completed(call, vendor, person, code, kept[2]) if code else self._denied(call, vendor, person)
        return _used(answer, pages.cookie(cookie, "", seconds=0))

    def _completed(self, call: Call, vendor: str, person: Person, code: str, verifier: str) -> Answer:
        told, name = _texts(call), self.accounts.name(vendor)
        done = self.accounts.complete(
            person.email, vendor, code=code, verifier=verifier, redirect_uri=self._callback_url(vendor)
        )
        if done.somebody_elses:
            lines = [
                told(
                    "You chose %(account)s, and you are signed in here as %(email)s.",
                    account=done.account.name,
                    email=person.email,
                ),
                told("Your calendars are those of %(email)s: choose that account.", email=person.email),
            ]
            ways = [self._form_to(vendor, person, told("Try again")), _Way(self._own(), told("Your accounts"))]
            return self._message(call, told("Another %(name)s account", name=name), lines, status=403, ways=ways)
        if NO_REFRESH in done.missing:
            lines = [told("Something is not set up as it has to be. Tell whoever runs this for you.")]
            ways = [_Way(self._own(), told("Your accounts"))]
            return self._message(call, told("That can't be done now"), lines, status=502, ways=ways)
        if done.missing:
            lines = [
                told(
                    "%(account)s can't be used: not everything was allowed that is needed.", account=done.account.name
                ),
                told("What is missing: %(scopes)s", scopes=", ".join(done.missing)),
                told("Connect it again, and leave every box ticked."),
            ]
            ways = [_Way(self._own(), told("Your accounts"))]
            return self._message(call, told("Something is missing"), lines, status=200, ways=ways)
        if done.replaces is not None:
            return pages.redirect(self._own(vendor, "disconnect"))
        resumed = "?resumed=1" if done.resumed else ""
        return pages.redirect(self._own(vendor, "connected") + resumed)

    def _connected(self, call: Call) -> Answer:
        """What came of it: a page that can be loaded again."""
        vendor, person = call.parameters["vendor"], self.people.who(call)
        told, name = _texts(call), self.accounts.name(vendor)
        connection = self._connection(person, vendor) if person else None
        if connection is None or not connection.usable:
            return pages.redirect(self._own())
        lines = [
            told("You are connected as %(account)s.", account=connection.account_name),
            told("Go back to Calendar and choose a conference again.")
            if vendor == GOOGLE
            else told("Go back to Calendar and choose %(name)s again.", name=name),
        ]
        if call.query.get("resumed", ""):
            lines.append(told("Meetings that waited for this are brought up to date now."))
        ways = [_Way(self._own(), told("Your accounts"))]
        return self._message(call, told("%(name)s is connected", name=name), lines, status=200, ways=ways)

    def _denied(self, call: Call, vendor: str, person: Person) -> Answer:
        """Without a code. Only `access_denied` is the person's own word; anything else an operator has to mend."""
        told, name = _texts(call), self.accounts.name(vendor)
        error = call.query.get("error", "")
        ways = [self._form_to(vendor, person, told("Try again")), _Way(self._own(), told("Your accounts"))]
        if error not in DENIED:
            log.warning("a vendor's consent page failed", vendor=vendor, error=error[:100])
            lines = [told("Something is not set up as it has to be. Tell whoever runs this for you.")]
            return self._message(call, told("That can't be done now"), lines, status=502, ways=ways)
        lines = [
            told("You did not allow it, so nothing has changed."),
            told("Without your account, no conference can be chosen in Calendar.")
            if vendor == GOOGLE
            else told("Without your account, %(name)s can't be chosen in Calendar.", name=name),
        ]
        return self._message(call, told("%(name)s is not connected", name=name), lines, status=200, ways=ways)

    # --- leaving -----------------------------------------------------------------------------------------------------

    def _ask_to_leave(self, call: Call) -> Answer:
        vendor, person = call.parameters["vendor"], self.people.who(call)
        name = self.accounts.name(vendor)
        if person is None:
            return self.people.begin(then=self._own(vendor, "disconnect"))
        connection = self._connection(person, vendor)
        if connection is None:
            return pages.redirect(self._own())
        return self._leave_page(call, person, vendor, name, connection)

    def _leave_page(self, call: Call, person: Person, vendor: str, name: str, connection: Connection) -> Answer:
        told, successor = _texts(call), connection.successor
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
            action=self._own(vendor, "disconnect"),
            back=self._own(),
            decline=self._own(vendor, "decline") if successor is not None else None,
            shown=connection.shown,
            token=self._token(person),
            style=self._own(rendering.STYLE),
            again_in=None,
        )

    def _leave(self, call: Call) -> Answer:
        vendor = call.parameters["vendor"]
        person, sent = self._checked(call)
        told = _texts(call)
        if sent.get("then", "") not in set(Leaving):
            lines = [told("Choose what is to become of the meetings.")]
            ways = [_Way(self._own(vendor, "disconnect"), told("Try again"))]
            return self._message(call, told("That did not work"), lines, status=400, ways=ways)
        try:
            left = self.accounts.disconnect(person.email, vendor, Leaving(sent["then"]), shown=sent.get("shown", ""))
        except BadRequest as error:
            if error.field != "shown":
                raise
            lines = [told("This has changed meanwhile, or was done already: look again.")]
            ways = [_Way(self._own(), told("Your accounts"))]
            return self._message(call, told("This page is out of date"), lines, status=409, ways=ways)
        return pages.redirect(self._own(vendor, "left") + ("?more=1" if left else ""))

    def _decline(self, call: Call) -> Answer:
        """Not the other account after all."""
        vendor, person = call.parameters["vendor"], self._checked(call)[0]
        self.accounts.decline(person.email, vendor)
        return pages.redirect(self._own())

    def _left(self, call: Call) -> Answer:
        """What came of it: a page that can be loaded again."""
        vendor = call.parameters["vendor"]
        told, name = _texts(call), self.accounts.name(vendor)
        if call.query.get("more", ""):
            lines = [
                told("Your choice is being carried out."),
                told("Some meetings are still being removed. You need not wait for it."),
            ]
        else:
            lines = [told("It is done.")]
        if not self.accounts.revokes(vendor):
            lines.append(told("To take it back at %(name)s too, remove this app in your account there.", name=name))
        return self._message(call, name, lines, status=200, ways=[_Way(self._own(), told("Your accounts"))])

    def _connection(self, person: Person, vendor: str) -> Connection | None:
        rows = {row.vendor: row.connection for row in self.accounts.overview(person.email)}
        connection = rows.get(vendor)
        return None if state(connection) == "none" else connection

    # --- who, and what goes wrong ------------------------------------------------------------------------------------

    def _token(self, person: Person) -> str:
        """What a form of this person's has to bring along."""
        return self.people.seals.seal("form", person.session, lasts=timedelta(hours=12))

    def _checked(self, call: Call) -> tuple[Person, dict[str, str]]:
        """Who sent a form of ours, and what. Raises `Forbidden` if it was another page that had it sent."""
        person, sent = self.people.who(call), pages.form(call)
        if person is None or self.people.seals.open("form", sent.get("token")) != person.session:
            raise Forbidden("this form was not made for whoever is signed in here")
        return person, sent

    def _sign_out(self, call: Call) -> Answer:
        self._checked(call)
        return self.people.sign_out(then=self._own())

    def _end_sign_in(self, call: Call) -> Answer:
        try:
            done = self.people.end(call)
        except (Forbidden, Unverified):
            return self._stale_sign_in(call)
        return done or self._stale_sign_in(call)

    def _stale_sign_in(self, call: Call) -> Answer:
        told, then = _texts(call), self.people.going_to(call)
        lines = [told("To connect an account, show with Google who you are.")]
        if then is None:
            lines.append(told("If you see this again, allow cookies for this site."))
        ways = [_Way(then or self._own(), told("Sign in with Google"))]
        return self._message(call, told("You are not signed in"), lines, status=403, ways=ways)

    def _callback_url(self, vendor: str) -> str:
        return f"{self.people.url.rstrip('/')}/{vendor}/callback"

    def _own(self, *parts: str) -> str:
        """A path of ours."""
        return "/".join([self.people.base, *parts]) or "/"

    def _message(self, call: Call, title: str, lines: list[str], *, status: int, ways: Sequence["_Way"] = ()) -> Answer:
        return rendering.page(
            "message.html",
            language=rendering.language(call),
            status=status,
            title=title,
            lines=lines,
            ways=ways,
            style=self._own(rendering.STYLE),
            again_in=None,
        )

    def _or_told(self, handler: Handler) -> Handler:
        """The handler; what goes wrong is told in a page, in words for people."""

        def handle(call: Call) -> Answer:
            told = _texts(call)
            ways = [_Way(self._own(), told("Your accounts"))]
            try:
                return handler(call)
            except BadRequest:
                nothing = told("There is no such account here.")
                return self._message(call, told("That did not work"), [nothing], status=400, ways=ways)
            except (Forbidden, Unverified):
                stale = told("It was begun in another browser or long ago, or was used already. Begin again.")
                return self._message(call, told("This page is out of date"), [stale], status=403, ways=ways)
            except ReauthorizationRequired:
                again = told("The vendor did not accept it. Begin again.")
                return self._message(call, told("That did not work"), [again], status=400, ways=ways)
            except (PermissionDenied, NotConfigured):
                ask = told("Something is not set up as it has to be. Tell whoever runs this for you.")
                return self._message(call, told("That can't be done now"), [ask], status=502, ways=ways)
            except (ServiceError, StoreConflict, Busy):
                later = told("The service does not answer just now. Try again in a minute.")
                return self._message(call, told("One moment"), [later], status=503, ways=ways)

        return handle


def _texts(call: Call) -> Texts:
    return rendering.texts(rendering.language(call))


def _challenge(verifier: str) -> str:
    """https://www.rfc-editor.org/rfc/rfc7636#section-4.2"""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _used(answer: Answer, cookie: str) -> Answer:
    """The answer, with a cookie more; whatever it loads is not told its address, which had a code."""
    body, status, headers = answer
    return body, status, {**headers, "Referrer-Policy": "no-referrer", "Set-Cookie": [cookie]}
