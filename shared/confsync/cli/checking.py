"""Try a solution's credentials against the real vendor: each call that confsync makes, and no meeting left behind."""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar, cast

import msgspec

from confsync import bootstrap, config
from confsync.domain.conference import ConferenceSpec, ProviderConference, Reference
from confsync.domain.errors import (
    Ambiguous,
    AuthExpired,
    ConfsyncError,
    Invalid,
    NotConfigured,
    NotFound,
    PermissionDenied,
    RateLimited,
    ReauthorizationRequired,
    ServiceError,
    Temporary,
)
from confsync.domain.fitting import fit
from confsync.domain.solution import Capabilities
from confsync.ports import Clock, ConferenceProvider, PersonalLinks, Secrets, Visitor
from confsync.transport import errors

LOOKS = 2
"""So often a meeting is looked for, each time after it had time to show up."""
TRIES = 3
"""So often its removal is tried."""
WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(seconds=60)
"""How long is waited in between, if the vendor does not say, and at most."""
TITLE = "confsync check"
NEVER_ASKED = {
    "jaas": "8x8 checks the key only when somebody joins",
    "jitsi": "the installation checks tokens only when somebody joins",
}
"""Vendors of which confsync asks nothing at all, and when wrong credentials show."""
WHOSE = "say who hosts it: --host somebody@example.com"
_OF_A_HOST = (PermissionDenied, ReauthorizationRequired, Invalid, NotFound)
"""What may be refused because nobody hosts it."""
Say = Callable[[str], object]
T = TypeVar("T")


class _Failed(Exception):
    """A step went wrong, and was told."""


def check(path: Path, solution_id: str, host: str | None, say: Say) -> int:
    """Create, find, read, change and remove a meeting of an hour, a week from now; each is told.

    Of several hosts each is tried, the first as above, the others with a meeting that is removed at once.
    Returns 0 if all went well, else 1. Raises `NotConfigured` for a configuration that can't be used.
    """
    settings = config.parse(_read(path), source=str(path))
    adapters = bootstrap.Adapters(settings)
    solution, provider = adapters.providers.solution(solution_id), adapters.providers.provider(solution_id)
    steps = _Steps(say, settings.solutions[solution_id], adapters.secrets)
    hosts = [host] if host else list(solution.hosts) or [""]
    name = f"{solution.name}, by {solution.provider}"
    say(name + _by(hosts[0]))
    try:
        able = steps.quietly("what it can do", lambda: provider.capabilities)
    except _Failed:
        return 1
    ours = _own_address(settings, adapters, steps) if able.join_redirect else 0
    failed = []
    for number, each in enumerate(hosts):
        if number:
            say(name + _by(each))
        trial = _Trial(provider=provider, able=able, steps=steps, clock=adapters.clock, host=each)
        if trial.whole() if number == 0 else trial.brief():
            failed.append(each)
        if steps.refused or not trial.asks:
            break  # it is the same for all hosts
        if not able.deletes and len(hosts) > 1:
            say("the other hosts are not tried: their meetings would stay, too")
            break
    if failed and len(hosts) > 1:
        say(f"NOT OK for {', '.join(failed)}")
    return 1 if failed else ours


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NotConfigured(f"{path}: {error}") from error


def _by(host: str) -> str:
    return f", hosted by {host}" if host else ""


def _own_address(settings: config.Settings, adapters: bootstrap.Adapters, steps: "_Steps") -> int:
    """Whether people can come to the meeting, each of whom needs a link: 0, else 1."""

    def keys() -> object:
        try:
            return adapters.join_keys
        except NotConfigured as error:
            raise NotConfigured(f"{error}; give this command the same as the functions") from error

    needed: dict[str, Callable[[], object]] = {
        "[join] url": lambda: config.required("[join] url", settings.join.url),
        config.JOIN_KEYS_VARIABLE: keys,
    }
    code = 0
    for key, read in needed.items():
        try:
            steps.take(key, read)
        except _Failed:
            code = 1
    return code


# --- one meeting -----------------------------------------------------------------------------------------------------


