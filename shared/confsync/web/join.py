"""Joining a meeting of which each person needs a link of their own: `/join/<token>` leads on to it.

The token names the meeting and no person. Whoever wants to lead a meeting of theirs signs in with Google.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from confsync.domain.errors import BadRequest, Forbidden, NotConfigured, PermissionDenied, ServiceError, Unverified
from confsync.usecases.join_conference import Joined, Joining
from confsync.web import pages, rendering
from confsync.web.endpoint import Answer, Call, Handler
from confsync.web.people import People, Person
from confsync.web.rendering import Texts
from confsync.web.routing import router

MAX_NAME = 60
SOON = timedelta(hours=1)
"""Before a meeting opens, its page looks again by itself from then on."""
MOMENT = 5  # seconds


class Join(Protocol):
    """The use case."""

    def __call__(self, token: str, *, name: str = "", email: str | None = None) -> Joined: ...


@dataclass(frozen=True, kw_only=True)
class Pages:
    """The pages; where nobody can sign in, everybody is a guest."""

    join: Join
    people: People

    def handler(self) -> Handler:
        """All of them."""
        base = self.people.base
        return router(
            {  # what has a name of its own comes before what is called like a meeting
                ("GET", f"{base}/{rendering.STYLE}"): rendering.stylesheet,
                ("POST", f"{base}/signed-in"): self._or_told(self._end_sign_in),
                ("GET", f"{base}/signed-in"): self._or_told(self._stale_sign_in),
                ("GET", f"{base}/{{token}}"): self._or_told(self._show),
                ("POST", f"{base}/{{token}}"): self._or_told(self._enter),
                ("GET", f"{base}/{{token}}/sign-in"): self._or_told(self._begin_sign_in),
            }
        )

    # --- joining -----------------------------------------------------------------------------------------------------

    def _show(self, call: Call) -> Answer:
        return self._answer(call, name="")

    def _enter(self, call: Call) -> Answer:
        sent = pages.form(call).get("name", "")
        name = " ".join(sent.split())
        if not name or len(name) > MAX_NAME or not name.isprintable():
            told = _texts(call)
            problem = told("A name has 1 to %(most)s characters.", most=MAX_NAME)
            joined = self._joined(call, name="")
            if joined.how is Joining.NAME_WANTED:
                return self._ask_name(call, joined, name=sent[:MAX_NAME], problem=problem)
            return self._message(call, told("That did not work"), [problem], status=400)
        return self._answer(call, name=name)

    def _joined(self, call: Call, *, name: str) -> Joined:
        person = self.people.who(call)
        return self.join(call.parameters["token"], name=name, email=person.email if person else None)

    def _answer(self, call: Call, *, name: str) -> Answer:
        joined = self._joined(call, name=name)
        if joined.how is Joining.READY and joined.url is not None:
            return pages.redirect(joined.url)
        if joined.how is Joining.NAME_WANTED:
            return self._ask_name(call, joined)
        told = _texts(call)
        title, text, status = _told(told, joined.how)
        if joined.how is Joining.EARLY and joined.opens_at is not None:
            opens = told.moment(joined.opens_at, joined.time_zone)
            lines = [text, told("It opens on %(when)s.", when=opens)]
            return self._message(call, title, lines, status=status, again=self._soon(joined.opens_at))
        again = MOMENT if joined.how is Joining.PREPARING else None
        return self._message(call, title, [text], status=status, again=again)

    def _ask_name(self, call: Call, joined: Joined, *, name: str = "", problem: str = "") -> Answer:
        person: Person | None = self.people.who(call)
        told = _texts(call)
        return rendering.page(
            "name.html",
            language=told.language,
            status=400 if problem else 200,
            title=told("Join with %(solution)s", solution=joined.solution),
            name=name or (person.name if person else ""),
            problem=problem,
            email=person.email if person else None,
            leads=joined.leads,
            sign_in=self._own(call.parameters["token"], "sign-in") if self.people.sign_in else None,
            style=self._own(rendering.STYLE),
            again_in=None,
        )

    def _soon(self, at: datetime) -> int | None:
        """After how many seconds the page looks again; None: whoever keeps it open so long has to."""
        left = at - self.people.seals.now()
        return max(MOMENT, int(left.total_seconds()) + 1) if left <= SOON else None

    def _message(
        self,
        call: Call,
        title: str,
        lines: list[str],
        *,
        status: int,
        again: int | None = None,
        back: str | None = None,
    ) -> Answer:
        told = _texts(call)
        here = self._own(call.parameters["token"]) if "token" in call.parameters else back
        ways = [{"url": here, "text": told("Try again"), "token": None}] if here and (again is not None or back) else []
        return rendering.page(
            "message.html",
            language=told.language,
            status=status,
            title=title,
            lines=lines,
            ways=ways,
            style=self._own(rendering.STYLE),
            again_in=again,
        )

    def _own(self, *parts: str) -> str:
        """A path of ours."""
        return "/".join([self.people.base, *parts])

    def _or_told(self, handler: Handler) -> Handler:
        """The handler; what goes wrong is told in a page, in words for people."""

        def handle(call: Call) -> Answer:
            told = _texts(call)
            try:
                return handler(call)
            except BadRequest:
                return self._message(call, told("That did not work"), [told("It can't be read.")], status=400)
            except (Forbidden, Unverified):
                incomplete = told(
                    "Perhaps not all of it was copied. Open the event in your calendar, and follow the link there."
                )
                return self._message(call, told("This link does not work"), [incomplete], status=403)
            except (PermissionDenied, NotConfigured):
                ask = told("Ask the organizer, or try again later.")
                return self._message(call, told("This meeting can't be opened"), [ask], status=502)
            except ServiceError:
                later = told("The meeting's service does not answer just now.")
                return self._message(call, told("One moment"), [later], status=503, again=MOMENT)

        return handle

    # --- who it is ---------------------------------------------------------------------------------------------------

    def _begin_sign_in(self, call: Call) -> Answer:
        return self.people.begin(then=self._own(call.parameters["token"]))

    def _end_sign_in(self, call: Call) -> Answer:
        try:
            done = self.people.end(call)
        except (Forbidden, Unverified):
            return self._stale_sign_in(call)
        return done or pages.redirect(self.people.going_to(call) or self._own())

    def _stale_sign_in(self, call: Call) -> Answer:
        """Of another browser, long ago, or of a page that was loaded again."""
        told = _texts(call)
        lines = [told("Signing in took too long, or was begun elsewhere. Follow the link in the event again.")]
        back = self.people.going_to(call)
        return self._message(call, told("You are not signed in"), lines, status=403, back=back)


def _texts(call: Call) -> Texts:
    return rendering.texts(rendering.language(call))


def _told(told: Texts, how: Joining) -> tuple[str, str, int]:
    """Title, text and status."""
    return {
        Joining.EARLY: (told("It is not time yet"), told("This meeting opens shortly before it begins."), 200),
        Joining.OVER: (told("This meeting is over"), told("It has ended, and does not take place again."), 410),
        Joining.GONE: (
            told("This meeting is gone"),
            told("It was cancelled, or has another link by now: look at the event."),
            410,
        ),
        Joining.PREPARING: (told("One moment"), told("The meeting is being prepared."), 503),
    }[how]
