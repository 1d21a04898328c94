"""Who is in the browser: people show it with Google, and a cookie of ours remembers it.

By the implicit flow of OpenID Connect, which needs no secret:
https://openid.net/specs/openid-connect-core-1_0.html#ImplicitFlowAuth
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_urlsafe
from urllib.parse import urlencode, urlsplit

from confsync.domain.caller import Caller
from confsync.domain.errors import Forbidden
from confsync.web import pages
from confsync.web.endpoint import Answer, Call
from confsync.web.sealed import Seals

SIGNING_IN = timedelta(minutes=10)
SIGNED_IN = timedelta(hours=12)
PERSON, STARTED = "person", "signing-in"
"""What our cookies hold."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who showed who they are. `session` tells one sign-in from the next."""

    email: str
    name: str
    session: str


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """How people show who they are. `verify`: (token, audiences, nonce) -> who it is from."""

    client_id: str
    authorize_url: str
    verify: Callable[[str, Sequence[str], str], Caller]


@dataclass(frozen=True, kw_only=True)
class People:
    """`url` is where the pages are; Google sends people back to "/signed-in" below it. Nobody can sign in without
    `sign_in`. `area`: whose cookies are whose, where a host has the pages of several functions."""

    area: str
    url: str
    seals: Seals
    sign_in: SignIn | None

    @property
    def base(self) -> str:
        """The path of the pages."""
        return urlsplit(self.url).path.rstrip("/")

    def _name(self, kind: str) -> str:
        return f"{self.area}-{kind}"

    def who(self, call: Call) -> Person | None:
        """Whoever is signed in."""
        told = self.seals.open(PERSON, pages.cookie_of(call, self._name(PERSON)))
        return Person(email=told[0], name=told[1], session=told[2]) if told else None

    def begin(self, *, then: str, hint: str = "") -> Answer:
        """To Google, and afterwards to that path of ours. `hint`: whose account is meant."""
        if self.sign_in is None:
            raise Forbidden("nobody can sign in here")
        nonce = token_urlsafe(24)
        asked = {
            "client_id": self.sign_in.client_id,
            "response_type": "id_token",
            "response_mode": "form_post",
            "scope": "openid email profile",
            "redirect_uri": f"{self.url.rstrip('/')}/signed-in",
            "nonce": nonce,
            "state": nonce,
            **({"login_hint": hint} if hint else {"prompt": "select_account"}),
        }
        started = self.seals.seal(STARTED, [nonce, then], lasts=SIGNING_IN)
        # Google's answer is a form that Google's page sends: a cookie for this site alone would not come with it
        cookie = pages.cookie(self._name(STARTED), started, seconds=int(SIGNING_IN.total_seconds()), cross_site=True)
        return pages.redirect(f"{self.sign_in.authorize_url}?{urlencode(asked)}", cookies=(cookie,))

    def end(self, call: Call) -> Answer | None:
        """Google's answer: to where the person was going, signed in; None if they said no.

        Raises `Forbidden` for one that this browser has not asked for, and `Unverified`.
        """
        if self.sign_in is None:
            raise Forbidden("nobody can sign in here")
        sent: Mapping[str, str] = pages.form(call)
        nonce, then = self.seals.open(STARTED, pages.cookie_of(call, self._name(STARTED))) or ("", "")
        if not nonce or sent.get("state") != nonce:
            raise Forbidden("this sign-in was not begun in this browser, or long ago")
        if "id_token" not in sent:
            return None
        caller = self.sign_in.verify(sent["id_token"], [self.sign_in.client_id], nonce)
        told = [caller.email.lower(), caller.name, token_urlsafe(12)]
        person = pages.cookie(
            self._name(PERSON), self.seals.seal(PERSON, told, lasts=SIGNED_IN), seconds=int(SIGNED_IN.total_seconds())
        )
        return pages.redirect(then, cookies=(_forgotten(self._name(STARTED), cross_site=True), person))

    def going_to(self, call: Call) -> str | None:
        """Where a sign-in was to lead, if one was begun in this browser."""
        told = self.seals.open(STARTED, pages.cookie_of(call, self._name(STARTED)))
        return str(told[1]) if told else None

    def sign_out(self, *, then: str) -> Answer:
        """Nobody is signed in any more."""
        return pages.redirect(then, cookies=(_forgotten(self._name(PERSON)),))


def _forgotten(name: str, *, cross_site: bool = False) -> str:
    return pages.cookie(name, "", seconds=0, cross_site=cross_site)
