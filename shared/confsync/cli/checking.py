"""Try a solution's credentials against the real vendor: each call that confsync makes, and no meeting left behind."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar, cast

from confsync import bootstrap, config
from confsync.domain.conference import ConferenceSpec, ProviderConference, Reference
from confsync.domain.errors import Ambiguous, ConfsyncError, NotConfigured, NotFound
from confsync.domain.fitting import fit
from confsync.ports import Clock, ConferenceProvider, PersonalLinks, Visitor

LOOKS = 2
"""So often a meeting is looked for, each time after it had time to show up."""
Say = Callable[[str], object]
Look = Callable[[], list[ProviderConference]]
T = TypeVar("T")


class _Failed(Exception):
    """A step went wrong, and was told."""


def check(path: Path, solution_id: str, host: str | None, say: Say) -> int:
    """Create, find, read, change and remove a meeting of an hour, a week from now; each is told.

    Returns 0 if all went well, else 1. Raises `NotConfigured` for a configuration that can't be used.
    """
    settings = config.parse(_read(path), source=str(path))
    adapters = bootstrap.Adapters(settings)
    solution, provider = adapters.providers.solution(solution_id), adapters.providers.provider(solution_id)
    now = adapters.clock.now().replace(minute=0, second=0, microsecond=0)
    spec = ConferenceSpec(
        title="confsync check",
        start=now + timedelta(days=7),
        end=now + timedelta(days=7, hours=1),
        time_zone="UTC",
        description="Made to try out a configuration, and removed at once.",
        host=host or next(iter(solution.hosts), ""),
    )
    say(f"{solution.name}, by {solution.provider}" + (f", hosted by {spec.host}" if spec.host else ""))
    marker = f"confsync-check-{adapters.clock.new_id()}.1"
    return _tried(provider, fit(spec, provider.capabilities, now), marker, say, adapters.clock)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NotConfigured(f"{path}: {error}") from error


def _tried(provider: ConferenceProvider, spec: ConferenceSpec, marker: str, say: Say, clock: Clock) -> int:
    look = partial(_found, provider, spec, marker, clock)
    try:
        made = _step("create", lambda: provider.create(spec, marker), say)
    except _Failed as failed:
        # of any other refusal is certain that nothing was made
        if isinstance(failed.__cause__, Ambiguous):
            _clear_up(provider, look, marker, say)
        return 1
    try:
        _look(provider, made, look, say)
        _change(provider, made, spec, marker, say)
        _join(provider, made, spec, say)
    except _Failed:
        return _removed(provider, [made.reference], say) or 1
    except BaseException:  # it was interrupted while it waited, say
        _removed(provider, [made.reference], say)
        raise
    return _removed(provider, [made.reference], say)


def _found(provider: ConferenceProvider, spec: ConferenceSpec, marker: str, clock: Clock) -> list[ProviderConference]:
    """The meetings that carry the marker; a vendor's list may lag behind what it made."""
    for _ in range(LOOKS):
        clock.sleep(provider.capabilities.settle.total_seconds())
        found = provider.find(marker, spec)
        if found:
            return found
    return []


def _look(provider: ConferenceProvider, made: ProviderConference, look: Look, say: Say) -> None:
    found = _step("find again", look, say)
    if len(found) != 1 or not made.reference.is_same(found[0].reference):
        say("  find again: NOT OK: the vendor does not show the new meeting yet, or not what marks it")
        raise _Failed
    _step("read", lambda: provider.get(made.reference), say)


def _change(
    provider: ConferenceProvider, made: ProviderConference, spec: ConferenceSpec, marker: str, say: Say
) -> None:
    if not provider.capabilities.updates:
        say("  change: not possible at this vendor; a changed meeting is made anew")
        return
    renamed = replace(spec, title="confsync check, changed")
    changed = frozenset(provider.kept(renamed))
    _step("change", lambda: provider.update(made.reference, renamed, changed, marker), say)


def _join(provider: ConferenceProvider, made: ProviderConference, spec: ConferenceSpec, say: Say) -> None:
    if provider.capabilities.join_redirect:
        personal = cast("PersonalLinks", provider)
        _step("a personal link", lambda: personal.join(made.reference, spec, Visitor(name="confsync check")), say)


def _clear_up(provider: ConferenceProvider, look: Look, marker: str, say: Say) -> None:
    """Remove what a create without an answer made, or say that it may be there."""
    left: list[ProviderConference] = []
    try:
        with suppress(_Failed):
            left = _step("look for what it made", look, say)
    finally:
        if not left:
            say(f"  a meeting marked {marker} may remain at the vendor: look for it there, and remove it by hand")
    _removed(provider, [each.reference for each in left], say)


def _removed(provider: ConferenceProvider, references: Sequence[Reference], say: Say) -> int:
    """Remove them. Returns 1 if one of them is still there, else 0."""
    if references and not provider.capabilities.deletes:
        say("  remove: not possible at this vendor; the meeting is left to itself")
        return 0
    code = 0
    for reference in references:
        try:
            _step("remove", partial(_delete, provider, reference), say)
        except _Failed:
            say(f"  the meeting {dict(reference.ids)} is still there: remove it by hand")
            code = 1
    return code


def _delete(provider: ConferenceProvider, reference: Reference) -> None:
    with suppress(NotFound):
        provider.delete(reference)


def _step(what: str, call: Callable[[], T], say: Say) -> T:
    """What the call returns; how it went is told. Raises `_Failed`."""
    try:
        result = call()
    except ConfsyncError as error:
        say(f"  {what}: NOT OK: {error}")
        raise _Failed from error
    say(f"  {what}: ok")
    return result
