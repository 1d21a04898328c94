"""Connecting one's own accounts: which there are, and a vendor's consent.

RFC 9700 (best current practice of OAuth 2.0's security): the state is good for one browser, one person, one vendor and
some minutes; the code is bound to it by PKCE; where the vendor tells who it is, that is checked.
"""

import hashlib
from base64 import urlsafe_b64encode
from datetime import timedelta
from secrets import token_urlsafe
from urllib.parse import urlencode

import structlog

from confsync.domain.connection import GOOGLE
from confsync.domain.errors import Forbidden, Unverified
from confsync.usecases.connect_account import NO_REFRESH, Row
from confsync.web import pages, rendering
from confsync.web.account_pages import AccountPages, Way, texts
from confsync.web.account_words import problem, state, status
from confsync.web.endpoint import Answer, Call, Handler
from confsync.web.leaving import LeavingPages
from confsync.web.people import Person
from confsync.web.rendering import Texts
from confsync.web.routing import router
from confsync.web.sealed import WHO

log = structlog.get_logger()

CONSENTING = timedelta(minutes=15)
CONSENT = "consent"
"""Name of the cookie that belongs to a consent."""
DENIED = frozenset({"access_denied", ""})
"""What a consent page says when its person does not allow it: RFC 6749, section 4.1.2.1, or nothing at all."""