class _Trial:
    """A meeting of that host, from its creation to its end."""

    def __init__(
        self, *, provider: ConferenceProvider, able: Capabilities, steps: "_Steps", clock: Clock, host: str
    ) -> None:
        self._provider, self._able, self._steps, self._clock = provider, able, steps, clock
        now = clock.now().replace(minute=0, second=0, microsecond=0)
        spec = ConferenceSpec(
            title=TITLE,
            start=now + timedelta(days=7),
            end=now + timedelta(days=7, hours=1),
            time_zone="UTC",
            description="Made to try out a configuration, and removed at once.",
            host=host,
        )
        self._spec = fit(spec, able, now)
        self._marker = f"confsync-check-{clock.new_id()}.1"
        self.asks = self._kept(self._spec) != frozenset()
        """Whether anything is asked of the vendor before somebody joins."""

    def whole(self) -> int:
        """All that confsync does. Returns 0 if it went well, else 1."""
        return self._tried(self._all if self.asks else self._joined)

    def brief(self) -> int:
        """Only that a meeting can be made, and removed."""
        return self._tried(lambda _: None)

    def _tried(self, then: Callable[[ProviderConference], None]) -> int:
        if not self._able.deletes:
            self._say(f"  remove: not possible at this vendor: the meeting {TITLE!r} that is made now will stay there")
        try:
            made = (self._steps.take if self.asks else self._steps.quietly)("create", self._made)
        except _Failed as failed:
            if not self._spec.host and not self._steps.refused and isinstance(failed.__cause__, _OF_A_HOST):
                self._say(f"  perhaps it needs a host: {WHOSE}")
            # of any other refusal is certain that nothing was made
            if isinstance(failed.__cause__, Ambiguous):
                self._clear_up()
            return 1
        except BaseException:  # it was interrupted, perhaps after the vendor had heard of it
            if self.asks:
                self._clear_up()
            raise
        try:
            then(made)
        except _Failed:
            if self.asks:
                self._removed([made.reference])
            else:  # only a call whose answer was lost can have made it; and without people it ends by itself
                with suppress(ConfsyncError):
                    self._provider.delete(made.reference)
            return 1
        except BaseException:  # it was interrupted while it waited, say
            self._removed([made.reference])
            raise
        return self._removed([made.reference])

    def _made(self) -> ProviderConference:
        if self._steps.table.personal and not self._spec.host:
            raise NotConfigured(WHOSE)
        try:
            return self._provider.create(self._spec, self._marker)
        except NotConfigured as error:
            if not self._spec.host and ".hosts:" in str(error):
                raise NotConfigured(WHOSE) from error
            raise

    def _all(self, made: ProviderConference) -> None:
        found = self._steps.take("find again", self._found)
        if len(found) != 1 or not made.reference.is_same(found[0].reference):
            self._say("  find again: NOT OK: the vendor does not show the new meeting yet, or not what marks it")
            raise _Failed
        self._steps.take("read", lambda: self._provider.get(made.reference))
        if self._able.updates:
            changed = replace(self._spec, title=f"{TITLE}, changed")
            names = self._kept(changed)
            self._steps.take("change", lambda: self._provider.update(made.reference, changed, names, self._marker))
        else:
            self._say("  change: not possible at this vendor; a changed meeting is made anew")
        self._join(made)

    def _joined(self, made: ProviderConference) -> None:
        self._say("  create, find again, read, change: nothing to ask the vendor yet")
        self._join(made)

    def _join(self, made: ProviderConference) -> None:
        if self._able.join_redirect:
            personal = cast("PersonalLinks", self._provider)
            self._steps.take("a personal link", lambda: personal.join(made.reference, self._spec, Visitor(name=TITLE)))
            if told := NEVER_ASKED.get(self._steps.table.provider):
                self._say(f"  {told}")

    def _kept(self, spec: ConferenceSpec) -> frozenset[str]:
        return frozenset(self._provider.kept(spec))

    def _found(self) -> list[ProviderConference]:
        """The meetings that carry the marker; a vendor's list may lag behind what it made."""
        for _ in range(LOOKS):
            self._clock.sleep(self._able.settle.total_seconds())
            found = self._provider.find(self._marker, self._spec)
            if found:
                return found
        return []

    def _clear_up(self) -> None:
        """Remove what a create without an answer made, or say that it may be there."""
        left: list[ProviderConference] = []
        try:
            with suppress(_Failed):
                left = self._steps.take("look for what it made", self._found)
        finally:
            if not left:
                may = f"a meeting marked {self._marker} may remain at the vendor"
                self._say(f"  {may}: look for it there, and remove it by hand")
        self._removed([each.reference for each in left])

    def _removed(self, references: Sequence[Reference]) -> int:
        """Remove them. Returns 1 if one of them is still there, else 0."""
        if self._steps.table.provider in NEVER_ASKED:
            return 0
        code = 0
        for number, reference in enumerate(references):
            if not self._able.deletes:
                self._say(f"  the meeting {dict(reference.ids)} is left to itself")
                continue
            try:
                self._steps.take("remove", partial(self._delete, reference))
            except _Failed:
                self._say(f"  the meeting {dict(reference.ids)} is still there: remove it by hand")
                code = 1
            except BaseException:
                for each in references[number:]:
                    self._say(f"  the meeting {dict(each.ids)} may still be there: remove it by hand")
                raise
        return code

    def _delete(self, reference: Reference) -> None:
        """Remove it; a vendor that can't do so just now is given time."""
        for left in reversed(range(TRIES)):
            try:
                with suppress(NotFound):
                    self._provider.delete(reference)
            except (RateLimited, Temporary, Ambiguous) as error:
                if not left:
                    raise
                seconds = self._patience(error).total_seconds()
                self._say(f"  remove: {error}; trying again in {seconds:.0f} s")
                self._clock.sleep(seconds)
            else:
                return

    def _patience(self, error: ServiceError) -> timedelta:
        when = error.retry_at if isinstance(error, RateLimited) else None
        return WAIT if when is None else max(min(when - self._clock.now(), LONGEST_WAIT), timedelta(seconds=1))

    def _say(self, text: str) -> None:
        self._steps.say(text)


