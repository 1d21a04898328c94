"""Try a server against our HTTP contract (deploy/custom-provider.yaml): each rule that shows from outside.

Nothing is left behind, and no call is made that the server does not declare.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from confsync.adapters.system import SystemClock
from confsync.cli.contract_rules import NO_MEETING, RULES, Broken, Rule
from confsync.cli.contract_trial import ANSWER, NamedServer, Trial
from confsync.domain.conference import ConferenceSpec
from confsync.domain.errors import ConfsyncError, ServiceError
from confsync.providers.custom import (
    Declared,
    address_of,
    keys_of,
)
from confsync.transport.addresses import Reach
from confsync.transport.session import Deadline, Session

Say = Callable[[str], object]

SPEC = ConferenceSpec(
    title="confsync conform",
    start=datetime(2000, 1, 1, tzinfo=UTC),
    end=datetime(2000, 1, 1, 1, tzinfo=UTC),
    time_zone="Europe/Berlin",
    description="Made to try out a server, and removed at once.",
)
NO_NAME = "the server"
"""What it is called as long as it does not say so itself."""


def conform(url: str, secret: str, variable: str, host: str, say: Say) -> int:
    """Try each rule; how each went is told. Returns 0 if all are kept, else 1.

    `variable` is where the secret comes from. Raises `NotConfigured` for an address or a secret that can't be used.
    """
    clock, keys = SystemClock(), keys_of(secret, variable)
    base = address_of("url", url)
    # whoever typed the address may well have the server beside them
    session = Session(Reach.configured(base, private=True))
    server = NamedServer(name=NO_NAME, base=base, keys=lambda: keys, clock=clock, session=session)
    try:
        declared = server.ask("capabilities", Declared, Deadline(ANSWER))
    except ConfsyncError as error:
        say(f"  it says what it can do: NOT OK: {error}: asked by POST {server.base}/capabilities")
        return 1
    server = replace(server, name=declared.name or NO_NAME)
    say(f"{server.name} at {server.base}")
    say("  it says what it can do: ok")
    start = clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=7)
    spec = replace(SPEC, start=start, end=start + timedelta(hours=1), host=host)
    trial = Trial(server=server, declared=declared, spec=spec)
    try:
        kept = [_told(rule, trial, say) for rule in RULES]
        if waiting := [rule for rule in RULES if rule.untried(trial) == NO_MEETING]:
            say(f"  {len(waiting)} more need a meeting, and were not tried")
    finally:
        clean = _tell_left(*trial.clean(), trial, say)
    return 0 if all(kept) and clean else 1


def _told(rule: Rule, trial: Trial, say: Say) -> bool:
    """Whether the rule is kept, as far as it can be tried; it is told, but for those that lack a meeting."""
    if (why := rule.untried(trial)) is not None:
        if why != NO_MEETING:
            say(f"  {rule.name}: {why}")
        return True
    try:
        unseen = rule.run(trial)
    except (Broken, ConfsyncError) as error:
        say(f"  {rule.name}: NOT OK: {error}{_hint(error, trial)}")
        return False
    say(f"  {rule.name}: {unseen or 'ok'}")
    return True


def _hint(error: Exception, trial: Trial) -> str:
    """Who the host was, if that may be why there is no meeting."""
    if trial.meeting is not None or not isinstance(error, ServiceError) or error.status not in {403, 422}:
        return ""
    if trial.spec.host:
        return f" (the host was {trial.spec.host}, by `--host`)"
    return " (no host was named: if yours needs one, add `--host somebody@...`, an account of it)"


def _tell_left(left: Sequence[str], doubtful: Sequence[str], trial: Trial, say: Say) -> bool:
    """Whether nothing is left that could have been removed; it is told."""
    deletes = trial.declared.deletes
    ids = f"{', '.join(left)}: remove them by hand" if deletes else f"{', '.join(left)} are left to themselves"
    perhaps = f"a meeting may be left: marker {', '.join(doubtful)}: look for it, and remove it by hand"
    told = "; ".join([*([ids] if left else []), *([perhaps] if doubtful else [])])
    kept = not told if deletes else not doubtful
    how = "ok" if not told and deletes else "not declared" if kept else "NOT OK"
    say(f"  nothing is left: {how}{f': {told}' if told else ''}")
    return kept