class Pages(AccountPages):
    """The pages."""

    def handler(self) -> Handler:
        """All of them."""
        base = self.people.base
        return router(
            {
                ("GET", base or "/"): self.or_told(self._overview),
                ("GET", f"{base}/{rendering.STYLE}"): rendering.stylesheet,
                ("POST", f"{base}/signed-in"): self.or_told(self._end_sign_in),
                ("GET", f"{base}/signed-in"): self.or_told(self._stale_sign_in),
                ("POST", f"{base}/sign-out"): self.or_told(self._sign_out),
                ("GET", f"{base}/{{vendor}}/start"): self.or_told(self._start),
                ("POST", f"{base}/{{vendor}}/start"): self.or_told(self._start_again),
                ("GET", f"{base}/{{vendor}}/callback"): self.or_told(self._callback),
                ("GET", f"{base}/{{vendor}}/connected"): self.or_told(self._connected),
                **LeavingPages(accounts=self.accounts, people=self.people).routes(),
            }
        )

    # --- which there are ---------------------------------------------------------------------------------------------

    def _overview(self, call: Call) -> Answer:
        person, meant = self.people.who(call), self._meant(call)
        if person is None:
            return self.people.begin(then=self.own(), hint=meant or "")
        told = texts(call)
        if meant is not None and meant != person.email:
            return self._somebody_elses(call, told("Whose accounts?"), meant, person)
        return rendering.page(
            "accounts.html",
            language=told.language,
            title=told("Your accounts"),
            rows=[self._row(row, told) for row in self.accounts.overview(person.email)],
            email=person.email,
            token=self.token(person),
            out=self.own("sign-out"),
            style=self.own(rendering.STYLE),
            again_in=None,
        )

    def _row(self, row: Row, told: Texts) -> dict[str, object]:
        connection = row.connection
        shown: dict[str, object] = {
            "vendor": row.vendor,
            "name": row.name,
            "state": state(connection),
            "start": self.own(row.vendor, "start"),
            "leave": self.own(row.vendor, "disconnect"),
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
        name, told = self.accounts.name(vendor), texts(call)
        if person is None:
            here = self.own(vendor, "start")
            then = here if meant is None else f"{here}?{urlencode({'who': call.query.get('who', '')})}"
            return self.people.begin(then=then, hint=meant or "")
        if meant is None:
            lines = [told("It is connected for %(email)s.", email=person.email)]
            connect = told("Connect %(name)s", name=name)
            ways = [self._form_to(vendor, person, connect), Way(self.own(), told("Your accounts"))]
            return self.message(call, told("Connect %(name)s", name=name), lines, status=200, ways=ways)
        if meant != person.email:
            return self._somebody_elses(call, told("Whose %(name)s account?", name=name), meant, person)
        return self._consent(vendor, person)

    def _form_to(self, vendor: str, person: Person, text: str) -> Way:
        return Way(self.own(vendor, "start"), text, self.token(person))

    def _meant(self, call: Call) -> str | None:
        """Whom the link that was followed is for, if it says so."""
        meant = self.people.seals.open(WHO, call.query.get("who", ""))
        return None if meant is None else str(meant)

    def _somebody_elses(self, call: Call, title: str, meant: str, person: Person) -> Answer:
        told = texts(call)
        lines = [
            told("This link is for %(meant)s, and you are signed in as %(email)s.", meant=meant, email=person.email),
            told(
                "Open it in the browser in which you use %(meant)s, or continue as %(email)s.",
                meant=meant,
                email=person.email,
            ),
        ]
        ways = [Way(self.own(), told("Continue as %(email)s", email=person.email))]
        return self.message(call, title, lines, status=403, ways=ways)

    def _start_again(self, call: Call) -> Answer:
        return self._consent(call.parameters["vendor"], self.checked(call)[0])

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
        begun = seals.open("state", call.query.get("state", ""))
        kept = seals.open(CONSENT, pages.cookie_of(call, cookie))
        if call.method != "GET" or person is None or begun is None or kept is None:
            raise Forbidden("this consent was not begun in this browser, or long ago")
        if begun != [vendor, kept[1]] or [kept[0], *kept[3:]] != [vendor, person.email, person.session]:
            raise Forbidden("this consent was begun for somebody or something else")
        issuer = call.query.get("iss", "")
        if issuer and self.accounts.issuer(vendor) not in {None, issuer}:
            raise Forbidden("this consent came back from somebody else")
        code = call.query.get("code", "")
        answer = self._completed(call, vendor, person, code, kept[2]) if code else self._denied(call, vendor, person)
        return _used(answer, pages.cookie(cookie, "", seconds=0))

    def _completed(self, call: Call, vendor: str, person: Person, code: str, verifier: str) -> Answer:
        told, name = texts(call), self.accounts.name(vendor)
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
            ways = [self._form_to(vendor, person, told("Try again")), Way(self.own(), told("Your accounts"))]
            return self.message(call, told("Another %(name)s account", name=name), lines, status=403, ways=ways)
        if NO_REFRESH in done.missing:
            lines = [told("Something is not set up as it has to be. Tell whoever runs this for you.")]
            ways = [Way(self.own(), told("Your accounts"))]
            return self.message(call, told("That can't be done now"), lines, status=502, ways=ways)
        if done.missing:
            lines = [
                told(
                    "%(account)s can't be used: not everything was allowed that is needed.", account=done.account.name
                ),
                told("What is missing: %(scopes)s", scopes=", ".join(done.missing)),
                told("Connect it again, and leave every box ticked."),
            ]
            ways = [Way(self.own(), told("Your accounts"))]
            return self.message(call, told("Something is missing"), lines, status=200, ways=ways)
        if done.replaces is not None:
            return pages.redirect(self.own(vendor, "disconnect"))
        resumed = "?resumed=1" if done.resumed else ""
        return pages.redirect(self.own(vendor, "connected") + resumed)

    def _connected(self, call: Call) -> Answer:
        """What came of it: a page that can be loaded again."""
        vendor, person = call.parameters["vendor"], self.people.who(call)
        told, name = texts(call), self.accounts.name(vendor)
        connection = self.connection(person, vendor) if person else None
        if connection is None or state(connection) != "active":
            return pages.redirect(self.own())
        lines = [
            told("You are connected as %(account)s.", account=connection.account_name),
            told("Go back to Calendar and choose a conference again.")
            if vendor == GOOGLE
            else told("Go back to Calendar and choose %(name)s again.", name=name),
        ]
        if call.query.get("resumed", ""):
            lines.append(told("Meetings that waited for this are brought up to date now."))
        ways = [Way(self.own(), told("Your accounts"))]
        return self.message(call, told("%(name)s is connected", name=name), lines, status=200, ways=ways)

    def _denied(self, call: Call, vendor: str, person: Person) -> Answer:
        """Without a code. Only `access_denied` is the person's own word; anything else an operator has to mend."""
        told, name = texts(call), self.accounts.name(vendor)
        error = call.query.get("error", "")
        ways = [self._form_to(vendor, person, told("Try again")), Way(self.own(), told("Your accounts"))]
        if error not in DENIED:
            log.warning("a vendor's consent page failed", vendor=vendor, error=error[:100])
            lines = [told("Something is not set up as it has to be. Tell whoever runs this for you.")]
            return self.message(call, told("That can't be done now"), lines, status=502, ways=ways)
        lines = [
            told("You did not allow it, so nothing has changed."),
            told("Without your account, no conference can be chosen in Calendar.")
            if vendor == GOOGLE
            else told("Without your account, %(name)s can't be chosen in Calendar.", name=name),
        ]
        return self.message(call, told("%(name)s is not connected", name=name), lines, status=200, ways=ways)

    # --- who it is ---------------------------------------------------------------------------------------------------

    def _sign_out(self, call: Call) -> Answer:
        self.checked(call)
        return self.people.sign_out(then=self.own())

    def _end_sign_in(self, call: Call) -> Answer:
        try:
            done = self.people.end(call)
        except (Forbidden, Unverified):
            return self._stale_sign_in(call)
        return done or self._stale_sign_in(call)

    def _stale_sign_in(self, call: Call) -> Answer:
        told, then = texts(call), self.people.going_to(call)
        lines = [told("To connect an account, show with Google who you are.")]
        if then is None:
            lines.append(told("If you see this again, allow cookies for this site."))
        ways = [Way(then or self.own(), told("Sign in with Google"))]
        return self.message(call, told("You are not signed in"), lines, status=403, ways=ways)

    def _callback_url(self, vendor: str) -> str:
        return f"{self.people.url.rstrip('/')}/{vendor}/callback"


def _challenge(verifier: str) -> str:
    """https://www.rfc-editor.org/rfc/rfc7636#section-4.2"""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _used(answer: Answer, cookie: str) -> Answer:
    """The answer, with a cookie more; whatever it loads is not told its address, which had a code."""
    body, status, headers = answer
    return body, status, {**headers, "Referrer-Policy": "no-referrer", "Set-Cookie": [cookie]}
