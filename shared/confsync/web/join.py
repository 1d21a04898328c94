"""Joining a meeting of which each person needs a link of their own: `/join/<token>` leads on to it.

The token names the meeting and no person. Whoever wants to lead a meeting of theirs signs in with Google, by the
implicit flow of OpenID Connect, which needs no secret: https://openid.net/specs/openid-connect-core-1_0.html#ImplicitFlowAuth
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Protocol
from urllib.parse import urlencode, urlsplit

from confsync.domain.caller import Caller
from confsync.domain.errors import BadRequest, Forbidden, NotConfigured, PermissionDenied, ServiceError, Unverified
from confsync.domain.signing import is_signed, mac
from confsync.usecases.join_conference import Joined, Joining
from confsync.web import pages, rendering
from confsync.web.endpoint import Answer, Call, Handler
from confsync.web.routing import router

MAX_NAME = 60
SIGNING_IN = timedelta(minutes=10)
SIGNED_IN = timedelta(hours=12)
PERSON, STARTED = "person", "signing-in"
"""Names of our cookies."""


class Join(Protocol):
    """The use case."""

    def __call__(self, token: str, *, name: str = "", email: str | None = None) -> Joined: ...


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """How people show who they are. `verify`: (token, audiences, nonce) -> who it is from."""

    client_id: str
    authorize_url: str
    verify: Callable[[str, Sequence[str], str], Caller]


@dataclass(frozen=True, kw_only=True)
class Pages:
    """The pages. `url` is where they are, ".../join"; without `sign_in` everybody is a guest."""

    join: Join
    url: str
    keys: Sequence[bytes]
    now: Callable[[], datetime]
    sign_in: SignIn | None = None

    def handler(self) -> Handler:
        """All of them."""
        base = urlsplit(self.url).path.rstrip("/")
        return router(
            {  # what has a name of its own comes before what is called like a meeting
                ("GET", f"{base}/{rendering.STYLE}"): rendering.stylesheet,
                ("POST", f"{base}/signed-in"): self._or_told(self._end_sign_in),
                ("GET", f"{base}/{{token}}"): self._or_told(self._show),
                ("POST", f"{base}/{{token}}"): self._or_told(self._enter),
                ("GET", f"{base}/{{token}}/sign-in"): self._or_told(self._begin_sign_in),
            }
        )

    # --- joining -----------------------------------------------------------------------------------------------------

    def _show(self, call: Call) -> Answer:
        return self._answer(call, name="")

    def _enter(self, call: Call) -> Answer:
        name = " ".join(pages.form(call).get("name", "").split())
        if not name or len(name) > MAX_NAME or not name.isprintable():
            raise BadRequest(f"a name has 1 to {MAX_NAME} characters", field="name")
        return self._answer(call, name=name)

    def _answer(self, call: Call, *, name: str) -> Answer:
        email = self._person(call)
        joined = self.join(call.parameters["token"], name=name, email=email)
        if joined.how is Joining.READY and joined.url is not None:
            return pages.redirect(joined.url)
        if joined.how is Joining.NAME_WANTED:
            return self._ask_name(call, joined, email)
        title, text, status = _TOLD[joined.how]
        again = self._own(call.parameters["token"]) if joined.how is Joining.PREPARING else None
        return self._message(title, text, status=status, opens_at=joined.opens_at, again=again)

    def _ask_name(self, call: Call, joined: Joined, email: str | None) -> Answer:
        return rendering.page(
            "name.html",
            title=f"Join with {joined.solution}",
            text="How should the others see you?",
            name="",
            email=email,
            sign_in=self._own(call.parameters["token"], "sign-in") if self.sign_in and email is None else None,
            style=self._own(rendering.STYLE),
        )

    def _message(
        self, title: str, text: str, *, status: int, opens_at: datetime | None = None, again: str | None = None
    ) -> Answer:
        return rendering.page(
            "message.html",
            status=status,
            title=title,
            text=text,
            opens_at=opens_at,
            again=again,
            style=self._own(rendering.STYLE),
        )

    def _own(self, *parts: str) -> str:
        """A path of ours."""
        return "/".join([urlsplit(self.url).path.rstrip("/"), *parts])

    def _or_told(self, handler: Handler) -> Handler:
        """The handler; what goes wrong is told in a page, in words for people."""

        def handle(call: Call) -> Answer:
            try:
                return handler(call)
            except BadRequest as error:
                return self._message("That did not work", f"{str(error).capitalize()}.", status=400)
            except (Forbidden, Unverified):
                return self._message("This link does not work", _INCOMPLETE, status=403)
            except (PermissionDenied, NotConfigured):
                return self._message("This meeting can't be opened", _ASK, status=502)
            except ServiceError:
                again = self._own(call.parameters["token"]) if "token" in call.parameters else None
                return self._message("One moment", _LATER, status=503, again=again)

        return handle

    # --- who it is ---------------------------------------------------------------------------------------------------

    def _begin_sign_in(self, call: Call) -> Answer:
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
        }
        started = self._sealed(STARTED, f"{nonce}~{call.parameters['token']}", SIGNING_IN)
        # Google's answer is a form that Google's page sends: a cookie for this site alone would not come with it
        cookie = pages.cookie(STARTED, started, seconds=int(SIGNING_IN.total_seconds()), cross_site=True)
        return pages.redirect(f"{self.sign_in.authorize_url}?{urlencode(asked)}", cookies=(cookie,))

    def _end_sign_in(self, call: Call) -> Answer:
        if self.sign_in is None:
            raise Forbidden("nobody can sign in here")
        sent: Mapping[str, str] = pages.form(call)
        nonce, _, token = (self._opened(call, STARTED) or "").partition("~")
        if not nonce or sent.get("state") != nonce:
            raise Forbidden("this sign-in was not begun in this browser, or long ago")
        forget = pages.cookie(STARTED, "", seconds=0, cross_site=True)
        if "id_token" not in sent:  # they said no
            return pages.redirect(self._own(token), cookies=(forget,))
        caller = self.sign_in.verify(sent["id_token"], [self.sign_in.client_id], nonce)
        person = pages.cookie(
            PERSON, self._sealed(PERSON, caller.email, SIGNED_IN), seconds=int(SIGNED_IN.total_seconds())
        )
        return pages.redirect(self._own(token), cookies=(forget, person))

    def _person(self, call: Call) -> str | None:
        return self._opened(call, PERSON)

    def _sealed(self, name: str, value: str, lasts: timedelta) -> str:
        """The value, when it is over, and what proves that both are ours."""
        ends = str(int((self.now() + lasts).timestamp()))
        return f"{value}|{ends}|{mac(self.keys, name, value, ends)}"

    def _opened(self, call: Call, name: str) -> str | None:
        """The value of our cookie; None if there is none, or it is over, or was not made here."""
        value, _, rest = (pages.cookie_of(call, name) or "").partition("|")
        ends, _, signature = rest.partition("|")
        good = is_signed(self.keys, signature, name, value, ends)
        return value if good and int(ends) > self.now().timestamp() else None


_TOLD = {
    Joining.EARLY: ("It is not time yet", "This meeting opens shortly before it begins.", 200),
    Joining.OVER: ("This meeting is over", "It has ended, and does not take place again.", 410),
    Joining.GONE: ("This meeting is gone", "It was cancelled, or has another link by now: look at the event.", 410),
    Joining.PREPARING: ("One moment", "The meeting is being prepared.", 503),
}
_INCOMPLETE = "Perhaps not all of it was copied. Open the event in your calendar, and follow the link there."
_ASK = "The organizer has been told why. Ask them, or try again later."
_LATER = "The meeting's service does not answer just now."
