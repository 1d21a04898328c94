"""Whether a deployment is well: everything that can be looked at from outside, without changing anything.

A check is a small function that returns a finding. Those of one matter are in one module, whose `checks` yields them.
"""

import json
from collections import Counter
from collections.abc import Iterator

from confsync import vendors
from confsync.cli.answers import Say, shown
from confsync.cli.deployment import Deployment, log_to_stderr
from confsync.cli.doctor import access, addresses, functions, health, queue, secrets
from confsync.cli.doctor.finding import Check, Finding, Level, examined, fail, ok, warn
from confsync.domain.errors import NotConfigured

CONFIGURATION = "configuration"
PROVIDERS = "shared/confsync/providers/README.md says what each solution needs"


def doctor(deployment: Deployment, account: str | None, say: Say, *, as_json: bool = False) -> int:
    """Tell each finding, and how to mend it. Returns 1 if anything failed, else 0.

    `account`: as whom Google is tried; by default somebody whose calendar is followed. Raises `NotConfigured` if there
    is no file to begin with.
    """
    log_to_stderr()
    found: list[tuple[str, Finding]] = []
    for name, finding in _findings(deployment, account):
        found.append((name, finding))
        if not as_json:
            _tell(name, finding, say)
    counts = Counter(finding.level for _, finding in found)
    if as_json:
        told = [{"check": n, "level": f.level, "told": f.told, "mend": f.mend} for n, f in found]
        say(json.dumps({"ok": not counts[Level.FAIL], "findings": told}))
    else:
        say(f"{counts[Level.OK]} ok, {counts[Level.WARN]} to look at, {counts[Level.FAIL]} failed")
    return 1 if counts[Level.FAIL] else 0


def _findings(deployment: Deployment, account: str | None) -> Iterator[tuple[str, Finding]]:
    deployment.readable()
    try:
        settings = deployment.settings
    except NotConfigured as error:
        yield CONFIGURATION, fail(str(error), "shared/confsync/config/sections.py describes every key")
        return
    wrong = list(vendors.problems(settings))
    yield from ((CONFIGURATION, fail(each, PROVIDERS)) for each in wrong)
    if not wrong:
        yield CONFIGURATION, ok(f"complete; solutions: {', '.join(settings.solutions)}")
    (signed_in,) = examined([access.SIGNED_IN])
    yield signed_in
    yield from _examined(list(_checks(deployment, account)), signed_in=signed_in[1].level is Level.OK)


def _examined(checks: list[Check], *, signed_in: bool) -> Iterator[tuple[str, Finding]]:
    """What nobody can find out who is not signed in at Google is told in one line, and not as so many faults."""
    yield from examined([each for each in checks if signed_in or not each.signed_in])
    left = [each.name for each in checks if each.signed_in and not signed_in]
    if left:
        yield "not tried", warn(f"for want of an account at Google: {', '.join(left)}", access.SIGN_IN)


def _checks(deployment: Deployment, account: str | None) -> Iterator[Check]:
    yield from secrets.checks(deployment)
    yield from addresses.checks(deployment)
    yield from access.checks(deployment, account)
    yield from queue.checks(deployment)
    yield from functions.checks(deployment)
    yield from health.checks(deployment)


def _tell(name: str, finding: Finding, say: Say) -> None:
    say(f"{finding.level.ljust(4)}  {name}: {shown(finding.told)}")
    if finding.level is not Level.OK and finding.mend:
        say(f"      to mend it: {finding.mend}")
