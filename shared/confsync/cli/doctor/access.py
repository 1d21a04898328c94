"""Whether Google lets us act as people, with all the scopes that we ask for."""

from collections.abc import Iterator
from functools import partial
from itertools import islice

from confsync import config
from confsync.adapters.access_token import RuntimeToken
from confsync.adapters.google_credentials import SCOPES, Delegation, Purpose
from confsync.adapters.google_login import LOGIN
from confsync.adapters.google_scopes import refused
from confsync.cli.deployment import Deployment
from confsync.cli.doctor.finding import Check, Finding, fail, ok, warn
from confsync.domain.calendar import Calendar, CalendarState
from confsync.domain.connection import GOOGLE, Connection, ConnectionState, missing
from confsync.domain.errors import ReauthorizationRequired, ServiceError
from confsync.domain.keys import connection_key

MOST = 1000
"""So many connections are looked through."""
SIGN_IN = "gcloud auth application-default login"
AS_FUNCTION = f"{SIGN_IN} --impersonate-service-account=ADDRESS"
DELEGATE = "a Workspace administrator allows the scopes under Security > API controls > Domain-wide delegation"
SHARE = 'share it with the functions\' service accounts, to "make changes to events"'
NOT_TRIED = "not tried: nobody's calendar is followed yet"
NAME_SOMEBODY = "name somebody: --account ann@example.com"


def _signed_in() -> Finding:
    RuntimeToken()()
    return ok("this command gets access tokens")


SIGNED_IN = Check(name="signed in at Google", look=_signed_in, mend=SIGN_IN)


def checks(deployment: Deployment, account: str | None) -> Iterator[Check]:
    """Whether this command may act as that person, and reach their calendar.

    `account`: by default one whose calendar is followed.
    """
    google = deployment.settings.google
    match google.credentials:
        case "delegation":
            for purpose in _purposes(google):
                look = partial(_delegated, deployment, account, purpose)
                yield Check(name=f"delegation for {purpose}", look=look, mend=DELEGATE, signed_in=True)
            yield Check(name="calendar", look=partial(_reached, deployment, account), mend=DELEGATE, signed_in=True)
        case "user":
            stored = deployment.records_at_google
            yield Check(name="grant", look=partial(_granted, deployment, account), signed_in=stored)
        case "application-default":
            look = partial(_shared, deployment, account)
            yield Check(name="calendar", look=look, mend=AS_FUNCTION, signed_in=True)


def _purposes(google: config.Google) -> list[Purpose]:
    return [each for each in Purpose if each is not Purpose.DRIVE or google.drive]


def _somebody(deployment: Deployment, account: str | None) -> str | None:
    found = deployment.stored.find(Calendar, state=CalendarState.ACTIVE) if account is None else iter(())
    return account or next((each.owner for each in found), None)


def _delegated(deployment: Deployment, account: str | None, purpose: Purpose) -> Finding:
    google, person = deployment.settings.google, _somebody(deployment, account)
    if person is None:
        return warn(NOT_TRIED, NAME_SOMEBODY)
    client = config.required("google.service_account", google.service_account)
    delegation = Delegation(service_account=client, token_url=google.oauth_token_url, iam_api=google.iam_api)
    scopes = SCOPES[purpose]
    try:
        lacking = refused(delegation, person, scopes, deployment.adapters.clock.now())
    except ReauthorizationRequired as error:
        return fail(f"{person}: {error}", f"is {person} of the domain, and not suspended? Else {NAME_SOMEBODY}")
    if lacking:
        how = f"{DELEGATE}, for the client id of {client} (its oauth2ClientId), beside those that it has"
        tell = warn if purpose is Purpose.SETTINGS else fail
        return tell(f"not as {person} for {', '.join(lacking)}", how)
    return ok(f"as {person}, for {', '.join(scopes)}")


def _reached(deployment: Deployment, account: str | None) -> Finding:
    person = _somebody(deployment, account)
    if person is None:
        return warn(NOT_TRIED, NAME_SOMEBODY)
    calendar = deployment.adapters.calendars.acting_as(person).resolve("primary")
    return ok(f"{person} reaches {calendar}")


def _granted(deployment: Deployment, account: str | None) -> Finding:
    """What is on record: to use a grant would renew it."""
    store = deployment.stored
    where = deployment.settings.connect.url
    if account is None:
        active = islice(store.find(Connection, state=ConnectionState.ACTIVE), MOST)
        if any(each.vendor == GOOGLE for each in active):
            return ok("people have connected their Google accounts")
        return warn("nobody has connected their Google account", f"people do so at {where}")
    connection = store.get(Connection, connection_key(account, GOOGLE))
    if connection is None or not connection.usable:
        why = connection.reason if connection is not None else "it was never connected"
        return fail(f"the Google account of {account} is of no use: {why}", f"they connect it at {where}")
    if lacking := missing(LOGIN.scopes, map(LOGIN.plain_scope, connection.scopes)):
        return fail(f"{account} did not allow {', '.join(lacking)}", f"they connect it again at {where}")
    return ok(f"{account} has connected their Google account, with all scopes")


def _shared(deployment: Deployment, account: str | None) -> Finding:
    person = _somebody(deployment, account)
    if person is None:
        return warn(NOT_TRIED, NAME_SOMEBODY)
    try:
        role = deployment.adapters.calendars.acting_as(person).access(person).role
    except ServiceError as error:
        mend = f"{SHARE}; this command sees it as they do after {AS_FUNCTION}"
        return warn(f"{person} is out of reach for whoever runs this command: {error}", mend)
    told = f"whoever runs this command has access to {person} as {role}"
    return ok(told) if role in {"writer", "owner"} else fail(told, SHARE)