# --- how it went -----------------------------------------------------------------------------------------------------


@dataclass
class _Steps:
    """Calls, how each went, and what to do about one that failed."""

    say: Say
    table: config.SolutionSettings
    secrets: Secrets
    refused: bool = False
    """Whether the vendor refused the solution's own credentials."""

    def take(self, what: str, call: Callable[[], T]) -> T:
        """What the call returns; how it went is told. Raises `_Failed`."""
        result = self.quietly(what, call)
        self.say(f"  {what}: ok")
        return result

    def quietly(self, what: str, call: Callable[[], T]) -> T:
        """The same; only what goes wrong is told."""
        try:
            return call()
        except ConfsyncError as error:
            self.say(f"  {what}: NOT OK: {error}")
            self._advise(error)
            raise _Failed from error

    def _advise(self, error: ConfsyncError) -> None:
        if self._of_credentials(error):
            self.refused = True
            self.say(f"  look at {self._secret()}{_CHECKSUM if _is_checksum(error) else ''}")
        if isinstance(error, ServiceError) and _is_elsewhere(error):
            where = errors.asked(error) or errors.origin(self.table.api or "")
            if where:
                self.say(f"  asked: {where}")

    def _of_credentials(self, error: ConfsyncError) -> bool:
        if not isinstance(error, ServiceError):
            return False
        if isinstance(error, ReauthorizationRequired) and self.table.personal:
            return False  # a person's own account, which they have to connect again
        if _is_checksum(error) or _ISSUING in str(error) or _RENEWING in str(error):
            return isinstance(error, ReauthorizationRequired | PermissionDenied | Invalid)
        unknown = error.status == 401 and isinstance(error, PermissionDenied)
        # with 403, who asks is known, and it is people who have to do something
        return unknown or (isinstance(error, AuthExpired | ReauthorizationRequired) and error.status != 403)

    def _secret(self) -> str:
        """Its name and those of its fields, none of its values."""
        name = self.table.secret or ""
        fields: list[str] = []
        with suppress(ConfsyncError, msgspec.DecodeError):
            fields = [each for each in msgspec.json.decode(self.secrets.get(name), type=dict) if _FIELD.fullmatch(each)]
        return f"{', '.join(fields)} in the secret {name}" if fields else f"the secret {name}"


_ISSUING, _RENEWING = "issue an access token", "renew a token"
_FIELD = re.compile(r"[a-z]+(_[a-z]+)*")
_CHECKSUM = ", and whether settings.checksum is what the server takes"


def _is_checksum(error: ConfsyncError) -> bool:
    """Whether it is BigBlueButton's word for a wrong secret."""
    return isinstance(error, PermissionDenied) and "checksumError" in str(error)


def _is_elsewhere(error: ServiceError) -> bool:
    """Whether it looks as if another than the vendor was asked, or nobody."""
    if error.status is None:
        return isinstance(error, Temporary | Ambiguous | Invalid)
    strange = isinstance(error, Temporary | Ambiguous) and error.status < 300
    return strange or error.status in {404, 405} or 300 <= error.status < 400
